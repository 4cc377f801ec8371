//! What the dashboard's screens ask of a large store, each query asked as the daemon asks it: on
//! connections opened for it, up to the lines that go out.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use aipd::audit::derived::{Derived, Index, NAME, Part};
use aipd::audit::page::{Wanted, page};
use aipd::audit::{NewRecord, holdings, store, story};
use aipd::time::rfc3339;
use rusqlite::Connection;
use wire::control::{RecordKind, RecordQuery};

use crate::records::{BEGINS, Shelf};
use crate::store::sampled;
use crate::timed::short;

/// Days the records are spread over, and what they are about.
const DAYS: i64 = 365;
const HOUR_MS: i64 = 3_600_000;
const SERVERS: usize = 12;
const TOOLS: usize = 60;
const CLIENTS: usize = 5;
/// Records of one session.
const SESSION: usize = 1000;
/// Records of one batch.
const BATCH: usize = 1000;
const WORDS: [&str; 12] = [
    "project", "config", "notes", "draft", "report", "invoice", "backup", "module", "client",
    "server", "release", "archive",
];

struct Screens {
    path: PathBuf,
    derived: Arc<Derived>,
    records: usize,
    /// What the middle of the plain query took, us.
    baseline: f64,
}

pub(crate) fn queries(records: usize) {
    let shelf = Shelf::new();
    let start = Instant::now();
    for first in (0..records).step_by(BATCH) {
        let batch = first..records.min(first + BATCH);
        shelf.write(batch.map(|n| record(n, records)));
    }
    let path = shelf.path();
    let _folder = shelf.close();
    let mut screens = Screens {
        derived: Arc::new(Derived::beside(&path)),
        path,
        records,
        baseline: 1.0,
    };
    let took = start.elapsed().as_secs();
    println!("A store of {records} records over {DAYS} days, written in {took} s.\n");
    screens.build();
    println!("| asked | rows | pages | answer | to the last 50 | target |");
    println!("| --- | --- | --- | --- | --- | --- |");
    screens.lists();
    screens.searches();
    screens.unindexed();
    screens.figures();
    screens.stories();
}

/// One of each ten calls is half of a call that was asked about; the rest decisions and outcomes.
fn record(n: usize, records: usize) -> NewRecord {
    let at = time_of(n, records);
    let call = n / 2;
    let session = format!("019a3c1f-5f6e-7d31-9c11-{:012x}", n / SESSION);
    let server = format!("server-{}", call % SERVERS);
    let call_id = format!("019a3c1f-5f6e-7d31-8c11-{call:012x}");
    if n % 400 == 3 {
        return NewRecord::event(at, "DLP_TRIGGERED")
            .set("session_id", session)
            .set("server", server)
            .set("dlp_rule", "AWS Key")
            .set("dlp_match_count", 1)
            .set("call_id", call_id);
    }
    if n % 2 == 1 {
        return NewRecord::outcome(at, &call_id, "answered")
            .set("session_id", session)
            .set("latency_ms", 12)
            .set("answer_bytes", 2048)
            .set(
                "answer_sha256",
                "0b9f3d0c2f1e4b5a6978877665544332211000ffeeddccbba6c1dd0f6c7a8f1f",
            );
    }
    decision(call, at, records)
        .set("session_id", session)
        .set("server", server)
        .set("call_id", call_id)
        .set("frame", n)
}

fn decision(call: usize, at: i64, records: usize) -> NewRecord {
    let word = if call.is_multiple_of(50) {
        "BLOCK"
    } else {
        "ALLOW"
    };
    let rare = if call % (records / 10) == 7 {
        " zanzibar"
    } else {
        ""
    };
    let client = if call % (records / 6) == 5 {
        "a-rare-client".to_owned()
    } else {
        format!("/usr/lib/clients/client-{}", call % CLIENTS)
    };
    let word_of = |nth: usize| WORDS.get(nth % WORDS.len()).copied().unwrap_or_default();
    let (one, other) = (word_of(call), word_of(call / WORDS.len()));
    NewRecord::decision(at, "upstream", word)
        .set("method", "tools/call")
        .set("tool", format!("tool_{}", call / 7 % TOOLS))
        .set("latency_us", 40 + call * 7919 % 400)
        .set("policy_mode", "enforce")
        .set("violation", word == "BLOCK")
        .set("client", client)
        .set("client_source", "observed")
        .set("policy_name", "bench")
        .set(
            "policy_hash",
            "a6c1dd0f6c7a8f1f0b9f3d0c2f1e4b5a6978877665544332211000ffeeddccbb",
        )
        .set_some("error_code", (word == "BLOCK").then_some(-32001))
        .set_some("reason", (word == "BLOCK").then_some("Tool not in allowed_tools list"))
        .with_args(Some(format!(
            r#"{{"path":"/home/me/{one}/{other}/file_{call}.rs","text":"{one} of the {other}{rare}"}}"#
        )))
}

fn time_of(n: usize, records: usize) -> i64 {
    let (n, records) = (i64::try_from(n).unwrap(), i64::try_from(records).unwrap());
    BEGINS + DAYS * 24 * HOUR_MS * n / records
}

impl Screens {
    fn build(&self) {
        for (name, part) in [("figures", Part::Figures), ("words", Part::Words)] {
            let start = Instant::now();
            self.derived.complete(part).unwrap();
            let took = start.elapsed().as_secs_f64();
            println!("The {name} of all of them are made in {took:.1} s.");
        }
        let bytes = |path: &Path| path.metadata().unwrap().len() >> 20;
        let derived = self.path.with_file_name(NAME);
        println!(
            "The store has {} MiB, what is derived {} MiB.\n",
            bytes(&self.path),
            bytes(&derived)
        );
    }

    /// Follows a query through its pages until fifty records are there; times the slowest page.
    fn list(&mut self, name: &str, query: &RecordQuery) {
        let (mut query, mut rows, mut pages, mut worst) = (query.clone(), 0, 0, 0.0_f64);
        loop {
            let wanted = Wanted::read(query.clone()).unwrap();
            let mut end = (0, None);
            worst = worst.max(sampled(|| {
                end = self.page(&wanted);
                end.0
            }));
            rows += end.0;
            pages += 1;
            query.before = end.1;
            if query.before.is_none() || rows >= 50 || pages >= 20 {
                break;
            }
        }
        self.row(name, rows, &pages.to_string(), worst);
    }

    fn page(&self, wanted: &Wanted) -> (usize, Option<u64>) {
        let store = store::open_to_read(&self.path).unwrap();
        let read = |index: Option<&Index<'_>>| {
            let page = page(&store, index, wanted)?;
            let lines: Vec<String> = page.records.iter().map(|it| it.line()).collect();
            Ok((lines.len(), page.next))
        };
        match wanted.needs() {
            Some(part) => self.derived.ask(part, &store, read).unwrap(),
            None => read(None).unwrap(),
        }
    }

    fn row(&self, name: &str, rows: usize, pages: &str, micros: f64) {
        println!(
            "| {name} | {rows} | {pages} | {} ms | {} | < 100 ms |",
            short(micros / 1000.0),
            short(micros / self.baseline)
        );
    }

    fn lists(&mut self) {
        let plain = Wanted::read(RecordQuery::default()).unwrap();
        self.baseline = sampled(|| self.page(&plain).0);
        let some = |text: &str| Some(text.to_owned());
        let all = RecordQuery::default;
        let middle = time_of(self.records / 2, self.records);
        let before = Some(self.records as u64 / 2);
        let session = format!(
            "019a3c1f-5f6e-7d31-9c11-{:012x}",
            self.records / SESSION / 2
        );
        let queries = [
            ("the last 50", all()),
            ("50 from the middle", RecordQuery { before, ..all() }),
            (
                "since a day",
                RecordQuery {
                    since: Some(rfc3339(middle)),
                    ..all()
                },
            ),
            (
                "until the middle",
                RecordQuery {
                    until: Some(rfc3339(middle)),
                    ..all()
                },
            ),
            (
                "one tool",
                RecordQuery {
                    tool: some("tool_7"),
                    ..all()
                },
            ),
            (
                "one server",
                RecordQuery {
                    server: some("server-3"),
                    ..all()
                },
            ),
            (
                "one client",
                RecordQuery {
                    client: some("/usr/lib/clients/client-2"),
                    ..all()
                },
            ),
            (
                "refused",
                RecordQuery {
                    decision: some("BLOCK"),
                    ..all()
                },
            ),
            (
                "refused, one tool, one server",
                RecordQuery {
                    decision: some("BLOCK"),
                    tool: some("tool_7"),
                    server: some("server-0"),
                    ..all()
                },
            ),
            (
                "one session",
                RecordQuery {
                    session: some(&session),
                    ..all()
                },
            ),
            (
                "events",
                RecordQuery {
                    kinds: vec![RecordKind::Event],
                    ..all()
                },
            ),
            (
                "outcomes",
                RecordQuery {
                    kinds: vec![RecordKind::Outcome],
                    ..all()
                },
            ),
            (
                "one event",
                RecordQuery {
                    event: some("DLP_TRIGGERED"),
                    ..all()
                },
            ),
            (
                "a rare client",
                RecordQuery {
                    client: some("a-rare-client"),
                    ..all()
                },
            ),
            (
                "a tool there is not",
                RecordQuery {
                    tool: some("nothing"),
                    ..all()
                },
            ),
            (
                "an event there is not",
                RecordQuery {
                    event: some("NOTHING"),
                    ..all()
                },
            ),
        ];
        for (name, query) in queries {
            self.list(name, &query);
        }
    }

    fn searches(&mut self) {
        let q = |text: &str| RecordQuery {
            q: Some(text.to_owned()),
            ..RecordQuery::default()
        };
        let server = Some("server-3".to_owned());
        let decision = Some("BLOCK".to_owned());
        let middle = Some(rfc3339(time_of(self.records / 2, self.records)));
        let queries = [
            ("a common word", q("project")),
            ("two common words", q("project invoice")),
            ("a rare word", q("zanzibar")),
            ("no word there is", q("nowhere")),
            ("one letter", q("p")),
            ("one digit and a rare word", q("zanzibar 1")),
            ("one digit and no word there is", q("nowhere 1")),
            ("a path", q("invoice/backup/file_1")),
            ("a file", q("file_123457.rs")),
            (
                "a common word, refused, one server",
                RecordQuery {
                    server,
                    decision,
                    ..q("project")
                },
            ),
            (
                "a rare word until the middle",
                RecordQuery {
                    until: middle,
                    ..q("zanzibar")
                },
            ),
        ];
        for (name, query) in queries {
            self.list(&format!("search: {name}"), &query);
        }
    }

    /// A page of a search where nothing is indexed yet: so many records are read, and no more.
    fn unindexed(&self) {
        let q = Some("nowhere".to_owned());
        let query = RecordQuery {
            q,
            ..RecordQuery::default()
        };
        let wanted = Wanted::read(query).unwrap();
        let micros = sampled(|| {
            let store = store::open_to_read(&self.path).unwrap();
            page(&store, None, &wanted).unwrap().records.len()
        });
        self.row("search without an index, one page", 0, "1", micros);
    }

    fn figures(&self) {
        let last = time_of(self.records - 1, self.records).div_euclid(HOUR_MS);
        for (name, hours) in [("24 hours", 24), ("30 days", 720), ("a year", 8784)] {
            let ask = || {
                let store = store::open_to_read(&self.path).unwrap();
                let figures = self.derived.ask(Part::Figures, &store, |index| {
                    index.unwrap().figures(last - hours + 1, last)
                });
                let shown = figures.unwrap().shown();
                let value = serde_json::to_value(&shown).unwrap();
                drop(value.to_string());
                shown.hours.len()
            };
            let rows = ask();
            self.row(&format!("figures of {name}"), rows, "1", sampled(ask));
        }
    }

    fn stories(&self) {
        let open = || store::open_to_read(&self.path).unwrap();
        let story_of = |store: &Connection, seq: usize| {
            let story = story::story(store, seq as u64).unwrap().unwrap();
            1 + story.related.len() + usize::from(story.outcome.is_some())
        };
        let middle = self.records / 2 + 1;
        let ask = || story_of(&open(), middle);
        self.row("one record's story", ask(), "1", sampled(ask));
        let ask = || {
            let state = holdings::state(&open()).unwrap();
            usize::try_from(state.records).unwrap().min(1)
        };
        self.row("the store's state", ask(), "1", sampled(ask));
    }
}
