//! The document as it is laid out: what was written in one line with brackets may stay so, and each
//! entry or item on lines of its own is a unit that comments stand at.

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::FormatError;
use crate::policy::comments::comments;

/// The document: its root, and its units in the order they are written.
pub(super) struct Document {
    pub(super) root: Node,
    pub(super) units: Vec<Unit>,
}

/// Where an entry or an item begins, from 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    pub(super) line: usize,
    pub(super) column: usize,
    /// The unit that it stands in.
    pub(super) parent: Option<usize>,
}

/// A value.
pub(super) enum Node {
    Scalar(Scalar),
    /// With brackets in the file.
    Flow(Box<Node>),
    List(Vec<Item>),
    Map(Vec<Entry>),
}

/// A scalar's text, and whether it stands without quotes.
#[derive(Clone)]
pub(super) struct Scalar {
    pub(super) text: String,
    pub(super) plain: bool,
}

/// An item of a list, by its unit; none inside of brackets.
pub(super) struct Item {
    pub(super) unit: Option<usize>,
    pub(super) value: Node,
}

/// An entry of a mapping, likewise.
pub(super) struct Entry {
    pub(super) unit: Option<usize>,
    pub(super) key: Scalar,
    pub(super) value: Node,
}

impl Node {
    fn forget_units(&mut self) {
        match self {
            Node::Scalar(_) => {}
            Node::Flow(inner) => inner.forget_units(),
            Node::List(items) => {
                for item in items {
                    item.unit = None;
                    item.value.forget_units();
                }
            }
            Node::Map(entries) => {
                for entry in entries {
                    entry.unit = None;
                    entry.value.forget_units();
                }
            }
        }
    }
}

/// Reads a document that is known to be readable.
pub(super) fn read(text: &str) -> Result<Document, FormatError> {
    let mut events = Vec::new();
    for event in Parser::new_from_str(text) {
        let Ok((event, span)) = event else {
            return Err(FormatError::Unsure("its meaning"));
        };
        match event {
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
            Event::Alias(_)
            | Event::Scalar(..)
            | Event::SequenceStart(..)
            | Event::SequenceEnd
            | Event::MappingStart(..)
            | Event::MappingEnd => events.push((event, span)),
        }
    }
    let remarks = comments(text);
    let mut reader = Reader {
        events: events.into_iter(),
        letters: text.chars().collect(),
        remarks: remarks
            .iter()
            .map(|it| (it.at.line, it.at.column))
            .collect(),
        units: Vec::new(),
    };
    let root = reader.value(None)?;
    Ok(Document {
        root,
        units: reader.units,
    })
}

/// A collection, and where its end stands.
type Read = Result<(Node, Span), FormatError>;

struct Reader<'t> {
    events: std::vec::IntoIter<(Event<'t>, Span)>,
    letters: Vec<char>,
    /// Where comments stand.
    remarks: Vec<(usize, usize)>,
    units: Vec<Unit>,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), FormatError> {
        let event = self.events.next();
        event.ok_or(FormatError::Unsure("its meaning"))
    }

    fn value(&mut self, parent: Option<usize>) -> Result<Node, FormatError> {
        let (event, span) = self.next()?;
        self.of(event, span, parent)
    }

    fn of(
        &mut self,
        event: Event<'t>,
        span: Span,
        parent: Option<usize>,
    ) -> Result<Node, FormatError> {
        let anchored = FormatError::Anchor(span.start.line());
        match event {
            Event::Scalar(text, style, 0, None) => Ok(Node::Scalar(Scalar {
                text: text.into_owned(),
                plain: style == ScalarStyle::Plain,
            })),
            Event::SequenceStart(0, None) => self.collection(span, '[', parent, Self::list),
            Event::MappingStart(0, None) => self.collection(span, '{', parent, Self::map),
            Event::Scalar(..)
            | Event::SequenceStart(..)
            | Event::MappingStart(..)
            | Event::Alias(_) => Err(anchored),
            Event::SequenceEnd
            | Event::MappingEnd
            | Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Err(FormatError::Unsure("its meaning")),
        }
    }

    /// A list or a mapping. Brackets with a comment between them are laid out on lines of their own.
    fn collection(
        &mut self,
        span: Span,
        bracket: char,
        parent: Option<usize>,
        read: fn(&mut Self, Span, Option<usize>) -> Read,
    ) -> Result<Node, FormatError> {
        let flow = self.letters.get(span.start.index()) == Some(&bracket);
        let units = self.units.len();
        let (mut node, end) = read(self, span, parent)?;
        let begin = (span.start.line(), span.start.col() + 1);
        // Where its bracket stands: what the parser calls its end may lie behind a comment.
        let end = (end.start.line(), end.start.col() + 1);
        let mut inside = self.remarks.iter().filter(|it| begin < **it && **it < end);
        if !flow || inside.next().is_some() {
            return Ok(node);
        }
        self.units.truncate(units);
        node.forget_units();
        Ok(Node::Flow(Box::new(node)))
    }

    fn list(&mut self, list: Span, parent: Option<usize>) -> Read {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok((Node::List(items), span));
            }
            let flow = self.letters.get(list.start.index()) == Some(&'[');
            let begins = if flow { span } else { list };
            let unit = self.unit(span.start.line(), begins.start.col(), parent);
            let value = self.of(event, span, Some(unit))?;
            items.push(Item {
                unit: Some(unit),
                value,
            });
        }
    }

    fn map(&mut self, _: Span, parent: Option<usize>) -> Read {
        let mut entries = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok((Node::Map(entries), span));
            }
            let unit = self.unit(span.start.line(), span.start.col(), parent);
            let Node::Scalar(key) = self.of(event, span, Some(unit))? else {
                return Err(FormatError::Unsure("its meaning"));
            };
            let value = self.value(Some(unit))?;
            entries.push(Entry {
                unit: Some(unit),
                key,
                value,
            });
        }
    }

    fn unit(&mut self, line: usize, column: usize, parent: Option<usize>) -> usize {
        self.units.push(Unit {
            line,
            column: column + 1,
            parent,
        });
        self.units.len() - 1
    }
}
