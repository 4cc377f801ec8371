//! The figures in the file: counts by the hour, and by who used what, hour by hour and day by day
//! so that a year is read as quickly as a week.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Row, params};

use super::figures::{Added, Decisions, Figures, Hour, Name, Use, What, added};
use super::histogram::Histogram;
use crate::audit::query::Stored;

/// Names kept of an hour, or a day, of a chunk; once there are twice as many, the least used are
/// counted as one.
const NAMES: usize = 100;
/// What stands for all the names that are not kept.
pub const OTHERS: &str = "…";
const DAY: i64 = 24;

/// Records counted, to be added to the file in one go.
#[derive(Default)]
pub(super) struct Counted {
    hours: BTreeMap<i64, Hour>,
    uses: BTreeMap<(i64, Name), Use>,
}

impl Counted {
    pub(super) fn count(&mut self, stored: &Stored) {
        let Some(Added { hour, what }) = added(stored) else {
            return;
        };
        let counts = self.hours.entry(hour).or_default();
        counts.count(&what, stored.seq);
        if let What::Decision(decisions, name, last_ms, _) = what {
            let used = self.uses.entry((hour, name)).or_default();
            used.merge(Use { decisions, last_ms });
        }
    }

    /// Adds them to a chunk.
    pub(super) fn write(&self, derived: &Connection, chunk: u64) -> rusqlite::Result<()> {
        for (hour, counts) in &self.hours {
            add_hour(derived, chunk, *hour, counts)?;
        }
        let mut days: BTreeMap<(i64, &Name), Use> = BTreeMap::new();
        for ((hour, name), used) in &self.uses {
            Span::Hour.add(derived, chunk, *hour, name, *used)?;
            let day = days.entry((hour.div_euclid(DAY), name)).or_default();
            day.merge(*used);
        }
        for ((day, name), used) in &days {
            Span::Day.add(derived, chunk, *day, name, *used)?;
        }
        let days: BTreeSet<i64> = days.keys().map(|(day, _)| *day).collect();
        let hours: BTreeSet<i64> = self.uses.keys().map(|(hour, _)| *hour).collect();
        let hours = hours.iter().map(|hour| (Span::Hour, hour));
        let days = days.iter().map(|day| (Span::Day, day));
        hours
            .chain(days)
            .try_for_each(|(span, at)| span.prune(derived, chunk, *at))
    }
}

fn add_hour(derived: &Connection, chunk: u64, hour: i64, more: &Hour) -> rusqlite::Result<()> {
    let mut sum = derived
        .prepare_cached(&format!("{HOURS} WHERE chunk = ?1 AND hour = ?2"))?
        .query_map(params![chunk, hour], read_hour)?
        .next()
        .transpose()?
        .map_or_else(Hour::default, |(_, sum)| sum);
    sum.merge(more);
    derived
        .prepare_cached(
            "INSERT OR REPLACE INTO hour VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            chunk,
            hour,
            sum.decisions.allow,
            sum.decisions.block,
            sum.decisions.rate_limited,
            sum.decisions.monitor,
            sum.asked,
            sum.findings,
            sum.latency.to_bytes(),
            sum.last_seq
        ])
        .map(drop)
}

const HOURS: &str = "SELECT hour, allow, block, rate_limited, monitor, asked, findings, latency, last_seq FROM hour";

fn read_hour(row: &Row<'_>) -> rusqlite::Result<(i64, Hour)> {
    let counts = Hour {
        decisions: decisions(row, 1)?,
        asked: row.get(5)?,
        findings: row.get(6)?,
        latency: Histogram::read(row.get_ref(7)?.as_blob()?),
        last_seq: row.get(8)?,
    };
    Ok((row.get(0)?, counts))
}

fn decisions(row: &Row<'_>, at: usize) -> rusqlite::Result<Decisions> {
    Ok(Decisions {
        allow: row.get(at)?,
        block: row.get(at + 1)?,
        rate_limited: row.get(at + 2)?,
        monitor: row.get(at + 3)?,
    })
}

/// What a row of uses is of.
#[derive(Clone, Copy)]
enum Span {
    Hour,
    Day,
}

impl Span {
    fn table(self) -> &'static str {
        match self {
            Self::Hour => "hour_use",
            Self::Day => "day_use",
        }
    }

    fn column(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    fn add(
        self,
        derived: &Connection,
        chunk: u64,
        at: i64,
        name: &Name,
        used: Use,
    ) -> rusqlite::Result<()> {
        let sql = format!(
            "INSERT INTO {} VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
             ON CONFLICT DO UPDATE SET allow = allow + excluded.allow, \
             block = block + excluded.block, rate_limited = rate_limited + excluded.rate_limited, \
             monitor = monitor + excluded.monitor, last_ms = max(last_ms, excluded.last_ms)",
            self.table()
        );
        let of = used.decisions;
        derived
            .prepare_cached(&sql)?
            .execute(params![
                chunk,
                at,
                name.server,
                name.tool,
                name.client,
                of.allow,
                of.block,
                of.rate_limited,
                of.monitor,
                used.last_ms
            ])
            .map(drop)
    }

    /// Where there are too many names, the least used become one. Sums stay as they are.
    fn prune(self, derived: &Connection, chunk: u64, at: i64) -> rusqlite::Result<()> {
        let (table, column) = (self.table(), self.column());
        let sql = format!("SELECT count(*) FROM {table} WHERE chunk = ?1 AND {column} = ?2");
        let mut statement = derived.prepare_cached(&sql)?;
        let count: usize = statement.query_row(params![chunk, at], |row| row.get(0))?;
        if count <= 2 * NAMES {
            return Ok(());
        }
        let sql = format!(
            "SELECT server, tool, client, allow, block, rate_limited, monitor, last_ms FROM {table} \
             WHERE chunk = ?1 AND {column} = ?2 AND tool <> '{OTHERS}' \
             ORDER BY allow + block + rate_limited + monitor DESC LIMIT -1 OFFSET {NAMES}"
        );
        let mut statement = derived.prepare_cached(&sql)?;
        let rare = statement.query_map(params![chunk, at], read_use)?;
        let rare: Vec<_> = rare.collect::<rusqlite::Result<_>>()?;
        let sql = format!(
            "DELETE FROM {table} WHERE chunk = ?1 AND {column} = ?2 \
             AND server = ?3 AND tool = ?4 AND client = ?5"
        );
        let mut delete = derived.prepare_cached(&sql)?;
        let mut others = Use::default();
        for (name, used) in rare {
            others.merge(used);
            delete.execute(params![chunk, at, name.server, name.tool, name.client])?;
        }
        let name = Name {
            server: OTHERS.to_owned(),
            tool: OTHERS.to_owned(),
            client: OTHERS.to_owned(),
        };
        self.add(derived, chunk, at, &name, others)
    }
}

fn read_use(row: &Row<'_>) -> rusqlite::Result<(Name, Use)> {
    let name = Name {
        server: row.get(0)?,
        tool: row.get(1)?,
        client: row.get(2)?,
    };
    let used = Use {
        decisions: decisions(row, 3)?,
        last_ms: row.get(7)?,
    };
    Ok((name, used))
}

/// The figures of some hours, both ends among them.
pub(super) fn figures(derived: &Connection, first: i64, last: i64) -> rusqlite::Result<Figures> {
    let mut figures = Figures::default();
    let mut statement = derived.prepare_cached(&format!("{HOURS} WHERE {}", within("hour", 1)))?;
    for row in statement.query_map([first, last], read_hour)? {
        let (hour, counts) = row?;
        figures.hours.entry(hour).or_default().merge(&counts);
    }
    // Whole days from the first midnight on to the last; hours before and behind.
    let from_day = (first + DAY - 1).div_euclid(DAY);
    let to_day = (last + 1).div_euclid(DAY).max(from_day);
    let columns = "server, tool, client, allow, block, rate_limited, monitor, last_ms";
    let sql = format!(
        "SELECT server, tool, client, sum(allow), sum(block), sum(rate_limited), sum(monitor), \
         max(last_ms) FROM (SELECT {columns} FROM hour_use WHERE {} \
         UNION ALL SELECT {columns} FROM hour_use WHERE {} \
         UNION ALL SELECT {columns} FROM day_use WHERE {}) GROUP BY server, tool, client",
        within("hour", 1),
        within("hour", 3),
        within("day", 5)
    );
    let before = last.min(from_day * DAY - 1);
    let behind = first.max(to_day * DAY).max(before + 1);
    let spans = [first, before, behind, last, from_day, to_day - 1];
    let mut statement = derived.prepare_cached(&sql)?;
    for row in statement.query_map(spans, read_use)? {
        let (name, used) = row?;
        figures.uses.entry(name).or_default().merge(used);
    }
    Ok(figures)
}

/// A span of hours or days in every chunk, found by the key.
fn within(column: &str, at: usize) -> String {
    let to = at + 1;
    format!("chunk IN (SELECT id FROM chunk) AND {column} BETWEEN ?{at} AND ?{to}")
}

/// The last record that can be of this hour or an earlier one, as far as they are counted.
pub(super) fn last_until(derived: &Connection, hour: i64) -> rusqlite::Result<u64> {
    derived
        .prepare_cached("SELECT coalesce(max(last_seq), 0) FROM hour WHERE hour <= ?1")?
        .query_row([hour], |row| row.get(0))
}

pub(super) fn drop_chunk(derived: &Connection, chunk: u64) -> rusqlite::Result<()> {
    ["hour", "hour_use", "day_use"]
        .iter()
        .try_for_each(|table| {
            let sql = format!("DELETE FROM {table} WHERE chunk = ?1");
            derived.execute(&sql, [chunk]).map(drop)
        })
}
