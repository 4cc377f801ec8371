//! How much is held at most, and how the session ends.

use super::super::seen::{Json, lines, one_line};
use super::super::step::Fate;
use super::super::store::DECISIONS;
use super::{Decided, PROMPTS, Store, World};

/// What the daemon's tables may hold: see `session::table` and `session::learnt`.
const OUTSTANDING: usize = 2 * 1024;
const LEARNT: usize = 4096;
const ROOTS: usize = 64;

impl<S: Store> World<S> {
    /// Every table holds no more than what is under way, and no more than its bound.
    pub(super) fn bounded(&self) {
        let sizes = self.state.sizes();
        let (client, server) = (&self.model.client, &self.model.server);
        assert_eq!(sizes.asks, client.waiting(), "who waits");
        assert!(sizes.client <= client.most().min(OUTSTANDING), "{sizes:?}");
        assert!(sizes.server <= server.most().min(OUTSTANDING), "{sizes:?}");
        assert!(sizes.answers <= 2 * OUTSTANDING, "{sizes:?}");
        assert!(sizes.asks <= OUTSTANDING / 2, "{sizes:?}");
        let most = client.open.len().max(server.open.len());
        assert!(most <= OUTSTANDING / 2, "{most} requests are under way");
        assert_eq!(
            self.spent(),
            self.model.spent(),
            "what is spent is what is written"
        );
        assert!(sizes.waited <= OUTSTANDING / 2, "{sizes:?}");
        assert!(sizes.prompts <= PROMPTS, "{sizes:?}");
        assert!(sizes.recorded <= DECISIONS, "{sizes:?}");
        assert!(sizes.tools <= LEARNT && sizes.tasks <= LEARNT, "{sizes:?}");
        assert!(sizes.roots <= ROOTS, "{sizes:?}");
        assert_eq!(sizes.returns, 0, "no policy in here asks in the client");
    }

    /// The server ends: who still waits gets an error, and nobody else.
    pub(super) fn ends(&mut self) {
        self.settle(Fate::Written);
        let ending = self.with(0, |state, ctx| state.server_ended(ctx, None, "it ended"));
        self.commit(ending.batch);
        for line in &ending.errors {
            for line in lines(line) {
                let key = one_line(line).get("id").and_then(Json::key);
                let key = key.expect("an error for a request names it");
                self.model.client.answered(key, u64::MAX);
            }
        }
        for judged in ending.withdrawn {
            self.group.push(Decided {
                frame: None,
                judged,
                hopeless: false,
            });
        }
        self.settle(Fate::Written);
        let client = &self.model.client;
        let waits = client
            .open
            .keys()
            .find(|it| !client.cancelled.contains(*it));
        assert!(waits.is_none(), "a request has no end: {waits:?}");
        let batch = self.with(0, |state, ctx| state.ended(ctx, None, "it ended"));
        self.commit(batch);
    }
}
