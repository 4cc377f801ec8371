//! Walks the chain from its start and names the first thing that doesn't fit.

use std::collections::BTreeMap;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use serde_json::Value;
use wire::control::Verified;

use super::chain::{GENESIS, Hash, SLOT, body_hash, hex, link};

struct Segment {
    id: i64,
    first: u64,
    last: Option<u64>,
    start: Vec<u8>,
    end: Option<Vec<u8>>,
    removed: Option<String>,
}

/// Checks every record, body and segment; `checkpoint` is `SEQ:HASH` noted earlier.
///
/// # Errors
/// SQLite's, where the store can't be read at all.
pub fn verify(connection: &Connection, checkpoint: Option<&str>) -> rusqlite::Result<Verified> {
    // One view of the store throughout, while records go on being written.
    let view = connection.unchecked_transaction()?;
    let connection = &*view;
    let mut walk = Walk {
        seq: 0,
        hash: GENESIS,
        problems: Vec::new(),
        missing: Vec::new(),
        erased: Vec::new(),
        removals: Vec::new(),
        records: 0,
        checkpoint: checkpoint.and_then(|text| {
            let (seq, hash) = text.split_once(':')?;
            Some((seq.parse().ok()?, hash.to_ascii_lowercase()))
        }),
        slots: slots(connection).unwrap_or_default(),
    };
    if checkpoint.is_some() && walk.checkpoint.is_none() {
        walk.problems
            .push("the checkpoint is not of the form SEQ:HASH".to_owned());
    }
    walk.schema(connection)?;
    let segments = segments(connection)?;
    for segment in &segments {
        walk.segment(connection, segment)?;
    }
    walk.stray_records(connection)?;
    walk.accounts(&segments);
    if let Some((seq, _)) = walk.checkpoint.take() {
        walk.problems.push(format!(
            "record {seq} of the checkpoint is not in the store"
        ));
    }
    Ok(Verified {
        intact: walk.problems.is_empty(),
        records: walk.records,
        head: format!("{}:{}", walk.seq, hex(&walk.hash)),
        problems: walk.problems,
    })
}

/// So many problems are named; one is enough to know.
const MOST_PROBLEMS: usize = 20;

struct Walk {
    seq: u64,
    hash: Hash,
    problems: Vec<String>,
    missing: Vec<u64>,
    erased: Vec<(u64, u64)>,
    removals: Vec<i64>,
    records: u64,
    checkpoint: Option<(u64, String)>,
    slots: BTreeMap<String, u64>,
}

impl Walk {
    /// Tables, columns and triggers must be those the migrations make: a trigger that is gone or a
    /// column that reads the text differently hides what was done.
    fn schema(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let wanted = super::store::schema()?;
        let found = super::store::schema_of(connection)?;
        for (name, _) in wanted.iter().filter(|it| !found.contains(it)) {
            let gone = !found.iter().any(|(other, _)| other == name);
            let how = if gone { "is gone" } else { "was changed" };
            self.problem(format!("`{name}` of the store's schema {how}"));
        }
        for (name, _) in found
            .iter()
            .filter(|it| !wanted.iter().any(|(other, _)| *other == it.0))
        {
            self.problem(format!("`{name}` was added to the store's schema"));
        }
        Ok(())
    }

    fn problem(&mut self, text: String) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(text);
        }
    }

    fn segment(&mut self, connection: &Connection, segment: &Segment) -> rusqlite::Result<()> {
        if segment.first != self.seq + 1 || segment.start != self.hash {
            self.problem(format!(
                "segment {} does not begin where the one before ends",
                segment.id
            ));
        }
        if segment.removed.is_some() {
            self.seq = segment.last.unwrap_or(self.seq);
            self.hash = to_hash(segment.end.as_deref());
            self.meet_checkpoint();
            return Ok(());
        }
        let last = segment.last.unwrap_or(u64::from(u32::MAX) << 20);
        let mut statement = connection.prepare(
            "SELECT record.seq, record.text, record.hash, body.salt, body.text FROM record \
             LEFT JOIN body ON body.seq = record.seq WHERE record.seq BETWEEN ?1 AND ?2 \
             ORDER BY record.seq",
        )?;
        let mut rows = statement.query([segment.first, last])?;
        while let Some(row) = rows.next()? {
            let body = bytes(row, 3)?.zip(text(row, 4)?);
            let hash = bytes(row, 2)?.unwrap_or_default();
            self.record(row.get(0)?, &text(row, 1)?.unwrap_or_default(), &hash, body);
        }
        if segment.last.is_some_and(|last| last != self.seq)
            || segment.end.as_ref().is_some_and(|end| *end != self.hash)
        {
            self.problem(format!(
                "segment {} does not end as it was closed",
                segment.id
            ));
        }
        Ok(())
    }

    fn record(&mut self, seq: u64, text: &str, hash: &[u8], body: Option<(Vec<u8>, String)>) {
        if seq != self.seq + 1 {
            self.problem(format!("record {} is missing", self.seq + 1));
        }
        let expected = link(&self.hash, text);
        if expected != hash {
            self.problem(format!("record {seq} does not fit the chain"));
        }
        let fields: BTreeMap<String, Value> = serde_json::from_str(text).unwrap_or_default();
        if fields.get("seq").and_then(Value::as_u64) != Some(seq) {
            self.problem(format!("record {seq} stands in another's place"));
        }
        match (fields.get("body").and_then(Value::as_str), body) {
            (Some(wanted), Some((salt, text))) if hex(&body_hash(&salt, &text)) != wanted => {
                self.problem(format!("the arguments of record {seq} were changed"));
            }
            (Some(_), None) => self.missing.push(seq),
            (None, Some(_)) => self.problem(format!("record {seq} has arguments it never had")),
            (Some(_), Some(_)) | (None, None) => {}
        }
        let time = fields.get("timestamp").and_then(Value::as_str);
        let slot = time.and_then(|time| time.get(..SLOT)).unwrap_or_default();
        if self.slots.get(slot).is_none_or(|first| *first > seq) {
            self.problem(format!("the table of times does not lead to record {seq}"));
        }
        self.note(&fields);
        self.records += 1;
        self.seq = seq;
        // Going on from the stored hash names each break once.
        self.hash = to_hash(Some(hash));
        self.meet_checkpoint();
    }

    /// What later accounts for missing bodies and removed segments.
    fn note(&mut self, fields: &BTreeMap<String, Value>) {
        let event = fields.get("event").and_then(Value::as_str);
        if event == Some("AUDIT_ERASED") {
            let runs = fields.get("runs").and_then(Value::as_array);
            self.erased.extend(
                runs.into_iter()
                    .flatten()
                    .filter_map(|run| Some((run.get(0)?.as_u64()?, run.get(1)?.as_u64()?))),
            );
        } else if event == Some("AUDIT_SEGMENT_REMOVED") {
            self.removals
                .extend(fields.get("segment").and_then(Value::as_i64));
        }
    }

    fn meet_checkpoint(&mut self) {
        if let Some((seq, hash)) = self.checkpoint.take_if(|(seq, _)| *seq == self.seq)
            && hash != hex(&self.hash)
        {
            self.problem(format!("record {seq} is not the one of the checkpoint"));
        }
    }

    fn stray_records(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        // Where a record was walked twice its segments overlap, which was found already.
        let strays: u64 = connection.query_row(
            "SELECT max(0, (SELECT count(*) FROM record) - ?1) \
                  + (SELECT count(*) FROM body WHERE seq NOT IN (SELECT seq FROM record))",
            [self.records],
            |row| row.get(0),
        )?;
        if strays > 0 {
            self.problem(format!("{strays} rows belong to no segment or record"));
        }
        Ok(())
    }

    fn accounts(&mut self, segments: &[Segment]) {
        let mut runs = std::mem::take(&mut self.erased);
        runs.sort_unstable();
        let unaccounted: Vec<u64> = std::mem::take(&mut self.missing)
            .into_iter()
            .filter(|seq| {
                !runs
                    .iter()
                    .any(|(first, last)| (first..=last).contains(&seq))
            })
            .collect();
        for seq in unaccounted {
            self.problem(format!(
                "the arguments of record {seq} are gone without an erasure"
            ));
        }
        for segment in segments.iter().filter(|segment| segment.removed.is_some()) {
            if !self.removals.contains(&segment.id) {
                self.problem(format!(
                    "segment {} was removed without a record of it",
                    segment.id
                ));
            }
        }
    }
}

/// A column as it stands, whatever type a stranger gave it.
fn bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Vec<u8>>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => None,
        ValueRef::Integer(it) => Some(it.to_string().into_bytes()),
        ValueRef::Real(it) => Some(it.to_string().into_bytes()),
        ValueRef::Text(it) | ValueRef::Blob(it) => Some(it.to_owned()),
    })
}

fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<String>> {
    Ok(bytes(row, column)?.map(|it| String::from_utf8_lossy(&it).into_owned()))
}

fn to_hash(bytes: Option<&[u8]>) -> Hash {
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .unwrap_or(GENESIS)
}

fn slots(connection: &Connection) -> rusqlite::Result<BTreeMap<String, u64>> {
    let mut statement = connection.prepare("SELECT slot, first_seq FROM time_slot")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

fn segments(connection: &Connection) -> rusqlite::Result<Vec<Segment>> {
    let mut statement = connection.prepare(
        "SELECT id, first_seq, last_seq, start_hash, end_hash, removed FROM segment ORDER BY id",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Segment {
            id: row.get(0)?,
            first: row.get(1)?,
            last: row.get(2)?,
            start: row.get(3)?,
            end: row.get(4)?,
            removed: row.get(5)?,
        })
    })?;
    rows.collect()
}
