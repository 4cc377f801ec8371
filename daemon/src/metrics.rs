//! Counters for a monitoring system, in memory since the start. What they count is named here and
//! nowhere else: no name of a tool, a server or a client can make one more.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::audit::NewRecord;

mod text;

pub use text::{Facts, text};

/// Words of which the last stands for every other.
const DECISIONS: [&str; 5] = ["ALLOW", "ALLOW_MONITOR", "BLOCK", "RATE_LIMITED", "other"];
const CODES: [&str; 12] = [
    "-32700", "-32600", "-32601", "-32602", "-32603", "-32001", "-32002", "-32004", "-32005",
    "-32006", "-32007", "other",
];
const CHANNELS: [&str; 8] = [
    "control",
    "watch",
    "dashboard",
    "dialog",
    "notification",
    "client",
    "none",
    "other",
];
const STATUSES: [&str; 16] = [
    "200", "304", "400", "401", "403", "404", "405", "408", "409", "413", "415", "421", "429",
    "503", "500", "other",
];
/// Upper ends of a time's buckets, in microseconds.
const TIMES: [u64; 12] = [
    50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 1_000_000,
];

/// How often each of some words came.
#[derive(Debug)]
pub struct Words<const N: usize>([AtomicU64; N]);

impl<const N: usize> Default for Words<N> {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; N])
    }
}

impl<const N: usize> Words<N> {
    fn add(&self, at: usize, count: u64) {
        if let Some(one) = self.0.get(at) {
            one.fetch_add(count, Ordering::Relaxed);
        }
    }
}

/// How often a time was so long.
#[derive(Debug, Default)]
pub struct Times {
    /// Each bucket by itself; what is longer than all is the last.
    buckets: Words<{ TIMES.len() + 1 }>,
    sum_us: AtomicU64,
}

impl Times {
    fn add(&self, us: u64) {
        let at = TIMES.partition_point(|end| *end < us);
        self.buckets.add(at, 1);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }
}

/// All that is counted.
#[derive(Debug, Default)]
pub struct Counters {
    decisions: Words<{ DECISIONS.len() }>,
    errors: Words<{ CODES.len() }>,
    judging: Times,
    findings: AtomicU64,
    answers: Words<{ CHANNELS.len() }>,
    requests: Words<{ STATUSES.len() }>,
    commits: Times,
    committing: AtomicU64,
    failed: AtomicU64,
}

/// One thing to be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// A decision, by its place in the words.
    Decision(usize),
    /// An error's code, likewise.
    Error(usize),
    /// How long judging took, in microseconds.
    Judging(u64),
    /// Secrets that were found.
    Findings(u64),
    /// An answer to a call that waited, by its channel's place.
    Answer(usize),
}

/// What these records count for, once they are written.
#[must_use]
pub fn counts(records: &[NewRecord]) -> Vec<Count> {
    let mut counts = Vec::new();
    for record in records {
        if let Some(decision) = record.raw("decision") {
            decided(record, decision, &mut counts);
        } else if record.raw("event") == Some("\"DLP_TRIGGERED\"") {
            let found = record.raw("dlp_match_count");
            counts.push(Count::Findings(
                found.and_then(|it| it.parse().ok()).unwrap_or(1),
            ));
        }
    }
    counts
}

fn decided(record: &NewRecord, decision: &str, counts: &mut Vec<Count>) {
    counts.push(Count::Decision(place(
        &DECISIONS,
        decision.trim_matches('"'),
    )));
    if let Some(code) = record.raw("error_code") {
        counts.push(Count::Error(place(&CODES, code)));
    }
    match record.get("approval") {
        // What a person thinks about is not judging.
        Some(approval) => {
            let channel = approval.get("channel").and_then(serde_json::Value::as_str);
            counts.push(Count::Answer(place(&CHANNELS, channel.unwrap_or("other"))));
        }
        None => {
            let us = record.raw("latency_us").and_then(|it| it.parse().ok());
            counts.extend(us.map(Count::Judging));
        }
    }
}

fn place(words: &[&str], word: &str) -> usize {
    let found = words.iter().position(|it| *it == word);
    found.unwrap_or(words.len().saturating_sub(1))
}

impl Counters {
    /// These have come about.
    pub fn add(&self, counts: &[Count]) {
        for count in counts {
            match *count {
                Count::Decision(at) => self.decisions.add(at, 1),
                Count::Error(at) => self.errors.add(at, 1),
                Count::Judging(us) => self.judging.add(us),
                Count::Findings(found) => {
                    self.findings.fetch_add(found, Ordering::Relaxed);
                }
                Count::Answer(at) => self.answers.add(at, 1),
            }
        }
    }

    /// The HTTP door has answered with this status.
    pub fn answered(&self, status: u16) {
        self.requests.add(place(&STATUSES, &status.to_string()), 1);
    }

    /// A batch is handed in to be committed.
    #[must_use]
    pub fn commit_begins(&self) -> Commit<'_> {
        self.committing.fetch_add(1, Ordering::Relaxed);
        Commit {
            counters: self,
            began: Instant::now(),
        }
    }
}

/// A commit under way; one that nobody waits for any more is under way no longer.
#[derive(Debug)]
pub struct Commit<'a> {
    counters: &'a Counters,
    began: Instant,
}

impl Commit<'_> {
    /// It was written, or could not be.
    pub fn ends(self, written: bool) {
        if written {
            let us = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.counters.commits.add(us);
        } else {
            self.counters.failed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Commit<'_> {
    fn drop(&mut self) {
        self.counters.committing.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_counts_for_what_it_says() {
        let decision = |word| NewRecord::decision(0, "upstream", word);
        let counted = counts(&[
            decision("BLOCK")
                .set("latency_us", 30)
                .set("error_code", -32001)
                .set("tool", "made-up"),
            decision("ALLOW")
                .set("latency_us", 5_000_000)
                .set("approval", serde_json::json!({"channel": "dashboard"})),
            decision("NEW_WORD"),
            NewRecord::event(0, "DLP_TRIGGERED").set("dlp_match_count", 3),
            NewRecord::event(0, "OTHER"),
        ]);
        let wanted = [
            Count::Decision(2),
            Count::Error(5),
            Count::Judging(30),
            Count::Decision(0),
            Count::Answer(2),
            Count::Decision(4),
            Count::Findings(3),
        ];
        assert_eq!(counted, wanted);
    }
}
