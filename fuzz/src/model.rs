//! What the session owes both sides and the audit, checked on everything that goes out.

use std::collections::{BTreeMap, BTreeSet};

use aipd::audit::{Batch, NewRecord, StateOp};
use engine::decide::Override;

use super::exchange::{Asks, Exchange};
use super::pinned::Pinned;
use super::rules::{self, Rules, Word};
use super::seen::{Json, Key, Kind, Line, one_line};

mod lists;

/// A decision on record.
#[derive(Clone, Debug)]
struct Decided {
    allowed: bool,
    /// A person said yes.
    by_person: bool,
}

/// What is in force.
#[derive(Clone, Copy)]
pub struct Force {
    /// The policy.
    pub rules: &'static Rules,
    /// The daemon-wide override.
    pub overriding: Override,
}

/// The model.
#[derive(Default)]
pub struct Model {
    /// The client's requests.
    pub client: Exchange,
    /// The server's requests.
    pub server: Exchange,
    /// Decisions on record, by direction, frame and part.
    ledger: BTreeMap<(bool, u64, u64), Vec<Decided>>,
    /// Calls that spent, by tool: when.
    spent: BTreeMap<String, Vec<i64>>,
    buckets: BTreeMap<String, i64>,
    tasks: BTreeSet<String>,
    /// The server's tools.
    pub pins: Pinned,
    /// Frames sent again to a daemon started anew.
    pub again: BTreeSet<u64>,
    /// Something could not be written.
    pub failed: bool,
    /// How often the server has listed tools.
    pub listed: u64,
}

/// A frame of the server's, of which a line goes on.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    /// Its number.
    pub number: u64,
    /// It.
    pub bytes: &'a [u8],
    /// Whether it is one of ours, unchanged.
    pub clean: bool,
}

/// Frames that wrote a message on, and messages written back.
#[derive(Default, Debug)]
pub struct Ways {
    /// Requests passed on.
    pub requests: usize,
    /// Lines back to the sender.
    pub replies: usize,
}

impl Model {
    /// A batch is committed: a message has one decision, or a refusal that says what it overrules.
    pub fn committed(&mut self, batch: &Batch) {
        for record in &batch.records {
            self.recorded(record);
        }
        for op in &batch.ops {
            if let StateOp::Bucket { tool, tat_ms, .. } = op {
                let before = self.buckets.insert(tool.clone(), *tat_ms);
                assert!(
                    before.is_none_or(|it| it <= *tat_ms),
                    "the bucket of `{tool}` is refilled in the store"
                );
            }
        }
    }

    fn recorded(&mut self, record: &NewRecord) {
        let text = |name| Some(record.get(name)?.as_str()?.to_owned());
        let number = |name| record.get(name)?.as_u64();
        let (Some(direction), Some(decision), Some(frame)) =
            (text("direction"), text("decision"), number("frame"))
        else {
            return;
        };
        let upstream = direction == "upstream";
        let allowed = decision.starts_with("ALLOW");
        let person = record
            .get("approval")
            .is_some_and(|it| it["answer"] == "allow");
        let place = (upstream, frame, number("part").unwrap_or(0));
        let before = self.ledger.entry(place).or_default();
        let supersedes = number("supersedes").is_some() && !allowed;
        assert!(
            before.is_empty() || supersedes,
            "frame {frame} ({direction}) is decided twice: {before:?}, now {decision}"
        );
        before.push(Decided {
            allowed,
            by_person: person,
        });
    }

    /// What the limited tools have spent, as it was last written.
    pub fn spent(&self) -> Vec<Option<i64>> {
        let tools = rules::LIMITED.iter();
        tools.map(|tool| self.buckets.get(*tool).copied()).collect()
    }

    /// The last decisions on the messages of a frame.
    fn last(&self, upstream: bool, frame: u64) -> impl Iterator<Item = &Decided> {
        let parts = (upstream, frame, 0)..=(upstream, frame, u64::MAX);
        self.ledger.range(parts).filter_map(|(_, all)| all.last())
    }

    /// Whether any message of the client's frame is on record.
    pub fn on_record(&self, frame: u64) -> bool {
        self.last(true, frame).next().is_some()
    }

    /// Whether the last word on the client's frame let it through.
    pub fn allowed(&self, frame: u64) -> bool {
        self.last(true, frame).any(|it| it.allowed)
    }

    /// Whether the client's frame waited, was taken back on record, and is sent again: under its
    /// id there may be another request by now, so its verdict names none.
    pub fn withdrawn(&self, number: u64) -> bool {
        self.again.contains(&number) && self.refused(true, number)
    }

    fn refused(&self, upstream: bool, frame: u64) -> bool {
        self.last(upstream, frame).any(|it| !it.allowed)
    }

    /// A call of this tool has spent of its rate: no more than the limit in any stretch of time.
    pub fn spends(&mut self, tool: &str, at_ms: i64) {
        let times = self.spent.entry(rules::normal(tool)).or_default();
        times.push(at_ms);
        let (burst, cost) = rules::RATE;
        for (nth, since) in times.iter().enumerate() {
            let calls = times.len() - nth;
            let most = burst + usize::try_from((at_ms - since) / cost).unwrap_or(0);
            assert!(
                calls <= most,
                "{calls} calls of `{tool}` where {most} may be"
            );
        }
    }

    /// A line to the server from the client's frame `number`, what was recorded being written.
    pub fn goes_to_server(&mut self, force: Force, number: u64, line: &[u8], ways: &mut Ways) {
        let json = one_line(line);
        let shown = String::from_utf8_lossy(line);
        match json.kind() {
            Some(Kind::Request(key)) => {
                ways.requests += 1;
                self.passes(force, number, &json, &shown);
                self.client.begins(key, number, asks(&json));
            }
            Some(Kind::Notification) => {
                self.passes(force, number, &json, &shown);
                if let Some(named) = cancelled(&json) {
                    let known = self.client.open.get(&named).is_some_and(|it| !it.waits);
                    // Of a batch sent again it may come before the request it names.
                    let again = self.again.contains(&number);
                    assert!(
                        known || again || self.client.stale.contains_key(&named),
                        "a cancel of {named:?}, which the server has not got"
                    );
                }
            }
            Some(Kind::Answer(Some(key))) => self.server.answered(key, number),
            Some(Kind::Answer(None)) | None => panic!("an answer to nobody: {shown}"),
        }
    }

    fn passes(&self, force: Force, number: u64, json: &Json, shown: &str) {
        let Force { rules, overriding } = force;
        let method = json.get("method").and_then(Json::text).unwrap_or_default();
        let params = json.get("params").unwrap_or(&Json::Plain);
        if rules::normal(method) == "tools/call" {
            assert_eq!(method, "tools/call", "never the client's variant: {shown}");
            let tool = params.get("name").and_then(Json::text).unwrap_or_default();
            assert!(
                self.allowed(number),
                "a call goes out that no record allows: {shown}"
            );
            let asked = self.last(true, number).any(|it| it.by_person);
            assert!(
                !(rules.holds(overriding) && self.pins.holds(tool)),
                "a call goes out of a tool that is held: {shown}"
            );
            match rules.call(overriding, tool, params) {
                Word::Pass => {}
                Word::Ask => assert!(
                    asked || self.again.contains(&number),
                    "a call goes out that nobody allowed: {shown}"
                ),
                Word::Never => panic!("a call goes out that is refused: {shown}"),
            }
            return;
        }
        let task = params.get("taskId").and_then(Json::text);
        let task = task.is_some_and(|it| self.tasks.contains(it));
        assert!(
            rules.method(overriding, method, params, task),
            "a method goes out that is refused: {shown}"
        );
        if rules.keeps_all && !self.again.contains(&number) {
            assert!(self.allowed(number), "no record of {shown}");
        }
    }

    /// The client has sent this: what it cancels it waits for no longer, whatever becomes of the
    /// cancel.
    pub fn client_sent(&mut self, frame: &[u8]) {
        for message in messages(frame) {
            let open = |key: &Key| self.client.open.get(key).is_some_and(|it| !it.waits);
            let named = cancelled(&message).filter(open);
            self.client.cancelled.extend(named);
        }
    }

    /// A line back to the client, about its frame `number`.
    pub fn back_to_client(
        &mut self,
        (number, frame): (u64, &[u8]),
        sent: &Line,
        line: &[u8],
        written: bool,
    ) {
        let json = one_line(line);
        let shown = String::from_utf8_lossy(line);
        let Some(Kind::Answer(key)) = json.kind() else {
            panic!("not an answer: {shown}");
        };
        let Some(key) = key else { return };
        let whole = matches!(sent, Line::One(_) | Line::Batch(_));
        if Self::goes_on_later(&self.client, number, frame, &key) {
            // The error is that of an earlier request of the batch.
        } else if whole && sent.requests(&key) {
            self.client.refused(&key, number);
        } else {
            let open = self.client.open.contains_key(&key);
            assert!(!open, "an error under {key:?}, which is under way");
        }
        if written {
            assert!(
                self.refused(true, number),
                "no record of the refusal {shown}"
            );
        }
    }

    /// Whether what is under way under this id is a request of the batch that comes after another
    /// with it.
    fn goes_on_later(exchange: &Exchange, number: u64, frame: &[u8], key: &Key) -> bool {
        let Some(Json::Array(all)) = Json::read(frame) else {
            return false;
        };
        let requests = all.iter().filter(|it| it.get("method").is_some());
        let mut later = requests
            .filter(|it| it.get("id").and_then(Json::key).as_ref() == Some(key))
            .skip(1);
        let open = exchange.open.get(key);
        open.filter(|it| it.number == number && !it.waits)
            .is_some_and(|open| later.any(|it| open.asks.method == asks(it).method))
    }

    /// A line to the client from a frame of the server's.
    pub fn goes_to_client(
        &mut self,
        force: Force,
        origin: Origin<'_>,
        line: &[u8],
        ways: &mut Ways,
    ) {
        let json = one_line(line);
        let shown = String::from_utf8_lossy(line);
        match json.kind() {
            Some(Kind::Request(key)) => {
                ways.requests += 1;
                let method = json.get("method").and_then(Json::text).unwrap_or_default();
                assert!(
                    force.rules.server_method(force.overriding, method),
                    "the server asks what it must not: {shown}"
                );
                self.server.begins(key, origin.number, asks(&json));
            }
            Some(Kind::Notification) => {
                if let Some(named) = cancelled(&json) {
                    let mut answered = self.server.answers.values().flatten();
                    let known = self.server.open.contains_key(&named)
                        || self.server.stale.contains_key(&named)
                        || answered.any(|(key, _)| *key == named);
                    assert!(known, "the server cancels what it has not asked: {shown}");
                }
            }
            Some(Kind::Answer(Some(key))) => {
                self.learns(force, origin, &key, &json);
                self.client.answered(key, origin.number);
            }
            Some(Kind::Answer(None)) | None => panic!("an answer to nobody: {shown}"),
        }
    }

    /// A line back to the server, about its frame `number`.
    pub fn back_to_server(
        &mut self,
        (number, frame): (u64, &[u8]),
        sent: &Line,
        line: &[u8],
        written: bool,
    ) {
        let json = one_line(line);
        let shown = String::from_utf8_lossy(line);
        let Some(Kind::Answer(Some(key))) = json.kind() else {
            panic!("not an answer: {shown}");
        };
        assert!(
            sent.requests(&key),
            "an answer to what was not asked: {shown}"
        );
        let open = self.server.open.contains_key(&key);
        let later = Self::goes_on_later(&self.server, number, frame, &key);
        assert!(!open || later, "an error under {key:?}, which is under way");
        if written {
            assert!(
                self.refused(false, number),
                "no record of the refusal {shown}"
            );
        }
    }
}

fn cancelled(json: &Json) -> Option<Key> {
    let method = rules::normal(json.get("method")?.text()?);
    let cancels = ["notifications/cancelled", "cancelled"].contains(&method.as_str());
    json.get("params")?
        .get("requestId")?
        .key()
        .filter(|_| cancels)
}

/// The messages of a frame, as far as it can be read.
fn messages(frame: &[u8]) -> Vec<Json> {
    match Json::read(frame) {
        Some(Json::Array(items)) => items,
        one => one.into_iter().collect(),
    }
}

fn asks(json: &Json) -> Asks {
    let method = json.get("method").and_then(Json::text).unwrap_or_default();
    let cursor = json.get("params").and_then(|it| it.get("cursor"));
    Asks {
        method: rules::normal(method),
        goes_on: cursor.is_some(),
    }
}
