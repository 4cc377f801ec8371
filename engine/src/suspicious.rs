//! Names what is suspicious in the texts a server gives the model: definitions of its tools, and
//! its instructions. A finding is for a person to look at; it changes no decision.
//!
//! Every name, title, description, key, default and choice in a definition is looked at. The work
//! is linear in the text, and bounded.

mod hidden;
mod names;
mod phrases;

use crate::node::Node;

/// The most bytes of one definition that are looked at; what is longer is named for that.
const MAX_SCANNED: usize = 256 * 1024;
/// The most findings of one definition.
const MAX_FINDINGS: usize = 16;
/// A single text longer than this is named, in bytes.
const LONG: usize = 10_000;
/// The longest place that is told, in characters.
const MAX_PLACE: usize = 200;
/// A run of letters and digits longer than this is taken for encoded data.
const RUN: usize = 200;

/// What is suspicious.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Characters that are not seen, or reorder what is.
    HiddenCharacters,
    /// It tells the model what to do or to keep quiet about, beyond what the tool is.
    Instruction,
    /// Data in place of words.
    EncodedText,
    /// Longer than a description is.
    LongText,
    /// The name looks like that of a tool of another server.
    LookAlike,
}

impl Kind {
    /// The word for it, in records and listings.
    pub fn word(self) -> &'static str {
        match self {
            Kind::HiddenCharacters => "hidden_characters",
            Kind::Instruction => "instruction",
            Kind::EncodedText => "encoded_text",
            Kind::LongText => "long_text",
            Kind::LookAlike => "look_alike",
        }
    }
}

/// A tool of another server of the same client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreign<'f> {
    /// Its name.
    pub name: &'f str,
    /// What its name looks like (see [`crate::name::looks_like`]).
    pub looks: &'f str,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// Where: a JSON pointer into the definition, as it is written there.
    pub place: String,
}

/// What is suspicious in a tool's definition.
pub fn definition(definition: &Node<'_>, foreign: &[Foreign<'_>]) -> Vec<Finding> {
    let mut scan = Scan::new(foreign);
    if let Some(Node::String(name)) = definition.member("name") {
        if hidden::in_name(name) {
            scan.found(Kind::HiddenCharacters, "/name");
        }
        if names::pretends(name, foreign) {
            scan.found(Kind::LookAlike, "/name");
        }
    }
    scan.value(definition, &mut String::new());
    scan.findings
}

/// What is suspicious in a text by itself, such as a server's instructions.
pub fn text(text: &str, place: &str, foreign: &[Foreign<'_>]) -> Vec<Finding> {
    let mut scan = Scan::new(foreign);
    scan.text(text, place, true);
    scan.findings
}

struct Scan<'s> {
    foreign: &'s [Foreign<'s>],
    left: usize,
    findings: Vec<Finding>,
}

impl<'s> Scan<'s> {
    fn new(foreign: &'s [Foreign<'s>]) -> Self {
        Scan {
            foreign,
            left: MAX_SCANNED,
            findings: Vec::new(),
        }
    }

    fn value(&mut self, value: &Node<'_>, place: &mut String) {
        match value {
            Node::Null | Node::Bool(_) | Node::Number(_) => {}
            Node::String(text) => {
                // A picture is data by nature, and no model reads it.
                let words = !place.starts_with("/icons/");
                self.text(text, place, words);
            }
            Node::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.step(place, &index.to_string(), item);
                }
            }
            Node::Object(members) => {
                for (key, value) in members {
                    let pointed = key.replace('~', "~0").replace('/', "~1");
                    self.key(key, place, &pointed);
                    self.step(place, &pointed, value);
                }
            }
        }
    }

    fn step(&mut self, place: &mut String, name: &str, value: &Node<'_>) {
        let before = place.len();
        place.push('/');
        place.push_str(name);
        self.value(value, place);
        place.truncate(before);
    }

    fn key(&mut self, key: &str, place: &str, pointed: &str) {
        let place = format!("{place}/{pointed}");
        self.text(key, &place, true);
    }

    fn text(&mut self, text: &str, place: &str, words: bool) {
        if text.len() > self.left {
            self.left = 0;
            self.found(Kind::LongText, place);
            return;
        }
        self.left -= text.len();
        if hidden::in_text(text) {
            self.found(Kind::HiddenCharacters, place);
        }
        if !words {
            return;
        }
        if phrases::instructs(text, self.foreign) {
            self.found(Kind::Instruction, place);
        }
        if has_run(text) {
            self.found(Kind::EncodedText, place);
        }
        if text.len() > LONG {
            self.found(Kind::LongText, place);
        }
    }

    fn found(&mut self, kind: Kind, place: &str) {
        let finding = Finding {
            kind,
            place: place.chars().take(MAX_PLACE).collect(),
        };
        if self.findings.len() < MAX_FINDINGS && !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }
}

/// Whether there is a long run as base64 and hexadecimal have them: letters and digits mixed.
fn has_run(text: &str) -> bool {
    let of_run = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '-' | '_');
    text.split(|c| !of_run(c)).any(|run| {
        let has = |wanted: fn(&char) -> bool| run.chars().any(|c| wanted(&c));
        run.len() > RUN && has(char::is_ascii_digit) && has(char::is_ascii_alphabetic)
    })
}

#[cfg(test)]
mod tests;
