//! What outlives a daemon: the model of the audit store, and the door for a real one.

use std::collections::BTreeMap;

use aipd::audit::batch::{ApprovalOp, OutstandingRow, SessionOp};
use aipd::audit::pins::PinOp;
use aipd::audit::query::Stored;
use aipd::audit::record::Kind;
use aipd::audit::restore::WaitingRow;
use aipd::audit::{Batch, NewRecord, StateOp};
use aipd::session::state::Kept;

use super::seen::Json;

/// Where batches go, and from which a session is taken up again.
pub trait Store {
    /// Writes a batch whole.
    fn commit(&mut self, batch: Batch);
    /// What a daemon started anew reads of the session.
    fn kept(&mut self) -> Kept;
    /// The rate buckets.
    fn buckets(&mut self) -> Vec<(String, i64)>;
    /// What is pinned.
    fn pins(&mut self) -> Pins;
}

/// Of each tool the hash of the definition approved, and of the one last listed.
pub type Pins = BTreeMap<String, (Option<String>, Option<String>)>;

/// The latest decisions a daemon started anew reads.
pub const DECISIONS: usize = 10_000;

/// All in memory, and as simple as the store's tables read.
#[derive(Default)]
pub struct Memory {
    learnt: String,
    outstanding: BTreeMap<(&'static str, String), OutstandingRow>,
    waiting: BTreeMap<String, WaitingRow>,
    buckets: BTreeMap<String, i64>,
    pins: Pins,
    decisions: Vec<(u64, NewRecord)>,
    last: u64,
}

impl Store for Memory {
    fn commit(&mut self, batch: Batch) {
        for record in batch.records {
            self.last += 1;
            if record.kind() == Kind::Decision {
                self.decisions.push((self.last, record));
            }
        }
        for op in batch.ops {
            match op {
                StateOp::Session { op, .. } => self.session(op),
                StateOp::Approval { id, op } => self.approval(id, op),
                StateOp::Bucket { tool, tat_ms, .. } => drop(self.buckets.insert(tool, tat_ms)),
                StateOp::Pin { op, .. } => self.pin(op),
                // Nobody makes one here; answers are only counted.
                StateOp::Grant(_) => {}
                StateOp::Policy(_)
                | StateOp::PolicyForgotten(_)
                | StateOp::Setting { .. }
                | StateOp::EraseBodies { .. }
                | StateOp::RemoveSegment { .. } => {
                    unreachable!("no session writes this")
                }
            }
        }
    }

    fn kept(&mut self) -> Kept {
        let mut outstanding: Vec<_> = self.outstanding.values().cloned().collect();
        outstanding.sort_by_key(|row| row.number);
        let newest = self.decisions.iter().rev().take(DECISIONS);
        Kept {
            learnt: self.learnt.clone(),
            outstanding,
            waiting: self.waiting.values().cloned().collect(),
            decisions: newest
                .map(|(seq, record)| Stored::of(record.clone(), *seq))
                .collect(),
        }
    }

    fn buckets(&mut self) -> Vec<(String, i64)> {
        self.buckets.clone().into_iter().collect()
    }

    fn pins(&mut self) -> Pins {
        self.pins.clone()
    }
}

impl Memory {
    fn session(&mut self, op: SessionOp) {
        match op {
            SessionOp::Begins { .. } => {}
            SessionOp::Learnt(learnt) => self.learnt = learnt,
            SessionOp::Ends(_) => {
                self.outstanding.clear();
                self.waiting.clear();
            }
            SessionOp::OutstandingAdd(row) => {
                self.outstanding.insert((row.sender, row.id.clone()), row);
            }
            SessionOp::OutstandingDrop { sender, id, number } => {
                let key = (sender, id);
                if self
                    .outstanding
                    .get(&key)
                    .is_some_and(|it| it.number == number)
                {
                    self.outstanding.remove(&key);
                }
            }
        }
    }

    fn pin(&mut self, op: PinOp) {
        match op {
            PinOp::Server(_) => {}
            PinOp::Listed(row) => {
                let print = Json::read(row.print.as_bytes());
                let hash = print.and_then(|it| Some(it.get("hash")?.text()?.to_owned()));
                let approved = hash.clone().filter(|_| row.approve);
                self.pins.entry(row.tool).or_insert((approved, None)).1 = hash;
            }
            PinOp::Gone { tool, .. } => {
                if let Some(pin) = self.pins.get_mut(&tool) {
                    pin.1 = None;
                }
            }
            PinOp::Forget(tool) => drop(self.pins.remove(&tool)),
            PinOp::Approved { .. } | PinOp::ForgetServer => {
                unreachable!("no session with one server writes this")
            }
        }
    }

    fn approval(&mut self, id: String, op: ApprovalOp) {
        match op {
            ApprovalOp::Asked {
                number,
                deadline_ms,
                shown,
                ..
            } => {
                let row = WaitingRow {
                    id: id.clone(),
                    number,
                    deadline_ms,
                    shown,
                };
                let known = self.waiting.insert(id, row);
                assert!(known.is_none(), "an approval is asked for once");
            }
            ApprovalOp::Moved { .. } => unreachable!("no policy in here asks in the client"),
            ApprovalOp::Extended { .. } => unreachable!("nobody in here asks for more time"),
            ApprovalOp::Ends(_) => drop(self.waiting.remove(&id)),
        }
    }
}
