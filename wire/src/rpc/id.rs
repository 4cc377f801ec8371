//! The id of a request: an integer every reader can hold, or a string. 1 is not "1".

use serde::Serialize;

use crate::json::Value;

/// The largest integer a double holds exactly.
const MAX_SAFE: i64 = (1 << 53) - 1;

/// The id of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Id {
    /// Within ±(2^53-1).
    Number(i64),
    /// Any text.
    String(String),
}

impl Id {
    /// Reads an id: an integer written without fraction or exponent, or a string.
    #[must_use]
    pub fn from_value(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::String(text.to_string())),
            Value::Number(lexeme) if lexeme != "-0" => {
                let number = lexeme.parse().ok()?;
                (-MAX_SAFE..=MAX_SAFE)
                    .contains(&number)
                    .then_some(Self::Number(number))
            }
            Value::Number(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Array(_)
            | Value::Object(_) => None,
        }
    }

    /// The id as JSON.
    #[must_use]
    pub fn to_value(&self) -> Value<'static> {
        match self {
            Self::Number(number) => Value::integer(*number),
            Self::String(text) => Value::string(text.clone()),
        }
    }
}

/// As it is written in JSON.
impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_value().to_json())
    }
}
