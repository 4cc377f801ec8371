//! JSON read strictly and written back: number lexemes and key order are kept, and what two
//! readers could read differently is refused (duplicate keys, invalid UTF-8, NaN, and the like).
//! Bounded in depth and in nodes; linear in the input.

use std::borrow::Cow;

mod read;
mod text;
mod write;

pub use write::{write, write_string};

/// How many arrays and objects may be open at once.
pub const MAX_DEPTH: usize = 128;
/// How many values (of any kind, keys not counted) one text may hold.
pub const MAX_NODES: usize = 200_000;

/// A member of an object.
pub type Member<'a> = (Cow<'a, str>, Value<'a>);

/// One JSON value. Its `Debug` shows only its shape, since it may hold secrets.
#[derive(Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it was written.
    Number(Cow<'a, str>),
    /// A string, unescaped.
    String(Cow<'a, str>),
    /// An array.
    Array(Vec<Value<'a>>),
    /// An object: order kept, keys unique.
    Object(Vec<Member<'a>>),
}

/// What [`parse`] found.
#[derive(Debug, PartialEq, Eq)]
pub struct Parsed<'a> {
    /// The value.
    pub value: Value<'a>,
    /// The bytes can be read in one way only: no raw byte below 0x20 and no raw U+0085, U+2028
    /// or U+2029, which some readers take for the end of a line.
    pub plain: bool,
}

/// Why a text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonErrorKind {
    /// Not UTF-8.
    Utf8,
    /// The text ends before its value does.
    UnexpectedEnd,
    /// A byte that can't stand here.
    Unexpected,
    /// A raw control byte in a string.
    Control,
    /// An escape JSON does not have.
    Escape,
    /// A `\u` escape for half of a surrogate pair.
    LoneSurrogate,
    /// A number JSON does not have.
    Number,
    /// A number no double can hold: some readers take it for infinity.
    NumberRange,
    /// A key that its object has already; the offset is where the object ends.
    DuplicateKey,
    /// More than [`MAX_DEPTH`] open at once.
    Depth,
    /// More than [`MAX_NODES`] values.
    Nodes,
    /// Something behind the value.
    Trailing,
}

/// Why a text was refused, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// Why.
    pub kind: JsonErrorKind,
    /// Byte offset in the text.
    pub offset: usize,
}

impl std::fmt::Display for JsonError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.kind {
            JsonErrorKind::Utf8 => "invalid utf-8",
            JsonErrorKind::UnexpectedEnd => "unexpected end of the text",
            JsonErrorKind::Unexpected => "unexpected byte",
            JsonErrorKind::Control => "raw control byte in a string",
            JsonErrorKind::Escape => "unknown escape in a string",
            JsonErrorKind::LoneSurrogate => "half a surrogate pair in a string",
            JsonErrorKind::Number => "malformed number",
            JsonErrorKind::NumberRange => "number out of range",
            JsonErrorKind::DuplicateKey => "duplicate key in the object that ends",
            JsonErrorKind::Depth => "nested too deeply",
            JsonErrorKind::Nodes => "too many values",
            JsonErrorKind::Trailing => "more than one value",
        };
        write!(f, "{what} at byte {}", self.offset)
    }
}

impl std::error::Error for JsonError {}

/// Reads one JSON text, strictly.
///
/// # Errors
/// When the text is not RFC 8259 JSON, when two readers could read it differently, or when it
/// is over [`MAX_DEPTH`] or [`MAX_NODES`].
pub fn parse(bytes: &[u8]) -> Result<Parsed<'_>, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|error| JsonError {
        kind: JsonErrorKind::Utf8,
        offset: error.valid_up_to(),
    })?;
    let value = read::Reader::new(text).whole()?;
    Ok(Parsed {
        value,
        plain: text::is_plain(text),
    })
}

impl<'a> Value<'a> {
    /// A string.
    pub fn string(text: impl Into<Cow<'a, str>>) -> Self {
        Self::String(text.into())
    }

    /// A whole number.
    #[must_use]
    pub fn integer(number: i64) -> Self {
        Self::Number(Cow::Owned(number.to_string()))
    }

    /// An object of these members; the caller sees to it that the keys differ.
    #[must_use]
    pub fn object(members: impl IntoIterator<Item = (&'a str, Value<'a>)>) -> Self {
        Self::Object(
            members
                .into_iter()
                .map(|(key, value)| (key.into(), value))
                .collect(),
        )
    }

    /// The member of this name, if this is an object that has one.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.as_object()?
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    /// The member of this name, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value<'a>> {
        self.as_object_mut()?
            .iter_mut()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    /// Puts a member in the place of the one of this name, or behind the last. Does nothing to
    /// what is not an object.
    pub fn insert(&mut self, key: impl Into<Cow<'a, str>>, value: Value<'a>) {
        let key = key.into();
        match self.get_mut(&key) {
            Some(place) => *place = value,
            None => {
                if let Some(members) = self.as_object_mut() {
                    members.push((key, value));
                }
            }
        }
    }

    /// Takes the member of this name out.
    pub fn remove(&mut self, key: &str) -> Option<Value<'a>> {
        let members = self.as_object_mut()?;
        let place = members.iter().position(|(name, _)| name == key)?;
        Some(members.remove(place).1)
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// The lexeme of a number.
    #[must_use]
    pub fn as_number(&self) -> Option<&str> {
        if let Self::Number(lexeme) = self {
            Some(lexeme)
        } else {
            None
        }
    }

    /// The truth value.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(truth) = self {
            Some(*truth)
        } else {
            None
        }
    }

    /// The members of an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&[Member<'a>]> {
        if let Self::Object(members) = self {
            Some(members)
        } else {
            None
        }
    }

    /// The members of an object, to be changed.
    pub fn as_object_mut(&mut self) -> Option<&mut Vec<Member<'a>>> {
        if let Self::Object(members) = self {
            Some(members)
        } else {
            None
        }
    }

    /// The elements of an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Value<'a>]> {
        if let Self::Array(elements) = self {
            Some(elements)
        } else {
            None
        }
    }

    /// The elements of an array, to be changed.
    pub fn as_array_mut(&mut self) -> Option<&mut Vec<Value<'a>>> {
        if let Self::Array(elements) = self {
            Some(elements)
        } else {
            None
        }
    }

    /// A copy that borrows every text of this one, to be changed.
    #[must_use]
    pub fn borrowed(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Number(lexeme) => Value::Number(Cow::Borrowed(lexeme)),
            Self::String(text) => Value::String(Cow::Borrowed(text)),
            Self::Array(elements) => Value::Array(elements.iter().map(Value::borrowed).collect()),
            Self::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(key, value)| (Cow::Borrowed(key.as_ref()), value.borrowed()))
                    .collect(),
            ),
        }
    }

    /// The same value, borrowing nothing from the text it was read from.
    #[must_use]
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::Bool(truth),
            Self::Number(lexeme) => Value::Number(Cow::Owned(lexeme.into_owned())),
            Self::String(text) => Value::String(Cow::Owned(text.into_owned())),
            Self::Array(elements) => {
                Value::Array(elements.into_iter().map(Value::into_owned).collect())
            }
            Self::Object(members) => Value::Object(
                members
                    .into_iter()
                    .map(|(key, value)| (Cow::Owned(key.into_owned()), value.into_owned()))
                    .collect(),
            ),
        }
    }

    /// The value as compact JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = Vec::new();
        write(self, &mut out);
        String::from_utf8(out).unwrap_or_default()
    }
}

impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => write!(f, "null"),
            Self::Bool(_) => write!(f, "bool"),
            Self::Number(_) => write!(f, "number"),
            Self::String(text) => write!(f, "string of {} bytes", text.len()),
            Self::Array(elements) => write!(f, "array of {}", elements.len()),
            Self::Object(members) => write!(f, "object of {}", members.len()),
        }
    }
}
