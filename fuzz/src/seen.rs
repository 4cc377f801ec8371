//! Reads a line as one strict reader would, with code that shares nothing with the daemon's.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A JSON value in which no object has a key twice.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`, `true`, `false`, and numbers that are no integers of 64 bits.
    Plain,
    /// An integer.
    Integer(i64),
    /// A string.
    Text(String),
    /// An array.
    Array(Vec<Json>),
    /// An object.
    Object(BTreeMap<String, Json>),
}

/// A request's id. 1 is not "1".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A number.
    Number(i64),
    /// A string.
    Text(String),
}

/// What one message is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A request under this id.
    Request(Key),
    /// A notification.
    Notification,
    /// An answer to this id, or to none.
    Answer(Option<Key>),
}

/// What one line is.
#[derive(Clone, Debug)]
pub enum Line {
    /// One message.
    One(Kind),
    /// Several, some of them perhaps none.
    Batch(Vec<Option<Kind>>),
    /// No message.
    Junk,
}

impl Json {
    /// Reads bytes; `None` where a strict reader refuses them.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// A member of an object.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.get(key),
            _ => None,
        }
    }

    /// The items of an array that is a member.
    pub fn items(&self, key: &str) -> &[Self] {
        match self.get(key) {
            Some(Self::Array(items)) => items,
            _ => &[],
        }
    }

    /// A string.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// An id.
    pub fn key(&self) -> Option<Key> {
        match self {
            Self::Integer(number) => Some(Key::Number(*number)),
            Self::Text(text) => Some(Key::Text(text.clone())),
            _ => None,
        }
    }

    /// Whether some string in it, keys apart, fits.
    pub fn any_text(&self, fits: &impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Plain | Self::Integer(_) => false,
            Self::Text(text) => fits(text),
            Self::Array(items) => items.iter().any(|it| it.any_text(fits)),
            Self::Object(members) => members.values().any(|it| it.any_text(fits)),
        }
    }

    /// What message it is, if it is one.
    pub fn kind(&self) -> Option<Kind> {
        if self.get("jsonrpc")?.text()? != "2.0" {
            return None;
        }
        let id = self.get("id");
        let answers = [self.get("result"), self.get("error")];
        match (self.get("method"), answers.iter().flatten().count()) {
            (Some(Self::Text(_)), 0) => match id {
                None => Some(Kind::Notification),
                Some(id) => id.key().map(Kind::Request),
            },
            (None, 1) => Some(Kind::Answer(id.and_then(Self::key))),
            _ => None,
        }
    }
}

impl Line {
    /// What these bytes are.
    pub fn of(bytes: &[u8]) -> Self {
        match Json::read(bytes) {
            Some(Json::Array(items)) if !items.is_empty() => {
                Self::Batch(items.iter().map(Json::kind).collect())
            }
            Some(one) => one.kind().map_or(Self::Junk, Self::One),
            None => Self::Junk,
        }
    }

    /// Its messages.
    pub fn messages(&self) -> Vec<Option<Kind>> {
        match self {
            Self::One(kind) => vec![Some(kind.clone())],
            Self::Batch(kinds) => kinds.clone(),
            Self::Junk => vec![None],
        }
    }

    /// Whether a request with this id is in it.
    pub fn requests(&self, key: &Key) -> bool {
        let messages = self.messages();
        let mut ids = messages.iter().flatten();
        ids.any(|kind| matches!(kind, Kind::Request(id) if id == key))
    }
}

/// One line that goes out: nothing in it ends a line but its end.
pub fn one_line(line: &[u8]) -> Json {
    let shown = String::from_utf8_lossy(line);
    let text = std::str::from_utf8(line).expect("what goes out is UTF-8");
    let ends = |c: char| c < ' ' || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}');
    assert!(!text.contains(ends), "what goes out is one line: {shown:?}");
    let json = Json::read(line).unwrap_or_else(|| panic!("a strict reader refuses: {shown}"));
    assert!(
        json.kind().is_some(),
        "what goes out is one message: {shown}"
    );
    json
}

/// The lines of what goes out, their newlines taken off.
pub fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    if bytes.is_empty() {
        return Vec::new();
    }
    let whole = bytes
        .strip_suffix(b"\n")
        .expect("what goes out ends in a newline");
    whole.split(|it| *it == b'\n').collect()
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Json;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON without a key twice")
            }
            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Plain)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
                Ok(Json::Plain)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
                Ok(Json::Plain)
            }
            fn visit_i64<E>(self, it: i64) -> Result<Json, E> {
                Ok(Json::Integer(it))
            }
            fn visit_u64<E>(self, it: u64) -> Result<Json, E> {
                Ok(i64::try_from(it).map_or(Json::Plain, Json::Integer))
            }
            fn visit_str<E>(self, it: &str) -> Result<Json, E> {
                Ok(Json::Text(it.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Json, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = from.next_element()? {
                    items.push(item);
                }
                Ok(Json::Array(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Json, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((key, value)) = from.next_entry::<String, Json>()? {
                    if members.insert(key, value).is_some() {
                        return Err(A::Error::custom("a key twice"));
                    }
                }
                Ok(Json::Object(members))
            }
        }
        from.deserialize_any(Any)
    }
}
