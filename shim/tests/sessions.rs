//! The real `aip` against a daemon played by the test and small real servers.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one packet among all"
)]

#[cfg(test)]
#[path = "sessions/daemon.rs"]
mod daemon;
#[cfg(test)]
#[path = "sessions/wrapped.rs"]
mod wrapped;

#[cfg(test)]
#[path = "sessions/endings.rs"]
mod endings;
#[cfg(test)]
#[path = "sessions/frames.rs"]
mod frames;
#[cfg(test)]
#[path = "sessions/outages.rs"]
mod outages;
#[cfg(test)]
#[path = "sessions/starts.rs"]
mod starts;
#[cfg(test)]
#[path = "sessions/surroundings.rs"]
mod surroundings;
