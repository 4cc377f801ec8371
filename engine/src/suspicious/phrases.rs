//! Sentences that speak to the model instead of telling what the tool is. A short list on
//! purpose: what hostile definitions have been seen to say, in English. It is matched against the
//! text in lower case, what is not seen left out, and any white space taken as one space.

use std::collections::HashSet;

use super::Foreign;
use crate::name::is_unprintable;

/// Said nowhere in an honest description.
const SAID: &[&str] = &[
    "<important>",
    "<system>",
    "</system>",
    "<secret>",
    "system prompt",
    "ignore previous instructions",
    "ignore all previous",
    "ignore all prior",
    "ignore prior instructions",
    "ignore the previous instructions",
    "ignore any previous",
    "ignore your instructions",
    "ignore the instructions above",
    "ignore the above instructions",
    "disregard previous",
    "disregard all previous",
    "disregard the previous",
    "disregard prior",
    "forget previous instructions",
    "forget all previous",
    "forget your instructions",
    "override your instructions",
    "do not tell the user",
    "don't tell the user",
    "never tell the user",
    "do not inform the user",
    "don't inform the user",
    "do not mention this",
    "don't mention this",
    "never mention this",
    "do not mention that you",
    "do not mention to the user",
    "do not reveal this",
    "do not show this to the user",
    "do not let the user",
    "don't let the user",
    "without telling the user",
    "without informing the user",
    "without the user knowing",
    "without asking the user",
    "hide this from the user",
    "keep this from the user",
    "keep this hidden from the user",
    "the user must not know",
    "user should not know",
];

/// A secret's usual place.
const SECRETS: &[&str] = &[
    "~/.ssh",
    ".ssh/",
    "id_rsa",
    "id_ed25519",
    "~/.aws",
    ".aws/credentials",
    "~/.netrc",
    "~/.kube",
    "~/.cursor",
    "mcp.json",
    "/etc/passwd",
    "/etc/shadow",
];

/// What is to be done with a secret's place before or while the tool is used.
const ERRANDS: &[&str] = &[
    "before using",
    "before calling",
    "before you use",
    "before you call",
    "read the file",
    "read file",
    "read ~",
    "contents of",
    "content of",
    "pass its",
    "pass the",
    "send the",
    "send its",
];

/// What makes the mention of another server's tool an order.
const ORDERS: &[&str] = &["must", "always", "instead of"];

/// Whether a text speaks to the model.
pub(super) fn instructs(text: &str, foreign: &[Foreign<'_>]) -> bool {
    let plain = plain(text);
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| plain.contains(phrase));
    has(SAID) || (has(SECRETS) && has(ERRANDS)) || (has(ORDERS) && mentions(&plain, foreign))
}

/// Whether a tool of another server is named, by a name that is no word of the language.
fn mentions(plain: &str, foreign: &[Foreign<'_>]) -> bool {
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let words: HashSet<&str> = plain.split(|c| !word(c)).collect();
    foreign.iter().any(|Foreign { name, .. }| {
        let telling = name.contains(['_', '-']) || name.chars().skip(1).any(char::is_uppercase);
        telling && words.contains(name.to_lowercase().as_str())
    })
}

fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_whitespace() {
            if !plain.ends_with(' ') {
                plain.push(' ');
            }
        } else if c == '\u{2019}' {
            plain.push('\'');
        } else if !is_unprintable(c) {
            plain.extend(c.to_lowercase());
        }
    }
    plain
}
