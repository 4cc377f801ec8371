//! What is asked of the session bus and of the notification service, and what is heard of them.

use super::note::{Can, Note};

/// What is asked of the bus or the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// Who owns the service's name.
    Owner,
    /// That the service be started.
    Start,
    /// The process behind the service.
    Pid { owner: String },
    /// What the service can do.
    Capabilities { owner: String },
    /// That a notification be shown, in place of another where `replaces` is not 0.
    Notify {
        owner: String,
        ask: String,
        replaces: u32,
        note: Note,
    },
    /// That one be closed.
    Close { owner: String, id: u32 },
    /// The process of a connection that spoke as if it were the service, about this ask.
    Stranger { sender: String, ask: String },
}

/// What is heard of the bus or the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing of use.
    Nothing,
    /// The service's name is owned by this connection now.
    Owner(Option<String>),
    /// The service's process.
    Pid { owner: String, pid: u32 },
    /// What the service can do.
    Capabilities { owner: String, can: Can },
    /// The number of a notification.
    Shown { owner: String, ask: String, id: u32 },
    /// A button was pressed, says this connection.
    Invoked {
        sender: String,
        id: u32,
        key: String,
    },
    /// A notification is gone, says this connection.
    Closed { sender: String, id: u32 },
    /// Who a stranger is.
    Stranger { ask: String, pid: Option<u32> },
    /// A call came to nothing.
    Failed(Call),
}
