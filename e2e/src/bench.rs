//! What `aip-bench` measures: the built programs, driven by a client of blocking pipes, each time
//! beside the same server without them. Nothing here is asserted against a clock.

pub mod asks;
pub mod audit;
pub mod figures;
pub mod machine;
pub mod options;
pub mod payload;
pub mod peer;
pub mod process;
pub mod report;
pub mod resources;
pub mod roundtrip;
pub mod server;
pub mod sessions;
pub mod setup;
pub mod startup;
