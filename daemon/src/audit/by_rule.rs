//! What each entry of a policy did of late, counted from the records.

use std::collections::BTreeMap;

use engine::policy::{Entry, Policy};
use rusqlite::Connection;
use wire::control::PolicyRule;

use super::chain::SLOT;

/// The most records looked at, the newest: so many take some tens of milliseconds.
const MOST: u64 = 30_000;

/// Decisions of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The tool, for a call.
    tool: Option<String>,
    /// The line that decided, where the record names one.
    line: Option<u64>,
    refused: bool,
    asked: bool,
    count: u64,
    last: String,
}

/// What was looked at.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    /// Decisions under the version asked for.
    pub groups: Vec<Group>,
    /// How many these are.
    pub looked_at: u64,
    /// There are older records that were not looked at.
    pub more: bool,
}

/// Groups the newest decisions of one version of a policy, none older than `since`, by the hashes it
/// and what stands beside it go by together.
///
/// # Errors
/// SQLite's.
pub fn look(store: &Connection, hashes: &[String], since: &str) -> rusqlite::Result<Looked> {
    let slot = since.get(..SLOT).unwrap_or(since);
    let (after, from): (u64, u64) = store.query_row(
        "SELECT max(0, (SELECT coalesce(max(seq), 0) FROM record) - ?1),
                (SELECT coalesce(min(first_seq), ?2) FROM time_slot WHERE slot >= ?3)",
        rusqlite::params![MOST, i64::MAX, slot],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let mut statement = store.prepare_cached(
        "SELECT tool, policy_line, refused, asked, count(*), max(timestamp) FROM (
            SELECT timestamp, tool,
                   json_extract(text, '$.policy_line') AS policy_line,
                   decision NOT LIKE 'ALLOW%' AS refused,
                   json_extract(text, '$.approval') IS NOT NULL AS asked
            FROM entry
            WHERE seq > ?1 AND seq >= ?2 AND kind = 'decision' AND timestamp >= ?3
              AND json_extract(text, '$.policy_hash') IN (SELECT value FROM json_each(?4))
              AND json_extract(text, '$.policy_layer') IS NULL
         ) GROUP BY 1, 2, 3, 4",
    )?;
    let group = |row: &rusqlite::Row<'_>| {
        Ok(Group {
            tool: row.get(0)?,
            line: row.get(1)?,
            refused: row.get(2)?,
            asked: row.get(3)?,
            count: row.get(4)?,
            last: row.get(5)?,
        })
    };
    let hashes = serde_json::to_string(hashes).unwrap_or_default();
    let from_seq = i64::try_from(from).unwrap_or(i64::MAX);
    let groups = statement.query_map(rusqlite::params![after, from_seq, since, hashes], group)?;
    let groups: Vec<Group> = groups.collect::<rusqlite::Result<_>>()?;
    Ok(Looked {
        looked_at: groups.iter().map(|it| it.count).sum(),
        more: after + 1 > from,
        groups,
    })
}

/// The policy's entries with what fell to each. A call that passed goes to the entry that speaks
/// of its tool, one that was refused to the line its record names.
#[must_use]
pub fn rules(policy: &Policy, groups: &[Group]) -> Vec<PolicyRule> {
    let entries = policy.outline();
    let mut fell: BTreeMap<&Entry, PolicyRule> = BTreeMap::new();
    for group in groups {
        let Some(entry) = entry_of(policy, &entries, group) else {
            continue;
        };
        let rule = fell.entry(entry).or_default();
        rule.calls += group.count;
        rule.refused += if group.refused { group.count } else { 0 };
        rule.asked += if group.asked { group.count } else { 0 };
        rule.last = rule.last.take().max(Some(group.last.clone()));
    }
    let filled = |it: &Entry| PolicyRule {
        line: it.line as u64,
        list: it.list.to_owned(),
        written: it.written.clone(),
        action: it.action.map(str::to_owned),
        ..fell.remove(it).unwrap_or_default()
    };
    entries.iter().map(filled).collect()
}

fn entry_of<'e>(policy: &Policy, entries: &'e [Entry], group: &Group) -> Option<&'e Entry> {
    let spoken = group.tool.as_deref().and_then(|it| policy.entry_for(it));
    let spoken = spoken.filter(|it| group.line.is_none_or(|line| line == it.line as u64));
    match (spoken, group.line) {
        (Some(spoken), _) => entries.iter().find(|it| **it == spoken),
        (None, Some(line)) => entries.iter().find(|it| it.line as u64 == line),
        (None, None) => None,
    }
}
