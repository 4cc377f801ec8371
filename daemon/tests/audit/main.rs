//! The audit store: nothing takes effect before its record is on disk, and what is on disk can't
//! be changed unnoticed.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that can't go on fails"
)]

mod chain;
mod commit;
mod full;
mod keeping;
mod live;
mod shelf;
mod size;
mod triggers;
