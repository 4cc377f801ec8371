//! Bytes to frames to messages, and back: everything two of aip's programs must read alike.
//!
//! Pure: no files, no sockets, no clock, no environment. The daemon and the shim feed bytes in
//! and take messages out; what they do with them is theirs.

pub mod control;
pub mod csv;
pub mod folders;
pub mod hidden;
pub mod json;
pub mod lines;
pub mod link;
pub mod mcp;
pub mod rpc;
