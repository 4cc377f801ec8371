//! How much a session holds: every table a peer can fill, so that its bound can be watched.

use super::State;

/// Entries in each table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Requests of the client under way, those whose answer is being written among them.
    pub client: usize,
    /// Requests of the server, likewise.
    pub server: usize,
    /// Answers on their way to either side.
    pub answers: usize,
    /// Calls that wait for a person.
    pub asks: usize,
    /// Prompts remembered for the cap on them.
    pub prompts: usize,
    /// Decisions of an earlier daemon.
    pub recorded: usize,
    /// Calls that waited under an earlier daemon.
    pub waited: usize,
    /// Tools the server has listed.
    pub tools: usize,
    /// Tasks of this session.
    pub tasks: usize,
    /// Folders the client has named as its roots.
    pub roots: usize,
    /// Calls answered with a question of aip's own, and as many of those that are over.
    pub returns: usize,
}

impl State {
    /// How much it holds.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        let (tools, tasks) = self.learnt.sizes();
        Sizes {
            client: self.client.len(),
            server: self.server.len(),
            answers: self.client.answers() + self.server.answers(),
            asks: self.asks.len(),
            prompts: self.prompts.len(),
            recorded: self.recorded.len(),
            waited: self.waited.len(),
            tools,
            tasks,
            roots: self.learnt.roots.len(),
            returns: self.learnt.returns.count(),
        }
    }
}
