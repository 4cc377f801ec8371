//! aipd: judges, records and redacts what passes between AI clients and MCP servers.

pub mod activation;
pub mod approval;
pub mod audit;
pub mod clients;
pub mod config;
pub mod control;
pub mod daemon;
pub mod doors;
pub mod grants;
pub mod http;
pub mod links;
pub mod log;
pub mod metrics;
pub mod operation;
pub mod peer;
pub mod person;
pub mod pins;
pub mod place;
pub mod policies;
pub mod random;
pub mod run;
pub mod session;
pub mod time;
