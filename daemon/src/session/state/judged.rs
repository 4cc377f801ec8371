//! What judging comes to: the frame's effect, what must be written first, and what is taken back where
//! it can't be.

use std::sync::Arc;

use engine::rate::Spent;
use wire::control::Approval;
use wire::link::Stream;
use wire::rpc::Id;

use super::Ask;
use crate::audit::{Batch, NewRecord};
use crate::grants::Grant;
use crate::pins::{Pins, Server};
use crate::session::learnt::Learnt;

/// What happens to a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Its own bytes go on.
    AsIs,
    /// These lines go on, those go back to the sender.
    Bytes {
        /// For the other side.
        forward: Vec<u8>,
        /// For the sender.
        reply: Vec<u8>,
    },
    /// Nothing happens.
    Drop,
    /// It waits for a person.
    Hold,
}

impl Effect {
    pub(super) fn forward(bytes: Vec<u8>) -> Self {
        Self::Bytes {
            forward: bytes,
            reply: Vec::new(),
        }
    }

    pub(super) fn reply(bytes: Vec<u8>) -> Self {
        Self::Bytes {
            forward: Vec::new(),
            reply: bytes,
        }
    }
}

/// A change of state to be taken back when its batch can't be written.
#[derive(Clone, Debug)]
pub enum Undo {
    /// A request began.
    Began(Stream, Id),
    /// A rate limit was spent.
    Spent(Spent),
    /// A call began to wait.
    Asked(u64),
    /// A call that waits to be brought back came back, and waits in another frame.
    CameBack(u64, Box<Ask>),
    /// A server's pins changed.
    Pinned(Box<PinnedBefore>),
    /// Something was learnt, of a message that its reader then did not get: what was known before.
    Learnt(Box<Learnt>),
}

/// A server's pins as they were.
#[derive(Clone, Debug)]
pub struct PinnedBefore {
    /// Where they are.
    pub pins: Arc<Pins>,
    /// What they were; `None` where there were none.
    pub server: Option<Server>,
}

/// News for the daemon-wide queue of approvals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// A call waits.
    Asked(Box<Approval>),
    /// It no longer does: `allowed`, `denied`, `expired` or `withdrawn`.
    AskEnded {
        /// Its id.
        id: String,
        /// How.
        state: &'static str,
    },
    /// There is one more grant.
    Granted(Box<Grant>),
}

/// A verdict on a frame of the client's that waited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released {
    /// The frame.
    pub number: u64,
    /// What happens to it.
    pub effect: Effect,
    /// What happens instead where that can't be recorded.
    pub otherwise: Effect,
}

/// What a frame comes to. Its effects may happen only once `batch` is committed.
#[must_use]
#[derive(Debug)]
pub struct Judged {
    /// What happens to the frame.
    pub effect: Effect,
    /// What must be written first.
    pub batch: Batch,
    /// What happens instead, where it can't be written.
    pub otherwise: Effect,
    /// What is taken back then.
    pub undo: Vec<Undo>,
    /// What may be written later.
    pub later: Batch,
    /// Verdicts on frames that waited.
    pub released: Vec<Released>,
    /// Trace lines for the person.
    pub trace: Vec<String>,
    /// News for the queue of approvals.
    pub signals: Vec<Signal>,
    /// It was refused.
    pub(super) refused: bool,
}

impl Judged {
    pub(super) fn new(effect: Effect) -> Self {
        Self {
            refused: false,
            otherwise: Effect::Drop,
            effect,
            batch: Batch::default(),
            undo: Vec::new(),
            later: Batch::default(),
            released: Vec::new(),
            trace: Vec::new(),
            signals: Vec::new(),
        }
    }

    pub(super) fn record(mut self, record: NewRecord) -> Self {
        self.batch.records.push(record);
        self
    }

    pub(super) fn otherwise(mut self, effect: Effect) -> Self {
        self.otherwise = effect;
        self
    }
}

/// Where a message stands in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct At {
    /// The frame.
    pub number: u64,
    /// The message in the frame's batch; 0 for the only one.
    pub part: u32,
    /// Whether the frame is a batch.
    pub batched: bool,
}

impl At {
    pub(super) fn only(number: u64) -> Self {
        Self {
            number,
            part: 0,
            batched: false,
        }
    }
}
