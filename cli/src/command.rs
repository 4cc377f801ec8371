//! The commands, one file each.

use clap::Subcommand;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

pub mod approvals;
pub mod approve;
pub mod audit;
pub mod clients;
pub mod completions;
pub mod conformance;
pub mod conformance_server;
pub mod dashboard;
pub mod deny;
pub mod doctor;
pub mod export;
pub mod extend;
pub mod generate_config;
pub mod generate_cursor_config;
pub mod grants;
pub mod install;
pub mod logs;
pub mod man;
pub mod path;
pub mod pause;
pub mod policy;
pub mod resume;
pub mod service;
pub mod sessions;
pub mod stats;
pub mod status;
pub mod stop_all;
pub mod tools;
pub mod uninstall;
pub mod watch;
pub mod wrap;

/// What can be asked of aip.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what waits for you, what needs attention, and what is going on
    Status(status::Status),
    /// Look for what is wrong with aip on this machine, and say what to do
    Doctor(doctor::Doctor),
    /// Put aip in front of the servers your AI clients start
    Install(install::Install),
    /// Take aip away again from where `install` put it
    Uninstall(uninstall::Uninstall),
    /// List the servers your AI clients start, and which run through aip
    Clients(clients::Clients),
    /// List the sessions that run: one for each wrapped server
    Sessions(sessions::Sessions),
    /// Show audit records: a table on a terminal, JSON Lines in a pipe
    Logs(logs::Logs),
    /// Show how many calls there were, of which tools, and how they were decided
    Stats(stats::Stats),
    /// Write out the audit records
    Export(export::Export),
    /// Check the audit chain, show a record, or erase what records hold
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Check, show and accept policies
    #[command(subcommand)]
    Policy(policy::Policy),
    /// Show on a screen what waits, to be answered by a key, and what is decided
    Watch(watch::Watch),
    /// Open the dashboard in your browser
    Dashboard(dashboard::Dashboard),
    /// List the calls that wait for your answer
    Approvals(approvals::Approvals),
    /// Let a waiting call through: once, or with calls like it for a while
    Approve(approve::Approve),
    /// Refuse a waiting call
    Deny(deny::Deny),
    /// Give yourself as much time again for a waiting call, once
    Extend(extend::Extend),
    /// List what you have allowed beyond one call, take it back, or print it as YAML
    Grants(grants::Grants),
    /// List the tools of servers, show what changed in them, and approve it
    Tools(tools::Tools),
    /// For a while, record what policies would refuse and let it through
    Pause(pause::Pause),
    /// Refuse every call until `aipctl resume`
    StopAll(stop_all::StopAll),
    /// Let policies decide again, after `pause` or `stop-all`
    Resume(resume::Resume),
    /// Print where aip keeps its files
    Path(path::PathOf),
    /// Start, stop or look at the daemon
    #[command(subcommand)]
    Service(service::Service),
    /// Run a well-known server through aip, or print what goes into a client's file for it
    Wrap(wrap::Wrap),
    /// Print the block that makes a client run a server through aip, in that client's form
    GenerateConfig(generate_config::GenerateConfig),
    /// Print the block that makes Cursor run a server through aip
    GenerateCursorConfig(generate_cursor_config::GenerateCursorConfig),
    /// Run conformance vectors of the Agent Identity Protocol
    Conformance(conformance::Conformance),
    /// Print what a shell needs to complete the programs' command lines
    Completions(completions::Completions),
    /// Write the manual pages of aip, aipd and aipctl
    Man(man::Man),
    /// The MCP server that `conformance --wire` runs
    #[command(hide = true)]
    ConformanceServer(conformance_server::ConformanceServer),
}

/// Does what was asked.
///
/// # Errors
/// When it can't be done.
pub fn run(command: Command, context: &mut Context<'_>) -> Result<Exit, Failure> {
    match command {
        Command::Status(it) => it.run(context),
        Command::Doctor(it) => it.run(context),
        Command::Install(it) => it.run(context),
        Command::Uninstall(it) => it.run(context),
        Command::Clients(it) => it.run(context),
        Command::Sessions(it) => it.run(context),
        Command::Logs(it) => it.run(context),
        Command::Stats(it) => it.run(context),
        Command::Export(it) => it.run(context),
        Command::Audit(it) => it.run(context),
        Command::Policy(it) => it.run(context),
        Command::Watch(it) => it.run(context),
        Command::Dashboard(it) => it.run(context),
        Command::Approvals(it) => it.run(context),
        Command::Approve(it) => it.run(context),
        Command::Deny(it) => it.run(context),
        Command::Extend(it) => it.run(context),
        Command::Grants(it) => it.run(context),
        Command::Tools(it) => it.run(context),
        Command::Pause(it) => it.run(context),
        Command::StopAll(it) => it.run(context),
        Command::Resume(it) => it.run(context),
        Command::Path(it) => it.run(context),
        Command::Service(it) => it.run(context),
        Command::GenerateConfig(it) => it.run(context),
        Command::GenerateCursorConfig(it) => it.run(context),
        Command::Conformance(it) => it.run(context),
        Command::Completions(it) => it.run(context),
        Command::Man(it) => it.run(context),
        Command::ConformanceServer(it) => it.run(context),
        Command::Wrap(it) => it.run(context),
    }
}
