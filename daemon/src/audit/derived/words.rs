//! The index of words: for each chunk a table of SQLite's FTS5 that holds which record has which
//! word, and no text. What records are asked for by, besides, stands in it as words of its own.

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};
use wire::control::RecordKind;

use crate::audit::chain::hex;
use crate::audit::page::{Run, Wanted, kind};
use crate::audit::query::Stored;
use crate::audit::words;

/// Begins a word that no text can have.
const MARK: char = '§';
/// Bytes of a value's hash that stand for it. Two that meet cost a look at the record, no more.
const HASHED: usize = 6;
/// Characters of a session's id.
const SESSION: usize = 64;

/// Fields that records are asked for by, each with a letter.
const FIELDS: [(&str, char); 5] = [
    ("tool", 't'),
    ("server", 'v'),
    ("client", 'c'),
    ("decision", 'd'),
    ("event", 'e'),
];

fn table(chunk: u64) -> String {
    format!("words_{chunk}")
}

/// Makes the table of a chunk where there is none.
pub(super) fn begin(derived: &Connection, chunk: u64) -> rusqlite::Result<()> {
    let sql = format!(
        "CREATE VIRTUAL TABLE IF NOT EXISTS {} \
         USING fts5(text, content='', columnsize=0, tokenize='ascii')",
        table(chunk)
    );
    derived.execute(&sql, []).map(drop)
}

/// Puts a record's words in.
pub(super) fn add(derived: &Connection, chunk: u64, stored: &Stored) -> rusqlite::Result<()> {
    let Some(mut text) = words::searched(stored) else {
        return Ok(());
    };
    for (name, letter) in FIELDS {
        if let Some(value) = stored.text(name) {
            push(&mut text, &value_word(letter, &value));
        }
    }
    if let Some(id) = stored.text("session_id") {
        push(&mut text, &session_word(&id));
    }
    if let Some(kind) = kind(stored) {
        push(&mut text, &kind_word(kind));
    }
    derived
        .prepare_cached(&format!(
            "INSERT INTO {0} (rowid, text) VALUES (?1, ?2)",
            table(chunk)
        ))?
        .execute(params![stored.seq, text])
        .map(drop)
}

fn push(text: &mut String, word: &str) {
    text.push(' ');
    text.push_str(word);
}

fn value_word(letter: char, value: &str) -> String {
    let hash = Sha256::digest(value);
    let hash = hex(hash.get(..HASHED).unwrap_or_default());
    format!("{MARK}{letter}{hash}")
}

/// The beginning of an id makes the beginning of its word.
fn session_word(id: &str) -> String {
    let id = id.chars().take(SESSION);
    let id = id.map(|c| if c.is_ascii_alphanumeric() { c } else { MARK });
    [MARK, 's'].into_iter().chain(id).collect()
}

fn kind_word(kind: RecordKind) -> String {
    let kind = match kind {
        RecordKind::Decision => "decision",
        RecordKind::Event => "event",
        RecordKind::Outcome => "outcome",
    };
    format!("{MARK}k{kind}")
}

/// The query in FTS5's own words; `None` where nothing is asked for that the index could tell.
pub(super) fn query(wanted: &Wanted) -> Option<String> {
    let values = [
        &wanted.tool,
        &wanted.server,
        &wanted.client,
        &wanted.decision,
        &wanted.event,
    ];
    let mut all: Vec<String> = FIELDS
        .iter()
        .zip(values)
        .filter_map(|((_, letter), value)| Some(value_word(*letter, value.as_deref()?)))
        .map(|word| format!("\"{word}\""))
        .collect();
    let kinds = |kind| wanted.kinds.contains(&kind);
    match (kinds(RecordKind::Decision), kinds(RecordKind::Event)) {
        (true, true) => {}
        (true, false) if !all.is_empty() || !wanted.words.is_empty() => {
            all.push(format!("\"{}\"", kind_word(RecordKind::Decision)));
        }
        (false, true) if !kinds(RecordKind::Outcome) || wanted.is_filtered() => {
            all.push(format!("\"{}\"", kind_word(RecordKind::Event)));
        }
        (true | false, false) | (false, true) => {}
    }
    for phrase in wanted.words.phrases() {
        let open = if phrase.open { " *" } else { "" };
        all.push(format!("\"{}\"{open}", phrase.words.join(" ")));
    }
    if all.is_empty() {
        // Outcomes are not in it, and a session's records are found in the store.
        return None;
    }
    if let Some(id) = &wanted.session {
        all.push(format!("\"{}\" *", session_word(id)));
    }
    Some(all.join(" AND "))
}

/// Numbers of the records of a run that fit, newest first, until `each` has had enough.
pub(super) fn find<T>(
    derived: &Connection,
    (chunk, run): (u64, Run),
    query: &str,
    mut each: impl FnMut(u64) -> rusqlite::Result<Option<T>>,
) -> rusqlite::Result<Option<T>> {
    let table = table(chunk);
    let sql = format!(
        "SELECT rowid FROM {table} WHERE {table} MATCH ?1 AND rowid BETWEEN ?2 AND ?3 \
         ORDER BY rowid DESC"
    );
    let mut statement = derived.prepare(&sql)?;
    let mut rows = statement.query(params![query, run.first, run.last])?;
    while let Some(row) = rows.next()? {
        if let Some(end) = each(row.get(0)?)? {
            return Ok(Some(end));
        }
    }
    Ok(None)
}

/// Drops the words of a chunk; SQLite writes over the pages.
pub(super) fn drop_chunk(derived: &Connection, chunk: u64) -> rusqlite::Result<()> {
    let table = table(chunk);
    let there = derived
        .query_row(
            "SELECT 1 FROM sqlite_schema WHERE name = ?1",
            [&table],
            |_| Ok(()),
        )
        .optional()?;
    if there.is_some() {
        derived.execute(&format!("DROP TABLE {table}"), [])?;
    }
    Ok(())
}
