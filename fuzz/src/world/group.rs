//! Frames judged as they come, in groups; each group's batch meets its fate.

use std::path::Path;
use std::time::Duration;

use aipd::audit::Batch;
use aipd::session::state::{Context, Effect, State};
use wire::link::Stream;

use super::super::seen::{Json, Kind, Line, lines};
use super::super::step::Fate;
use super::{Decided, Frame, PROMPTS, Store, World, is_call};

impl<S: Store> World<S> {
    /// A line of either side: judged at once, written with its group.
    pub(super) fn reads(&mut self, stream: Stream, bytes: Vec<u8>, clean: bool, long: bool) {
        let read = &mut self.read[usize::from(stream == Stream::Server)];
        *read += 1;
        let frame = Frame {
            stream,
            number: *read,
            bytes,
            clean,
            long,
        };
        self.judge(frame);
    }

    /// Nobody answers a request before it has got it: where a group holds frames of both sides,
    /// they are requests.
    pub(super) fn group_ends_before(&mut self, stream: Stream, bytes: &[u8]) {
        let asks = |it: &Option<Kind>| matches!(it, Some(Kind::Request(_)));
        let only_asks = |bytes: &[u8]| Line::of(bytes).messages().iter().all(asks);
        let frames = || self.group.iter().filter_map(|it| it.frame.as_ref());
        let mixed = frames().any(|it| it.stream != stream);
        if mixed && !(only_asks(bytes) && frames().all(|it| only_asks(&it.bytes))) {
            self.settle(Fate::Written);
        }
    }

    pub(super) fn judge(&mut self, frame: Frame) {
        let (number, bytes) = (frame.number, frame.bytes.as_slice());
        let (judged, hopeless) = self.with(bytes.len(), |state, ctx| {
            let length = 11 * 1024 * 1024;
            match (frame.stream, frame.long) {
                (Stream::Client, true) => state.client_oversize(ctx, number, length, bytes, b""),
                (Stream::Client, false) => (state.client_frame(ctx, number, bytes), false),
                (_, true) => state.server_oversize(ctx, number, length, bytes, b""),
                (_, false) => (state.server_frame(ctx, number, bytes), false),
            }
        });
        self.group.push(Decided {
            frame: Some(frame),
            judged,
            hopeless,
        });
    }

    pub(super) fn with<T>(
        &mut self,
        frame_bytes: usize,
        judge: impl FnOnce(&mut State, &Context<'_>) -> T,
    ) -> T {
        let ids = &self.ids;
        let ctx = Context {
            now_ms: self.now_ms,
            in_force: &self.in_force[self.policy],
            frame_bytes,
            pins: &self.pins,
            grants: &self.grants,
            override_: self.overriding,
            clients_may_answer: true,
            prompts_per_minute: PROMPTS,
            ask_timeout: Duration::from_secs(60),
            resolve: &|path| path.to_owned(),
            through_links: &|_| Some(Vec::new()),
            home: Some(Path::new("/home/u")),
            user_homes: &|_| None,
            fresh_id: &|| {
                ids.set(ids.get() + 1);
                format!("01890000-0000-7000-8000-0000{:08x}", ids.get())
            },
            latency_us: &|| 7,
        };
        judge(&mut self.state, &ctx)
    }

    /// The group's batch meets its fate, and its frames theirs.
    pub(super) fn settle(&mut self, fate: Fate) {
        let mut group = std::mem::take(&mut self.group);
        self.alone = group.len() == 1;
        let mut batch = Batch::default();
        for decided in &mut group {
            batch.append(std::mem::take(&mut decided.judged.batch));
        }
        match fate {
            Fate::Written => {
                self.commit(batch);
                for decided in group {
                    self.count(&decided);
                    self.let_go(decided);
                }
            }
            Fate::Unwritten if batch.is_empty() => {
                for decided in group {
                    self.let_go(decided);
                }
            }
            Fate::Unwritten => {
                self.model.failed = true;
                self.model.pins.forgets_shown();
                self.take_back(group);
            }
            Fate::Lost if group.is_empty() => {}
            Fate::Lost => {
                self.commit(batch);
                for decided in &group {
                    self.count(decided);
                }
                self.killed(group.into_iter().filter_map(|it| it.frame).collect());
            }
        }
    }

    pub(super) fn commit(&mut self, batch: Batch) {
        self.model.committed(&batch);
        self.store.commit(batch);
    }

    /// Calls that pass, or begin to wait, have spent; those sent again have not.
    pub(super) fn count(&mut self, decided: &Decided) {
        let Some(frame) = &decided.frame else { return };
        if frame.stream != Stream::Client || self.model.again.contains(&frame.number) {
            return;
        }
        let sent = [frame.bytes.as_slice()];
        let calls = match &decided.judged.effect {
            Effect::AsIs | Effect::Hold => sent.to_vec(),
            Effect::Bytes { forward, .. } => lines(forward),
            Effect::Drop => Vec::new(),
        };
        for call in calls {
            let json = Json::read(call).unwrap_or(Json::Plain);
            let name = json.get("params").and_then(|it| it.get("name"));
            let name = name.and_then(Json::text).filter(|_| is_call(&json));
            if let Some(name) = name.filter(|it| self.force().rules.limits(it)) {
                self.model.spends(name, self.now_ms);
            }
        }
    }
}
