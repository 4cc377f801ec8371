//! What a session's beginning changes in the pins: the command behind its label is noted.

use engine::policy::Pinning;
use engine::trace::tools_line;

use crate::audit::Batch;
use crate::daemon::Daemon;
use crate::pins::{self, Server};
use crate::session::state::{Facts, InForce};

/// What a session's beginning changes in the pins.
pub(super) struct Pinned {
    pub(super) batch: Batch,
    /// To be put back where that can't be written.
    pub(super) before: Option<Server>,
    /// For the person.
    pub(super) notice: Option<String>,
}

impl Pinned {
    pub(super) fn begin(daemon: &Daemon, facts: &Facts, in_force: &InForce) -> Self {
        let mut book = daemon.pins.open();
        let before = book.get(&facts.client);
        let before = before.and_then(|it| it.get(&facts.identity)).cloned();
        if in_force.policy.pinning() == Pinning::Off {
            return Self {
                batch: Batch::default(),
                before,
                notice: None,
            };
        }
        let (batch, instead_of) = pins::begins(&mut book, facts);
        let notice = instead_of.map(|it| {
            let what = format!(
                "another command than last time ({} before, {} now)",
                it.program, facts.program
            );
            format!("aip: {}", tools_line(&facts.server, &what))
        });
        Self {
            batch,
            before,
            notice,
        }
    }
}
