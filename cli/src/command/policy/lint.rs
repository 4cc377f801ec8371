//! `policy lint`: what weakens a policy that is valid. The engine looks; what a server lists is
//! asked of a daemon that runs, and where none does, what needs it is skipped and said so.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use engine::diagnostic::{Diagnostic, Diagnostics};
use engine::lint::{Finding, Listed, ListedTool, Report, lint};
use serde_json::{Value, json};
use wire::control::{PinnedDefinition, Request};

use super::validate::{MAX_POLICY, place, refused};
use crate::client::ClientError;
use crate::command::tools::{definitions, one, pretty::node};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::{visible, visible_lines};

/// Which files, and for which server.
#[derive(Debug, Args)]
pub struct Lint {
    /// Policy files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Hold tools and arguments against what this server last listed: its label, or the beginning of
    /// its id, as `aipctl tools` shows them
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// Print a JSON array for a program to read
    #[arg(long)]
    json: bool,
}

impl Lint {
    /// Looks at them all; one bad file does not hide the next.
    ///
    /// # Errors
    /// When a file can't be read, or the server is not one.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let listed = listed(context, self.server.as_deref())?;
        let mut all = Vec::new();
        let (mut invalid, mut weak, mut unread) = (false, false, None);
        for file in &self.files {
            let name = file.to_string_lossy();
            let text = match context.read_text(file, MAX_POLICY) {
                Ok(text) => text,
                Err(failure) => {
                    writeln!(context.err, "Error: {failure}")?;
                    unread = Some(failure.exit());
                    continue;
                }
            };
            match lint(&text, &place(file, context), listed.as_ref().ok()) {
                Ok(report) => {
                    weak |= !report.findings.is_empty();
                    let why = listed.as_ref().err().map_or("", String::as_str);
                    if self.json {
                        all.push(object(&name, &report, why));
                    } else {
                        write!(context.out, "{}", sentences(&name, &report, why))?;
                    }
                }
                Err(errors) => {
                    invalid = true;
                    write!(context.err, "{}", refused(&name, &errors))?;
                    all.push(json!({ "file": name, "valid": false, "errors": told(&errors) }));
                }
            }
        }
        if self.json {
            context.print_json(&all)?;
        }
        Ok(match unread {
            Some(exit) => exit,
            None if invalid => Exit::No,
            None if weak => Exit::Findings,
            None => Exit::Done,
        })
    }
}

/// What the server lists, or why that is not known.
fn listed(context: &Context<'_>, server: Option<&str>) -> Result<Result<Listed, String>, Failure> {
    let Some(named) = server else {
        let why = "name a server with `--server NAME`; `aipctl tools` shows them";
        return Ok(Err(why.to_owned()));
    };
    let servers = match context.ask_running(&Request::Tools) {
        Err(Failure::Client(ClientError::NotRunning { .. })) => {
            let why = "no daemon runs that has seen the server's tools; `aipctl service start` starts one";
            return Ok(Err(why.to_owned()));
        }
        answer => answer?.items()?,
    };
    let server = one(servers, named)?;
    let tools = definitions(context, &server, None)?;
    let tools: Vec<_> = tools.iter().filter_map(tool).collect();
    if tools.is_empty() {
        let why = format!("`{}` has listed no tools yet", visible(&server.server));
        return Ok(Err(why));
    }
    Ok(Ok(Listed {
        server: server.server,
        tools,
    }))
}

/// A tool that is still listed; without its arguments where the definition was too long to be kept.
fn tool(pinned: &PinnedDefinition) -> Option<ListedTool> {
    pinned.hash.as_ref()?;
    let text = pinned.listed.as_deref().unwrap_or_default();
    let parsed = wire::json::parse(text.as_bytes());
    Some(match parsed {
        Ok(it) => ListedTool::of(&pinned.tool, &node(&it.value)),
        Err(_) => ListedTool {
            name: pinned.tool.clone(),
            args: None,
        },
    })
}

fn sentences(file: &str, report: &Report, why: &str) -> String {
    let mut text = String::new();
    // A String takes every write.
    for Finding {
        code,
        line,
        column,
        message,
        help,
        ..
    } in &report.findings
    {
        let place = if *line == 0 {
            String::new()
        } else {
            format!(":{line}:{column}")
        };
        let _ = writeln!(text, "{file}{place}: {code}: {}", visible(message));
        if !help.is_empty() {
            let _ = writeln!(text, "  {}", visible(help));
        }
    }
    if !report.skipped.is_empty() {
        let codes = report.skipped.join(" and ");
        let _ = writeln!(text, "{file}: {codes} were not checked: {why}");
    }
    let count = match report.findings.len() {
        0 => "nothing that weakens it".to_owned(),
        1 => "1 finding".to_owned(),
        many => format!("{many} findings"),
    };
    let allowed = match report.silenced {
        0 => String::new(),
        some => format!(", {some} allowed by comments"),
    };
    let _ = writeln!(text, "{file}: {count}{allowed}");
    visible_lines(&text)
}

fn object(file: &str, report: &Report, why: &str) -> Value {
    let place = |at: usize| (at > 0).then_some(at);
    let finding = |it: &Finding| {
        json!({
            "code": it.code,
            "name": it.name,
            "line": place(it.line),
            "column": place(it.column),
            "message": it.message,
            "help": it.help,
        })
    };
    let findings: Vec<_> = report.findings.iter().map(finding).collect();
    let skipped: Vec<_> = report
        .skipped
        .iter()
        .map(|code| json!({ "code": code, "why": why }))
        .collect();
    json!({
        "file": file,
        "valid": true,
        "findings": findings,
        "allowed": report.silenced,
        "skipped": skipped,
    })
}

fn told(errors: &Diagnostics) -> Vec<Value> {
    let one = |it: &Diagnostic| {
        let place = |at: usize| (it.line > 0).then_some(at);
        json!({
            "line": place(it.line),
            "column": place(it.column),
            "message": it.message,
            "help": it.help,
        })
    };
    errors.0.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_told_with_place_code_and_what_to_do() {
        let report = Report {
            findings: vec![Finding {
                code: "L004",
                name: "pattern-admits-anything",
                line: 3,
                column: 7,
                message: "the pattern of `a\u{1b}` admits any text".to_owned(),
                help: "say what it has to be".to_owned(),
            }],
            silenced: 2,
            skipped: vec!["L006", "L007"],
        };
        insta::assert_snapshot!(sentences("agent.yaml", &report, "name a server"));
        assert_eq!(object("a", &report, "")["findings"][0]["line"], 3);
    }

    #[test]
    fn a_tool_that_is_listed_no_more_is_none() {
        let pinned = PinnedDefinition {
            tool: "read".to_owned(),
            hash: Some("ab".to_owned()),
            listed: Some(r#"{"inputSchema":{"properties":{"path":{}}}}"#.to_owned()),
            ..PinnedDefinition::default()
        };
        let args = tool(&pinned).and_then(|it| it.args);
        assert_eq!(args, Some(vec!["path".to_owned()]));
        let gone = PinnedDefinition {
            hash: None,
            ..pinned
        };
        assert!(tool(&gone).is_none());
    }
}
