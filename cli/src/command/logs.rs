//! `logs`: audit records, as a table for a person and as JSON Lines for a program.

use clap::{Args, ValueEnum};
use serde_json::Value;
use serde_json::value::RawValue;
use wire::control::{LogQuery, RecordKind, RecordQuery, Request};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::table::Field;
use crate::when::{When, rfc3339};
use crate::{record, table, text};

mod search;

/// How many records a terminal is shown where nothing says otherwise.
const SCREENFUL: u64 = 100;

/// Audit records.
#[derive(Debug, Args)]
pub struct Logs {
    /// Go on with new records as they come
    #[arg(long, short)]
    follow: bool,
    /// Not before this: 15m, 2h, 3d, a date (UTC), or RFC 3339
    #[arg(long, value_name = "WHEN")]
    since: Option<When>,
    /// Not after this: 15m, 2h, 3d, a date (UTC), or RFC 3339
    #[arg(long, value_name = "WHEN", conflicts_with = "follow")]
    until: Option<When>,
    /// Only records with these words in tool, server, reason or arguments: all of them, the last at
    /// least by its beginning; "words in quotation marks" follow one another
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["follow", "outcomes"])]
    search: Option<String>,
    /// Only calls of this tool
    #[arg(long)]
    tool: Option<String>,
    /// Only of this server: its name or its command
    #[arg(long)]
    server: Option<String>,
    /// Only with this decision
    #[arg(long, ignore_case = true)]
    decision: Option<Decision>,
    /// Only of this session: its id or the start of it
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// At most so many, the newest ones (on a terminal and for a search, 100 unless told)
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Events too: DLP findings, sessions, policies, approvals
    #[arg(long)]
    events: bool,
    /// What became of each call, too
    #[arg(long)]
    outcomes: bool,
    /// Print JSON Lines also on a terminal
    #[arg(long)]
    json: bool,
}

/// A decision as records name it.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Decision {
    /// Let through.
    Allow,
    /// Refused.
    Block,
    /// Let through in monitor mode though the policy would refuse it.
    AllowMonitor,
    /// Refused since its rate limit is spent.
    RateLimited,
}

impl Decision {
    fn word(self) -> &'static str {
        match self {
            Self::Allow => "ALLOW",
            Self::Block => "BLOCK",
            Self::AllowMonitor => "ALLOW_MONITOR",
            Self::RateLimited => "RATE_LIMITED",
        }
    }
}

impl Logs {
    /// Shows them.
    ///
    /// # Errors
    /// When the daemon can't be asked.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let json = self.json || !context.screen.terminal;
        if let Some(text) = &self.search {
            let found = search::found(context, self.searched(context, text), self.most())?;
            self.show_found(context, &found, json)?;
            return Ok(Exit::Done);
        }
        let request = Request::Logs(self.query(context, json));
        if json {
            context.follow(&request, |context, item| {
                json_line(context, item, self.follow)
            })?;
        } else if self.follow {
            context.follow(&request, |context, item| {
                writeln!(context.out, "{}", record::line(&parsed(item)?))?;
                Ok(context.out.flush()?)
            })?;
        } else {
            self.table(context, &request)?;
        }
        Ok(Exit::Done)
    }

    fn query(&self, context: &Context<'_>, json: bool) -> LogQuery {
        let screenful = (!json && self.since.is_none()).then_some(SCREENFUL);
        LogQuery {
            follow: self.follow,
            since: self.since.map(|when| rfc3339(when.at(context.now))),
            until: self.until.map(|when| rfc3339(when.at(context.now))),
            tool: self.tool.clone(),
            server: self.server.clone(),
            decision: self.decision.map(|decision| decision.word().to_owned()),
            session: self.session.clone(),
            limit: self.limit.or(screenful),
            events: self.events,
            outcomes: self.outcomes,
        }
    }

    /// What a search asks for.
    fn searched(&self, context: &Context<'_>, text: &str) -> RecordQuery {
        let mut kinds = vec![RecordKind::Decision];
        kinds.extend(self.events.then_some(RecordKind::Event));
        RecordQuery {
            since: self.since.map(|when| rfc3339(when.at(context.now))),
            until: self.until.map(|when| rfc3339(when.at(context.now))),
            tool: self.tool.clone(),
            server: self.server.clone(),
            decision: self.decision.map(|decision| decision.word().to_owned()),
            session: self.session.clone(),
            kinds,
            q: Some(text.to_owned()),
            ..RecordQuery::default()
        }
    }

    fn most(&self) -> u64 {
        self.limit.unwrap_or(SCREENFUL)
    }

    fn show_found(
        &self,
        context: &mut Context<'_>,
        found: &[Box<RawValue>],
        json: bool,
    ) -> Result<(), Failure> {
        if json {
            return found
                .iter()
                .try_for_each(|item| json_line(context, item, false));
        }
        let rows = found.iter().map(|item| Ok(record::row(&parsed(item)?)));
        let rows = rows.collect::<Result<Vec<_>, Failure>>()?;
        self.rows(context, &rows)
    }

    fn table(&self, context: &mut Context<'_>, request: &Request) -> Result<(), Failure> {
        let mut rows = Vec::new();
        context.follow(request, |_, item| {
            rows.push(record::row(&parsed(item)?));
            Ok(())
        })?;
        self.rows(context, &rows)
    }

    fn rows(&self, context: &mut Context<'_>, rows: &[[Field; 5]]) -> Result<(), Failure> {
        if rows.is_empty() {
            writeln!(context.out, "No record fits.")?;
            return Ok(());
        }
        write!(
            context.out,
            "{}",
            table::render(context.screen, record::HEAD, rows)
        )?;
        if self.limit.is_none() && rows.len() as u64 == SCREENFUL {
            writeln!(
                context.out,
                "The newest {SCREENFUL}; `--limit N` or `--since` shows more."
            )?;
        }
        Ok(())
    }
}

/// One record as JSON, on one line, in the daemon's own order of keys.
pub(super) fn json_line(
    context: &mut Context<'_>,
    item: &RawValue,
    at_once: bool,
) -> Result<(), Failure> {
    writeln!(context.out, "{}", text::safe_json(item.get()))?;
    if at_once {
        context.out.flush()?;
    }
    Ok(())
}

/// The record as a value.
pub(super) fn parsed(item: &RawValue) -> Result<Value, Failure> {
    serde_json::from_str(item.get()).map_err(Failure::Answer)
}
