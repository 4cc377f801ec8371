//! `approvals`: the calls that wait for a person, each as a sentence, the facts, the choice.

use std::fmt::Write;

use clap::Args;
use jiff::Timestamp;
use serde_json::Value;
use wire::control::{Approval, Request};

use crate::asking::{left, met, sentence};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::visible;

mod watching;

/// The calls that wait.
#[derive(Debug, Args)]
pub struct Approvals {
    /// Only this call, by its id or enough of its start
    id: Option<String>,
    /// Go on: print a line as each call begins to wait, is given more time, and ends
    #[arg(long, short)]
    watch: bool,
    /// Print a JSON array for a program to read; with --watch, one object a line
    #[arg(long)]
    json: bool,
}

impl Approvals {
    /// Lists them.
    ///
    /// # Errors
    /// When the daemon can't be asked.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        if self.watch {
            return watching::watch(self.id.as_deref(), self.json, context);
        }
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
    let _ = writeln!(text, "{}", sentence(approval));
    let _ = writeln!(text, "  arguments: {}", show(&approval.args));
    let _ = writeln!(text, "  asked because: {}", show(&approval.because));
    if let Some(before) = &approval.before {
        let _ = writeln!(text, "  {}", met(before));
    }
    let _ = match approval.state.as_str() {
        "waiting" | "" => writeln!(
            text,
            "  aipctl deny {id}   or   aipctl approve {id}{ends}",
            id = show(&approval.id),
            ends = ends(approval, now)
        ),
        state => writeln!(text, "  {}: {}", show(&approval.id), show(state)),
    };
    text
}

fn ends(approval: &Approval, now: Timestamp) -> String {
    let more = if approval.extended { ", extended" } else { "" };
    left(&approval.deadline, now).map_or_else(String::new, |left| {
        format!("   (denies itself in {left}{more})")
    })
}

#[cfg(test)]
mod tests {
    use wire::control::Before;

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
