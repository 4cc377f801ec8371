//! `tools approve`: takes the definitions last listed for the approved ones.

use clap::Args;
use serde_json::Value;
use wire::control::{PinnedServer, PinnedTool, Request, ShownTool};

use super::diff::sentences;
use super::{LEAST, definitions, one, refused, servers};
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
        if self.hash.as_ref().is_some_and(|it| it.len() < LEAST) {
            let message = format!("`--hash` takes {LEAST} digits of the hash or more");
            return Err(Failure::Usage(message));
        }
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
            self.show(context, &server, shown.clone())?;
        }
        self.ask(context, &server, &shown)?;
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

    fn ask(
        &self,
        context: &Context<'_>,
        server: &PinnedServer,
        shown: &[ShownTool],
    ) -> Result<(), Failure> {
        let mut pieces: Vec<Vec<ShownTool>> =
            shown.chunks(AT_ONCE).map(<[ShownTool]>::to_vec).collect();
        if pieces.is_empty() {
            pieces.push(Vec::new());
        }
        for tools in pieces {
            let sent = tools.len();
            let request = Request::ToolsApprove {
                client: server.client.clone(),
                identity: server.identity.clone(),
                tools,
                all: self.all,
            };
            let answer: Value = context.ask(&request)?.end()?;
            if answer.get("approved").and_then(Value::as_u64) != Some(sent as u64) {
                let message = "a definition changed meanwhile; look again with `aipctl tools`";
                return Err(refused("conflict", message.to_owned()));
            }
        }
        Ok(())
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
        mut unshown: Vec<ShownTool>,
    ) -> Result<(), Failure> {
        for definition in definitions(context, server, self.tool.as_deref())? {
            let before = unshown.len();
            unshown.retain(|it| it.tool != definition.tool || it.hash != definition.hash);
            if unshown.len() < before {
                writeln!(context.out, "{}", sentences(server, &definition))?;
            }
        }
        match unshown.first() {
            None => Ok(()),
            Some(it) => Err(refused(
                "conflict",
                format!(
                    "the definition of `{}` changed meanwhile; nothing was approved, look again",
                    visible(&it.tool)
                ),
            )),
        }
    }
}
