//! The calls that wait, as the screen holds them.

use std::hash::{DefaultHasher, Hash, Hasher};

use wire::control::Approval;

/// Arguments held, in bytes of all calls together; past it a call can be denied here and no more.
const HELD: usize = 64 * 1024 * 1024;

/// One call that waits.
#[derive(Clone, Debug)]
pub struct Ask {
    /// As the daemon told it; without arguments where they are not [`Self::held`].
    pub approval: Approval,
    /// Its arguments are here, all of them.
    pub held: bool,
    /// How long they are, in bytes.
    pub length: usize,
    /// Stands for all that a person is shown of it but the time left.
    pub print: u64,
    /// What was said to it is on its way to the daemon.
    pub said: bool,
}

/// Those that wait, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Asks {
    list: Vec<Ask>,
    held: usize,
}

impl Asks {
    /// One begins to wait, or what is known of it has changed.
    pub fn put(&mut self, mut approval: Approval) {
        let said = self.take(&approval.id).is_some_and(|it| it.said);
        let length = approval.args.len();
        let print = print(&approval);
        let held = self.held.saturating_add(length) <= HELD;
        if held {
            self.held += length;
        } else {
            approval.args = String::new();
        }
        let ask = Ask {
            approval,
            held,
            length,
            print,
            said,
        };
        let place = self.list.partition_point(|it| order(it) <= order(&ask));
        self.list.insert(place, ask);
    }

    /// It no longer waits.
    pub fn take(&mut self, id: &str) -> Option<Ask> {
        let at = self.place(id)?;
        let ask = self.list.remove(at);
        if ask.held {
            self.held = self.held.saturating_sub(ask.length);
        }
        Some(ask)
    }

    /// None of them is known to wait any more.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Where it stands.
    #[must_use]
    pub fn place(&self, id: &str) -> Option<usize> {
        self.list.iter().position(|it| it.approval.id == id)
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Ask> {
        self.list.iter().find(|it| it.approval.id == id)
    }

    /// Something was said to it, or that came to nothing.
    pub fn said(&mut self, id: &str, said: bool) {
        if let Some(ask) = self.list.iter_mut().find(|it| it.approval.id == id) {
            ask.said = said;
        }
    }

    /// The one at a place; the last one where there are fewer.
    #[must_use]
    pub fn near(&self, place: usize) -> Option<&Ask> {
        self.list.get(place).or(self.list.last())
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Ask] {
        &self.list
    }
}

fn order(ask: &Ask) -> (&str, &str) {
    (&ask.approval.asked, &ask.approval.id)
}

fn print(approval: &Approval) -> u64 {
    let Approval {
        id,
        session,
        client,
        project,
        server,
        tool,
        args,
        because,
        asked: _,
        deadline: _,
        extended: _,
        state: _,
        subject,
        before: _,
        grant: _,
    } = approval;
    let mut hasher = DefaultHasher::new();
    let shown = [
        id, session, client, project, server, tool, args, because, subject,
    ];
    shown.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn approval(id: &str, args: usize) -> Approval {
        Approval {
            id: id.to_owned(),
            args: "x".repeat(args),
            ..Approval::default()
        }
    }

    #[test]
    fn what_is_held_is_bounded_and_is_held_again_once_there_is_room() {
        let mut asks = Asks::default();
        asks.put(approval("a", HELD - 10));
        asks.put(approval("b", 20));
        assert!(asks.get("a").unwrap().held);
        let b = asks.get("b").unwrap();
        assert!(!b.held && b.approval.args.is_empty() && b.length == 20);
        asks.put(approval("a", HELD - 10));
        assert!(asks.get("a").unwrap().held, "not counted twice");
        asks.take("a");
        asks.put(approval("b", 20));
        assert!(asks.get("b").unwrap().held);
    }

    #[test]
    fn the_time_left_is_no_part_of_what_is_shown_and_the_arguments_are() {
        let print_of = |change: fn(&mut Approval)| {
            let mut it = approval("a", 3);
            change(&mut it);
            print(&it)
        };
        let as_it_is = print_of(|_| {});
        assert_eq!(as_it_is, print_of(|it| it.deadline = "later".to_owned()));
        assert_eq!(as_it_is, print_of(|it| it.extended = true));
        assert_ne!(as_it_is, print_of(|it| it.args.push('y')));
        assert_ne!(as_it_is, print_of(|it| it.tool.push('y')));
    }
}
