//! What is shown of which ask, and what counts as an answer: no bus in here. A word counts only
//! from the connection that owns the service's name, and only about a notification it showed.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use wire::control::Approval;

use entry::{Entry, Place};
use more::MORE;

use super::call::{Call, Heard};
use super::note::{Can, DEFAULT, DENY, Note, OPEN};
use crate::approval::shown::Shown;

mod entry;
mod more;

/// Asks that have a notification of their own at the same time; of the others one tells the number.
pub(super) const SHOWN: usize = 3;
/// Notifications handed over and not yet answered by their numbers: a service that hangs gets no
/// more of them.
const IN_FLIGHT: usize = 16;
/// How often the bus is asked to start the service, so that one that dies over and over rests.
const STARTS: usize = 3;
/// Words of strangers about one ask that are recorded.
const STRANGERS: u8 = 3;
/// A click sooner than this after notifications moved may have been meant for another.
const SETTLED: Duration = Duration::from_millis(500);

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Do {
    /// Ask it of the bus.
    Call(Call),
    /// A person answered.
    Answer { ask: String, allow: bool },
    /// A person wants a window.
    Open { ask: String },
    /// Record that a stranger answered.
    Record { ask: String, pid: Option<u32> },
    /// Say that notifications can't be shown.
    Complain(&'static str),
}

#[derive(Debug)]
struct Owner {
    name: String,
    pid: Option<u32>,
    can: Option<Can>,
}

/// All notifications of ours.
#[derive(Debug)]
pub(super) struct State {
    offer_allow: bool,
    owner: Option<Owner>,
    entries: BTreeMap<String, Entry>,
    in_flight: usize,
    starts: usize,
    /// When a notification last came or went.
    moved: Instant,
    todo: VecDeque<Do>,
}

impl State {
    /// At the beginning of a connection. With `offer_allow` a notification has a button that allows.
    pub(super) fn new(offer_allow: bool, now: Instant) -> Self {
        Self {
            offer_allow,
            owner: None,
            entries: BTreeMap::new(),
            in_flight: 0,
            starts: 0,
            moved: now,
            todo: [Do::Call(Call::Owner)].into(),
        }
    }

    /// The next thing to do.
    pub(super) fn poll(&mut self) -> Option<Do> {
        self.todo.pop_front()
    }

    /// Whether nothing is shown or under way.
    pub(super) fn idle(&self) -> bool {
        self.entries.is_empty() && self.in_flight == 0 && self.todo.is_empty()
    }

    /// The service's process.
    pub(super) fn pid(&self) -> Option<u32> {
        self.owner.as_ref().and_then(|owner| owner.pid)
    }

    /// The asks there is anything known of.
    pub(super) fn asks(&self) -> Vec<String> {
        let asks = self.entries.keys().filter(|id| *id != MORE);
        asks.cloned().collect()
    }

    /// How many asks there is room to show, and can be.
    pub(super) fn room(&self) -> usize {
        if self.ready().is_none() {
            return 0;
        }
        let shown = self
            .entries
            .iter()
            .filter(|(id, entry)| *id != MORE && matches!(entry.place, Place::Sent | Place::Up(_)));
        let flying = IN_FLIGHT.saturating_sub(self.in_flight);
        SHOWN.saturating_sub(shown.count()).min(flying)
    }

    /// Whether this ask is to be shown as soon as there is room.
    pub(super) fn wants(&self, ask: &str) -> bool {
        let entry = self.entries.get(ask);
        entry.is_none_or(|entry| matches!(entry.place, Place::Due(_)))
    }

    /// This ask waits no longer.
    pub(super) fn handle_over(&mut self, ask: &str, now: Instant) {
        if let Some(entry) = self.entries.remove(ask) {
            self.take_down(entry.place);
            self.moved = now;
        }
    }

    /// These are to be shown, `waiting` is how many wait in all, and `key` a fresh random word.
    pub(super) fn handle_waiting(
        &mut self,
        fresh: &[Approval],
        waiting: usize,
        key: impl Fn() -> Option<String>,
        now: Instant,
    ) {
        if let Some((owner, can)) = self.ready() {
            for approval in fresh {
                self.ask(&owner, can, approval, &key, now);
            }
        }
        self.tell_of_more(waiting);
    }

    /// Something was heard.
    pub(super) fn handle(&mut self, heard: Heard, now: Instant) {
        match heard {
            Heard::Nothing => {}
            Heard::Owner(owner) => self.owned_by(owner),
            Heard::Pid { owner, pid } => {
                if let Some(it) = self.owner.as_mut().filter(|it| it.name == owner) {
                    it.pid = Some(pid);
                }
            }
            Heard::Capabilities { owner, can } => {
                if let Some(it) = self.owner.as_mut().filter(|it| it.name == owner) {
                    it.can = Some(can);
                }
            }
            Heard::Shown { owner, ask, id } => self.shown(owner, &ask, id, now),
            Heard::Invoked { sender, id, key } => self.invoked(sender, id, &key, now),
            Heard::Closed { sender, id } => self.closed(&sender, id, now),
            Heard::Stranger { ask, pid } => self.todo.push_back(Do::Record { ask, pid }),
            Heard::Failed(call) => self.failed(call),
        }
    }

    /// The answer of a person did not end the ask, so it is asked again.
    pub(super) fn handle_unanswered(&mut self, ask: &str) {
        if let Some(entry) = self.entries.get_mut(ask) {
            entry.answered = false;
            entry.show_again();
        }
    }

    /// The service could be a client's own: it shows no buttons from now on, and says where to answer.
    pub(super) fn handle_distrusted(&mut self, ask: &str) {
        if let Some(can) = self.owner.as_mut().and_then(|it| it.can.as_mut()) {
            can.actions = false;
        }
        for (id, entry) in self.entries.iter_mut().filter(|(id, _)| *id != MORE) {
            match entry.place {
                Place::Up(id) => entry.place = Place::Due(id),
                Place::Gone if id == ask => entry.place = Place::Due(0),
                Place::Due(_) | Place::Sent | Place::Refused | Place::Gone => {}
            }
        }
        self.handle_unanswered(ask);
    }

    /// No window could be shown for this ask: its notification says where else to answer.
    pub(super) fn handle_not_opened(&mut self, ask: &str) {
        if let Some(entry) = self.entries.get_mut(ask) {
            entry.no_window = true;
            match entry.place {
                Place::Up(id) => entry.place = Place::Due(id),
                Place::Gone => entry.place = Place::Due(0),
                Place::Due(_) | Place::Sent | Place::Refused => {}
            }
        }
    }

    /// The daemon ends: everything is taken down.
    pub(super) fn handle_stop(&mut self) {
        self.todo.clear();
        for (_, entry) in std::mem::take(&mut self.entries) {
            self.take_down(entry.place);
        }
        self.owner = None;
    }

    fn ready(&self) -> Option<(String, Can)> {
        let owner = self.owner.as_ref()?;
        Some((owner.name.clone(), owner.can?))
    }

    fn ask(
        &mut self,
        owner: &str,
        can: Can,
        approval: &Approval,
        key: impl Fn() -> Option<String>,
        now: Instant,
    ) {
        let offer = self.offer_allow && can.actions;
        let allow = offer.then(key).flatten().map(|key| format!("allow-{key}"));
        let entry = self.entries.entry(approval.id.clone());
        let entry = entry.or_insert_with(Entry::new);
        let Place::Due(replaces) = entry.place else {
            return;
        };
        let shown = Shown::new(approval, 0);
        let note = Note::ask(&shown, can, allow.as_deref(), entry.no_window);
        let offered = |key: &String| note.actions.iter().any(|(it, _)| it == key);
        entry.allow = allow.filter(offered);
        self.notify(owner.to_owned(), &approval.id, replaces, note);
        self.moved = now;
    }

    fn notify(&mut self, owner: String, ask: &str, replaces: u32, note: Note) {
        if let Some(entry) = self.entries.get_mut(ask) {
            entry.place = Place::Sent;
        }
        self.in_flight += 1;
        let ask = ask.to_owned();
        self.todo.push_back(Do::Call(Call::Notify {
            owner,
            ask,
            replaces,
            note,
        }));
    }

    fn take_down(&mut self, place: Place) {
        let (Place::Up(id) | Place::Due(id)) = place else {
            return;
        };
        if let Some(owner) = self.owner.as_ref().filter(|_| id != 0) {
            let owner = owner.name.clone();
            self.todo.push_back(Do::Call(Call::Close { owner, id }));
        }
    }

    /// Numbers of an owner that is gone mean nothing to the next.
    fn owned_by(&mut self, owner: Option<String>) {
        if owner.is_some() && self.owner.as_ref().map(|it| &it.name) == owner.as_ref() {
            return;
        }
        self.entries.retain(|_, entry| {
            let gone = entry.place == Place::Gone && !entry.again;
            if !gone {
                entry.place = Place::Due(0);
                entry.allow = None;
            }
            gone || entry.answered || entry.no_window
        });
        self.in_flight = 0;
        self.owner = owner.map(|name| Owner {
            name,
            pid: None,
            can: None,
        });
        match &self.owner {
            Some(Owner { name, .. }) => {
                let (owner, same) = (name.clone(), name.clone());
                self.todo.push_back(Do::Call(Call::Pid { owner }));
                self.todo
                    .push_back(Do::Call(Call::Capabilities { owner: same }));
            }
            None if self.starts < STARTS => {
                self.starts += 1;
                self.todo.push_back(Do::Call(Call::Start));
            }
            None => {}
        }
    }

    fn shown(&mut self, owner: String, ask: &str, id: u32, now: Instant) {
        if !self.is_owner(&owner) {
            return;
        }
        self.in_flight = self.in_flight.saturating_sub(1);
        match self.entries.get_mut(ask) {
            Some(entry) if entry.place == Place::Sent => {
                entry.place = Place::Up(id);
                self.moved = now;
            }
            // It ended meanwhile.
            Some(_) | None => self.todo.push_back(Do::Call(Call::Close { owner, id })),
        }
    }

    fn invoked(&mut self, sender: String, id: u32, key: &str, now: Instant) {
        let by_owner = self.is_owner(&sender);
        let buttons = self.ready().is_some_and(|(_, can)| can.actions);
        let settled = now.saturating_duration_since(self.moved) >= SETTLED;
        let Some((ask, entry)) = self.up(id).filter(|(ask, _)| *ask != MORE) else {
            return;
        };
        let ask = ask.clone();
        if !by_owner {
            if entry.strangers < STRANGERS {
                entry.strangers += 1;
                self.todo
                    .push_back(Do::Call(Call::Stranger { sender, ask }));
            }
            return;
        }
        if entry.answered || !buttons {
            return;
        }
        let allows = entry.allow.as_deref() == Some(key);
        if allows && !settled {
            entry.again = true;
        } else if allows || key == DENY {
            entry.answered = true;
            self.todo.push_back(Do::Answer { ask, allow: allows });
        } else if key == OPEN || key == DEFAULT {
            self.todo.push_back(Do::Open { ask });
        }
    }

    fn closed(&mut self, sender: &str, id: u32, now: Instant) {
        if !self.is_owner(sender) {
            return;
        }
        self.moved = now;
        if let Some((_, entry)) = self.up(id) {
            entry.place = if entry.again {
                Place::Due(0)
            } else {
                Place::Gone
            };
            entry.again = false;
        }
    }

    fn failed(&mut self, call: Call) {
        match call {
            Call::Owner => self.owned_by(None),
            Call::Start => self.todo.push_back(Do::Complain(
                "no notification service runs or can be started",
            )),
            Call::Capabilities { owner } => {
                let none = Can::default();
                if let Some(it) = self.owner.as_mut().filter(|it| it.name == owner) {
                    it.can = Some(none);
                }
            }
            Call::Notify { owner, ask, .. } => {
                if !self.is_owner(&owner) {
                    return;
                }
                self.in_flight = self.in_flight.saturating_sub(1);
                if let Some(entry) = self.entries.get_mut(&ask) {
                    entry.place = Place::Refused;
                }
                self.todo
                    .push_back(Do::Complain("the notification service refuses to show one"));
            }
            Call::Stranger { ask, .. } => self.todo.push_back(Do::Record { ask, pid: None }),
            Call::Pid { .. } | Call::Close { .. } => {}
        }
    }

    fn is_owner(&self, sender: &str) -> bool {
        self.owner.as_ref().is_some_and(|it| it.name == sender)
    }

    fn up(&mut self, id: u32) -> Option<(&String, &mut Entry)> {
        self.entries
            .iter_mut()
            .find(|(_, entry)| entry.place == Place::Up(id))
    }
}

#[cfg(test)]
mod tests;
