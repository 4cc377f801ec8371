//! YAML as a tree that keeps numbers as they were written, since that is how arguments are
//! matched. Anchors, tags and several documents are refused: vectors have no use for them.

use std::fmt;

use engine::node::Node;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

mod scalar;

/// How deep a document may be.
const MAX_DEPTH: usize = 64;

/// A value as JSON knows it.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, as JSON text: as written, where that is JSON.
    Number(String),
    /// Text.
    String(String),
    /// A sequence.
    Array(Vec<Tree>),
    /// A mapping; keys are unique and in order.
    Object(Vec<(String, Tree)>),
}

/// The document can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeError {
    /// Why not.
    pub message: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

impl fmt::Display for TreeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} at line {} column {}",
            self.message, self.line, self.column
        )
    }
}

impl std::error::Error for TreeError {}

impl Tree {
    /// Reads one document.
    ///
    /// # Errors
    /// When it is no YAML, or YAML that is refused.
    pub fn parse(text: &str) -> Result<Self, TreeError> {
        let mut reader = Reader {
            events: Parser::new_from_str(text),
        };
        reader.document()
    }

    /// The member of a mapping.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Array(_) => None,
        }
    }

    /// The text, where it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// The items of a sequence; none where it is not one.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match self {
            Self::Array(items) => items,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Object(_) => &[],
        }
    }

    /// As the engine reads JSON.
    #[must_use]
    pub fn node(&self) -> Node<'_> {
        match self {
            Self::Null => Node::Null,
            Self::Bool(it) => Node::Bool(*it),
            Self::Number(lexeme) => Node::Number(lexeme.as_str().into()),
            Self::String(text) => Node::String(text.as_str().into()),
            Self::Array(items) => Node::Array(items.iter().map(Self::node).collect()),
            Self::Object(members) => Node::Object(
                members
                    .iter()
                    .map(|(key, value)| (key.as_str().into(), value.node()))
                    .collect(),
            ),
        }
    }
}

/// As compact JSON, numbers as they were written.
impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(it) => write!(f, "{it}"),
            Self::Number(lexeme) => f.write_str(lexeme),
            Self::String(text) => write!(f, "{}", serde_json::Value::from(text.as_str())),
            Self::Array(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at == 0 { "" } else { "," })?;
                }
                f.write_str("]")
            }
            Self::Object(members) => {
                f.write_str("{")?;
                for (at, (key, value)) in members.iter().enumerate() {
                    let comma = if at == 0 { "" } else { "," };
                    write!(
                        f,
                        "{comma}{}:{value}",
                        serde_json::Value::from(key.as_str())
                    )?;
                }
                f.write_str("}")
            }
        }
    }
}

struct Reader<'a> {
    events: Parser<'a, saphyr_parser::StrInput<'a>>,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Tree, TreeError> {
        let mut tree = None;
        loop {
            let (event, at) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(tree.unwrap_or(Tree::Null)),
                Event::StreamStart
                | Event::DocumentStart(_)
                | Event::DocumentEnd
                | Event::Nothing => {}
                Event::Alias(_)
                | Event::Scalar(..)
                | Event::SequenceStart(..)
                | Event::SequenceEnd
                | Event::MappingStart(..)
                | Event::MappingEnd => {
                    if tree.is_some() {
                        return Err(refused("a second document", at));
                    }
                    tree = Some(self.value(event, at, 0)?);
                }
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Marker), TreeError> {
        match self.events.next() {
            Some(Ok((event, Span { start, .. }))) => Ok((event, start)),
            Some(Err(error)) => Err(refused(error.info(), *error.marker())),
            None => Ok((Event::StreamEnd, Marker::new(0, 1, 0))),
        }
    }

    fn value(&mut self, event: Event<'a>, at: Marker, depth: usize) -> Result<Tree, TreeError> {
        if depth > MAX_DEPTH {
            return Err(refused("it is nested too deeply", at));
        }
        match event {
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(anchor, _)
            | Event::MappingStart(anchor, _)
                if anchor != 0 =>
            {
                Err(refused("an anchor has no place in a vector", at))
            }
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => Err(refused("a tag has no place in a vector", at)),
            Event::Scalar(text, ScalarStyle::Plain, ..) => {
                scalar::plain(&text).map_err(|message| refused(message, at))
            }
            Event::Scalar(text, ..) => Ok(Tree::String(text.into_owned())),
            Event::SequenceStart(..) => self.sequence(depth),
            Event::MappingStart(..) => self.mapping(depth),
            Event::Alias(_)
            | Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => Err(refused("a value was expected", at)),
        }
    }

    fn sequence(&mut self, depth: usize) -> Result<Tree, TreeError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Tree::Array(items)),
                (event, at) => items.push(self.value(event, at, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Tree, TreeError> {
        let mut members: Vec<(String, Tree)> = Vec::new();
        loop {
            let (event, at) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Tree::Object(members));
            }
            let Event::Scalar(key, ..) = event else {
                return Err(refused("a key must be text", at));
            };
            let key = key.into_owned();
            if members.iter().any(|(name, _)| *name == key) {
                return Err(refused(&format!("`{key}` is given twice"), at));
            }
            let (event, at) = self.next()?;
            members.push((key, self.value(event, at, depth + 1)?));
        }
    }
}

fn refused(message: &str, at: Marker) -> TreeError {
    TreeError {
        message: message.to_owned(),
        line: at.line(),
        column: at.col() + 1,
    }
}

#[cfg(test)]
mod tests;
