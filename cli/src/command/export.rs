//! `export`: every audit record, as JSON Lines or CSV.

use clap::{Args, ValueEnum};
use serde_json::Value;
use wire::control::{LogQuery, Request};

use super::logs::{json_line, parsed};
use crate::context::Context;
use crate::csv;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::when::{When, rfc3339};

/// Writes records to standard output.
#[derive(Debug, Args)]
pub struct Export {
    /// The form to write
    #[arg(long, value_enum)]
    format: Format,
    /// What became of each call, too
    #[arg(long)]
    outcomes: bool,
    /// Events too: DLP findings, sessions, policies, approvals
    #[arg(long)]
    events: bool,
    /// Not before this: 15m, 2h, 3d, a date (UTC), or RFC 3339
    #[arg(long, value_name = "WHEN")]
    since: Option<When>,
}

/// The form of an export.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Format {
    /// One JSON object a line
    Jsonl,
    /// Comma-separated, with a head line, safe to open in a spreadsheet
    Csv,
}

/// The columns of the CSV; what a record has beside them is in the last one, as JSON.
const COLUMNS: [&str; 25] = [
    "timestamp",
    "seq",
    "event",
    "direction",
    "decision",
    "policy_mode",
    "violation",
    "method",
    "tool",
    "args",
    "error_code",
    "reason",
    "failed_arg",
    "failed_rule",
    "session_id",
    "call_id",
    "outcome",
    "policy_name",
    "policy_hash",
    "client",
    "server",
    "latency_us",
    "dlp_rule",
    "dlp_action",
    "dlp_match_count",
];

impl Export {
    /// Writes them.
    ///
    /// # Errors
    /// When the daemon can't be asked.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let request = Request::Logs(LogQuery {
            since: self.since.map(|when| rfc3339(when.at(context.now))),
            events: self.events,
            outcomes: self.outcomes,
            ..LogQuery::default()
        });
        match self.format {
            Format::Jsonl => {
                context.follow(&request, |context, item| json_line(context, item, false))?;
            }
            Format::Csv => {
                write!(context.out, "{}", head())?;
                context.follow(&request, |context, item| {
                    Ok(write!(context.out, "{}", row(parsed(item)?))?)
                })?;
            }
        }
        Ok(Exit::Done)
    }
}

fn head() -> String {
    csv::line(COLUMNS.into_iter().chain(["other"]).map(str::to_owned))
}

fn row(mut record: Value) -> String {
    let mut cells: Vec<_> = COLUMNS
        .iter()
        .map(|column| csv::cell(record.get(column)))
        .collect();
    let other = record.as_object_mut().map(|members| {
        members.retain(|key, _| !COLUMNS.contains(&key.as_str()));
        Value::Object(std::mem::take(members))
    });
    let other = other.filter(|other| other.as_object().is_some_and(|it| !it.is_empty()));
    cells.push(csv::cell(other.as_ref()));
    csv::line(cells)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_member_of_a_record_is_in_its_line() {
        let record = json!({
            "timestamp": "2026-03-03T10:30:45.123Z", "direction": "upstream",
            "method": "tools/call", "tool": "=delete", "args": {"path": "/etc/passwd, \"x\""},
            "decision": "BLOCK", "policy_mode": "enforce", "violation": true,
            "error_code": -32001, "approval": {"id": "k3", "answer": "denied"}
        });
        insta::assert_snapshot!((head() + &row(record)).replace("\r\n", "\n"));
    }
}
