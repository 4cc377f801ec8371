//! `approvals --watch`: a line as each call begins to wait, is given more time, and ends.

use std::collections::BTreeSet;

use jiff::Timestamp;
use wire::control::{Approval, Request};

use super::super::logs::json_line;
use crate::asking::{call, left, sentence};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::{shortened, visible};
use crate::when;

/// The most of a call's arguments on a line, in characters.
const MOST: usize = 500;

/// Prints until the daemon ends.
pub(super) fn watch(
    only: Option<&str>,
    json: bool,
    context: &mut Context<'_>,
) -> Result<Exit, Failure> {
    let mut waiting = BTreeSet::new();
    context.follow(&Request::ApprovalsWatch, |context, item| {
        let approval: Approval = serde_json::from_str(item.get()).map_err(Failure::Answer)?;
        if only.is_some_and(|start| !approval.id.starts_with(start)) {
            return Ok(());
        }
        if json {
            return json_line(context, item, true);
        }
        let line = line(&approval, &mut waiting, Timestamp::now());
        writeln!(context.out, "{line}")?;
        Ok(context.out.flush()?)
    })?;
    writeln!(context.err, "aipd has ended; nothing is watched any more.")?;
    Ok(Exit::NoDaemon)
}

/// What has happened to it. `waiting` are the ids of those that wait, as far as they were told.
fn line(approval: &Approval, waiting: &mut BTreeSet<String>, now: Timestamp) -> String {
    let time = when::short(&when::rfc3339(now));
    let waits = matches!(approval.state.as_str(), "waiting" | "");
    let known = if waits {
        !waiting.insert(approval.id.clone())
    } else {
        waiting.remove(&approval.id)
    };
    let (word, what) = match (waits, known) {
        (true, false) => ("waiting", asked(approval, now)),
        (true, true) => (
            "extended",
            format!("{}{}", call(approval), ends(approval, now)),
        ),
        (false, _) if approval.tool.is_empty() => (approval.state.as_str(), String::new()),
        (false, _) => (approval.state.as_str(), call(approval)),
    };
    let id = visible(&approval.id);
    format!("{time}  {id}  {:<9}  {what}", visible(word))
        .trim_end()
        .to_owned()
}

fn asked(approval: &Approval, now: Timestamp) -> String {
    let shown = visible(&approval.args);
    let arguments = shortened(&shown, MOST);
    let rest = if arguments == shown {
        String::new()
    } else {
        let (bytes, id) = (approval.args.len(), visible(&approval.id));
        format!(" ({bytes} bytes in all: aipctl approvals {id})")
    };
    format!(
        "{}  {arguments}{rest}  because {}{}",
        sentence(approval),
        visible(&approval.because),
        ends(approval, now)
    )
}

fn ends(approval: &Approval, now: Timestamp) -> String {
    let left = left(&approval.deadline, now);
    left.map_or_else(String::new, |left| format!("  (denies itself in {left})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_turn_of_a_call_is_one_line() {
        let asked = Approval {
            id: "0badcafe".to_owned(),
            client: "/usr/bin/cursor".to_owned(),
            project: "/home/me/billing-api".to_owned(),
            server: "github".to_owned(),
            tool: "merge\u{202e}\n".to_owned(),
            args: r#"{"note":"a\u{1b}[2J"}"#.to_owned(),
            because: "github-agent.yaml line 14 (github-agent)".to_owned(),
            deadline: "2026-11-22T10:01:00.000Z".to_owned(),
            state: "waiting".to_owned(),
            ..Approval::default()
        };
        let long = Approval {
            id: "12345678".to_owned(),
            args: "x".repeat(1_000_000),
            ..asked.clone()
        };
        let extended = Approval {
            deadline: "2026-11-22T10:02:00.000Z".to_owned(),
            extended: true,
            ..asked.clone()
        };
        let ended = |state: &str| Approval {
            args: String::new(),
            state: state.to_owned(),
            ..asked.clone()
        };
        let unknown = Approval {
            id: "ffffffff".to_owned(),
            state: "expired".to_owned(),
            ..Approval::default()
        };
        let turns = [
            asked.clone(),
            extended,
            ended("away"),
            asked.clone(),
            ended("allowed"),
            unknown,
            long,
        ];
        let now = "2026-11-22T10:00:12.000Z".parse().unwrap();
        let mut waiting = BTreeSet::new();
        let lines: Vec<_> = turns.iter().map(|it| line(it, &mut waiting, now)).collect();
        insta::assert_snapshot!(lines.join("\n"));
        assert_eq!(waiting, ["12345678".to_owned()].into());
    }
}
