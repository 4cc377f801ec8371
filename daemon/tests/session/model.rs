//! Random traffic against a model that knows only which requests are open.

use std::collections::{BTreeMap, BTreeSet};

use aipd::session::state::Answer;
use proptest::prelude::*;
use serde_json::Value;
use wire::link::Stream;

use crate::out::Out;
use crate::world::{World, answer, call, request, tell};

const SPEC: &str = "ask_in_client: true\nallowed_tools: [free]\ntool_rules:\n  - {tool: ask, action: ask}\n  \
                    - {tool: rated, rate_limit: 2/hour}";
const TOOLS: [&str; 5] = ["free", "ask", "rated", "denied", "FREE"];

#[derive(Clone, Debug)]
enum Step {
    Call(u8, usize),
    /// A call whose record can't be written.
    Unwritten(u8, usize),
    List(u8),
    Junk,
    Cancel(u8),
    Answer(u8),
    ServerAsks(u8),
    ServerAnswered(u8),
    ServerTells,
    Person(usize, bool),
    /// What the client says to a question it has: allow, deny, or nothing.
    InClient(usize, Option<bool>),
    /// An answer to a question that is over.
    Late,
    Expire,
    Written,
    Killed,
}

fn step() -> impl Strategy<Value = Step> {
    let id = 0_u8..4;
    let tool = 0..TOOLS.len();
    prop_oneof![
        6 => (id.clone(), tool.clone()).prop_map(|(id, tool)| Step::Call(id, tool)),
        2 => (id.clone(), tool).prop_map(|(id, tool)| Step::Unwritten(id, tool)),
        2 => id.clone().prop_map(Step::List),
        1 => Just(Step::Junk),
        2 => id.clone().prop_map(Step::Cancel),
        5 => id.clone().prop_map(Step::Answer),
        2 => id.clone().prop_map(Step::ServerAsks),
        2 => id.prop_map(Step::ServerAnswered),
        1 => Just(Step::ServerTells),
        3 => (0_usize..4, any::<bool>()).prop_map(|(n, yes)| Step::Person(n, yes)),
        3 => (0_usize..4, any::<Option<bool>>()).prop_map(|(n, says)| Step::InClient(n, says)),
        1 => Just(Step::Late),
        1 => Just(Step::Expire),
        2 => Just(Step::Written),
        1 => Just(Step::Killed),
    ]
}

/// What each side may still expect.
struct Model {
    world: World,
    /// The client's open requests: forwarded, or waiting under an approval.
    open: BTreeMap<u8, Option<String>>,
    /// What the client is asked of them, by the question's id.
    questions: BTreeMap<u8, Value>,
    /// Calls that wait whose question the client has closed.
    closed: BTreeSet<u8>,
    /// The last question that is over.
    over: Option<Value>,
    /// The server's.
    asked: BTreeMap<u8, ()>,
    /// Requests under way that the client has cancelled, as far as this daemon knows.
    cancelled: BTreeSet<u8>,
    frames: u64,
    lines: BTreeMap<u8, (u64, String)>,
    rated: usize,
}

impl Model {
    fn new() -> Self {
        let mut model = Self {
            world: World::new(SPEC),
            open: BTreeMap::new(),
            questions: BTreeMap::new(),
            closed: BTreeSet::new(),
            over: None,
            asked: BTreeMap::new(),
            cancelled: BTreeSet::new(),
            frames: 0,
            lines: BTreeMap::new(),
            rated: 0,
        };
        let params = r#"{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{}}}"#;
        model.send(&request("100", "initialize", params));
        let result = r#"{"protocolVersion":"2025-11-25","capabilities":{}}"#;
        model.world.server(&answer("100", result));
        model.world.written(Stream::Server);
        model
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Call(id, tool) => self.call(*id, TOOLS[*tool]),
            Step::Unwritten(id, tool) => self.unwritten(*id, TOOLS[*tool]),
            Step::List(id) => {
                let out = self.send(&request(&id.to_string(), "tools/list", "{}"));
                self.begun(*id, &out);
            }
            Step::Junk => assert!(self.send("junk").code().is_some()),
            Step::Cancel(id) => self.cancel(*id),
            Step::Answer(id) => self.answer(*id),
            Step::ServerAsks(id) => {
                let out = self.world.server(&request(&id.to_string(), "ping", "{}"));
                let fresh = self.asked.insert(*id, ()).is_none();
                assert_eq!(out.as_is, fresh, "a duplicate of the server's");
            }
            Step::ServerAnswered(id) => {
                let out = self.send(&answer(&id.to_string(), "{}"));
                assert_eq!(out.as_is, self.asked.remove(id).is_some());
                self.world.wrote(Stream::Client, self.frames);
            }
            Step::ServerTells => {
                let line = tell("notifications/tools/list_changed", "{}");
                assert!(self.world.server(&line).as_is);
            }
            Step::Person(n, yes) => self.person(*n, *yes),
            Step::InClient(n, says) => self.in_client(*n, *says),
            Step::Late => self.late(),
            Step::Expire => self.expire(),
            Step::Written => {
                self.world.wrote(Stream::Client, self.frames);
            }
            Step::Killed => self.killed(),
        }
        self.asks_the_client();
        let waiting = self.open.values().flatten().count();
        assert_eq!(
            self.world.state.waiting().len(),
            waiting,
            "asks and the model agree"
        );
        assert_eq!(
            self.questions.len() + self.closed.len(),
            waiting,
            "each that waits is asked about once in the client"
        );
    }

    fn waits(&self, id: u8) -> bool {
        self.open.get(&id).is_some_and(Option::is_some)
    }

    /// The client is asked of a call that waits, and told of one that no longer does.
    fn asks_the_client(&mut self) {
        let (lines, batch) = self.world.with(0, |state, ctx| state.poll_questions(ctx));
        self.world.write(batch);
        let closed = std::mem::take(&mut self.closed);
        self.closed = closed.into_iter().filter(|id| self.waits(*id)).collect();
        for line in lines.iter().map(|line| crate::out::json(line)) {
            let known = |id: &u8| self.questions.contains_key(id) || self.closed.contains(id);
            if line["method"] == "elicitation/create" {
                let mut asked = self.open.keys().filter(|id| self.waits(**id) && !known(id));
                let id = *asked.next().expect("it is of a call that waits");
                self.questions.insert(id, line["id"].clone());
            } else {
                let named = &line["params"]["requestId"];
                let mut found = self.questions.iter().filter(|(_, it)| *it == named);
                let id = *found.next().expect("it is of a question").0;
                assert!(!self.waits(id), "taken back while the call waits");
                self.over = self.questions.remove(&id);
            }
        }
    }

    fn in_client(&mut self, n: usize, says: Option<bool>) {
        let Some((id, question)) = self.questions.iter().nth(n) else {
            return;
        };
        let (id, question) = (*id, question.clone());
        let result = match says {
            Some(true) => r#"{"action":"accept","content":{"answer":"allow"}}"#,
            Some(false) => r#"{"action":"decline"}"#,
            None => r#"{"action":"cancel"}"#,
        };
        let out = self.send(&answer(&question.to_string(), result));
        assert!(out.nothing(), "it goes no further: {out:?}");
        self.over = self.questions.remove(&id);
        let Some(yes) = says else {
            assert!(out.released.is_empty());
            self.closed.insert(id);
            return;
        };
        let [(_, forward, replies)] = out.released.try_into().expect("it waits");
        assert_eq!((forward.is_some(), replies.is_empty()), (yes, yes));
        if yes {
            self.open.insert(id, None);
        } else {
            self.open.remove(&id);
        }
    }

    fn late(&mut self) {
        if let Some(question) = self.over.clone() {
            let result = r#"{"action":"accept","content":{"answer":"allow"}}"#;
            let out = self.send(&answer(&question.to_string(), result));
            assert!(out.nothing() && out.released.is_empty(), "{out:?}");
        }
    }

    fn send(&mut self, line: &str) -> Out {
        self.frames += 1;
        self.world.client_again(self.frames, line)
    }

    fn call(&mut self, id: u8, tool: &str) {
        // Identical asks are one: here each is its own.
        let args = format!(r#"{{"n":{}}}"#, self.frames);
        let line = call(&id.to_string(), tool, &args);
        let out = self.send(&line);
        if self.begun(id, &out) {
            assert_ne!(tool, "denied", "nothing goes on that was refused");
            assert_eq!(tool == "ask", out.held, "{tool}");
            if let Some(forward) = &out.forward {
                assert!(!forward.contains("FREE"), "never the client's variant");
                self.rated += usize::from(tool == "rated");
                assert!(self.rated <= 2, "the rate holds");
            }
            self.lines.insert(id, (self.frames, line));
        }
    }

    /// Exactly one of: it goes on, it waits, it is answered at once.
    fn begun(&mut self, id: u8, out: &Out) -> bool {
        let ways = [out.forward.is_some(), out.held, !out.replies.is_empty()];
        assert_eq!(ways.iter().filter(|it| **it).count(), 1, "{out:?}");
        if self.open.contains_key(&id) {
            assert!(out.replies[0]["id"].is_null(), "the first is not touched");
            return false;
        }
        let begins = out.replies.is_empty();
        if begins {
            self.open.insert(id, out.asked());
        }
        begins
    }

    fn unwritten(&mut self, id: u8, tool: &str) {
        self.frames += 1;
        let line = call(&id.to_string(), tool, "{}");
        let judged = self.world.judge_client(self.frames, &line);
        self.world.state.undo(&self.world.in_force, judged.undo);
    }

    fn cancel(&mut self, id: u8) {
        let params = format!(r#"{{"requestId":{id}}}"#);
        let out = self.send(&tell("notifications/cancelled", &params));
        let forwarded = self.open.get(&id).is_some_and(Option::is_none);
        assert_eq!(
            out.as_is, forwarded,
            "only of its own, only what the server has"
        );
        if let Some(Some(_)) = self.open.get(&id) {
            self.open.remove(&id);
        }
        if forwarded {
            self.cancelled.insert(id);
        }
    }

    fn answer(&mut self, id: u8) {
        let out = self
            .world
            .server(&answer(&id.to_string(), r#"{"content":[]}"#));
        let expected = self.open.get(&id).is_some_and(Option::is_none);
        assert_eq!(
            out.forward.is_some(),
            expected,
            "an answer ends a request once"
        );
        if expected {
            self.open.remove(&id);
            self.cancelled.remove(&id);
            // Before the shim says so a daemon started anew can't know that it was answered.
            self.world.written(Stream::Server);
        }
    }

    fn person(&mut self, n: usize, yes: bool) {
        let waiting = self
            .open
            .iter()
            .filter_map(|(id, ask)| Some((*id, ask.clone()?)));
        let Some((id, ask)) = waiting.clone().nth(n) else {
            return;
        };
        let out = if yes {
            self.world.allow(&ask)
        } else {
            self.world.deny(&ask)
        };
        let [(_, forward, replies)] = out.expect("it waits").released.try_into().unwrap();
        assert_eq!((forward.is_some(), replies.is_empty()), (yes, yes));
        if yes {
            self.open.insert(id, None);
        } else {
            self.open.remove(&id);
        }
    }

    fn expire(&mut self) {
        self.world.now_ms += 61_000;
        for ask in self.world.state.expired(self.world.now_ms) {
            let out = self.world.answer(&ask, &Answer::Expired).expect("it waits");
            assert_eq!(out.released[0].2.len(), 1);
            self.open
                .retain(|_, waiting| waiting.as_ref() != Some(&ask));
        }
        assert_eq!(self.open.values().flatten().count(), 0);
    }

    /// The shim sends again what it has no verdict for: calls that wait.
    fn killed(&mut self) {
        self.world.killed_and_resumed();
        // It costs an answer that nobody waits for.
        self.cancelled.clear();
        // What its predecessor asked it takes back before it asks anew.
        let waiting = std::mem::take(&mut self.open);
        self.asks_the_client();
        assert!(self.questions.is_empty() && self.closed.is_empty());
        for (id, ask) in waiting {
            let again = ask.is_some();
            self.open.insert(id, ask.clone());
            if again {
                let (number, line) = &self.lines[&id];
                let out = self.world.client_again(*number, line);
                assert!(out.held && out.lines.is_empty(), "taken up: {out:?}");
                assert_eq!(out.asked(), ask);
                self.asks_the_client();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_request_ends_at_most_once_and_nothing_refused_goes_on(
        steps in prop::collection::vec(step(), 1..60)
    ) {
        let mut model = Model::new();
        for step in &steps {
            model.take(step);
        }
        let forwarded: Vec<u8> = model
            .open
            .iter()
            .filter_map(|(id, ask)| ask.is_none().then_some(*id))
            .filter(|id| !model.cancelled.contains(id))
            .collect();
        let (errors, _) = model.world.server_ends();
        let mut ended: Vec<u8> = errors
            .iter()
            .filter_map(|it| it["id"].as_u64()?.try_into().ok())
            .collect();
        ended.sort_unstable();
        prop_assert_eq!(ended, forwarded);
    }
}
