//! The pages of a list, and when they make a whole one.

use engine::node::sha256_hex;
use serde::{Deserialize, Serialize};
use wire::json::Value;

/// How far a list has come. Its pages follow each other by their cursors, whose SHA-256 is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Paging {
    /// Each page so far was the one after the page before.
    sound: bool,
    /// The cursor of the page that is to come.
    next: Option<String>,
    /// The list is whole.
    pub(super) whole: bool,
}

/// Which page of a list a request asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Page {
    /// The first one.
    #[default]
    First,
    /// The one behind this cursor, by the cursor's SHA-256.
    After(String),
    /// That is not known.
    Unknown,
}

impl Page {
    /// What a list request's params ask for.
    #[must_use]
    pub fn asked(params: Option<&Value<'_>>) -> Self {
        match params.and_then(|params| params.get("cursor")) {
            // Some clients write out what they have none of.
            None | Some(Value::Null) => Self::First,
            Some(cursor) => Self::After(sha256_hex(cursor.to_json().as_bytes())),
        }
    }

    /// As the store keeps it.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::First => "first",
            Self::After(cursor) => cursor,
            Self::Unknown => "",
        }
    }

    /// As the store kept it.
    #[must_use]
    pub fn of_word(word: String) -> Self {
        match word.as_str() {
            "first" => Self::First,
            "" => Self::Unknown,
            _ => Self::After(word),
        }
    }
}

impl Paging {
    /// Takes in a page: the one that was asked for, and the cursor it ends with.
    pub(super) fn goes_on(&mut self, asked: &Page, next: Option<&Value<'_>>) {
        let follows = match asked {
            Page::First => true,
            Page::After(cursor) => self.sound && self.next.as_ref() == Some(cursor),
            Page::Unknown => false,
        };
        let next = next.filter(|next| **next != Value::Null);
        *self = Self {
            sound: follows,
            whole: follows && next.is_none(),
            next: next.map(|next| sha256_hex(next.to_json().as_bytes())),
        };
    }
}
