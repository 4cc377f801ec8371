//! The real `aip` against a daemon played by the test and small real servers.

#[path = "sessions/daemon.rs"]
mod daemon;
#[path = "sessions/wrapped.rs"]
mod wrapped;

#[path = "sessions/endings.rs"]
mod endings;
#[path = "sessions/frames.rs"]
mod frames;
#[path = "sessions/outages.rs"]
mod outages;
#[path = "sessions/starts.rs"]
mod starts;
#[path = "sessions/surroundings.rs"]
mod surroundings;
