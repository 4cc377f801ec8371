//! What must not land in a policy that is made of recorded calls.

use std::sync::Arc;

use crate::session::redact;
use crate::session::state::InForce;

/// What ends a word in which a secret could stand.
const ENDS: &str = "\"'`,;=&?#(){}[]<>|";

/// Whether an argument of this name, or this text, is or holds a secret: by the patterns of every
/// policy in force, and by the looks that clients' configurations are masked by.
pub(super) fn is_secret(policies: &[Arc<InForce>], name: &str, text: &str) -> bool {
    let found = |it: &Arc<InForce>| redact::word(text, it.policy.dlp()) != text;
    telling(name) || policies.iter().any(found) || words(text).any(masks)
}

/// Whether the name says that the value is a secret.
fn telling(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii).collect();
    let telling = [
        "token",
        "secret",
        "passw",
        "api_key",
        "apikey",
        "credential",
    ];
    let lower = plain.to_lowercase();
    telling.iter().any(|it| lower.contains(it))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let ends = |it: char| it.is_whitespace() || ENDS.contains(it);
    text.split(ends)
        .filter(|it| !it.is_empty() && !it.starts_with('-'))
}

fn masks(word: &str) -> bool {
    let word = [word.to_owned()];
    clients::masked(&word) != word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_the_look_of_a_secret_is_one() {
        for (name, text, expected) in [
            ("path", "/srv/notes/a.txt", false),
            ("url", "https://a.example/x?y=1#z", false),
            ("query", "SELECT a FROM b WHERE c = 'd'", false),
            ("edits", r#"[{"oldText":"a","newText":"b"}]"#, false),
            ("thought", "count the pots, then: go on", false),
            ("api_key", "a", true),
            ("password", "hunter2", true),
            ("text", "my key is sk-abc123", true),
            ("text", r#"{"a":"ghp_0123456789abcdefghij"}"#, true),
            ("url", "https://user:pw@a.example/", true),
            ("text", "a1b2c3d4e5f6a7b8c9d0e1f2", true),
        ] {
            assert_eq!(is_secret(&[], name, text), expected, "{name} {text}");
        }
    }
}
