//! The hash chain: each record's hash covers the one before, bodies by their salted hash only.

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::record::NewRecord;

/// A SHA-256.
pub type Hash = [u8; 32];

/// The hash before the first record.
pub const GENESIS: Hash = [0; 32];
/// Bytes of the salt a body is hashed with.
pub const SALT: usize = 16;
/// A segment is closed once it holds so many records, or began on an earlier day.
const SEGMENT_RECORDS: u64 = 50_000;

/// Where the chain ends, and the segment that is open.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    seq: u64,
    hash: Hash,
    segment_first: u64,
    segment_day: String,
}

/// Hash of a record from the one before it and its text.
#[must_use]
pub fn link(before: &Hash, text: &str) -> Hash {
    Sha256::new()
        .chain_update(before)
        .chain_update(text)
        .finalize()
        .into()
}

/// Hash of a body.
#[must_use]
pub fn body_hash(salt: &[u8], text: &str) -> Hash {
    Sha256::new()
        .chain_update(salt)
        .chain_update(text)
        .finalize()
        .into()
}

/// Lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            // Writing to a String can't fail.
            let _ok = write!(out, "{byte:02x}");
            out
        })
}

impl Chain {
    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let last: Option<(u64, Vec<u8>)> = connection
            .query_row(
                "SELECT seq, hash FROM record ORDER BY seq DESC LIMIT 1",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let (segment_first, opened, closed_at, closed_hash) = last_segment(connection)?;
        let (seq, hash) = last
            .or_else(|| closed_at.zip(closed_hash))
            .map_or((0, GENESIS), |(seq, hash)| {
                (seq, hash.try_into().unwrap_or(GENESIS))
            });
        Ok(Self {
            seq,
            hash,
            segment_first,
            segment_day: day(&opened),
        })
    }

    pub(super) fn seq(&self) -> u64 {
        self.seq
    }

    /// Writes one record and its body; returns its number.
    pub(super) fn append(
        &mut self,
        connection: &Connection,
        record: &mut NewRecord,
        now: &str,
    ) -> rusqlite::Result<u64> {
        self.turn_segment(connection, now)?;
        let seq = self.seq + 1;
        let salted = record.body().map(|text| {
            let salt = salt();
            (salt, text.to_owned(), hex(&body_hash(&salt, text)))
        });
        let text = record.chained_text(seq, salted.as_ref().map(|(_, _, hash)| hash.clone()));
        let hash = link(&self.hash, &text);
        connection
            .prepare_cached("INSERT INTO record (seq, text, hash) VALUES (?1, ?2, ?3)")?
            .execute(params![seq, text, hash.as_slice()])?;
        if let Some((salt, body, _)) = salted {
            connection
                .prepare_cached("INSERT INTO body (seq, salt, text) VALUES (?1, ?2, ?3)")?
                .execute(params![seq, salt.as_slice(), body])?;
        }
        self.seq = seq;
        self.hash = hash;
        Ok(seq)
    }

    /// Closes the open segment when it is full or a day is over, and opens the next.
    fn turn_segment(&mut self, connection: &Connection, now: &str) -> rusqlite::Result<()> {
        let full = self.seq + 1 >= self.segment_first + SEGMENT_RECORDS;
        if self.segment_first != 0 && !full && self.segment_day == day(now) {
            return Ok(());
        }
        if self.segment_first != 0 {
            connection.execute(
                "UPDATE segment SET last_seq = ?1, end_hash = ?2, closed = ?3 \
                 WHERE id = (SELECT max(id) FROM segment) AND closed IS NULL",
                params![self.seq, self.hash.as_slice(), now],
            )?;
        }
        connection.execute(
            "INSERT INTO segment (id, first_seq, start_hash, opened) \
             VALUES ((SELECT coalesce(max(id), 0) + 1 FROM segment), ?1, ?2, ?3)",
            params![self.seq + 1, self.hash.as_slice(), now],
        )?;
        self.segment_first = self.seq + 1;
        self.segment_day = day(now);
        Ok(())
    }
}

/// First record, time, and where it is closed the last record and its hash.
type LastSegment = (u64, String, Option<u64>, Option<Vec<u8>>);

fn last_segment(connection: &Connection) -> rusqlite::Result<LastSegment> {
    let segment = connection
        .query_row(
            "SELECT first_seq, opened, last_seq, end_hash FROM segment ORDER BY id DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .optional()?;
    Ok(segment.unwrap_or_default())
}

fn day(timestamp: &str) -> String {
    timestamp.chars().take(10).collect()
}

/// A salt keeps a body with few possible values from being guessed by its hash.
fn salt() -> [u8; SALT] {
    let mut salt = [0; SALT];
    if getrandom::fill(&mut salt).is_err() {
        // Without the kernel's randomness the time keeps salts apart, though not secret.
        salt.copy_from_slice(uuid::Uuid::now_v7().as_bytes());
    }
    salt
}
