//! One wrapped server: where the policy's decisions meet the frames.
//!
//! `state` is pure: frames and facts in, verdicts and batches out. `task` does the IO that feeds
//! it, and lets no verdict go before its batch is committed.

pub mod learnt;
pub(crate) mod node;
mod opening;
pub mod orphans;
pub mod progress;
pub mod redact;
mod reply;
mod socket;
pub mod state;
pub mod table;
pub mod task;
