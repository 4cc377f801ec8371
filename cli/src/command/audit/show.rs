//! `audit show`: one record and what belongs to it.

use std::fmt::Write;

use clap::Args;
use serde_json::Value;
use wire::control::{Request, Story};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::record;
use crate::text::{visible, visible_lines};

/// Shows a record.
#[derive(Debug, Args)]
pub struct Show {
    /// The record's number: `seq` in `aipctl logs --json`
    #[arg(value_name = "SEQ")]
    seq: u64,
    /// Print JSON for a program to read
    #[arg(long)]
    json: bool,
}

impl Show {
    /// Shows it.
    ///
    /// # Errors
    /// When the daemon can't be asked, or there is no such record.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let answer = context.ask(&Request::Record { seq: self.seq })?;
        if self.json {
            context.print_json(&answer.end::<Value>()?)?;
        } else {
            write!(context.out, "{}", told(&answer.end()?))?;
        }
        Ok(Exit::Done)
    }
}

/// Fields with lines of their own below, or none.
const APART: [&str; 2] = ["args", "seq"];

fn told(story: &Story) -> String {
    let mut text = String::new();
    let seq = story.record.get("seq").and_then(Value::as_u64);
    let _ = writeln!(text, "Record {}", seq.unwrap_or_default());
    for (name, value) in story.record.as_object().into_iter().flatten() {
        if !APART.contains(&name.as_str()) {
            let _ = writeln!(text, "  {}: {}", visible(name), visible(&plain(value)));
        }
    }
    if let Some(args) = &story.args {
        let _ = writeln!(text, "Arguments\n  {}", visible(args));
    }
    if let Some(outcome) = &story.outcome {
        let _ = writeln!(text, "Outcome\n  {}", record::line(outcome));
    }
    if !story.related.is_empty() {
        let _ = writeln!(text, "Related");
        for other in &story.related {
            let _ = writeln!(text, "  {}", record::line(other));
        }
    }
    if !story.trace.lines.is_empty() {
        let _ = writeln!(text, "How it was decided");
        for line in &story.trace.lines {
            let _ = writeln!(text, "  {}", visible(line));
        }
        if let Some(why) = &story.trace.why_not {
            let _ = writeln!(text, "  (as recorded: {})", visible(why));
        }
    }
    for rule in &story.rules {
        let _ = writeln!(text, "{}: {}", visible(&rule.title), visible(&rule.note));
        for line in visible_lines(&rule.yaml).lines() {
            let _ = writeln!(text, "  {line}");
        }
    }
    text
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use wire::control::{RuleIdea, Trace};

    #[test]
    fn a_story_has_all_that_is_known_of_a_call() {
        let story = Story {
            record: json!({"timestamp": "2026-03-03T10:30:45.123Z", "seq": 7, "tool": "rm\u{1b}[2J",
                "args": {"path": "/etc"}, "decision": "BLOCK", "error_code": -32001}),
            args: Some(r#"{"path":"/etc"}"#.to_owned()),
            outcome: Some(json!({"timestamp": "2026-03-03T10:30:46.000Z", "outcome": "answered"})),
            related: vec![
                json!({"timestamp": "2026-03-03T10:30:44.000Z", "event": "APPROVAL_ASKED",
                "tool": "rm"}),
            ],
            trace: Trace {
                lines: vec!["[DEBUG] Request: tools/call -> rm".to_owned()],
                why_not: Some("its arguments were erased".to_owned()),
                ..Trace::default()
            },
            rules: vec![RuleIdea {
                title: "Ask each time".to_owned(),
                yaml: "- tool: rm\n  action: ask\n".to_owned(),
                note: "under tool_rules".to_owned(),
            }],
        };
        insta::assert_snapshot!(told(&story));
    }
}
