//! How far what is derived goes: chunks of records, each with a mark for either part.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::{Part, counting, words};
use crate::audit::page::Run;

/// Records of a chunk, as a power of two.
const SIZE: u32 = if cfg!(test) { 6 } else { 16 };

/// The records the store holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    /// The first; above the last where there is none.
    pub(super) first: u64,
    /// The last.
    pub(super) last: u64,
}

/// A chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) id: u64,
    first: u64,
    pub(super) begun_at: u64,
    counted: Mark,
    indexed: Mark,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    seq: u64,
    hash: Option<Vec<u8>>,
}

impl Held {
    pub(super) fn of(store: &Connection) -> rusqlite::Result<Self> {
        let end = |end: &str| {
            let sql = format!("SELECT {end}(seq) FROM record");
            store.query_row(&sql, [], |row| row.get::<_, Option<u64>>(0))
        };
        Ok(Self {
            first: end("min")?.unwrap_or(1),
            last: end("max")?.unwrap_or(0),
        })
    }

    /// The chunks there should be, with the records each would hold.
    fn chunks(self) -> impl Iterator<Item = (u64, Run)> {
        let ids = self.first >> SIZE..=self.last >> SIZE;
        let run = move |id: u64| Run {
            first: self.first.max(id << SIZE),
            last: self.last.min((id << SIZE) | ((1 << SIZE) - 1)),
        };
        let filled = self.first <= self.last;
        ids.map(move |id| (id, run(id))).filter(move |_| filled)
    }
}

impl Chunk {
    /// The last record a part has of it.
    pub(super) fn to(&self, part: Part) -> u64 {
        self.mark(part).seq
    }

    /// The records a part has of it; the first is above the last where it has none.
    pub(super) fn run(&self, part: Part) -> Run {
        Run {
            first: self.first,
            last: self.to(part),
        }
    }

    fn mark(&self, part: Part) -> &Mark {
        match part {
            Part::Figures => &self.counted,
            Part::Words => &self.indexed,
        }
    }
}

/// All chunks begun.
pub(super) fn all(derived: &Connection) -> rusqlite::Result<BTreeMap<u64, Chunk>> {
    let mut statement = derived.prepare_cached(
        "SELECT id, first_seq, begun_at, counted_to, counted_hash, indexed_to, indexed_hash FROM chunk",
    )?;
    let rows = statement.query_map([], |row| {
        let mark = |at: usize| -> rusqlite::Result<Mark> {
            Ok(Mark {
                seq: row.get(at)?,
                hash: row.get(at + 1)?,
            })
        };
        let id = row.get(0)?;
        let chunk = Chunk {
            id,
            first: row.get(1)?,
            begun_at: row.get(2)?,
            counted: mark(3)?,
            indexed: mark(5)?,
        };
        Ok((id, chunk))
    })?;
    rows.collect()
}

/// Where a part goes on: the records it lacks next, within one chunk. `None` where it lacks none.
pub(super) fn lacking(chunks: &BTreeMap<u64, Chunk>, held: Held, part: Part) -> Option<(u64, Run)> {
    held.chunks().find_map(|(id, run)| {
        let to = chunks.get(&id).map_or(0, |chunk| chunk.to(part));
        let first = run.first.max(to + 1);
        (first <= run.last).then_some((
            id,
            Run {
                first,
                last: run.last,
            },
        ))
    })
}

/// The last record up to which a part lacks none.
pub(super) fn reach(chunks: &BTreeMap<u64, Chunk>, held: Held, part: Part) -> u64 {
    match lacking(chunks, held, part) {
        Some((_, run)) => run.first.saturating_sub(1),
        None => held.last,
    }
}

/// Makes sure there is a row for a chunk, and that it says what there was when its words were begun.
pub(super) fn begin(derived: &Connection, id: u64, held: Held) -> rusqlite::Result<()> {
    let first = held.first.max(id << SIZE);
    derived
        .prepare_cached(
            "INSERT INTO chunk (id, first_seq, begun_at) VALUES (?1, ?2, ?3) \
             ON CONFLICT DO UPDATE SET begun_at = excluded.begun_at WHERE indexed_to = 0",
        )?
        .execute(params![id, first, held.last])
        .map(drop)
}

/// Notes how far a part has come in a chunk.
pub(super) fn set_mark(
    derived: &Connection,
    (id, part): (u64, Part),
    seq: u64,
    hash: &[u8],
) -> rusqlite::Result<()> {
    let sql = match part {
        Part::Figures => "UPDATE chunk SET counted_to = ?2, counted_hash = ?3 WHERE id = ?1",
        Part::Words => "UPDATE chunk SET indexed_to = ?2, indexed_hash = ?3 WHERE id = ?1",
    };
    let mut statement = derived.prepare_cached(sql)?;
    statement.execute(params![id, seq, hash]).map(drop)
}

/// Drops what a chunk holds of the words, or all of it.
pub(super) fn drop_chunk(derived: &Connection, id: u64, only_words: bool) -> rusqlite::Result<()> {
    words::drop_chunk(derived, id)?;
    if only_words {
        // Begun again with the next record indexed; the figures stand.
        let sql = "UPDATE chunk SET indexed_to = 0, indexed_hash = NULL WHERE id = ?1";
        return derived.execute(sql, [id]).map(drop);
    }
    counting::drop_chunk(derived, id)?;
    derived
        .execute("DELETE FROM chunk WHERE id = ?1", [id])
        .map(drop)
}

/// Whether what is derived is of this very store; chunks that the store no longer holds whole are
/// dropped.
pub(super) fn fits(derived: &Connection, store: &Connection) -> rusqlite::Result<bool> {
    let held = Held::of(store)?;
    for (id, chunk) in all(derived)? {
        let gone = chunk.first < held.first && held.first <= held.last;
        if gone {
            drop_chunk(derived, id, false)?;
            continue;
        }
        for part in [Part::Figures, Part::Words] {
            let mark = chunk.mark(part);
            if mark.seq != 0 && hash_of(store, mark.seq)? != mark.hash {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// A record's hash in the chain.
pub(super) fn hash_of(store: &Connection, seq: u64) -> rusqlite::Result<Option<Vec<u8>>> {
    store
        .prepare_cached("SELECT hash FROM record WHERE seq = ?1")?
        .query_row([seq], |row| row.get(0))
        .optional()
}
