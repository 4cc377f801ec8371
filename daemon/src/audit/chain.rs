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

/// Characters of a timestamp that name ten minutes: `2026-03-03T10:3`.
pub(super) const SLOT: usize = 15;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Where the chain ends, and the segment that is open.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    seq: u64,
    hash: Hash,
    segment_first: u64,
    /// The day the open segment began, counted from 1970.
    segment_day: i64,
    /// The ten minutes of the last record.
    slot: String,
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
            segment_day: crate::time::parse_ms(&opened).unwrap_or(0) / DAY_MS,
            slot: String::new(),
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
        now_ms: i64,
    ) -> rusqlite::Result<u64> {
        self.turn_segment(connection, now_ms)?;
        let seq = self.seq + 1;
        let salt = record.body().map_or([0; SALT], |_| salt());
        let body_hash = record.body().map(|text| hex(&body_hash(&salt, text)));
        let text = record.chained_text(seq, body_hash.as_deref());
        let hash = link(&self.hash, &text);
        connection
            .prepare_cached("INSERT OR ROLLBACK INTO record (seq, text, hash) VALUES (?1, ?2, ?3)")?
            .execute(params![seq, text, hash.as_slice()])?;
        if let Some(body) = record.body() {
            connection
                .prepare_cached(
                    "INSERT OR ROLLBACK INTO body (seq, salt, text) VALUES (?1, ?2, ?3)",
                )?
                .execute(params![seq, salt.as_slice(), body])?;
        }
        self.turn_slot(connection, record.slot(), seq)?;
        self.seq = seq;
        self.hash = hash;
        Ok(seq)
    }

    /// Closes the open segment when it is full or a day is over, and opens the next.
    fn turn_segment(&mut self, connection: &Connection, now_ms: i64) -> rusqlite::Result<()> {
        let full = self.seq + 1 >= self.segment_first + SEGMENT_RECORDS;
        if self.segment_first != 0 && !full && self.segment_day == now_ms / DAY_MS {
            return Ok(());
        }
        let now = crate::time::rfc3339(now_ms);
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
        self.segment_day = now_ms / DAY_MS;
        Ok(())
    }

    /// Notes the first record of each ten minutes. A clock that was set back leads into a slot
    /// once more; its first record stays.
    fn turn_slot(&mut self, connection: &Connection, slot: &str, seq: u64) -> rusqlite::Result<()> {
        if self.slot != slot {
            connection
                .prepare_cached(
                    "INSERT INTO time_slot SELECT ?1, ?2 \
                     WHERE NOT EXISTS (SELECT 1 FROM time_slot WHERE slot = ?1)",
                )?
                .execute(params![slot, seq])?;
            slot.clone_into(&mut self.slot);
        }
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

/// A salt keeps a body with few possible values from being guessed by its hash.
fn salt() -> [u8; SALT] {
    // Without the kernel's randomness the time keeps salts apart, though not secret.
    crate::random::bytes().unwrap_or_else(|| *uuid::Uuid::now_v7().as_bytes())
}
