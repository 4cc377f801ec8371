//! Everything the end-to-end tests and the demonstration share: the built programs in a home of
//! their own, a client that speaks line by line, and two servers of ours.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a harness for tests: what fails ends the test; a JSON member not there reads as null"
)]

pub mod authority;
pub mod bench;
pub mod browser;
pub mod bus;
pub mod client;
pub mod counterparts;
pub mod dashboard;
pub mod demo;
pub mod desk;
pub mod expect;
pub mod home;
pub mod load;
pub mod machine;
pub mod namespace;
pub mod needs;
pub mod notes;
pub mod person;
pub mod programs;
pub mod record;
pub mod recorder;
pub mod screen;
pub mod scripted;
pub mod store;
pub mod stranger;
pub mod terminal;
pub mod wait;
pub mod witness;
