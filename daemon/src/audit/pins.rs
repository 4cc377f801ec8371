//! Pins in the store: written in the transaction of the records that tell of them, read back by a
//! daemon started anew, and their definitions when a person asks.

use engine::name::{looks_like, normal_form};
use rusqlite::{Connection, params};

use crate::pins::{About, Book, Found, Pin, Print, Server};

/// A change of one server's pins.
#[derive(Clone)]
pub enum PinOp {
    /// What is known of it beside its tools, JSON.
    Server(String),
    /// A tool is listed with another definition than before.
    Listed(Box<ListedRow>),
    /// A tool is listed no more. When, ms since 1970.
    Gone {
        /// Its name.
        tool: String,
        /// When.
        now_ms: i64,
    },
    /// The definition last listed is the approved one, where it has this hash.
    Approved {
        /// The tool.
        tool: String,
        /// The definition's hash.
        hash: String,
    },
    /// Nothing is kept of a tool.
    Forget(String),
    /// Nothing is kept of the server.
    ForgetServer,
}

/// A tool as it is listed now.
#[derive(Clone)]
pub struct ListedRow {
    /// Its name.
    pub tool: String,
    /// When, ms since 1970.
    pub now_ms: i64,
    /// A tool that was not known is approved as it is.
    pub approve: bool,
    /// Its hashes, JSON.
    pub print: String,
    /// Its definition, as it may be kept.
    pub text: String,
    /// What is suspicious in it, JSON.
    pub findings: String,
}

impl PinOp {
    /// What is known of a server.
    #[must_use]
    pub fn server(about: &About) -> Self {
        Self::Server(serde_json::to_string(about).unwrap_or_default())
    }
}

pub(super) fn apply(
    connection: &Connection,
    client: &str,
    server: &str,
    op: &PinOp,
) -> rusqlite::Result<()> {
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
        connection.prepare_cached(sql)?.execute(values).map(drop)
    };
    match op {
        PinOp::Server(about) => run(
            "INSERT INTO pinned_server VALUES (?1, ?2, ?3) \
             ON CONFLICT (client, server) DO UPDATE SET about = excluded.about",
            params![client, server, about],
        ),
        PinOp::Listed(row) => run(
            "INSERT INTO pin VALUES (?1, ?2, ?3, ?4, ?4, CASE WHEN ?5 THEN ?6 END, \
             CASE WHEN ?5 THEN ?7 END, ?6, ?7, ?8) \
             ON CONFLICT (client, server, tool) DO UPDATE SET last_ms = excluded.last_ms, \
             listed_print = excluded.listed_print, listed = excluded.listed, \
             findings = excluded.findings",
            params![
                client,
                server,
                row.tool,
                row.now_ms,
                row.approve,
                row.print,
                row.text,
                row.findings
            ],
        ),
        PinOp::Gone { tool, now_ms } => run(
            "UPDATE pin SET listed_print = NULL, listed = NULL, last_ms = ?4, findings = '[]' \
             WHERE client = ?1 AND server = ?2 AND tool = ?3",
            params![client, server, tool, now_ms],
        ),
        PinOp::Approved { tool, hash } => run(
            "UPDATE pin SET approved_print = listed_print, approved = listed \
             WHERE client = ?1 AND server = ?2 AND tool = ?3 \
             AND json_extract(listed_print, '$.hash') = ?4",
            params![client, server, tool, hash],
        ),
        PinOp::Forget(tool) => run(
            "DELETE FROM pin WHERE client = ?1 AND server = ?2 AND tool = ?3",
            params![client, server, tool],
        ),
        PinOp::ForgetServer => ["pin", "pinned_server"].iter().try_for_each(|table| {
            run(
                &format!("DELETE FROM {table} WHERE client = ?1 AND server = ?2"),
                params![client, server],
            )
        }),
    }
}

/// Everything that is pinned.
///
/// # Errors
/// SQLite's.
pub fn book(connection: &Connection) -> rusqlite::Result<Book> {
    let mut book = Book::new();
    let mut servers = connection.prepare("SELECT client, server, about FROM pinned_server")?;
    let mut rows = servers.query([])?;
    while let Some(row) = rows.next()? {
        let about = json(row.get(2)?).unwrap_or_else(unreadable);
        let servers = book.entry(row.get(0)?).or_default();
        servers.entry(row.get(1)?).or_default().about = about;
    }
    let mut pins = connection.prepare(
        "SELECT client, server, tool, first_ms, last_ms, approved_print, listed_print, findings \
         FROM pin",
    )?;
    let mut rows = pins.query([])?;
    while let Some(row) = rows.next()? {
        let tool: String = row.get(2)?;
        let pin = Pin {
            normal: normal_form(&tool).into_owned(),
            looks: looks_like(&tool),
            first_ms: row.get(3)?,
            last_ms: row.get(4)?,
            approved: print(row.get(5)?),
            listed: print(row.get(6)?),
            findings: json::<Vec<Found>>(row.get(7)?).unwrap_or_default(),
        };
        let servers = book.entry(row.get(0)?).or_default();
        let server = servers.entry(row.get(1)?).or_insert_with(|| Server {
            about: unreadable(),
            ..Server::default()
        });
        server.tools.insert(tool, pin);
    }
    Ok(book)
}

/// Of a server nothing is known but that it was seen before: what it lists now is new.
fn unreadable() -> About {
    About {
        closed: true,
        ..About::default()
    }
}

/// A print that can't be read is that of no definition.
fn print(text: Option<String>) -> Option<Print> {
    text.map(|text| json(Some(text)).unwrap_or_default())
}

fn json<T: serde::de::DeserializeOwned>(text: Option<String>) -> Option<T> {
    serde_json::from_str(&text?).ok()
}

/// A tool's definitions as they are kept; an empty text stands for one too long to be.
pub struct Kept {
    /// Its name.
    pub tool: String,
    /// The one approved.
    pub approved: Option<String>,
    /// The one last listed.
    pub listed: Option<String>,
    /// The hashes of the one last listed.
    pub print: Option<Print>,
}

/// The definitions of a server's tools, by name.
///
/// # Errors
/// SQLite's.
pub fn definitions(
    connection: &Connection,
    client: &str,
    server: &str,
) -> rusqlite::Result<Vec<Kept>> {
    let mut statement = connection.prepare(
        "SELECT tool, approved, listed, listed_print FROM pin \
         WHERE client = ?1 AND server = ?2 ORDER BY tool",
    )?;
    statement
        .query_map([client, server], |row| {
            Ok(Kept {
                tool: row.get(0)?,
                approved: row.get(1)?,
                listed: row.get(2)?,
                print: print(row.get(3)?),
            })
        })?
        .collect()
}
