//! The one notification that tells how many wait beside those that are shown.

use super::entry::{Entry, Place};
use super::{IN_FLIGHT, Note, State};

/// Its entry; no approval has this id.
pub(super) const MORE: &str = "";

impl State {
    /// Keeps the one notification true that tells how many more wait.
    pub(super) fn tell_of_more(&mut self, waiting: usize) {
        let known = self
            .entries
            .iter()
            .filter(|(id, entry)| *id != MORE && !matches!(entry.place, Place::Due(_)));
        let count = waiting.saturating_sub(known.count());
        if count == 0 {
            return self.tell_of_no_more();
        }
        let Some((owner, _)) = self.ready() else {
            return;
        };
        let entry = self.entries.entry(MORE.to_owned());
        let entry = entry.or_insert_with(Entry::new);
        let replaces = match entry.place {
            Place::Due(id) => id,
            Place::Up(id) if entry.count != count => id,
            Place::Sent | Place::Up(_) | Place::Refused | Place::Gone => return,
        };
        if self.in_flight < IN_FLIGHT {
            entry.count = count;
            self.notify(owner, MORE, replaces, Note::more(count));
        }
    }

    /// What is handed over is taken down when its number is known.
    fn tell_of_no_more(&mut self) {
        let place = self.entries.get(MORE).map(|entry| entry.place);
        if let Some(place) = place.filter(|place| *place != Place::Sent) {
            self.entries.remove(MORE);
            self.take_down(place);
        }
    }
}
