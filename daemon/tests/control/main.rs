//! The control socket and the daemon's end, with the daemon as it is built.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod ending;
mod hanging_up;
mod records;
mod running;
