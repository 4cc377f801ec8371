//! Progress is told of a request under way that asked for it, by the side that works on it.

use wire::json::Value;
use wire::link::Stream;
use wire::mcp;

use super::State;

/// Why progress is dropped.
pub(super) const OF_NOTHING: &str = "progress of nothing under way";

impl State {
    /// Whether a side may tell of this progress. A task keeps its request's token for as long as
    /// it lives, so once there are tasks any token may be one's.
    pub(super) fn may_progress(&self, teller: Stream, params: Option<&Value<'_>>) -> bool {
        let (asked, tasks) = match teller {
            Stream::Server => (&self.client, &self.learnt.tasks),
            Stream::Client | Stream::Stderr | Stream::Diagnostic | Stream::Audit => {
                (&self.server, &self.learnt.client_tasks)
            }
        };
        tasks.len() > 0 || asked.wants_progress(mcp::progress_of(params).as_ref())
    }
}
