//! Carries on what is derived, a batch of records at a time, each in a transaction with its own
//! mark: whenever it is cut short, it goes on from there.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use rusqlite::{Connection, params};

use super::chunk::{self, Held};
use super::counting::Counted;
use super::{Derived, Part, file, words};
use crate::audit::page::Run;
use crate::audit::query::{SELECT, Stored};
use crate::audit::store;

/// Records of a batch.
const BATCH: u32 = if cfg!(test) { 25 } else { 1024 };

impl Derived {
    /// Opens the file and carries a part on until it lacks nothing, or the time is over.
    pub(super) fn rolled(
        &self,
        part: Part,
        store: &Connection,
        until: Instant,
    ) -> rusqlite::Result<Connection> {
        loop {
            let work = self.lock();
            let removed = self.removed.load(Ordering::Relaxed);
            let mut derived = file::open(&self.path)?;
            if !chunk::fits(&derived, store)? {
                tracing::warn!("what is derived is of another audit store and is made anew");
                drop(derived);
                if self.remove(&work) {
                    continue;
                }
                return Err(rusqlite::Error::InvalidPath(self.path.clone()));
            }
            drop(work);
            loop {
                let work = self.lock();
                if self.removed.load(Ordering::Relaxed) != removed {
                    break;
                }
                let more = batch(&mut derived, store, part)?;
                drop(work);
                let over = Instant::now() >= until || self.ended.load(Ordering::Relaxed);
                if !more || over {
                    return Ok(derived);
                }
            }
        }
    }

    /// Has all of it carried on in the background, where it was ever asked for.
    pub(in crate::audit) fn roll_on_what_is_there(self: &Arc<Self>) {
        if self.path.exists() {
            self.roll_on(Part::Words);
            self.roll_on(Part::Figures);
        }
    }

    /// Has a part carried on in the background.
    pub fn roll_on(self: &Arc<Self>, part: Part) {
        let mut roller = self.roller.lock().unwrap_or_else(PoisonError::into_inner);
        if !roller.wanted.contains(&part) {
            roller.wanted.push(part);
        }
        if roller.runs || self.ended.load(Ordering::Relaxed) {
            return;
        }
        let it = Arc::clone(self);
        let thread = std::thread::Builder::new().name("derived".to_owned());
        match thread.spawn(move || it.roll()) {
            Ok(_) => roller.runs = true,
            Err(error) => tracing::warn!(%error, "figures and search can't be carried on"),
        }
    }

    /// Until nothing more is wanted.
    fn roll(&self) {
        loop {
            let part = {
                let mut roller = self.roller.lock().unwrap_or_else(PoisonError::into_inner);
                let next = roller.wanted.pop();
                let ended = self.ended.load(Ordering::Relaxed);
                match next.filter(|_| !ended) {
                    Some(part) => part,
                    None => {
                        roller.runs = false;
                        self.rests.notify_all();
                        return;
                    }
                }
            };
            if let Err(error) = self.complete(part) {
                tracing::warn!(%error, ?part, "figures and search can't be carried on");
                if file::is_broken(&error) {
                    self.remove_broken(&error);
                }
            }
        }
    }

    /// Carries a part on until it lacks nothing, or the daemon ends.
    ///
    /// # Errors
    /// SQLite's.
    pub fn complete(&self, part: Part) -> rusqlite::Result<()> {
        let store = store::open_to_read(&self.store)?;
        let far = Instant::now() + std::time::Duration::from_secs(3600);
        self.rolled(part, &store, far).map(drop)
    }
}

/// Takes the next batch of records in; says whether there are more.
fn batch(derived: &mut Connection, store: &Connection, part: Part) -> rusqlite::Result<bool> {
    let held = Held::of(store)?;
    let chunks = chunk::all(derived)?;
    let Some((id, run)) = chunk::lacking(&chunks, held, part) else {
        return Ok(false);
    };
    let records = read(store, run, part)?;
    let Some(last) = records.last().map(|it| it.seq) else {
        return Ok(false);
    };
    let hash = chunk::hash_of(store, last)?.unwrap_or_default();
    let step = derived.transaction()?;
    chunk::begin(&step, id, held)?;
    match part {
        Part::Figures => {
            let mut counted = Counted::default();
            records.iter().for_each(|it| counted.count(it));
            counted.write(&step, id)?;
        }
        Part::Words => {
            for stored in &records {
                if obey(&step, id, stored)? {
                    step.commit()?;
                    return Ok(true);
                }
            }
            words::begin(&step, id)?;
            for stored in &records {
                words::add(&step, id, stored)?;
            }
        }
    }
    chunk::set_mark(&step, (id, part), last, &hash)?;
    step.commit()?;
    Ok(last < run.last || run.last < held.last)
}

fn read(store: &Connection, run: Run, part: Part) -> rusqlite::Result<Vec<Stored>> {
    let sql = match part {
        Part::Figures => "SELECT seq, CAST(text AS TEXT), NULL FROM record",
        Part::Words => SELECT,
    };
    let sql = format!("{sql} WHERE record.seq BETWEEN ?1 AND ?2 ORDER BY record.seq LIMIT {BATCH}");
    let mut statement = store.prepare_cached(&sql)?;
    let rows = statement.query_map(params![run.first, run.last], Stored::read)?;
    rows.collect()
}

/// Obeys an erasure that words were indexed before and that took no chunks with it: of a daemon
/// that was killed at it, or of one without an index. Says whether it took the chunk under way.
fn obey(derived: &Connection, under_way: u64, stored: &Stored) -> rusqlite::Result<bool> {
    if stored.text("event").as_deref() != Some("AUDIT_ERASED") {
        return Ok(false);
    }
    let runs = stored.get("runs").unwrap_or_default();
    let runs: Vec<(u64, u64)> = serde_json::from_value(runs).unwrap_or_default();
    let mut took = false;
    for (id, chunk) in chunk::all(derived)? {
        let indexed = chunk.run(Part::Words);
        let concerned = runs
            .iter()
            .any(|(first, last)| *first <= indexed.last && *last >= indexed.first);
        if concerned && chunk.begun_at < stored.seq {
            chunk::drop_chunk(derived, id, true)?;
            took |= id == under_way;
        }
    }
    Ok(took)
}
