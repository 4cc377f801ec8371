//! What goes into a session's course, and what comes out of it.

use rustix::process::Signal;

use crate::ending::Ending;
use crate::reach::Standing;

/// What the loop is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Close the server's standard input.
    CloseInput,
    /// Send the server's process group a signal.
    Signal(Signal),
    /// Read no more from the server, and take what is there of an unfinished line.
    StopReading,
    /// Make an attempt at the daemon, if none is under way.
    Seek,
    /// Tell the daemon how the server has ended, and that its output has.
    TellExited(Ending),
    /// Answer the client's undecided requests ourselves.
    AnswerRest,
    /// End in this way.
    Finish(Ending),
}

/// What the loop knows that bears on it.
pub(crate) struct View<'a> {
    /// No frame of the client waits for a verdict.
    pub(crate) client_decided: bool,
    /// All for the server has been written, or it takes no more.
    pub(crate) input_flushed: bool,
    /// All for the client has been written, or it takes no more.
    pub(crate) client_flushed: bool,
    /// Every frame of the server has been decided, and written.
    pub(crate) server_settled: bool,
    /// The server's output is not being read, because what was read waits.
    pub(crate) reading_paused: bool,
    pub(crate) link: Standing,
    /// Whether the server's process group has a living member; costly.
    pub(crate) group_left: &'a dyn Fn() -> bool,
}
