//! `tools approve`: takes the definitions last listed for the approved ones.

use clap::Args;
use serde_json::Value;
use wire::control::{PinnedServer, PinnedTool, Request, ShownTool};

use super::diff::sentences;
use super::{definitions, one, refused, servers};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::visible;

/// The most tools approved in one request, so that it stays within its bound.
const AT_ONCE: usize = 200;

/// Which tools.
#[derive(Debug, Args)]
pub struct Approve {
    /// The server: its label, or the beginning of its id
    server: String,
    /// The tool
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    tool: Option<String>,
    /// All its tools, and the command itself where that is another one than before
    #[arg(long)]
    all: bool,
    /// Only where the definition last listed has this hash, or one that begins so
    #[arg(long, value_name = "HASH", conflicts_with = "all")]
    hash: Option<String>,
    /// Print JSON for a program to read
    #[arg(long)]
    json: bool,
}

impl Approve {
    /// Shows what is approved, and approves it.
    ///
    /// # Errors
    /// When there is no such server or tool, or it changed meanwhile.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let server = one(servers(context)?, &self.server)?;
        let wanted = self.wanted(&server)?;
        if wanted.is_empty() && (!self.all || server.instead_of.is_none()) {
            return self.nothing(context, &server);
        }
        let shown: Vec<ShownTool> = wanted
            .iter()
            .map(|tool| ShownTool {
                tool: tool.tool.clone(),
                hash: tool.hash.clone(),
            })
            .collect();
        if !self.json {
            self.show(context, &server, &shown)?;
        }
        let mut pieces: Vec<Vec<ShownTool>> =
            shown.chunks(AT_ONCE).map(<[ShownTool]>::to_vec).collect();
        if pieces.is_empty() {
            pieces.push(Vec::new());
        }
        for tools in pieces {
            let request = Request::ToolsApprove {
                client: server.client.clone(),
                identity: server.identity.clone(),
                tools,
                all: self.all,
            };
            let _approved: Value = context.ask(&request)?.end()?;
        }
        if self.json {
            context.print_json(&shown)?;
            return Ok(Exit::Done);
        }
        for it in &shown {
            let gone = if it.hash.is_none() {
                " (its removal)"
            } else {
                ""
            };
            let tool = visible(&it.tool);
            writeln!(
                context.out,
                "Approved: {}: {tool}{gone}",
                visible(&server.server)
            )?;
        }
        if self.all && server.instead_of.is_some() {
            let program = visible(&server.program);
            writeln!(
                context.out,
                "Approved: {}: {program}",
                visible(&server.server)
            )?;
        }
        Ok(Exit::Done)
    }

    fn wanted<'s>(&self, server: &'s PinnedServer) -> Result<Vec<&'s PinnedTool>, Failure> {
        let differs = |tool: &&PinnedTool| tool.state != "approved";
        let Some(named) = &self.tool else {
            return Ok(server.tools.iter().filter(differs).collect());
        };
        let tool = server.tools.iter().find(|tool| tool.tool == *named);
        let tool = tool.ok_or_else(|| {
            let message = format!(
                "`{}` has no tool `{}`; `aipctl tools list {}` lists those it has",
                visible(&server.server),
                visible(named),
                visible(&server.server)
            );
            refused("not_found", message)
        })?;
        let hash = tool.hash.as_deref().unwrap_or_default();
        if let Some(wanted) = self.hash.as_deref().filter(|it| !hash.starts_with(*it)) {
            let message = format!(
                "the definition last listed has the hash {}, not {}; look with `aipctl tools diff`",
                visible(hash),
                visible(wanted)
            );
            return Err(refused("conflict", message));
        }
        Ok(Some(tool).filter(differs).into_iter().collect())
    }

    fn nothing(&self, context: &mut Context<'_>, server: &PinnedServer) -> Result<Exit, Failure> {
        if self.json {
            context.print_json(&Vec::<ShownTool>::new())?;
            return Ok(Exit::Done);
        }
        let what = self.tool.as_deref().unwrap_or("every tool");
        let server = visible(&server.server);
        writeln!(
            context.out,
            "{server}: {} is as it was approved.",
            visible(what)
        )?;
        Ok(Exit::Done)
    }

    /// What is approved is the definition shown here and no other.
    fn show(
        &self,
        context: &mut Context<'_>,
        server: &PinnedServer,
        shown: &[ShownTool],
    ) -> Result<(), Failure> {
        for definition in definitions(context, server, self.tool.as_deref())? {
            let same = |it: &&ShownTool| it.tool == definition.tool && it.hash == definition.hash;
            if shown.iter().any(|it| same(&it)) {
                writeln!(context.out, "{}", sentences(server, &definition))?;
            }
        }
        Ok(())
    }
}
