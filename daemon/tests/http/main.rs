//! The HTTP door, with the daemon as it is built.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "what fails ends the test; a JSON member that is not there reads as null"
)]

mod client;
mod events;
mod exports;
mod guard;
mod place;
mod running;
mod tokens;
