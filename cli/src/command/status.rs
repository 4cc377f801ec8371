//! `status`: what waits, what needs attention, what is going on; in that order.

use std::fmt::Write;

use clap::Args;
use serde_json::{Value, json};
use wire::control::{FolderStatus, OverrideMode, Request, Status as Report, Unwrapped};
use wire::folders::Folders;

use crate::client::ClientError;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::visible;

/// How aip is.
#[derive(Debug, Args)]
pub struct Status {
    /// Print JSON for a program to read
    #[arg(long)]
    json: bool,
}

impl Status {
    /// Shows it. Never starts a daemon.
    ///
    /// # Errors
    /// When there is a daemon that can't be asked.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let answer = match context.ask_running(&Request::Status) {
            Err(Failure::Client(ClientError::NotRunning { .. })) => {
                return not_running(context, self.json);
            }
            answer => answer?,
        };
        if self.json {
            context.print_json(&answer.end::<Value>()?)?;
        } else {
            write!(context.out, "{}", sentences(&answer.end()?))?;
        }
        Ok(Exit::Done)
    }
}

fn not_running(context: &mut Context<'_>, json: bool) -> Result<Exit, Failure> {
    if json {
        let folders = folders(context.folders()?);
        context.print_json(&json!({ "daemon": null, "folders": folders }))?;
    } else {
        writeln!(
            context.out,
            "aipd is not running. The next wrapped server starts it, or `aipctl service start`."
        )?;
        if let Some(home) = &context.folders()?.home_override {
            writeln!(
                context.out,
                "AIP_HOME is in effect: {}",
                visible(&home.to_string_lossy())
            )?;
        }
    }
    Ok(Exit::NoDaemon)
}

/// The folders as the daemon would report them.
pub(super) fn folders(folders: &Folders) -> FolderStatus {
    let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
    FolderStatus {
        aip_home: folders.home_override.as_deref().map(text),
        config: text(&folders.config),
        state: text(&folders.state),
        runtime: text(&folders.runtime),
    }
}

fn sentences(report: &Report) -> String {
    let mut text = String::new();
    let _ = waiting(&mut text, report);
    let _ = attention(&mut text, report);
    let _ = going_on(&mut text, report);
    text
}

fn waiting(text: &mut String, report: &Report) -> std::fmt::Result {
    match report.approvals_waiting {
        0 => Ok(()),
        1 => writeln!(
            text,
            "1 call waits for your answer; `aipctl approvals` shows it."
        ),
        more => writeln!(
            text,
            "{more} calls wait for your answer; `aipctl approvals` shows them."
        ),
    }
}

fn attention(text: &mut String, report: &Report) -> std::fmt::Result {
    let until = report
        .override_until
        .as_deref()
        .map(|it| format!(" until {}", visible(it)))
        .unwrap_or_default();
    match report.override_mode {
        OverrideMode::None => {}
        OverrideMode::Monitor => writeln!(
            text,
            "Paused{until}: what policies refuse is recorded and let through; \
             `aipctl resume` ends it."
        )?,
        OverrideMode::DenyAll => {
            writeln!(
                text,
                "Stopped{until}: every call is refused; `aipctl resume` ends it."
            )?;
        }
    }
    for line in &report.attention {
        writeln!(text, "Needs attention: {}", visible(line))?;
    }
    unwrapped(text, &report.unwrapped)
}

/// Servers that run without aip, those of one file together, and what to do.
fn unwrapped(text: &mut String, servers: &[Unwrapped]) -> std::fmt::Result {
    for of in servers.chunk_by(|a, b| (&a.file, a.lost) == (&b.file, b.lost)) {
        let Some(first) = of.first() else { continue };
        let names: Vec<_> = of.iter().map(|it| visible(&it.server)).collect();
        let what = if first.lost {
            "Lost aip since it was put in front"
        } else {
            "Runs unwrapped"
        };
        let project = if first.project {
            " --project, in that folder"
        } else {
            ""
        };
        writeln!(
            text,
            "{what}: {} in {} ({}); put aip in front: aipctl install --client {}{project}",
            names.join(", "),
            visible(&first.client_name),
            visible(&first.file),
            visible(&first.client),
        )?;
    }
    Ok(())
}

fn going_on(text: &mut String, report: &Report) -> std::fmt::Result {
    let daemon = &report.daemon;
    writeln!(
        text,
        "aipd {} runs as process {}, since {}.",
        visible(&daemon.version),
        daemon.pid,
        visible(&daemon.started)
    )?;
    if let Some(dashboard) = &report.dashboard {
        writeln!(
            text,
            "The dashboard is at {}; `aipctl dashboard` opens it.",
            visible(dashboard)
        )?;
    }
    match report.sessions.len() {
        0 => writeln!(text, "No session runs.")?,
        1 => writeln!(text, "1 session runs:")?,
        more => writeln!(text, "{more} sessions run:")?,
    }
    for session in &report.sessions {
        writeln!(
            text,
            "  {} for {}: {} calls, {} refused{}",
            visible(&session.server),
            visible(&session.client),
            session.calls,
            session.refused,
            if session.mode == "monitor" {
                ", monitor mode"
            } else {
                ""
            }
        )?;
    }
    let records = if report.records == 1 {
        "1 record is".to_owned()
    } else {
        format!("{} records are", report.records)
    };
    writeln!(text, "{records} kept in {}", visible(&report.folders.state))?;
    match &report.folders.aip_home {
        Some(home) => writeln!(text, "AIP_HOME is in effect: {}", visible(home)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::control::{DaemonStatus, Session};

    #[test]
    fn what_waits_comes_first() {
        let report = Report {
            daemon: DaemonStatus {
                pid: 4711,
                version: "0.1.0".to_owned(),
                started: "2026-11-22T10:00:00.000Z".to_owned(),
            },
            folders: FolderStatus {
                aip_home: Some("/tmp/aip".to_owned()),
                state: "/tmp/aip".to_owned(),
                ..FolderStatus::default()
            },
            override_mode: OverrideMode::Monitor,
            override_until: Some("2026-11-22T11:00:00.000Z".to_owned()),
            sessions: vec![Session {
                server: "files".to_owned(),
                client: "/usr/bin/cursor\u{1b}[2J".to_owned(),
                mode: "monitor".to_owned(),
                calls: 12,
                refused: 3,
                ..Session::default()
            }],
            approvals_waiting: 2,
            attention: vec!["a newer `agent.yaml` waits".to_owned()],
            unwrapped: ["github", "files"]
                .map(|server| Unwrapped {
                    client: "cursor".to_owned(),
                    client_name: "Cursor".to_owned(),
                    server: server.to_owned(),
                    file: "/home/u/.cursor/mcp.json".to_owned(),
                    lost: server == "github",
                    ..Unwrapped::default()
                })
                .into(),
            records: 120,
            needs_password: false,
            dashboard: Some("http://127.0.0.1:20123/".to_owned()),
        };
        insta::assert_snapshot!(sentences(&report));
        insta::assert_snapshot!(sentences(&Report::default()));
    }
}
