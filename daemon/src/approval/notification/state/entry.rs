//! One notification of ours.

/// How far a notification is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// To be shown, in place of another where that is not 0.
    Due(u32),
    /// Handed over.
    Sent,
    /// On the screen under this number.
    Up(u32),
    /// The service did not take it.
    Refused,
    /// Closed; it doesn't come again.
    Gone,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) place: Place,
    /// The key of its button that allows. Nobody else knows it: another program may put a text of
    /// its own into our notification, and must not be able to give it this button.
    pub(super) allow: Option<String>,
    /// A person's answer is on its way.
    pub(super) answered: bool,
    /// It is shown once more when the service has closed it.
    pub(super) again: bool,
    /// No window could be shown.
    pub(super) no_window: bool,
    /// How many it tells of, where it stands for those not shown.
    pub(super) count: usize,
    /// Words of strangers about it that were recorded.
    pub(super) strangers: u8,
}

impl Entry {
    pub(super) fn new() -> Self {
        Self {
            place: Place::Due(0),
            allow: None,
            answered: false,
            again: false,
            no_window: false,
            count: 0,
            strangers: 0,
        }
    }

    pub(super) fn show_again(&mut self) {
        match self.place {
            Place::Gone => self.place = Place::Due(0),
            Place::Up(_) => self.again = true,
            Place::Due(_) | Place::Sent | Place::Refused => {}
        }
    }
}
