//! Pages have each record that fits exactly once, found by the index or not.

use proptest::prelude::*;
use wire::control::{RecordKind, RecordQuery};

use super::made::{
    BEGINS, CLIENTS, DECISIONS, EVENTS, HOUR_MS, Known, Made, SERVERS, SESSIONS, Seed, TOOLS,
};
use crate::audit::derived::Part;
use crate::audit::page::{Wanted, page};
use crate::time::rfc3339;

/// A query, and the same as it is to be understood.
struct Asked {
    query: RecordQuery,
    /// Words, each of which must follow on the one before where it says so.
    phrases: Vec<Vec<&'static str>>,
    /// The last word may go on.
    open: bool,
}

const PHRASES: [(&str, &[&[&str]], bool); 12] = [
    ("alpha", &[&["alpha"]], true),
    ("ALPHA beta", &[&["alpha"], &["beta"]], true),
    ("main.rs", &[&["main", "rs"]], true),
    ("main.r", &[&["main", "r"]], true),
    ("\"alpha beta\"", &[&["alpha", "beta"]], false),
    (
        "\"beta, alpha\" text",
        &[&["beta", "alpha"], &["text"]],
        true,
    ),
    ("été", &[&["été"]], true),
    ("字", &[&["字"]], true),
    ("read_file 4", &[&["read", "file"], &["4"]], true),
    ("\"42\"", &[&["42"]], false),
    ("nowhere", &[&["nowhere"]], true),
    ("  - ! \" ", &[], false),
];

fn asked(seed: &mut Seed) -> Asked {
    let mut query = RecordQuery::default();
    let some = |seed: &mut Seed, of: &[&str]| (seed.below(4) == 0).then(|| seed.one(of).to_owned());
    query.tool = some(seed, &TOOLS);
    query.server = some(seed, &SERVERS);
    query.client = some(seed, &CLIENTS);
    query.decision = some(seed, &DECISIONS);
    query.session = some(seed, &[SESSIONS[0], SESSIONS[2], "019a", "019b", "zz"]);
    if seed.below(6) == 0 {
        query.event = Some(seed.one(&EVENTS).to_owned());
    }
    let at = |seed: &mut Seed| {
        let hours = i64::try_from(seed.below(200)).unwrap();
        (seed.below(4) == 0).then(|| rfc3339(BEGINS + hours * HOUR_MS))
    };
    query.since = at(seed);
    query.until = at(seed);
    query.kinds = match seed.below(4) {
        0 => vec![RecordKind::Event],
        1 => vec![RecordKind::Decision, RecordKind::Outcome],
        2 => vec![RecordKind::Outcome],
        _ => Vec::new(),
    };
    query.limit = Some(1 + seed.below(60));
    let (mut phrases, mut open) = (Vec::new(), false);
    if seed.below(2) == 0 {
        let at = usize::try_from(seed.below(PHRASES.len() as u64)).unwrap();
        let (typed, words, is_open) = PHRASES[at];
        query.q = Some(typed.to_owned());
        phrases = words.iter().map(|it| it.to_vec()).collect();
        open = is_open;
    }
    Asked {
        query,
        phrases,
        open,
    }
}

impl Asked {
    fn fits(&self, it: &Known) -> bool {
        let query = &self.query;
        let is = |wanted: &Option<String>, value: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == value)
        };
        let kinds = if query.kinds.is_empty() {
            vec![RecordKind::Decision, RecordKind::Event]
        } else {
            query.kinds.clone()
        };
        let at = rfc3339(it.at);
        kinds.contains(&it.kind)
            && is(&query.tool, &it.tool)
            && is(&query.server, &it.server)
            && is(&query.client, &it.client)
            && is(&query.decision, it.decision)
            && is(&query.event, it.event)
            && query
                .session
                .as_ref()
                .is_none_or(|id| it.session.starts_with(id))
            && query.since.as_ref().is_none_or(|since| at >= *since)
            && query.until.as_ref().is_none_or(|until| at <= *until)
            && self.has_words(it)
    }

    fn has_words(&self, it: &Known) -> bool {
        let last = self.phrases.len().saturating_sub(1);
        self.phrases.iter().enumerate().all(|(n, phrase)| {
            it.words.windows(phrase.len()).any(|window| {
                window
                    .iter()
                    .zip(phrase)
                    .enumerate()
                    .all(|(at, (word, wanted))| {
                        let end = self.open && n == last && at + 1 == phrase.len();
                        word == wanted || (end && word.starts_with(wanted))
                    })
            })
        })
    }

    fn expected(&self, made: &Made) -> Vec<u64> {
        let fitting = made.known.iter().filter(|it| self.fits(it));
        let mut seqs: Vec<u64> = fitting.map(|it| it.seq).collect();
        seqs.reverse();
        seqs
    }
}

#[test]
fn pages_have_what_a_walk_through_the_store_finds() {
    let mut made = Made::new(11, 400);
    let mut seed = Seed(99);
    let mut some = 0;
    for n in 0..400 {
        if n == 200 {
            made.rolled(Part::Figures);
            made.rolled(Part::Words);
        }
        if n % 40 == 0 {
            made.more(10);
        }
        let asked = asked(&mut seed);
        let expected = asked.expected(&made);
        some += usize::from(!expected.is_empty());
        assert_eq!(
            made.pages(&asked.query, |_| {}),
            expected,
            "{:?}",
            asked.query
        );
    }
    assert!(some > 100, "{some} of them found anything");
}

#[test]
fn pages_have_each_record_once_while_new_ones_come() {
    let mut made = Made::new(5, 300);
    let queries = [
        RecordQuery::default(),
        RecordQuery {
            q: Some("alpha".to_owned()),
            ..RecordQuery::default()
        },
        RecordQuery {
            session: Some(SESSIONS[0].to_owned()),
            kinds: vec![RecordKind::Decision, RecordKind::Outcome],
            ..RecordQuery::default()
        },
    ];
    for query in queries {
        let query = RecordQuery {
            limit: Some(7),
            ..query
        };
        let before = made.pages(&query, |_| {});
        let last = made.known.len() as u64;
        let during = made.pages(&query, |made| made.more(3));
        let of_before: Vec<u64> = during.iter().copied().filter(|seq| *seq <= last).collect();
        assert_eq!(of_before, before);
        assert!(made.known.len() as u64 > last);
    }
}

#[test]
fn a_page_ends_where_nothing_older_fits() {
    let mut made = Made::new(5, 120);
    let mut asked = 0;
    let all = RecordQuery {
        kinds: vec![RecordKind::Decision, RecordKind::Event, RecordKind::Outcome],
        limit: Some(60),
        ..RecordQuery::default()
    };
    let found = made.pages(&all, |_| asked += 1);
    assert_eq!((found.len(), asked), (120, 1), "two full pages, no third");
    let after = RecordQuery {
        after: Some(100),
        ..all
    };
    let found = made.pages(&after, |_| {});
    assert_eq!(found, (101..=120).rev().collect::<Vec<u64>>());
}

/// Whatever is asked for, and with nothing derived at all.
#[test]
fn a_page_looks_at_so_many_records_and_says_where_to_go_on() {
    let made = Made::new(13, 350);
    let mut query = RecordQuery {
        q: Some("nowhere".to_owned()),
        ..RecordQuery::default()
    };
    let mut nexts = Vec::new();
    loop {
        let wanted = Wanted::read(query.clone()).unwrap();
        let page = page(&made.store, None, &wanted).unwrap();
        assert!(page.records.is_empty());
        query.before = page.next;
        match page.next {
            Some(next) => nexts.push(next),
            None => break,
        }
    }
    assert_eq!(nexts, [251, 151, 51]);
}

#[test]
fn what_is_not_indexed_yet_is_found_too() {
    let mut made = Made::new(21, 200);
    made.rolled(Part::Words);
    made.more(100);
    let query = RecordQuery {
        q: Some("beta".to_owned()),
        ..RecordQuery::default()
    };
    // Without a moment to spare, only a part is indexed.
    let now = std::time::Instant::now();
    drop(made.derived.rolled(Part::Words, &made.store, now).unwrap());
    let derived = std::fs::read(made.path()).unwrap();
    assert!(!derived.is_empty());
    let has = |it: &&Known| it.words.iter().any(|word| word.starts_with("beta"));
    let mut expected: Vec<u64> = made.known.iter().filter(has).map(|it| it.seq).collect();
    expected.reverse();
    assert_eq!(made.pages(&query, |_| {}), expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_is_typed_is_answered(typed in "\\PC{0,40}") {
        thread_local! {
            static MADE: std::cell::RefCell<Made> = std::cell::RefCell::new(Made::new(2, 40));
        }
        MADE.with_borrow_mut(|made| {
            let query = RecordQuery { q: Some(typed.clone()), ..RecordQuery::default() };
            let by_index = made.pages(&query, |_| {});
            let wanted = Wanted::read(query).unwrap();
            let page = page(&made.store, None, &wanted).unwrap();
            let by_walk: Vec<u64> = page.records.iter().map(|it| it.seq).collect();
            assert_eq!(by_index, by_walk, "{typed:?}");
        });
    }
}
