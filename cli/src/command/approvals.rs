//! `approvals`: the calls that wait for a person, each as a sentence, the facts, the choice.

use std::fmt::Write;

use clap::Args;
use jiff::Timestamp;
use serde_json::Value;
use wire::control::{Approval, Before, Request};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::visible;

/// The calls that wait.
#[derive(Debug, Args)]
pub struct Approvals {
    /// Only this call, by its id or enough of its start
    id: Option<String>,
    /// Print a JSON array for a program to read
    #[arg(long)]
    json: bool,
}

impl Approvals {
    /// Lists them.
    ///
    /// # Errors
    /// When the daemon can't be asked.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let answer = context.ask(&Request::Approvals)?;
        let wanted = |id: &str| self.id.as_deref().is_none_or(|start| id.starts_with(start));
        if self.json {
            let mut items = answer.items::<Value>()?;
            items.retain(|it| it.get("id").and_then(Value::as_str).is_some_and(wanted));
            context.print_json(&items)?;
            return Ok(Exit::Done);
        }
        let mut approvals = answer.items::<Approval>()?;
        approvals.retain(|it| wanted(&it.id));
        if let (true, Some(id)) = (approvals.is_empty(), &self.id) {
            let message = format!(
                "no approval `{}` waits; `aipctl approvals` lists those that do",
                visible(id)
            );
            let code = "not_found".to_owned();
            return Err(Failure::Daemon(wire::control::Failure { code, message }));
        }
        if approvals.is_empty() {
            writeln!(context.out, "No call waits for an answer.")?;
        }
        for (at, approval) in approvals.iter().enumerate() {
            let gap = if at == 0 { "" } else { "\n" };
            write!(context.out, "{gap}{}", sentences(approval, context.now))?;
        }
        Ok(Exit::Done)
    }
}

fn sentences(approval: &Approval, now: Timestamp) -> String {
    let show = |text: &str| visible(text);
    let mut text = String::new();
    let project = match approval.project.as_str() {
        "" => String::new(),
        project => format!(" (project {})", show(project)),
    };
    let _ = writeln!(
        text,
        "{}{project} wants {}: {}",
        show(&approval.client),
        show(&approval.server),
        show(&approval.tool)
    );
    let _ = writeln!(text, "  arguments: {}", show(&approval.args));
    let _ = writeln!(text, "  asked because: {}", show(&approval.because));
    if let Some(before) = &approval.before {
        let _ = writeln!(text, "  {}", met(before));
    }
    let _ = match approval.state.as_str() {
        "waiting" | "" => writeln!(
            text,
            "  aipctl deny {id}   or   aipctl approve {id}{left}",
            id = show(&approval.id),
            left = left(&approval.deadline, now)
        ),
        state => writeln!(text, "  {}: {}", show(&approval.id), show(state)),
    };
    text
}

/// Whether the tool is met for the first time.
fn met(before: &Before) -> String {
    let last = visible(before.last.as_deref().unwrap_or_default());
    match before.times {
        0 => "first time: you have not allowed this tool of this server before".to_owned(),
        1 => format!("you have allowed this tool once before, at {last}"),
        times => format!("you have allowed this tool {times} times before, last at {last}"),
    }
}

fn left(deadline: &str, now: Timestamp) -> String {
    deadline.parse::<Timestamp>().map_or_else(
        |_| String::new(),
        |deadline| {
            let seconds = deadline.duration_since(now).as_secs().max(0);
            format!("   (denies itself in {}:{:02})", seconds / 60, seconds % 60)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_is_a_sentence_the_facts_and_the_choice() {
        let approval = Approval {
            id: "k3".to_owned(),
            client: "/usr/bin/cursor".to_owned(),
            project: "/home/me/billing-api".to_owned(),
            server: "github".to_owned(),
            tool: "merge_pull\u{202e}_request".to_owned(),
            args: r#"{"number":214,"note":"a\nb"}"#.to_owned(),
            because: "`github-agent.yaml` line 14".to_owned(),
            deadline: "2026-11-22T10:00:48.000Z".to_owned(),
            state: "waiting".to_owned(),
            before: Some(Before::default()),
            ..Approval::default()
        };
        let now = "2026-11-22T10:00:00.000Z".parse().unwrap();
        insta::assert_snapshot!(sentences(&approval, now));
        let gone = Approval {
            state: "expired".to_owned(),
            before: Some(Before {
                times: 3,
                last: Some("2026-11-20T09:00:00.000Z".to_owned()),
            }),
            ..approval
        };
        insta::assert_snapshot!(sentences(&gone, now));
    }
}
