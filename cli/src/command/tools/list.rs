//! `tools list`: each server's tools, and how each stands to what was approved of it.

use std::fmt::Write;

use clap::Args;
use wire::control::{PinnedServer, PinnedTool, ToolFinding};

use super::{one, servers};
use crate::context::{Context, Screen};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::table::{self, Field, Tone};
use crate::text::visible;
use crate::when;

/// Which tools.
#[derive(Debug, Args)]
pub struct List {
    /// Only this server's: its label, or the beginning of its id
    server: Option<String>,
    /// Print a JSON array for a program to read
    #[arg(long)]
    json: bool,
}

impl List {
    /// Lists them.
    ///
    /// # Errors
    /// When the daemon can't be asked, or the server is not one.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let mut servers = servers(context)?;
        if let Some(named) = &self.server {
            servers = vec![one(servers, named)?];
        }
        if self.json {
            context.print_json(&servers)?;
            return Ok(Exit::Done);
        }
        if servers.is_empty() {
            writeln!(
                context.out,
                "No tools are pinned. They are when a server lists them through `aip`."
            )?;
        }
        for (at, server) in servers.iter().enumerate() {
            let gap = if at == 0 { "" } else { "\n" };
            write!(context.out, "{gap}{}", sentences(server, context.screen))?;
        }
        Ok(Exit::Done)
    }
}

const HEAD: [&str; 6] = [
    "tool",
    "state",
    "hash",
    "first seen (UTC)",
    "last seen",
    "findings",
];
/// Digits of a hash that are shown.
const DIGITS: usize = 12;

fn sentences(server: &PinnedServer, screen: Screen) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} (id {}): {} for {}",
        visible(&server.server),
        visible(&server.id),
        visible(&server.program),
        visible(&server.client)
    );
    if let Some(before) = &server.instead_of {
        let _ = writeln!(
            text,
            "  since {} another command than before: {} in place of {}; `aipctl tools approve {} \
             --all` settles it",
            visible(&before.at),
            visible(&server.program),
            visible(&before.program),
            visible(&server.id)
        );
    }
    for finding in &server.findings {
        let _ = writeln!(text, "  suspicious: {}", shown(finding));
    }
    if server.tools.is_empty() {
        let _ = writeln!(text, "  has listed no tools yet");
        return text;
    }
    if !server.pinned {
        let _ = writeln!(
            text,
            "  its first list is not whole yet: what it lists is pinned as it is"
        );
    }
    let rows: Vec<_> = server.tools.iter().map(row).collect();
    text.push_str(&table::render(screen, HEAD, &rows));
    text
}

fn row(tool: &PinnedTool) -> [Field; 6] {
    let tone = match tool.state.as_str() {
        "approved" => Tone::Plain,
        "changed" => Tone::Bad,
        _ => Tone::Warn,
    };
    let hash = tool.hash.as_deref().unwrap_or("-");
    let findings: Vec<_> = tool.findings.iter().map(shown).collect();
    [
        Field::from(&tool.tool),
        Field::toned(&tool.state, tone),
        Field::from(hash.get(..DIGITS).unwrap_or(hash)),
        Field::from(when::short(&tool.first_seen)),
        Field::from(when::short(&tool.last_seen)),
        Field::toned(&findings.join(", "), Tone::Warn),
    ]
}

fn shown(finding: &ToolFinding) -> String {
    let words = finding.finding.replace('_', " ");
    format!("{} in {}", visible(&words), visible(&finding.place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::control::PinnedBefore;

    #[test]
    fn each_server_has_its_table() {
        let finding = ToolFinding {
            finding: "hidden_characters".to_owned(),
            place: "/description".to_owned(),
        };
        let tool = |name: &str, state: &str| PinnedTool {
            tool: name.to_owned(),
            state: state.to_owned(),
            hash: (state != "removed").then(|| "0123456789abcdef".repeat(4)),
            first_seen: "2026-11-22T10:00:00.000Z".to_owned(),
            last_seen: "2026-11-23T10:00:00.000Z".to_owned(),
            ..PinnedTool::default()
        };
        let server = PinnedServer {
            server: "files\u{1b}".to_owned(),
            id: "1a2b3c4d5e6f".to_owned(),
            program: "node".to_owned(),
            client: "/usr/bin/cursor".to_owned(),
            instead_of: Some(PinnedBefore {
                program: "python3".to_owned(),
                at: "2026-11-22T10:00:00.000Z".to_owned(),
                ..PinnedBefore::default()
            }),
            findings: vec![ToolFinding {
                finding: "instruction".to_owned(),
                place: "instructions".to_owned(),
            }],
            tools: vec![
                tool("read_file", "approved"),
                PinnedTool {
                    findings: vec![finding],
                    ..tool("wri\u{202e}te", "changed")
                },
                tool("gone", "removed"),
                tool("late", "new"),
            ],
            ..PinnedServer::default()
        };
        let screen = Screen {
            width: Some(140),
            ..Screen::default()
        };
        insta::assert_snapshot!(sentences(&server, screen));
    }
}
