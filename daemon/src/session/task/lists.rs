//! Tells the client that its lists have changed with the policy, and what a person is asked in it.

use super::{Arc, Packet, Stream, Task, encode};
use crate::audit::escape::escaped;

/// Lines told at once are fewer than two to this power.
const MOST_BITS: u32 = 12;

impl Task {
    /// A session taken up again may have been listed to under an earlier version.
    pub(super) fn lists_of_old(&mut self) {
        let lines = self.state.resumed_under(&self.listed);
        self.tell(lines);
    }

    /// Another version is in force: what may be called can be more, or less.
    pub(super) fn policy_changed(&mut self) {
        self.policy_waits();
        let now = self.stack.in_force();
        if Arc::ptr_eq(&now, &self.listed) {
            return;
        }
        let before = std::mem::replace(&mut self.listed, Arc::clone(&now));
        let lines = self.with_context(0, |state, ctx| state.policy_changed(ctx, &before));
        self.tell(lines);
    }

    /// A version that is not in force is told of once, as at the session's beginning.
    fn policy_waits(&mut self) {
        let notice = self.stack.notice();
        if notice != self.noticed {
            for line in notice.iter().flat_map(|it| it.lines()) {
                let line = format!("aip: {}\n", escaped(line));
                self.inject(Stream::Diagnostic, line.into_bytes());
            }
            self.noticed = notice;
        }
    }

    /// A person has approved tools: more may be called, and shown.
    pub(super) fn tools_approved(&mut self) {
        let lines = self.with_context(0, |state, ctx| state.approved(ctx));
        self.tell(lines);
    }

    /// Calls that an earlier daemon has answered with a question are in the queue again.
    pub(super) fn asked_before(&self) {
        for approval in self.state.asked_before() {
            self.daemon
                .approvals
                .asked(approval, self.answer_to.clone());
        }
    }

    /// The client is asked about calls that wait, and no longer about those that don't.
    pub(super) fn questions(&mut self) {
        if !self.state.has_questions() {
            return;
        }
        let (lines, batch) = self.with_context(0, |state, ctx| state.poll_questions(ctx));
        self.daemon.audit.later(batch);
        self.tell(lines);
    }

    /// The same words can be said again by a later daemon and mean another change, so their
    /// numbers follow the clock: the shim leaves out a number it has seen with the same bytes.
    pub(super) fn tell(&mut self, lines: Vec<Vec<u8>>) {
        let now = u64::try_from(crate::time::now_ms()).unwrap_or(0);
        for (number, bytes) in (now << MOST_BITS..).zip(lines) {
            let packet = Packet::Inject {
                stream: Stream::Client,
                number,
                bytes,
            };
            encode(&packet, &mut self.out);
        }
    }
}
