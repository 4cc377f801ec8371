//! The session as a state machine, frame by frame.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that can't go on fails"
)]

mod answers;
mod approvals;
mod capabilities;
mod dlp_down;
mod dlp_failing;
mod dlp_named;
mod dlp_up;
mod forms;
mod grants;
mod ids;
mod in_client;
mod inputs;
mod late;
mod listing;
mod methods;
mod model;
mod names;
mod out;
mod pinned;
mod progress;
mod records;
mod resources;
mod resume;
mod returning;
mod revisions;
mod subscriptions;
mod tasks;
mod undo;
mod world;
