//! Exports: ordered with a token, fetched once by a ticket, since a browser that saves a file sends
//! no header. Read from the store page by page, no faster than it is taken.

use std::collections::VecDeque;
use std::future::pending;
use std::io;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use wire::control::{LogQuery, RecordKind, Request};
use wire::csv;

use super::body::{PIECE, Pieces, written};
use super::problem::Problem;
use super::routes::{Asked, kinds};
use super::tokens::{CODE_LASTS, Named};
use crate::audit::chain::hex;
use crate::operation::{Answers, Caller, Door, operate};
use crate::time::{now_ms, parse_ms, rfc3339};

/// Tickets there can be at once; one more ends the oldest.
const TICKETS: usize = 16;

/// What was ordered and not fetched yet.
#[derive(Debug, Default)]
pub(super) struct Tickets(VecDeque<(Named, i64, Order)>);

impl Tickets {
    fn add(&mut self, ticket: &str, until_ms: i64, order: Order) {
        if self.0.len() >= TICKETS {
            self.0.pop_front();
        }
        self.0.push_back((Named::of(ticket), until_ms, order));
    }

    /// Nothing that was ordered can be fetched any more.
    pub(super) fn end_all(&mut self) {
        self.0.clear();
    }

    fn take(&mut self, ticket: &str, now_ms: i64) -> Option<Order> {
        self.0.retain(|(_, until, _)| *until > now_ms);
        let named = Named::of(ticket);
        let at = self.0.iter().position(|(ticket, _, _)| *ticket == named)?;
        self.0.remove(at).map(|(_, _, order)| order)
    }
}

#[derive(Clone, Debug)]
struct Order {
    query: LogQuery,
    only: Only,
    format: Format,
}

/// What the log's own query has no word for.
#[derive(Clone, Debug, Default)]
struct Only {
    decisions: bool,
    client: Option<String>,
    event: Option<String>,
}

impl Only {
    fn lets(&self, line: &str) -> io::Result<bool> {
        #[derive(Deserialize)]
        struct Seen {
            decision: Option<String>,
            client: Option<String>,
            event: Option<String>,
        }
        if self.decisions && self.client.is_none() && self.event.is_none() {
            return Ok(true);
        }
        let seen: Seen = serde_json::from_str(line).map_err(io::Error::other)?;
        let is =
            |wanted: &Option<String>, seen: &Option<String>| wanted.is_none() || wanted == seen;
        Ok((self.decisions || seen.decision.is_none())
            && is(&self.client, &seen.client)
            && is(&self.event, &seen.event))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    Jsonl,
    Csv,
}

/// `POST /exports`
pub(super) fn order(asked: &Asked) -> Result<String, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        format: Format,
        #[serde(default)]
        since: Option<String>,
        #[serde(default)]
        tool: Option<String>,
        #[serde(default)]
        server: Option<String>,
        #[serde(default)]
        decision: Option<String>,
        #[serde(default)]
        until: Option<String>,
        #[serde(default)]
        session: Option<String>,
        #[serde(default)]
        client: Option<String>,
        #[serde(default)]
        event: Option<String>,
        #[serde(default)]
        kinds: Option<String>,
    }
    let body: Body = asked.body()?;
    let mut kinds = kinds(body.kinds.as_deref())?;
    if kinds.is_empty() {
        kinds = vec![RecordKind::Decision, RecordKind::Event];
    }
    for time in [&body.since, &body.until].into_iter().flatten() {
        if parse_ms(time).is_none() {
            return Err(Problem::invalid(format!("`{time}` is no RFC 3339 time")));
        }
    }
    let order = Order {
        query: LogQuery {
            since: body.since,
            until: body.until,
            tool: body.tool,
            server: body.server,
            decision: body.decision,
            session: body.session,
            events: kinds.contains(&RecordKind::Event),
            outcomes: kinds.contains(&RecordKind::Outcome),
            ..LogQuery::default()
        },
        only: Only {
            decisions: kinds.contains(&RecordKind::Decision),
            client: body.client,
            event: body.event,
        },
        format: body.format,
    };
    let random = crate::random::bytes::<16>();
    let random = random.ok_or_else(|| Problem::unavailable("the system gives no random bytes"))?;
    let (ticket, until) = (hex(&random), now_ms().saturating_add(CODE_LASTS));
    asked.daemon.http.tickets().add(&ticket, until, order);
    let url = format!("{}/exports/{ticket}", super::guard::API);
    Ok(json!({ "url": url, "expires": rfc3339(until) }).to_string())
}

/// `GET /exports/{ticket}`
pub(super) fn fetch(asked: &Asked) -> Result<Response, Problem> {
    let ticket = asked.place("ticket")?;
    let order = asked.daemon.http.tickets().take(&ticket, now_ms());
    let order = order.ok_or_else(|| {
        Problem::not_found("there is no such export: it was fetched, or is older than 30 seconds")
    })?;
    let (name, kind) = match order.format {
        Format::Jsonl => ("aip-audit.jsonl", "application/jsonl"),
        Format::Csv => ("aip-audit.csv", "text/csv; charset=utf-8; header=present"),
    };
    let daemon = asked.daemon.clone();
    let body = written(async move |pieces| {
        let mut file = File {
            format: order.format,
            only: order.only,
            pieces: pieces.clone(),
            piece: match order.format {
                Format::Jsonl => String::new(),
                Format::Csv => csv::records_head(),
            },
        };
        let caller = Caller {
            door: Door::Http,
            pid: None,
        };
        let asked = Request::Logs(order.query);
        let done = operate(&daemon, asked, &mut file, caller, pending()).await;
        match done {
            Ok(_) => drop(file.end().await),
            Err(failure) => pieces.fail(failure.message).await,
        }
    });
    let named = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    let named = named.unwrap_or(HeaderValue::from_static("attachment"));
    let kind = HeaderValue::from_static(kind);
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, named),
    ];
    Ok((headers, body).into_response())
}

/// The file under way.
struct File {
    format: Format,
    only: Only,
    pieces: Pieces,
    piece: String,
}

impl Answers for File {
    async fn line(&mut self, line: &str) -> io::Result<()> {
        if !self.only.lets(line)? {
            return Ok(());
        }
        match self.format {
            Format::Jsonl => {
                self.piece.push_str(line);
                self.piece.push('\n');
            }
            Format::Csv => {
                let record = serde_json::from_str(line).map_err(io::Error::other)?;
                self.piece.push_str(&csv::record(record));
            }
        }
        if self.piece.len() >= PIECE {
            self.end().await?;
        }
        Ok(())
    }
}

impl File {
    async fn end(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        self.pieces.add(std::mem::take(&mut self.piece)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Order {
        Order {
            query: LogQuery::default(),
            only: Only::default(),
            format: Format::Csv,
        }
    }

    #[test]
    fn a_ticket_is_good_once_and_for_thirty_seconds() {
        let mut tickets = Tickets::default();
        for ticket in ["a", "b"] {
            tickets.add(ticket, 100, order());
        }
        assert!(tickets.take("a", 99).is_some());
        assert!(tickets.take("a", 99).is_none());
        assert!(tickets.take("b", 100).is_none());
    }

    #[test]
    fn one_ticket_more_than_there_may_be_ends_the_oldest() {
        let mut tickets = Tickets::default();
        for nth in 0..=TICKETS {
            tickets.add(&nth.to_string(), 100, order());
        }
        assert!(tickets.take("0", 0).is_none());
        assert!(tickets.take("1", 0).is_some());
    }
}
