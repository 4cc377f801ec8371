use super::*;

const OWNER: &str = ":1.5";
const KEY: &str = "allow-0123";

/// A state at a service that can do all, and the clock.
struct At {
    state: State,
    now: Instant,
}

impl At {
    fn new(offer_allow: bool) -> Self {
        let now = Instant::now();
        let mut at = Self {
            state: State::new(offer_allow, now),
            now,
        };
        assert_eq!(at.done(), [Do::Call(Call::Owner)]);
        at.owned(OWNER);
        at
    }

    fn owned(&mut self, owner: &str) {
        self.hear(Heard::Owner(Some(owner.to_owned())));
        let owner = owner.to_owned();
        let can = Can {
            actions: true,
            markup: true,
        };
        self.hear(Heard::Capabilities { owner, can });
        let _calls = self.done();
    }

    fn hear(&mut self, heard: Heard) {
        self.state.handle(heard, self.now);
    }

    fn done(&mut self) -> Vec<Do> {
        std::iter::from_fn(|| self.state.poll()).collect()
    }

    /// What waits, as the daemon tells it; gives the notifications that are handed over for it,
    /// by ask and what they replace.
    fn waits(&mut self, asks: &[&str]) -> Vec<(String, u32, Note)> {
        let over: Vec<_> = self.state.asks();
        for ask in over.iter().filter(|it| !asks.contains(&it.as_str())) {
            self.state.handle_over(ask, self.now);
        }
        let fresh: Vec<_> = asks
            .iter()
            .filter(|id| self.state.wants(id))
            .take(self.state.room())
            .map(|id| Approval {
                id: (*id).to_owned(),
                args: "{}".to_owned(),
                ..Approval::default()
            })
            .collect();
        let key = || Some("0123".to_owned());
        self.state.handle_waiting(&fresh, asks.len(), key, self.now);
        let mut notes = Vec::new();
        self.state.todo.retain(|todo| {
            let Do::Call(Call::Notify {
                ask,
                replaces,
                note,
                ..
            }) = todo
            else {
                return true;
            };
            notes.push((ask.clone(), *replaces, note.clone()));
            false
        });
        notes
    }

    /// The service shows this one under a number.
    fn up(&mut self, ask: &str, id: u32) {
        let (owner, ask) = (OWNER.to_owned(), ask.to_owned());
        self.hear(Heard::Shown { owner, ask, id });
    }

    fn press(&mut self, sender: &str, id: u32, key: &str) -> Vec<Do> {
        let (sender, key) = (sender.to_owned(), key.to_owned());
        self.hear(Heard::Invoked { sender, id, key });
        self.done()
    }

    fn close(&mut self, id: u32) {
        let sender = OWNER.to_owned();
        self.hear(Heard::Closed { sender, id });
    }

    fn later(&mut self) {
        self.now += SETTLED;
    }
}

fn one_up(offer_allow: bool) -> At {
    let mut at = At::new(offer_allow);
    assert_eq!(at.waits(&["a"]).len(), 1);
    at.up("a", 7);
    at.later();
    at
}

fn answer(allow: bool) -> Vec<Do> {
    let ask = "a".to_owned();
    vec![Do::Answer { ask, allow }]
}

fn closes(id: u32) -> Do {
    let owner = OWNER.to_owned();
    Do::Call(Call::Close { owner, id })
}

#[test]
fn a_button_of_the_services_own_word_answers_once() {
    let mut at = one_up(false);
    assert_eq!(at.press(OWNER, 7, DENY), answer(false));
    assert_eq!(at.press(OWNER, 7, DENY), []);
    let mut at = one_up(true);
    assert_eq!(at.press(OWNER, 7, KEY), answer(true));
}

#[test]
fn an_unknown_number_or_key_answers_nothing() {
    let mut at = one_up(true);
    assert_eq!(at.press(OWNER, 8, DENY), []);
    for key in ["", "allow", "allow-", "allow-0124", "Deny", "yes", "0123"] {
        assert_eq!(at.press(OWNER, 7, key), [], "{key}");
    }
}

#[test]
fn nothing_allows_where_that_is_not_opted_in() {
    let mut at = one_up(false);
    for key in [KEY, "allow", DEFAULT, OPEN] {
        assert!(!at.press(OWNER, 7, key).contains(&answer(true)[0]), "{key}");
    }
}

#[test]
fn a_click_on_the_text_opens() {
    let mut at = one_up(true);
    let opens = [Do::Open {
        ask: "a".to_owned(),
    }];
    assert_eq!(at.press(OWNER, 7, DEFAULT), opens);
    assert_eq!(at.press(OWNER, 7, OPEN), opens);
}

#[test]
fn a_strangers_word_is_recorded_a_few_times_and_counts_never() {
    let mut at = one_up(true);
    let mut recorded = 0;
    for _ in 0..100 {
        for key in [DENY, KEY, OPEN] {
            for todo in at.press(":1.66", 7, key) {
                let sender = ":1.66".to_owned();
                let ask = "a".to_owned();
                assert_eq!(todo, Do::Call(Call::Stranger { sender, ask }));
                recorded += 1;
            }
        }
    }
    assert_eq!(recorded, STRANGERS);
    at.hear(Heard::Closed {
        sender: ":1.66".to_owned(),
        id: 7,
    });
    assert_eq!(at.press(OWNER, 7, DENY), answer(false));
}

#[test]
fn closing_answers_nothing_and_it_does_not_come_again() {
    let mut at = one_up(false);
    at.close(7);
    assert_eq!(at.done(), []);
    assert_eq!(at.waits(&["a"]), []);
    assert_eq!(at.press(OWNER, 7, DENY), []);
}

#[test]
fn a_notification_goes_as_soon_as_its_ask_is_over() {
    let mut at = one_up(false);
    assert_eq!(at.waits(&[]), []);
    assert_eq!(at.done(), [closes(7)]);
    assert!(at.state.idle());

    let mut at = At::new(false);
    let _handed_over = at.waits(&["a"]);
    let _over_before_it_is_up = at.waits(&[]);
    assert!(!at.state.idle());
    at.up("a", 9);
    assert_eq!(at.done(), [closes(9)]);
    assert!(at.state.idle());
}

#[test]
fn of_many_the_oldest_are_shown_and_the_rest_is_a_number() {
    let mut at = At::new(false);
    let names: Vec<String> = (0..1000).map(|n| format!("{n:04}")).collect();
    let asks: Vec<&str> = names.iter().map(String::as_str).collect();
    let notes = at.waits(&asks);
    let shown: Vec<_> = notes.iter().map(|(ask, ..)| ask.as_str()).collect();
    assert_eq!(shown, ["0000", "0001", "0002", MORE]);
    assert_eq!(notes[3].2.summary, "997 more calls wait for you");
    for (ask, id) in [("0000", 1), ("0001", 2), ("0002", 3), (MORE, 4)] {
        at.up(ask, id);
    }
    assert_eq!(at.press(OWNER, 4, DENY), [], "the number is no ask");
    let notes = at.waits(&asks[1..]);
    let shown: Vec<_> = notes
        .iter()
        .map(|(ask, id, _)| (ask.as_str(), *id))
        .collect();
    assert_eq!(shown, [("0003", 0), (MORE, 4)]);
    at.up("0003", 5);
    at.up(MORE, 4);
    let _closed = at.done();
    assert_eq!(at.waits(&asks[1..4]), []);
    assert_eq!(at.done(), [closes(4)]);
}

#[test]
fn a_number_that_is_void_before_it_is_up_goes_and_is_told_anew() {
    let mut at = At::new(false);
    let _handed_over = at.waits(&["a", "b", "c", "d"]);
    assert_eq!(at.waits(&["a"]), []);
    assert_eq!(at.waits(&["a", "e", "f", "g"]).len(), 2, "e and f");
    at.up(MORE, 4);
    assert_eq!(at.done(), []);
    assert_eq!(at.waits(&["a", "e", "f", "g"]), [], "it is true again");
    let _over = at.waits(&[]);
    assert_eq!(at.done(), [closes(4)]);
}

#[test]
fn a_service_that_hangs_gets_only_so_many() {
    let mut at = At::new(false);
    let mut handed_over = 0;
    for n in 0..100 {
        handed_over += at.waits(&[&format!("{n}")]).len();
    }
    assert_eq!(handed_over, IN_FLIGHT);
    assert!(at.state.entries.len() <= SHOWN + 1);
}

#[test]
fn numbers_of_a_service_that_died_are_void_and_the_next_shows_anew() {
    let mut at = one_up(true);
    at.hear(Heard::Owner(None));
    assert_eq!(at.done(), [Do::Call(Call::Start)]);
    assert_eq!(at.press(OWNER, 7, DENY), []);
    assert_eq!(at.waits(&["a"]), [], "nobody is there to show it");
    at.owned(":1.8");
    assert_eq!(at.waits(&["a"]).len(), 1);
    at.up("a", 7);
    assert_eq!(at.press(OWNER, 7, DENY), [], "that one is dead");
    at.hear(Heard::Shown {
        owner: ":1.8".to_owned(),
        ask: "a".to_owned(),
        id: 1,
    });
    assert_eq!(at.press(":1.8", 1, DENY), answer(false));
}

#[test]
fn a_service_that_dies_over_and_over_is_left_alone() {
    let mut at = one_up(false);
    let mut starts = 0;
    for n in 0..20 {
        at.hear(Heard::Owner(None));
        starts += at
            .done()
            .iter()
            .filter(|it| **it == Do::Call(Call::Start))
            .count();
        at.owned(&format!(":2.{n}"));
    }
    assert_eq!(starts, STARTS);
}

#[test]
fn a_click_that_may_have_been_meant_for_another_allows_nothing() {
    let mut at = one_up(true);
    let _one_more_moves_it = at.waits(&["a", "b"]);
    assert_eq!(at.press(OWNER, 7, KEY), []);
    at.close(7);
    let notes = at.waits(&["a", "b"]);
    assert_eq!(notes.len(), 1, "it is asked again: {notes:?}");
    at.up("a", 9);
    at.later();
    assert_eq!(at.press(OWNER, 9, KEY), answer(true));
}

#[test]
fn where_no_window_opens_it_says_where_to_answer() {
    for closed in [false, true] {
        let mut at = one_up(false);
        let _opens = at.press(OWNER, 7, OPEN);
        if closed {
            at.close(7);
        }
        at.state.handle_not_opened("a");
        let notes = at.waits(&["a"]);
        let (_, replaces, note) = &notes[0];
        assert_eq!(*replaces, if closed { 0 } else { 7 });
        assert!(note.body.contains("aipctl approve a"), "{note:?}");
    }
}

#[test]
fn an_answer_that_did_not_count_is_asked_for_again() {
    let mut at = one_up(false);
    assert_eq!(at.press(OWNER, 7, DENY), answer(false));
    at.close(7);
    at.state.handle_unanswered("a");
    assert_eq!(at.waits(&["a"]).len(), 1);
    at.up("a", 8);
    assert_eq!(at.press(OWNER, 8, DENY), answer(false));
}

#[test]
fn a_service_that_could_be_a_clients_own_shows_no_buttons_any_more() {
    let mut at = one_up(true);
    assert_eq!(at.press(OWNER, 7, KEY), answer(true));
    at.state.handle_distrusted("a");
    let notes = at.waits(&["a", "b"]);
    for (ask, replaces, note) in &notes {
        assert_eq!(*replaces, if ask == "a" { 7 } else { 0 });
        assert!(note.actions.is_empty() && note.body.contains("aipctl approve"));
    }
    assert_eq!(notes.len(), 2);
    at.up("a", 7);
    at.later();
    for key in [DENY, KEY, OPEN] {
        assert_eq!(at.press(OWNER, 7, key), []);
    }
}

#[test]
fn at_the_end_all_is_taken_down() {
    let mut at = one_up(false);
    at.state.handle_stop();
    assert_eq!(at.done(), [closes(7)]);
    assert_eq!(at.waits(&["a"]), []);
}
