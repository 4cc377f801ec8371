//! The strict reader: one pass over text already known to be UTF-8.

use std::borrow::Cow;
use std::collections::HashSet;

use super::text::length_before;
use super::{JsonError, JsonErrorKind, MAX_DEPTH, MAX_NODES, Member, Value};

/// Objects with more keys than this are checked for duplicates with a hash set.
const FEW_KEYS: usize = 16;

/// Values are collected on two stacks that all open arrays and objects share, so that each
/// finished one is allocated once, at its exact size.
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    nodes: usize,
    elements: Vec<Value<'a>>,
    members: Vec<Member<'a>>,
}

type Read<T> = Result<T, JsonError>;

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
            nodes: 0,
            elements: Vec::new(),
            members: Vec::new(),
        }
    }

    /// The one value of the text.
    pub(super) fn whole(mut self) -> Read<Value<'a>> {
        let value = self.value()?;
        self.skip_space();
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(self.error(JsonErrorKind::Trailing)),
        }
    }

    fn value(&mut self) -> Read<Value<'a>> {
        self.skip_space();
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(self.error(JsonErrorKind::Nodes));
        }
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(_) => Err(self.error(JsonErrorKind::Unexpected)),
            None => Err(self.error(JsonErrorKind::UnexpectedEnd)),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Read<Value<'a>>) -> Read<Value<'a>> {
        if self.depth == MAX_DEPTH {
            return Err(self.error(JsonErrorKind::Depth));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn array(&mut self) -> Read<Value<'a>> {
        let first = self.elements.len();
        if self.closes(b']') {
            return Ok(Value::Array(Vec::new()));
        }
        loop {
            let element = self.value()?;
            self.elements.push(element);
            if !self.goes_on(b']')? {
                return Ok(Value::Array(self.elements.drain(first..).collect()));
            }
        }
    }

    fn object(&mut self) -> Read<Value<'a>> {
        let first = self.members.len();
        if self.closes(b'}') {
            return Ok(Value::Object(Vec::new()));
        }
        loop {
            self.skip_space();
            let key = match self.peek() {
                Some(b'"') => self.string()?,
                Some(_) => return Err(self.error(JsonErrorKind::Unexpected)),
                None => return Err(self.error(JsonErrorKind::UnexpectedEnd)),
            };
            self.skip_space();
            self.expect(b':')?;
            let value = self.value()?;
            self.members.push((key, value));
            if !self.goes_on(b'}')? {
                break;
            }
        }
        let members: Vec<_> = self.members.drain(first..).collect();
        if has_duplicate(&members) {
            return Err(self.error(JsonErrorKind::DuplicateKey));
        }
        Ok(Value::Object(members))
    }

    /// After an opening bracket: whether the array or object ends at once.
    fn closes(&mut self, close: u8) -> bool {
        self.skip_space();
        let closes = self.peek() == Some(close);
        self.at += usize::from(closes);
        closes
    }

    /// After an element or member: whether another follows.
    fn goes_on(&mut self, close: u8) -> Read<bool> {
        self.skip_space();
        let byte = self.peek();
        if byte == Some(close) || byte == Some(b',') {
            self.at += 1;
            return Ok(byte == Some(b','));
        }
        Err(self.here())
    }

    fn expect(&mut self, wanted: u8) -> Read<()> {
        if self.peek() != Some(wanted) {
            return Err(self.here());
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Read<Value<'a>> {
        for wanted in word.bytes() {
            self.expect(wanted)?;
        }
        Ok(value)
    }

    fn number(&mut self) -> Read<Cow<'a, str>> {
        let from = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        let mut may_overflow = self.at - from > 300;
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'-') || self.take(b'+');
            self.digits()?;
            may_overflow = true;
        }
        if matches!(
            self.peek(),
            Some(b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'+' | b'-')
        ) {
            return Err(self.error(JsonErrorKind::Number));
        }
        let lexeme = self.text.get(from..self.at).unwrap_or_default();
        if may_overflow && !lexeme.parse::<f64>().is_ok_and(f64::is_finite) {
            return Err(self.error(JsonErrorKind::NumberRange));
        }
        Ok(Cow::Borrowed(lexeme))
    }

    /// One digit or more.
    fn digits(&mut self) -> Read<()> {
        let from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        match (self.at > from, self.peek()) {
            (true, _) => Ok(()),
            (false, None) => Err(self.error(JsonErrorKind::UnexpectedEnd)),
            (false, Some(_)) => Err(self.error(JsonErrorKind::Number)),
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    /// A string, its opening quote next. Borrowed when it holds no escape.
    fn string(&mut self) -> Read<Cow<'a, str>> {
        self.at += 1;
        let body = self.run()?;
        if self.take(b'"') {
            return Ok(Cow::Borrowed(body));
        }
        let mut text = body.to_owned();
        while !self.take(b'"') {
            self.at += 1;
            text.push(self.escape()?);
            text.push_str(self.run()?);
        }
        Ok(Cow::Owned(text))
    }

    /// What stands before the next quote or backslash.
    fn run(&mut self) -> Read<&'a str> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let length = length_before(rest, |byte| {
            (byte < 0x20) | (byte == b'"') | (byte == b'\\')
        });
        let from = self.at;
        self.at += length;
        match self.peek() {
            None => Err(self.error(JsonErrorKind::UnexpectedEnd)),
            Some(0..0x20) => Err(self.error(JsonErrorKind::Control)),
            Some(_) => Ok(self.text.get(from..self.at).unwrap_or_default()),
        }
    }

    /// The character an escape stands for, its backslash already taken.
    fn escape(&mut self) -> Read<char> {
        let letter = self
            .peek()
            .ok_or_else(|| self.error(JsonErrorKind::UnexpectedEnd))?;
        let character = match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                return self.code_point();
            }
            _ => return Err(self.error(JsonErrorKind::Escape)),
        };
        self.at += 1;
        Ok(character)
    }

    fn code_point(&mut self) -> Read<char> {
        let first = self.unit()?;
        if !(0xD800..0xE000).contains(&first) {
            return char::from_u32(first).ok_or_else(|| self.error(JsonErrorKind::LoneSurrogate));
        }
        let paired = first < 0xDC00 && self.take(b'\\') && self.take(b'u');
        let second = if paired { self.unit()? } else { 0 };
        if !(0xDC00..0xE000).contains(&second) {
            return Err(self.error(JsonErrorKind::LoneSurrogate));
        }
        let point = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        char::from_u32(point).ok_or_else(|| self.error(JsonErrorKind::LoneSurrogate))
    }

    /// Four hex digits.
    fn unit(&mut self) -> Read<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            let byte = self
                .peek()
                .ok_or_else(|| self.error(JsonErrorKind::UnexpectedEnd))?;
            let digit = char::from(byte).to_digit(16);
            unit = unit * 16 + digit.ok_or_else(|| self.error(JsonErrorKind::Escape))?;
            self.at += 1;
        }
        Ok(unit)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn error(&self, kind: JsonErrorKind) -> JsonError {
        JsonError {
            kind,
            offset: self.at,
        }
    }

    /// The error for a byte, or an end, that can't stand here.
    fn here(&self) -> JsonError {
        self.error(match self.peek() {
            Some(_) => JsonErrorKind::Unexpected,
            None => JsonErrorKind::UnexpectedEnd,
        })
    }
}

fn has_duplicate(members: &[Member<'_>]) -> bool {
    if members.len() > FEW_KEYS {
        // The standard hasher is seeded, so no input can make its keys collide.
        let mut seen = HashSet::with_capacity(members.len());
        return !members.iter().all(|(key, _)| seen.insert(key.as_ref()));
    }
    let mut rest = members;
    while let [(key, _), after @ ..] = rest {
        if after.iter().any(|(other, _)| other == key) {
            return true;
        }
        rest = after;
    }
    false
}
