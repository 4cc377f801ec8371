//! YAML, one document.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput};

use super::{DEPTH, Document, Member, Node, TOO_DEEP, Value};
use crate::broken::Broken;

const ODD: &str = "it has a form of YAML that aip does not read here";

pub(super) fn read(text: &str) -> Result<Document, Broken> {
    let bytes = text.char_indices().map(|(byte, _)| byte);
    let mut reader = Reader {
        text,
        bytes: bytes.chain([text.len()]).collect(),
        events: Parser::new_from_str(text),
        shared: false,
    };
    let mut root = None;
    loop {
        let (event, span) = reader.next()?;
        match event {
            Event::StreamEnd => break,
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd => {}
            Event::Alias(_)
            | Event::Scalar(..)
            | Event::SequenceStart(..)
            | Event::MappingStart(..)
            | Event::SequenceEnd
            | Event::MappingEnd => {
                let node = reader.node((event, span), 0)?;
                if root.is_some() {
                    let why = "it holds more than one document";
                    return Err(Broken::at(text, node.span.start, why));
                }
                root = Some(node);
            }
        }
    }
    Ok(Document {
        // A text of nothing but comments is an empty document.
        root: root.filter(|it| !matches!(it.value, Value::Null)),
        shared: reader.shared,
    })
}

struct Reader<'a> {
    text: &'a str,
    /// Where each character begins; the parser counts characters.
    bytes: Vec<usize>,
    events: Parser<'a, StrInput<'a>>,
    shared: bool,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Range<usize>), Broken> {
        match self.events.next_event() {
            Some(Ok((event, span))) => {
                let span = self.span(&span);
                Ok((event, span))
            }
            Some(Err(error)) => {
                let at = self.byte(error.marker().index());
                Err(Broken::at(self.text, at, "it is no YAML"))
            }
            None => Ok((Event::StreamEnd, self.text.len()..self.text.len())),
        }
    }

    fn byte(&self, character: usize) -> usize {
        self.bytes
            .get(character)
            .copied()
            .unwrap_or(self.text.len())
    }

    fn span(&self, span: &Span) -> Range<usize> {
        self.byte(span.start.index())..self.byte(span.end.index())
    }

    fn node(
        &mut self,
        (event, span): (Event<'a>, Range<usize>),
        depth: usize,
    ) -> Result<Node, Broken> {
        if depth > DEPTH {
            return Err(Broken::at(self.text, span.start, TOO_DEEP));
        }
        match event {
            Event::Scalar(value, style, _, tag) => {
                Ok(self.scalar(&value, style, tag.is_some(), span))
            }
            Event::Alias(id) => {
                self.shared = true;
                let value = Value::Other(format!("*{id}"));
                Ok(Node { span, value })
            }
            Event::SequenceStart(..) => self.list(span, depth),
            Event::MappingStart(..) => self.map(span, depth),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => Err(Broken::at(self.text, span.start, ODD)),
        }
    }

    fn scalar(&self, text: &str, style: ScalarStyle, tagged: bool, span: Range<usize>) -> Node {
        // What the parser gives as the end may lie behind a comment.
        let rest = self.text.get(span.start..).unwrap_or_default();
        let whole = self.text.get(span.clone()).unwrap_or_default();
        let length = match style {
            ScalarStyle::SingleQuoted => quoted_length(rest, '\''),
            ScalarStyle::DoubleQuoted => quoted_length(rest, '"'),
            ScalarStyle::Plain => whole.find(" #").unwrap_or(whole.len()),
            ScalarStyle::Literal | ScalarStyle::Folded => whole.len(),
        };
        let written = rest.get(..length).unwrap_or_default().trim_end();
        let span = span.start..span.start + written.len();
        let value = match style {
            _ if tagged => Value::Other(format!("!{text}")),
            _ if written.contains('\n') => Value::Other(format!("|{text}")),
            ScalarStyle::Plain => resolved(text),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Value::Text(text.to_owned()),
            ScalarStyle::Literal | ScalarStyle::Folded => Value::Other(format!("|{text}")),
        };
        Node { span, value }
    }

    fn list(&mut self, start: Range<usize>, depth: usize) -> Result<Node, Broken> {
        let mut items = Vec::new();
        let end = loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                break span.end;
            }
            items.push(self.node((event, span), depth + 1)?);
        };
        let flow = self
            .text
            .get(start.start..)
            .is_some_and(|it| it.starts_with('['));
        let span = match (flow, items.first(), items.last()) {
            (false, Some(first), Some(last)) => {
                let dash = dash(self.text, first.span.start).unwrap_or(start.start);
                dash..last.span.end
            }
            (true, ..) | (false, None, _) | (false, _, None) => start.start..end,
        };
        let value = Value::List(items);
        Ok(Node { span, value })
    }

    fn map(&mut self, start: Range<usize>, depth: usize) -> Result<Node, Broken> {
        let mut members = Vec::new();
        let end = loop {
            let (event, key_span) = self.next()?;
            let key = match event {
                Event::MappingEnd => break key_span.end,
                Event::Scalar(key, ..) => key.into_owned(),
                Event::Nothing
                | Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentStart(_)
                | Event::DocumentEnd
                | Event::Alias(_)
                | Event::SequenceStart(..)
                | Event::SequenceEnd
                | Event::MappingStart(..) => {
                    return Err(Broken::at(self.text, key_span.start, ODD));
                }
            };
            let next = self.next()?;
            let mut node = self.node(next, depth + 1)?;
            if matches!(node.value, Value::Null) && node.span.is_empty() {
                // Nothing stands right behind the colon, wherever the parser has gone on to.
                let end = behind_colon(self.text, key_span.start, &key);
                node.span = end.map_or(node.span, |at| at..at);
            }
            members.push(Member {
                key,
                key_span,
                node,
            });
        };
        let value = Value::Map(members);
        Ok(Node {
            span: start.start..end,
            value,
        })
    }
}

/// The place behind the colon of a plain key.
fn behind_colon(text: &str, at: usize, key: &str) -> Option<usize> {
    let rest = text.get(at..)?.strip_prefix(key)?;
    let gap = rest.len() - rest.trim_start_matches(' ').len();
    rest.get(gap..)?
        .starts_with(':')
        .then_some(at + key.len() + gap + 1)
}

/// How long a quoted scalar is, its quotes with it.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        let escapes = match quote {
            '"' => character == '\\',
            _ => character == quote && characters.peek().is_some_and(|it| it.1 == quote),
        };
        if escapes {
            characters.next();
        } else if character == quote {
            return at + 1;
        }
    }
    text.len()
}

/// The dash of the item of a list in block style that begins here.
pub(crate) fn dash(text: &str, item: usize) -> Option<usize> {
    let before = text.get(..item)?.trim_end_matches([' ', '\t']);
    before.ends_with('-').then(|| before.len() - 1)
}

/// What a plain scalar means (YAML 1.2, core schema).
fn resolved(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Flag(true),
        "false" | "False" | "FALSE" => Value::Flag(false),
        number if is_number(number) => Value::Other(number.to_owned()),
        plain => Value::Text(plain.to_owned()),
    }
}

fn is_number(text: &str) -> bool {
    let plain = text.trim_start_matches(['+', '-', '.']);
    plain.starts_with(|it: char| it.is_ascii_digit()) && text.parse::<f64>().is_ok()
        || text
            .strip_prefix("0x")
            .is_some_and(|it| it.chars().all(|it| it.is_ascii_hexdigit()))
        || text
            .strip_prefix("0o")
            .is_some_and(|it| it.chars().all(|it| it.is_digit(8)))
        || matches!(plain, "inf" | "Inf" | "INF" | "nan" | "NaN" | "NAN") && text.contains('.')
}
