//! `tools`: what is pinned of servers' tools, what differs, and what a person approves.

use clap::{Args, Subcommand};
use wire::control::{self, PinnedDefinition, PinnedServer, Request};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::visible;

pub mod approve;
pub mod diff;
pub mod hash;
pub mod list;
pub(super) mod pretty;

/// Pinned tools.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Tools {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    list: list::List,
}

/// What can be done with them.
#[derive(Debug, Subcommand)]
enum What {
    /// List the tools that are pinned, by server
    List(list::List),
    /// Take the definitions last listed for the approved ones
    Approve(approve::Approve),
    /// Show what differs between the definitions approved and those last listed
    Diff(diff::Diff),
    /// Print a definition's hash, as a policy's `schema_hash` takes it
    Hash(hash::Hash),
}

impl Tools {
    /// Does it.
    ///
    /// # Errors
    /// When it can't be done.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        match self.what {
            None => self.list.run(context),
            Some(What::List(it)) => it.run(context),
            Some(What::Approve(it)) => it.run(context),
            Some(What::Diff(it)) => it.run(context),
            Some(What::Hash(it)) => it.run(context),
        }
    }
}

/// The least of an id, or of a hash, that is taken for one.
const LEAST: usize = 4;

pub(super) fn servers(context: &Context<'_>) -> Result<Vec<PinnedServer>, Failure> {
    Ok(context.ask(&Request::Tools)?.items()?)
}

/// The one server that is meant: by its label, else by the beginning of its id or identity.
pub(super) fn one(servers: Vec<PinnedServer>, named: &str) -> Result<PinnedServer, Failure> {
    let by_label = |it: &PinnedServer| it.server == named;
    let by_id = |it: &PinnedServer| {
        named.len() >= LEAST && (it.id.starts_with(named) || it.identity.starts_with(named))
    };
    let any = servers.iter().any(by_label);
    let mut found: Vec<_> = servers
        .into_iter()
        .filter(|it| if any { by_label(it) } else { by_id(it) })
        .collect();
    match (found.pop(), found.as_slice()) {
        (Some(server), []) => Ok(server),
        (None, _) => Err(refused(
            "not_found",
            format!(
                "no server `{}` has listed tools; `aipctl tools` lists those that have",
                visible(named)
            ),
        )),
        (Some(server), more) => {
            let mut lines = format!(
                "several servers are called `{}`; name one by its id:",
                visible(named)
            );
            for it in more.iter().chain([&server]) {
                let at = format!(
                    "\n  {}  {}, {} for {}",
                    visible(&it.id),
                    visible(&it.server),
                    visible(&it.program),
                    visible(&it.client)
                );
                lines.push_str(&at);
            }
            Err(refused("ambiguous", lines))
        }
    }
}

fn refused(code: &str, message: String) -> Failure {
    Failure::Daemon(control::Failure {
        code: code.to_owned(),
        message,
    })
}

pub(super) fn definitions(
    context: &Context<'_>,
    server: &PinnedServer,
    tool: Option<&str>,
) -> Result<Vec<PinnedDefinition>, Failure> {
    let request = Request::ToolDefinitions {
        client: server.client.clone(),
        identity: server.identity.clone(),
        tool: tool.map(str::to_owned),
    };
    let found: Vec<PinnedDefinition> = context.ask(&request)?.items()?;
    match tool {
        Some(tool) if found.is_empty() => Err(refused(
            "not_found",
            format!(
                "`{}` has no tool `{}`; `aipctl tools list {}` lists those it has",
                visible(&server.server),
                visible(tool),
                visible(&server.server)
            ),
        )),
        Some(_) | None => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_by_its_label_or_by_the_beginning_of_its_id() {
        check("files", Ok("1111aaaa"));
        check("git", Err("ambiguous"));
        check("2222", Ok("2222bbbb"));
        check("3333cccc", Ok("3333cccc"));
        check("beef", Ok("3333cccc"));
        check("222", Err("not_found"));
        check("nosuch", Err("not_found"));
        check("", Err("not_found"));
    }

    #[test]
    fn several_of_one_name_are_told_apart_for_the_person() {
        let Err(error) = one(known(), "git") else {
            panic!("two are called git");
        };
        let text = error.to_string();
        for id in ["2222bbbb", "3333cccc"] {
            assert!(text.contains(id), "{text}");
        }
    }

    fn check(named: &str, expected: Result<&str, &str>) {
        let found = one(known(), named);
        let found = found.as_ref().map(|it| it.id.as_str());
        let found = found.map_err(|error| {
            let Failure::Daemon(failure) = error else {
                panic!("{error}");
            };
            failure.code.as_str()
        });
        assert_eq!(found, expected, "{named}");
    }

    fn known() -> Vec<PinnedServer> {
        let server = |label: &str, id: &str, identity: &str| PinnedServer {
            server: label.to_owned(),
            id: id.to_owned(),
            identity: identity.to_owned(),
            ..PinnedServer::default()
        };
        vec![
            server("files", "1111aaaa", "0f0f"),
            server("git", "2222bbbb", "0e0e"),
            server("git", "3333cccc", "beefbeef"),
        ]
    }
}
