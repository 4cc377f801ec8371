//! `tools diff`: the definition approved and the one last listed, line by line.

use clap::Args;
use serde::Serialize;
use wire::control::{PinnedDefinition, PinnedServer};

use super::pretty::laid_out;
use super::{definitions, one, servers};
use crate::context::Context;
use crate::diff::render;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::visible;

/// Which tools.
#[derive(Debug, Args)]
pub struct Diff {
    /// Only this server's: its label, or the beginning of its id
    server: Option<String>,
    /// Only this tool
    tool: Option<String>,
    /// Print a JSON array for a program to read
    #[arg(long)]
    json: bool,
}

/// A tool as a program reads it.
#[derive(Serialize)]
struct Shown<'s> {
    server: &'s str,
    id: &'s str,
    #[serde(flatten)]
    definition: &'s PinnedDefinition,
    diff: String,
}

impl Diff {
    /// Shows what differs.
    ///
    /// # Errors
    /// When the daemon can't be asked, or there is no such server or tool.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let mut servers = servers(context)?;
        if let Some(named) = &self.server {
            servers = vec![one(servers, named)?];
        }
        let mut found = Vec::new();
        for server in servers {
            let differs = server.tools.iter().any(|tool| tool.state != "approved");
            if self.tool.is_none() && !differs {
                continue;
            }
            for definition in definitions(context, &server, self.tool.as_deref())? {
                if self.tool.is_some() || definition.state != "approved" {
                    found.push((server.clone(), definition));
                }
            }
        }
        if self.json {
            let shown: Vec<_> = found
                .iter()
                .map(|(server, definition)| Shown {
                    server: &server.server,
                    id: &server.id,
                    diff: lines(definition),
                    definition,
                })
                .collect();
            context.print_json(&shown)?;
            return Ok(Exit::Done);
        }
        if found.is_empty() {
            writeln!(context.out, "Every tool is as it was approved.")?;
        }
        for (at, (server, definition)) in found.iter().enumerate() {
            let gap = if at == 0 { "" } else { "\n" };
            write!(context.out, "{gap}{}", sentences(server, definition))?;
        }
        Ok(Exit::Done)
    }
}

/// What became of a tool, and its definition before and after.
pub(super) fn sentences(server: &PinnedServer, definition: &PinnedDefinition) -> String {
    let what = match definition.state.as_str() {
        "approved" => "is as it was approved",
        "changed" => "changed since it was approved",
        "new" => "is new and not approved",
        "removed" => "is no longer listed",
        other => other,
    };
    let tool = visible(&definition.tool);
    let head = format!("{}: {tool} {}\n", visible(&server.server), visible(what));
    let lines = lines(definition);
    if definition.state == "approved" {
        return head;
    }
    let texts = [&definition.approved, &definition.listed];
    if texts
        .iter()
        .any(|it| it.as_ref().is_some_and(String::is_empty))
    {
        return head + "  a definition was too long to be kept; only its hash is\n";
    }
    if lines.is_empty() {
        return head + "  what differs is redacted by the policy and not kept\n";
    }
    head + "--- approved\n+++ last listed\n" + &lines
}

fn lines(definition: &PinnedDefinition) -> String {
    let of = |text: &Option<String>| text.as_deref().map(laid_out).unwrap_or_default();
    render(&of(&definition.approved), &of(&definition.listed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_shown_with_hidden_characters_written_out() {
        let definition = |state: &str, approved: Option<&str>, listed: Option<&str>| {
            let definition = PinnedDefinition {
                tool: "read".to_owned(),
                state: state.to_owned(),
                approved: approved.map(str::to_owned),
                listed: listed.map(str::to_owned),
                ..PinnedDefinition::default()
            };
            let server = PinnedServer {
                server: "files".to_owned(),
                ..PinnedServer::default()
            };
            sentences(&server, &definition)
        };
        let before = r#"{"name":"read","description":"Reads."}"#;
        let after =
            "{\"name\":\"read\",\"description\":\"Reads\u{202e}\u{e0041}\u{fe0f}.\u{200b}\"}";
        insta::assert_snapshot!(definition("changed", Some(before), Some(after)));
        insta::assert_snapshot!(definition("removed", Some(before), None));
        insta::assert_snapshot!(definition("changed", Some(before), Some(before)));
        insta::assert_snapshot!(definition("changed", Some(before), Some("")));
    }
}
