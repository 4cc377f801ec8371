//! Attacks, sent through the built programs to servers that record what they read and what ran:
//! one on the official Python SDK, one on the official TypeScript SDK, and one that reads as
//! carelessly as any reader might. What counts is the server's own record, what the client was
//! told, and the exported audit; that the attacks are real is shown on the servers without aip.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what fails ends the test; a JSON member not there reads as null"
)]

#[path = "attacks/answers.rs"]
mod answers;
#[path = "attacks/batches.rs"]
mod batches;
#[path = "attacks/bounds.rs"]
mod bounds;
#[path = "attacks/cancels.rs"]
mod cancels;
#[path = "attacks/case.rs"]
mod case;
#[path = "attacks/crossed.rs"]
mod crossed;
#[path = "attacks/definitions.rs"]
mod definitions;
#[path = "attacks/evidence.rs"]
mod evidence;
#[path = "attacks/hidden.rs"]
mod hidden;
#[path = "attacks/ids.rs"]
mod ids;
#[path = "attacks/pinned.rs"]
mod pinned;
#[path = "attacks/progress.rs"]
mod progress;
#[path = "attacks/readers.rs"]
mod readers;
#[path = "attacks/server.rs"]
mod server;
#[path = "attacks/session.rs"]
mod session;
#[path = "attacks/tools.rs"]
mod tools;
