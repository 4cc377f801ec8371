//! `export`: every audit record, as JSON Lines or CSV.

use clap::{Args, ValueEnum};
use wire::control::{LogQuery, Request};
use wire::csv;

use super::logs::{json_line, parsed};
use crate::context::Context;
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
                write!(context.out, "{}", csv::records_head())?;
                context.follow(&request, |context, item| {
                    Ok(write!(context.out, "{}", csv::record(parsed(item)?))?)
                })?;
            }
        }
        Ok(Exit::Done)
    }
}
