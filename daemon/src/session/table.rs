//! Requests under way in one direction, by id (1 is not "1"), bounded.

use std::collections::{BTreeSet, HashMap, VecDeque};

use wire::rpc::Id;

use super::learnt::Page;
use super::progress::Token;

/// The most requests one side may have under way.
pub const MAX_OUTSTANDING: usize = 1024;

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It waits for a person and was not forwarded.
    Asking,
    /// Its verdict was to forward it; `written` once the shim said so.
    Forwarded {
        /// The other side has it for certain.
        written: bool,
    },
    /// Its answer, that frame of the other side, is on its way.
    Answered {
        /// The frame.
        by: u64,
    },
}

/// One request under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The frame it came in.
    pub number: u64,
    /// Its method, in MCP's spelling.
    pub method: String,
    /// Its tool, for a call: the name forwarded.
    pub tool: Option<String>,
    /// What its records share.
    pub call_id: String,
    /// When it came, ms since 1970.
    pub began_ms: i64,
    /// Whether a decision of it was recorded, so that its outcome is too.
    pub recorded: bool,
    /// Which page it asked for, where it asked for a list.
    pub page: Page,
    /// Under which token it wants to hear of its progress.
    pub progress: Token,
    /// Known from an earlier daemon: its frame may be sent again.
    pub restored: bool,
    /// Where it stands.
    pub phase: Phase,
}

/// Why a request can't begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// Its id is in use.
    Duplicate,
    /// Too many are under way.
    TooMany,
}

/// The requests under way in one direction.
#[derive(Debug, Default)]
pub struct Table {
    entries: HashMap<Id, Entry>,
    /// Frames that carry answers, until the shim has written them.
    answers: HashMap<u64, Vec<Id>>,
    /// Requests under way whose sender has cancelled them, oldest first: an answer may still come,
    /// or never.
    cancelled: VecDeque<Id>,
}

impl Table {
    /// Whether a request with this id may begin.
    ///
    /// # Errors
    /// See [`Full`].
    pub fn admits(&self, id: &Id) -> Result<(), Full> {
        let answered = |entry: &Entry| matches!(entry.phase, Phase::Answered { .. });
        if self.entries.get(id).is_some_and(|entry| !answered(entry)) {
            return Err(Full::Duplicate);
        }
        if self.entries.len() < MAX_OUTSTANDING {
            return Ok(());
        }
        let answered = self.answered();
        let waited_for = self.entries.len() - answered - self.cancelled.len();
        if waited_for >= MAX_OUTSTANDING || answered >= MAX_OUTSTANDING {
            return Err(Full::TooMany);
        }
        Ok(())
    }

    /// A request begins. Where the table is full, those cancelled longest ago make room: they are
    /// returned, and nobody waits for them.
    pub fn begin(&mut self, id: Id, entry: Entry) -> Vec<(Id, Entry)> {
        self.remove(&id);
        let mut gone = Vec::new();
        while self.entries.len() >= MAX_OUTSTANDING
            && self.entries.len() - self.answered() >= MAX_OUTSTANDING
        {
            let Some(oldest) = self.cancelled.front().cloned() else {
                break;
            };
            gone.extend(self.remove(&oldest).map(|entry| (oldest, entry)));
        }
        self.entries.insert(id, entry);
        gone
    }

    fn answered(&self) -> usize {
        let answered = |entry: &&Entry| matches!(entry.phase, Phase::Answered { .. });
        self.entries.values().filter(answered).count()
    }

    /// The sender no longer waits for this request, which was forwarded.
    pub fn cancel(&mut self, id: &Id) {
        if self.forwarded(id).is_some() && !self.is_cancelled(id) {
            self.cancelled.push_back(id.clone());
        }
    }

    /// Whether the sender no longer waits for it.
    #[must_use]
    pub fn is_cancelled(&self, id: &Id) -> bool {
        self.cancelled.contains(id)
    }

    /// A request that did not begin after all, or is over without an answer.
    pub fn remove(&mut self, id: &Id) -> Option<Entry> {
        let entry = self.entries.remove(id)?;
        self.cancelled.retain(|it| it != id);
        if let Phase::Answered { by } = entry.phase
            && let Some(ids) = self.answers.get_mut(&by)
        {
            ids.retain(|it| it != id);
            if ids.is_empty() {
                self.answers.remove(&by);
            }
        }
        Some(entry)
    }

    /// A request that may be answered now.
    #[must_use]
    pub fn forwarded(&self, id: &Id) -> Option<&Entry> {
        let entry = self.entries.get(id)?;
        matches!(entry.phase, Phase::Forwarded { .. }).then_some(entry)
    }

    /// Whether a request that was forwarded wants to hear of progress under this token, or may.
    #[must_use]
    pub fn wants_progress(&self, token: Option<&Id>) -> bool {
        let mut forwarded = self.entries.values().filter(|it| it.phase != Phase::Asking);
        forwarded.any(|it| it.progress.may_be(token))
    }

    /// The requests that came in this frame and have had no answer.
    #[must_use]
    pub fn of_frame(&self, number: u64) -> Vec<Id> {
        let open = self.unanswered().into_iter();
        open.filter(|(_, entry)| entry.number == number)
            .map(|(id, _)| id)
            .collect()
    }

    /// Any request with this id.
    #[must_use]
    pub fn get(&self, id: &Id) -> Option<&Entry> {
        self.entries.get(id)
    }

    /// The request goes on: one that waited was allowed, or one known from an earlier daemon has
    /// come again. What comes under its id now is another.
    pub fn release(&mut self, id: &Id) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.restored = false;
            if entry.phase == Phase::Asking {
                entry.phase = Phase::Forwarded { written: false };
            }
        }
    }

    /// The request's answer is frame `by`.
    pub fn answer(&mut self, id: &Id, by: u64) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.phase = Phase::Answered { by };
            self.cancelled.retain(|it| it != id);
            self.answers.entry(by).or_default().push(id.clone());
        }
    }

    /// The frame that carried answers has been written: their requests are over.
    pub fn answer_written(&mut self, by: u64) -> Vec<(Id, Entry)> {
        let ids = self.answers.remove(&by).unwrap_or_default();
        ids.into_iter()
            .filter_map(|id| {
                let entry = self.entries.remove(&id)?;
                Some((id, entry))
            })
            .collect()
    }

    /// The frames that are over once frame `by` is written: it has the last answer to a request of
    /// theirs.
    #[must_use]
    pub fn over_with(&self, by: u64) -> BTreeSet<u64> {
        let ids = self.answers.get(&by).into_iter().flatten();
        let answered = ids.filter_map(|id| Some(self.entries.get(id)?.number));
        let mut frames: BTreeSet<u64> = answered.collect();
        if frames.is_empty() {
            return frames;
        }
        for entry in self.entries.values() {
            match entry.phase {
                Phase::Answered { by: last } if last <= by => {}
                Phase::Answered { .. } | Phase::Asking | Phase::Forwarded { .. } => {
                    frames.remove(&entry.number);
                }
            }
        }
        frames
    }

    /// Whether answers are on their way.
    #[must_use]
    pub fn awaits_written(&self) -> bool {
        !self.answers.is_empty()
    }

    /// How many requests it holds.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many answers are on their way.
    pub(super) fn answers(&self) -> usize {
        self.answers.values().map(Vec::len).sum()
    }

    /// The request of this frame has been written to the other side.
    pub fn request_written(&mut self, number: u64) {
        for entry in self
            .entries
            .values_mut()
            .filter(|entry| entry.number == number)
        {
            if let Phase::Forwarded { written } = &mut entry.phase {
                *written = true;
            }
        }
    }

    /// Everything that has had no answer, by the frame it came in.
    #[must_use]
    pub fn unanswered(&self) -> Vec<(Id, Entry)> {
        let mut open: Vec<_> = self
            .entries
            .iter()
            .filter(|(_, entry)| !matches!(entry.phase, Phase::Answered { .. }))
            .map(|(id, entry)| (id.clone(), entry.clone()))
            .collect();
        open.sort_by_key(|(_, entry)| entry.number);
        open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u64) -> Entry {
        Entry {
            number,
            method: "tools/call".to_owned(),
            tool: None,
            call_id: String::new(),
            began_ms: 0,
            recorded: true,
            page: Page::First,
            progress: Token::None,
            restored: false,
            phase: Phase::Forwarded { written: false },
        }
    }

    #[test]
    fn a_number_and_its_text_are_two_ids() {
        let mut table = Table::default();
        table.begin(Id::Number(1), entry(1));
        assert_eq!(table.admits(&Id::String("1".to_owned())), Ok(()));
        assert_eq!(table.admits(&Id::Number(1)), Err(Full::Duplicate));
    }

    #[test]
    fn an_id_is_free_again_once_answered() {
        let mut table = Table::default();
        table.begin(Id::Number(1), entry(1));
        table.answer(&Id::Number(1), 7);
        assert_eq!(table.admits(&Id::Number(1)), Ok(()));
        assert!(
            table.forwarded(&Id::Number(1)).is_none(),
            "a second answer finds nothing"
        );
        table.begin(Id::Number(1), entry(2));
        assert!(
            table.answer_written(7).is_empty(),
            "the first answer does not end the second"
        );
        assert!(table.forwarded(&Id::Number(1)).is_some());
    }

    #[test]
    fn a_batch_is_over_with_the_last_of_its_answers() {
        let mut table = Table::default();
        for id in [1, 2] {
            table.begin(Id::Number(id), entry(5));
        }
        table.begin(Id::Number(3), entry(6));
        table.answer(&Id::Number(2), 7);
        table.answer(&Id::Number(3), 7);
        assert_eq!(table.over_with(7), BTreeSet::from([6]));
        table.answer(&Id::Number(1), 8);
        assert_eq!(table.over_with(7), BTreeSet::from([6]), "8 is not written");
        assert_eq!(table.over_with(8), BTreeSet::from([5]));
        table.answer_written(7);
        assert_eq!(table.over_with(8), BTreeSet::from([5]));
    }

    #[test]
    fn the_table_is_bounded() {
        let mut table = Table::default();
        for n in 0..MAX_OUTSTANDING {
            table.begin(Id::Number(n as i64), entry(n as u64));
        }
        assert_eq!(table.admits(&Id::Number(-1)), Err(Full::TooMany));
        table.answer(&Id::Number(0), 1);
        assert_eq!(table.admits(&Id::Number(-1)), Ok(()));
    }

    #[test]
    fn cancelled_requests_that_are_never_answered_make_room_the_oldest_first() {
        let mut table = Table::default();
        for n in 0..MAX_OUTSTANDING {
            table.begin(Id::Number(n as i64), entry(n as u64));
        }
        for n in [7, 3, 7] {
            table.cancel(&Id::Number(n));
        }
        assert_eq!(table.admits(&Id::Number(-1)), Ok(()));
        let gone = table.begin(Id::Number(-1), entry(5000));
        assert_eq!(
            gone.iter().map(|(id, _)| id).collect::<Vec<_>>(),
            [&Id::Number(7)]
        );
        assert!(
            table.forwarded(&Id::Number(3)).is_some(),
            "its answer may still come"
        );
        table.begin(Id::Number(-2), entry(5001));
        assert_eq!(table.admits(&Id::Number(-3)), Err(Full::TooMany));
    }
}
