//! What a notification says. Its service may take it for markup or may not, so nothing in it can
//! be taken for markup: as entities where the service reads markup, as JSON escapes elsewhere.

use crate::approval::shown::Shown;
use crate::audit::escape::escaped;

/// A text longer than this is not surely shown whole, so it can't be allowed where it stands:
/// bytes. dunst cuts at 5,000.
const WHOLE: usize = 4 * 1024;

/// The most of a reason that is shown, in characters.
const WHY: usize = 300;

/// The key of the button that denies.
pub(super) const DENY: &str = "deny";
/// The key of the button that opens a window.
pub(super) const OPEN: &str = "open";
/// The key of a click on the notification itself.
pub(super) const DEFAULT: &str = "default";

/// What a notification service can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Can {
    /// It shows buttons.
    pub(super) actions: bool,
    /// It reads markup in the body.
    pub(super) markup: bool,
}

/// One notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    /// One line.
    pub(super) summary: String,
    /// The rest.
    pub(super) body: String,
    /// Keys and labels of its buttons.
    pub(super) actions: Vec<(String, &'static str)>,
}

impl Note {
    /// Of one ask; `allow` is the key of the button that allows, where there is to be one.
    pub(super) fn ask(shown: &Shown, can: Can, allow: Option<&str>, no_window: bool) -> Self {
        let mut facts = shown.facts.clone();
        if !can.actions || no_window {
            let id = plain(&shown.id);
            facts.push(format!(
                "Answer it: aipctl approve {id} or aipctl deny {id}"
            ));
        }
        let body = text(&shown.arguments, &facts, can);
        let whole = !shown.cut && body.len() <= WHOLE;
        let mut actions = Vec::new();
        if can.actions {
            actions.push((DENY.to_owned(), "Deny"));
            actions.push((OPEN.to_owned(), "Open"));
            actions.push((DEFAULT.to_owned(), "Open"));
            let allow = allow.filter(|_| whole);
            actions.extend(allow.map(|key| (key.to_owned(), "Allow once")));
        }
        Self {
            summary: plain(&shown.sentence),
            body,
            actions,
        }
    }

    /// Of those that are not shown one by one.
    pub(super) fn more(count: usize) -> Self {
        let wait = if count == 1 {
            "call waits"
        } else {
            "calls wait"
        };
        Self {
            summary: format!("{count} more {wait} for you"),
            body: "aipctl approvals lists them.".to_owned(),
            actions: Vec::new(),
        }
    }
}

impl Note {
    /// Of a policy file whose present version is not in force, and why.
    pub(super) fn policy(path: &str, why: &str, waits: bool) -> Self {
        let why = why.lines().next().unwrap_or_default();
        let start: String = why.chars().take(WHY).collect();
        let (path, why) = (escaped(path), escaped(&start));
        let next = if waits {
            "See the change and accept it: aipctl policy trust"
        } else {
            "Put the file right, and it is looked at again."
        };
        Self {
            summary: "A policy file has changed and is not in force".to_owned(),
            body: plain(&format!(
                "{path}: {why}\nThe version before it still decides. {next}"
            )),
            actions: Vec::new(),
        }
    }
}

fn text(arguments: &str, facts: &[String], can: Can) -> String {
    let text = format!("{arguments}\n\n{}", facts.join("\n"));
    if can.markup {
        entities(&text)
    } else {
        plain(&text)
    }
}

/// Shown as written by whoever reads markup.
fn entities(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// No markup to anybody.
fn plain(text: &str) -> String {
    text.replace('&', "\\u0026")
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Can = Can {
        actions: true,
        markup: true,
    };

    fn shown(arguments: &str, cut: bool) -> Shown {
        Shown {
            sentence: "a <b>wants</b> & b: c".to_owned(),
            arguments: arguments.to_owned(),
            facts: vec!["Asked because: x.yaml line 3".to_owned()],
            cut,
            id: "0bad".to_owned(),
        }
    }

    fn keys(note: &Note) -> Vec<&str> {
        note.actions.iter().map(|(key, _)| key.as_str()).collect()
    }

    #[test]
    fn nothing_in_it_is_markup_whatever_the_service_reads() {
        let hostile = shown(r#"{"x":"<img src='a'>&amp;"}"#, false);
        for markup in [true, false] {
            let can = Can { markup, ..ALL };
            let note = Note::ask(&hostile, can, None, false);
            assert!(!note.body.contains(['<', '>']) && !note.summary.contains(['<', '>', '&']));
            assert_eq!(note.body.contains("&lt;img src='a'&gt;&amp;amp;"), markup);
            assert_eq!(note.body.contains('&'), markup);
        }
    }

    #[test]
    fn allow_is_there_only_by_its_key_and_never_for_what_is_long() {
        let short = shown("{}", false);
        let without = Note::ask(&short, ALL, None, false);
        assert_eq!(keys(&without), ["deny", "open", "default"]);
        let with = Note::ask(&short, ALL, Some("allow-1"), false);
        assert_eq!(keys(&with), ["deny", "open", "default", "allow-1"]);
        for long in [shown("{}", true), shown(&"<".repeat(1100), false)] {
            let note = Note::ask(&long, ALL, Some("allow-1"), false);
            assert_eq!(keys(&note), ["deny", "open", "default"]);
        }
    }

    #[test]
    fn without_buttons_or_windows_it_says_where_to_answer() {
        let where_to = "Answer it: aipctl approve 0bad or aipctl deny 0bad";
        let bare = Note::ask(&shown("{}", false), Can::default(), Some("allow-1"), false);
        assert!(
            bare.actions.is_empty() && bare.body.ends_with(where_to),
            "{bare:?}"
        );
        let no_window = Note::ask(&shown("{}", false), ALL, None, true);
        assert!(no_window.body.ends_with(where_to));
        let usual = Note::ask(&shown("{}", false), ALL, None, false);
        assert!(!usual.body.contains(where_to));
    }
}
