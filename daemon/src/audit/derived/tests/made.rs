//! Stores of records that are made up from a seed, and what is known of each record.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use wire::control::{RecordKind, RecordQuery};

use crate::audit::chain::Chain;
use crate::audit::derived::{Derived, Index, Part};
use crate::audit::page::{Wanted, page};
use crate::audit::{NewRecord, store};

/// The first record's time: a Tuesday, 10:30:45.
pub(super) const BEGINS: i64 = 1_772_533_845_000;
pub(super) const HOUR_MS: i64 = 3_600_000;

/// What is known of a record.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) seq: u64,
    pub(super) at: i64,
    pub(super) kind: RecordKind,
    pub(super) decision: &'static str,
    pub(super) event: &'static str,
    pub(super) tool: String,
    pub(super) server: String,
    pub(super) client: String,
    pub(super) session: String,
    pub(super) latency: Option<u64>,
    /// In lower case, as they stand.
    pub(super) words: Vec<String>,
}

/// Numbers that look random and are the same each time.
pub(super) struct Seed(pub(super) u64);

impl Seed {
    pub(super) fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }

    pub(super) fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

pub(super) const TOOLS: [&str; 4] = ["read_file", "write_file", "Shell", "löschen"];
pub(super) const SERVERS: [&str; 3] = ["files", "git-server", "web"];
pub(super) const CLIENTS: [&str; 2] = ["/usr/bin/claude", "cursor"];
pub(super) const SESSIONS: [&str; 3] = ["019a-aa", "019a-bb", "019b-cc"];
pub(super) const DECISIONS: [&str; 4] = ["ALLOW", "BLOCK", "ALLOW_MONITOR", "RATE_LIMITED"];
pub(super) const EVENTS: [&str; 3] = ["DLP_TRIGGERED", "APPROVAL_ASKED", "SESSION_STARTED"];
pub(super) const WORDS: [&str; 8] = [
    "alpha", "beta", "Alphabet", "main.rs", "x-1", "ÉTÉ", "漢字", "secret",
];

/// A store with its writer's hands bound: records are put in as the writer would.
pub(super) struct Made {
    pub(super) folder: tempfile::TempDir,
    pub(super) store: Connection,
    pub(super) derived: Arc<Derived>,
    pub(super) known: Vec<Known>,
    chain: Chain,
    seed: Seed,
}

impl Made {
    pub(super) fn new(seed: u64, records: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.db");
        let store = store::open(&path).unwrap();
        let mut made = Self {
            chain: Chain::load(&store).unwrap(),
            derived: Arc::new(Derived::beside(&path)),
            folder,
            store,
            known: Vec::new(),
            seed: Seed(seed),
        };
        made.more(records);
        made
    }

    /// More records, some minutes apart; the clock is set back now and then.
    pub(super) fn more(&mut self, records: usize) {
        for _ in 0..records {
            let last = self.known.last().map_or(BEGINS, |it| it.at);
            let step = i64::try_from(self.seed.below(20 * 60_000)).unwrap();
            let back = self.seed.below(40) == 0;
            let at = last + if back { -step * 5 } else { step };
            let (mut record, mut known) = made_up(&mut self.seed, at);
            known.seq = self.put(&mut record, at);
            self.known.push(known);
        }
    }

    pub(super) fn put(&mut self, record: &mut NewRecord, at: i64) -> u64 {
        self.chain.append(&self.store, record, at).unwrap()
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join(super::super::NAME)
    }

    /// Another daemon takes it up.
    pub(super) fn again(&mut self) {
        self.derived.end();
        self.derived = Arc::new(Derived::beside(&self.folder.path().join("audit.db")));
    }

    /// Carries a part on to the end.
    pub(super) fn rolled(&self, part: Part) {
        let end = Instant::now() + Duration::from_secs(60);
        drop(self.derived.rolled(part, &self.store, end).unwrap());
    }

    pub(super) fn ask<T>(&self, part: Part, ask: impl Fn(Option<&Index<'_>>) -> T) -> T {
        let asked = self.derived.ask(part, &self.store, |index| Ok(ask(index)));
        asked.unwrap()
    }

    /// All pages of a query, and how often it was asked; `between` happens between two of them.
    pub(super) fn pages(
        &mut self,
        query: &RecordQuery,
        mut between: impl FnMut(&mut Self),
    ) -> Vec<u64> {
        let mut query = query.clone();
        let mut found = Vec::new();
        loop {
            let wanted = Wanted::read(query.clone()).unwrap();
            let read = |index: Option<&Index<'_>>| {
                let page = page(&self.store, index, &wanted)?;
                let seqs: Vec<u64> = page.records.iter().map(|it| it.seq).collect();
                Ok((seqs, page.next))
            };
            let read = match wanted.needs() {
                Some(part) => self.derived.ask(part, &self.store, read),
                None => read(None),
            };
            let (seqs, next) = read.unwrap();
            assert!(seqs.len() <= wanted.limit);
            found.extend(seqs);
            let Some(next) = next else {
                return found;
            };
            assert!(query.before.is_none_or(|before| next < before), "{next}");
            query.before = Some(next);
            between(self);
        }
    }
}

fn made_up(seed: &mut Seed, at: i64) -> (NewRecord, Known) {
    let session = seed.one(&SESSIONS).to_owned();
    let mut known = Known {
        seq: 0,
        at,
        kind: RecordKind::Outcome,
        decision: "",
        event: "",
        tool: String::new(),
        server: String::new(),
        client: String::new(),
        session: session.clone(),
        latency: None,
        words: Vec::new(),
    };
    let record = match seed.below(5) {
        0 => NewRecord::outcome(at, "call", "answered").set("answer_sha256", "alpha"),
        1 => event(seed, at, &mut known),
        _ => decision(seed, at, &mut known),
    };
    (record.set("session_id", session), known)
}

fn event(seed: &mut Seed, at: i64, known: &mut Known) -> NewRecord {
    known.kind = RecordKind::Event;
    known.event = seed.one(&EVENTS);
    known.server = seed.one(&SERVERS).to_owned();
    let word = seed.one(&WORDS);
    for text in [known.event, &known.server, word] {
        known.words.extend(words(text));
    }
    NewRecord::event(at, known.event)
        .set("server", known.server.clone())
        .set("because", word)
}

fn decision(seed: &mut Seed, at: i64, known: &mut Known) -> NewRecord {
    known.kind = RecordKind::Decision;
    known.decision = seed.one(&DECISIONS);
    known.tool = seed.one(&TOOLS).to_owned();
    known.server = seed.one(&SERVERS).to_owned();
    known.client = seed.one(&CLIENTS).to_owned();
    let latency = seed.below(100_000);
    let asked = seed.below(8) == 0;
    known.latency = (!asked).then_some(latency);
    let (one, other) = (seed.one(&WORDS), seed.one(&WORDS));
    let number = seed.below(500).to_string();
    for text in [
        &known.client,
        "text",
        one,
        other,
        "n",
        &number,
        &known.server,
        &known.tool,
    ] {
        known.words.extend(words(text));
    }
    let args = format!(r#"{{"text":"{one}, {other}","n":{number}}}"#);
    let record = NewRecord::decision(at, "upstream", known.decision)
        .set("tool", known.tool.clone())
        .set("server", known.server.clone())
        .set("client", known.client.clone())
        .set("latency_us", latency)
        .with_args(Some(args));
    if asked {
        record.set("approval", serde_json::json!({"id": "a"}))
    } else {
        record
    }
}

/// The words of the little that is made up here.
fn words(text: &str) -> Vec<String> {
    let text = text.replace("漢字", "漢 字").to_lowercase();
    let parts = text.split([' ', '_', '-', '.', '/']);
    parts
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect()
}
