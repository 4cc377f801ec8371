//! From events and keys to actions.

use super::*;

/// A state, and a clock of its own.
struct Sitting {
    state: State,
    at: Instant,
}

impl Sitting {
    /// These calls wait, and are drawn.
    fn with(ids: &[&str]) -> Self {
        let mut it = Self {
            state: State::default(),
            at: Instant::now(),
        };
        for id in ids {
            it.state.handle_ask(approval(id, "waiting"));
        }
        it.draw();
        it
    }

    fn draw(&mut self) {
        self.draw_as(true);
    }

    fn draw_as(&mut self, readable: bool) {
        let drawn = self.state.selected().map(|ask| Drawn {
            id: ask.approval.id.clone(),
            print: ask.print,
            readable,
            first: 0,
            page: 10,
        });
        self.state.handle_drawn(drawn, self.at);
    }

    fn later(&mut self, ms: u64) -> &mut Self {
        self.at += Duration::from_millis(ms);
        self
    }

    fn key(&mut self, key: Key) -> Option<Action> {
        self.state.handle_key(key, self.at)
    }

    fn says(&mut self, said: Said) -> Option<String> {
        match self.key(Key::Say(said))? {
            Action::Say { id, said: it } => {
                assert_eq!(it, said);
                Some(id)
            }
            Action::Quit => None,
        }
    }

    fn selected(&self) -> &str {
        self.state.selected().map_or("", |it| &it.approval.id)
    }

    fn notice(&self) -> &str {
        self.state.notice().unwrap_or_default()
    }
}

#[test]
fn a_key_answers_the_call_that_is_shown_and_only_once() {
    for said in [Said::Allow, Said::Deny, Said::Extend] {
        let mut it = Sitting::with(&["a1", "b2"]);
        assert_eq!(it.later(600).says(said), Some("a1".to_owned()));
        assert_eq!(it.later(600).says(said), None, "it is on its way");
    }
}

#[test]
fn what_has_only_just_appeared_is_not_answered() {
    let mut it = Sitting::with(&["a1"]);
    for (ms, said) in [(0, Said::Allow), (250, Said::Deny), (240, Said::Extend)] {
        assert_eq!(it.later(ms).says(said), None);
        assert!(it.notice().contains("only just"), "{}", it.notice());
    }
    // Drawing it again does not make it new.
    it.draw();
    assert_eq!(it.later(600).says(Said::Allow), Some("a1".to_owned()));
}

#[test]
fn what_slid_into_its_place_is_not_answered() {
    let mut it = Sitting::with(&["a1", "b2"]);
    it.later(600).state.handle_ask(approval("a1", "denied"));
    assert_eq!(it.selected(), "b2");
    assert_eq!(
        it.says(Said::Allow),
        None,
        "the screen still shows the first"
    );
    it.draw();
    assert_eq!(it.later(600).says(Said::Allow), Some("b2".to_owned()));
}

/// The key came first, though it is heard of after the screen was drawn anew.
#[test]
fn a_key_that_came_before_the_screen_changed_is_for_what_was_there() {
    let mut it = Sitting::with(&["a1", "b2"]);
    let pressed = it.later(600).at;
    it.later(1);
    it.state.handle_ask(approval("a1", "allowed"));
    it.draw();
    let key = Key::Say(Said::Allow);
    assert_eq!(it.state.handle_key(key, pressed), None);
    assert_eq!(it.selected(), "b2");
}

#[test]
fn a_call_that_is_shown_otherwise_than_before_is_new() {
    let mut it = Sitting::with(&["a1"]);
    let mut other = approval("a1", "waiting");
    other.args = "{\"rm\":\"/\"}".to_owned();
    it.later(600).state.handle_ask(other);
    assert_eq!(it.says(Said::Allow), None, "this was not shown");
    it.draw();
    assert_eq!(it.later(100).says(Said::Allow), None);
    let mut longer = it.state.selected().unwrap().approval.clone();
    longer.extended = true;
    it.later(600).state.handle_ask(longer);
    assert_eq!(it.says(Said::Extend), None);
    assert!(it.notice().contains("more time already"));
    assert_eq!(
        it.later(600).says(Said::Allow),
        Some("a1".to_owned()),
        "more time changes nothing of what was shown"
    );
}

#[test]
fn a_key_held_down_answers_once() {
    let mut it = Sitting::with(&["a1", "b2", "c3"]);
    let mut answered = Vec::new();
    it.later(600);
    for _ in 0..100 {
        if let Some(id) = it.says(Said::Allow) {
            it.state.handle_ask(approval(&id, "allowed"));
            answered.push(id);
        }
        it.draw();
        it.later(33);
    }
    assert_eq!(answered, ["a1"]);
}

#[test]
fn after_a_move_the_call_must_be_seen_first() {
    let mut it = Sitting::with(&["a1", "b2"]);
    it.later(600).key(Key::Go(Step::Down));
    assert_eq!(it.says(Said::Allow), None, "not drawn yet");
    it.draw();
    assert_eq!(it.later(100).says(Said::Allow), None);
    assert_eq!(it.later(600).says(Said::Allow), Some("b2".to_owned()));
}

#[test]
fn what_is_not_all_there_to_be_read_can_only_be_denied() {
    let mut it = Sitting::with(&["a1"]);
    it.draw_as(false);
    assert_eq!(it.later(600).says(Said::Allow), None);
    assert!(it.notice().contains("Enter shows the rest"));
    assert_eq!(it.later(600).says(Said::Deny), Some("a1".to_owned()));

    let mut it = Sitting::with(&[]);
    let mut long = approval("a1", "waiting");
    long.args = "x".repeat(65 * 1024 * 1024);
    it.state.handle_ask(long);
    it.draw();
    assert_eq!(it.later(600).says(Said::Allow), None);
    assert!(it.notice().contains("can't be allowed here"));
    assert_eq!(it.later(600).says(Said::Deny), Some("a1".to_owned()));
}

#[test]
fn no_other_key_says_anything() {
    let mut it = Sitting::with(&["a1"]);
    it.later(600);
    let keys = [
        Key::Details,
        Key::Back,
        Key::Help,
        Key::Other,
        Key::Go(Step::PageDown),
        Key::Go(Step::Last),
    ];
    for key in keys {
        assert_eq!(it.key(key), None, "{key:?}");
    }
    assert_eq!(it.key(Key::Quit), Some(Action::Quit));
}

#[test]
fn behind_the_help_nothing_is_answered() {
    let mut it = Sitting::with(&["a1"]);
    it.later(600).key(Key::Help);
    it.state.handle_drawn(None, it.at);
    assert_eq!(it.later(600).says(Said::Allow), None);
    it.key(Key::Help);
    it.draw();
    assert_eq!(it.later(100).says(Said::Allow), None, "it is new again");
}

#[test]
fn the_selection_stays_whatever_comes_and_goes_around_it() {
    let mut it = Sitting::with(&["b2", "c3"]);
    it.key(Key::Go(Step::Down));
    assert_eq!(it.selected(), "c3");
    it.state.handle_ask(approval("a1", "waiting"));
    it.state.handle_ask(approval("d4", "waiting"));
    it.state.handle_ask(approval("b2", "expired"));
    assert_eq!(it.selected(), "c3");
    it.state.handle_ask(approval("c3", "withdrawn"));
    assert_eq!(it.selected(), "d4");
    assert!(it.notice().contains("withdrawn"));
    it.state.handle_ask(approval("d4", "allowed"));
    assert_eq!(it.selected(), "a1");
}

#[test]
fn a_call_that_ends_while_it_is_read_closes_and_says_so() {
    let mut it = Sitting::with(&["a1", "b2"]);
    it.key(Key::Details);
    assert_eq!(it.state.view(), View::Details(0));
    it.key(Key::Go(Step::PageDown));
    assert_eq!(it.state.view(), View::Details(10));
    it.state.handle_ask(approval("b2", "denied"));
    assert_eq!(it.state.view(), View::Details(10));
    it.state.handle_ask(approval("a1", "denied"));
    assert_eq!(it.state.view(), View::List);
    assert_eq!(it.notice(), "files: write waits no more: denied.");
}

#[test]
fn without_a_daemon_nothing_waits() {
    let mut it = Sitting::with(&["a1"]);
    it.later(600)
        .state
        .handle_link(Link::Lost("aipd has ended".to_owned()));
    assert_eq!(it.says(Said::Allow), None);
    it.draw();
    it.state.handle_link(Link::Up);
    it.state.handle_ask(approval("a1", "waiting"));
    it.draw();
    assert_eq!(it.later(100).says(Said::Allow), None, "it is new again");
    assert_eq!(it.later(600).says(Said::Allow), Some("a1".to_owned()));
}

#[test]
fn what_the_daemon_made_of_it_is_said() {
    check(Said::Allow, Ok("allowed"), "Allowed once: files: write");
    check(Said::Deny, Ok("denied"), "Denied: files: write");
    check(Said::Extend, Ok("waiting"), "More time for files: write");
    check(
        Said::Allow,
        Ok("denied"),
        "files: write no longer waits, it is denied; your answer changed nothing.",
    );
    check(Said::Allow, Err("not\u{1b}[2J here"), "not\\u{1b}[2J here");

    fn check(said: Said, outcome: Result<&str, &str>, words: &str) {
        let mut it = Sitting::with(&["a1"]);
        it.later(600).says(said).unwrap();
        let outcome = outcome.map(|state| approval("a1", state));
        let again = outcome.is_err() || said == Said::Extend;
        it.state
            .handle_outcome("a1", said, outcome.map_err(str::to_owned));
        assert_eq!(it.notice(), words);
        let answered = it.later(600).says(Said::Deny).is_some();
        assert_eq!(answered, again, "what is answered is not answered again");
    }
}

#[test]
fn the_feed_is_bounded() {
    let mut it = Sitting::with(&[]);
    for n in 0..2 * FEED {
        let record = serde_json::json!({"tool": n.to_string(), "decision": "ALLOW"});
        it.state.handle_record(crate::record::brief(&record));
    }
    assert_eq!(it.state.feed().len(), FEED);
    assert_eq!(
        it.state.feed().back().unwrap().rest,
        (2 * FEED - 1).to_string()
    );
}

fn approval(id: &str, state: &str) -> Approval {
    Approval {
        id: id.to_owned(),
        server: "files".to_owned(),
        tool: "write".to_owned(),
        args: "{}".to_owned(),
        // In the order of their ids.
        asked: format!("2026-11-22T10:00:00.00{id}Z"),
        state: state.to_owned(),
        ..Approval::default()
    }
}
