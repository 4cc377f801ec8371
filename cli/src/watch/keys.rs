//! What a key means.

use ratatui_crossterm::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What a person says to the call that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Let it through, once.
    Allow,
    /// Refuse it.
    Deny,
    /// I need more time.
    Extend,
}

/// Where to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// One up.
    Up,
    /// One down.
    Down,
    /// A screen up.
    PageUp,
    /// A screen down.
    PageDown,
    /// To the beginning.
    First,
    /// To the end.
    Last,
}

/// A key a person pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Says something to the call that is shown.
    Say(Said),
    /// Goes somewhere.
    Go(Step),
    /// Shows all of a call, and the list again.
    Details,
    /// Back to the list.
    Back,
    /// Says what the keys do.
    Help,
    /// Ends.
    Quit,
    /// Means nothing.
    Other,
}

impl Key {
    /// A key as the terminal tells it. With Alt or Control held down only Ctrl-C means anything;
    /// a key that is released, or repeats itself, none.
    #[must_use]
    pub fn of(event: KeyEvent) -> Self {
        if event.kind != KeyEventKind::Press {
            return Self::Other;
        }
        let code = event.code;
        if event.modifiers.contains(KeyModifiers::CONTROL) && code == KeyCode::Char('c') {
            return Self::Quit;
        }
        if event.modifiers.difference(KeyModifiers::SHIFT) != KeyModifiers::NONE {
            return Self::Other;
        }
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "whatever keys there may be, they mean nothing"
        )]
        match code {
            KeyCode::Char(letter) => Self::of_letter(letter),
            KeyCode::Up => Self::Go(Step::Up),
            KeyCode::Down => Self::Go(Step::Down),
            KeyCode::PageUp => Self::Go(Step::PageUp),
            KeyCode::PageDown => Self::Go(Step::PageDown),
            KeyCode::Home => Self::Go(Step::First),
            KeyCode::End => Self::Go(Step::Last),
            KeyCode::Enter => Self::Details,
            KeyCode::Esc => Self::Back,
            _ => Self::Other,
        }
    }

    fn of_letter(letter: char) -> Self {
        match letter {
            'a' => Self::Say(Said::Allow),
            'd' => Self::Say(Said::Deny),
            'e' => Self::Say(Said::Extend),
            'k' => Self::Go(Step::Up),
            'j' => Self::Go(Step::Down),
            ' ' => Self::Go(Step::PageDown),
            'g' => Self::Go(Step::First),
            'G' => Self::Go(Step::Last),
            '?' => Self::Help,
            'q' => Self::Quit,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_a_allows() {
        let plain = |code| Key::of(KeyEvent::new(code, KeyModifiers::NONE));
        assert_eq!(plain(KeyCode::Char('a')), Key::Say(Said::Allow));
        let codes = [
            KeyCode::Enter,
            KeyCode::Esc,
            KeyCode::Char(' '),
            KeyCode::Tab,
            KeyCode::Char('y'),
            KeyCode::Char('A'),
            KeyCode::Backspace,
            KeyCode::Delete,
            KeyCode::F(1),
        ];
        for code in codes {
            assert_ne!(plain(code), Key::Say(Said::Allow), "{code:?}");
        }
        let held = [KeyModifiers::ALT, KeyModifiers::CONTROL, KeyModifiers::META];
        for modifiers in held {
            let key = Key::of(KeyEvent::new(KeyCode::Char('a'), modifiers));
            assert_eq!(key, Key::Other, "{modifiers:?}");
        }
        for kind in [KeyEventKind::Repeat, KeyEventKind::Release] {
            let event = KeyEvent::new_with_kind(KeyCode::Char('a'), KeyModifiers::NONE, kind);
            assert_eq!(Key::of(event), Key::Other);
        }
    }

    #[test]
    fn control_c_ends() {
        let event = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(Key::of(event), Key::Quit);
    }
}
