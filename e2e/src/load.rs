//! Four clients that call as fast as they are answered, and what must hold of every call when
//! something went wrong in between.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Client;
use crate::home::Home;

/// Calls one client has under way at once.
const AT_ONCE: usize = 8;
/// The longest a call may go unanswered, a daemon's death and rebirth included.
pub const LONGEST: Duration = Duration::from_secs(30);

/// What became of every call, by its number.
#[derive(Debug, Default)]
pub struct Load {
    /// Answers with a result.
    pub results: BTreeSet<u64>,
    /// Answers with an error.
    pub errors: HashMap<u64, Value>,
}

/// Runs `calls` numbered calls from each client; `done` counts answers as they come.
///
/// # Panics
/// When a call is not answered, or twice.
#[must_use]
pub fn run(clients: Vec<Client>, calls: u64, done: &Arc<AtomicU64>) -> Load {
    let load = Arc::new(Mutex::new(Load::default()));
    let threads: Vec<_> = (0..)
        .zip(clients)
        .map(|(place, client)| {
            let (load, done) = (Arc::clone(&load), Arc::clone(done));
            std::thread::spawn(move || {
                one(client, place * calls..(place + 1) * calls, &load, &done)
            })
        })
        .collect();
    for thread in threads {
        thread
            .join()
            .expect("a client's calls were all answered, once");
    }
    std::mem::take(&mut load.lock().unwrap_or_else(PoisonError::into_inner))
}

fn one(mut client: Client, numbers: std::ops::Range<u64>, load: &Mutex<Load>, done: &AtomicU64) {
    let mut numbers = numbers.peekable();
    let mut open: HashMap<i64, u64> = HashMap::new();
    let mut last = Instant::now();
    while numbers.peek().is_some() || !open.is_empty() {
        while open.len() < AT_ONCE
            && let Some(number) = numbers.next()
        {
            open.insert(client.ask_call("echo", &json!({"n": number})), number);
        }
        let answer = client.find(LONGEST, |message| message.get("id").is_some());
        let answer = answer.unwrap_or_else(|| {
            panic!(
                "{:?} unanswered after {:?}; {}",
                open,
                last.elapsed(),
                client.stderr()
            )
        });
        last = Instant::now();
        let number = answer["id"].as_i64().and_then(|id| open.remove(&id));
        let number = number.unwrap_or_else(|| panic!("an answer to nothing: {answer}"));
        let mut load = load.lock().unwrap_or_else(PoisonError::into_inner);
        if answer.get("result").is_some() {
            load.results.insert(number);
        } else {
            load.errors.insert(number, answer);
        }
        done.fetch_add(1, Ordering::Relaxed);
    }
}

/// Holds the promise against a home after the load: every call answered, none twice on a
/// server, none there without its record, the audit whole.
///
/// # Panics
/// When anything is not as promised.
pub fn check_promise(home: &Home, load: &Load, servers: &[HashMap<u64, u64>], calls: u64) {
    let answered = load.results.len() + load.errors.len();
    assert_eq!(answered as u64, calls, "every call is answered once");
    let mut ran: HashMap<u64, u64> = HashMap::new();
    for (number, times) in servers.iter().flatten() {
        *ran.entry(*number).or_default() += times;
    }
    let twice: Vec<_> = ran.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "ran more than once: {twice:?}");
    for number in &load.results {
        assert!(
            ran.contains_key(number),
            "call {number} has a result but never ran"
        );
    }
    let mut allowed: HashMap<u64, u64> = HashMap::new();
    for line in home.decisions() {
        if line["decision"] == "ALLOW"
            && let Some(number) = line["args"]["n"].as_u64()
        {
            *allowed.entry(number).or_default() += 1;
        }
    }
    for number in ran.keys() {
        assert!(
            allowed.contains_key(number),
            "call {number} ran without a record"
        );
    }
    let doubled: Vec<_> = allowed.iter().filter(|(_, times)| **times > 1).collect();
    assert!(
        doubled.is_empty(),
        "one call, several decisions: {doubled:?}"
    );
    let verified = home.verifies();
    assert!(verified.status.success(), "audit verify: {verified:?}");
}
