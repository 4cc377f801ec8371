//! Builds the tree from the parser's events, and stops where a bound is passed.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::{Entry, Tree, Value};
use crate::policy::source::{At, Source};

/// Most nodes, those that aliases repeat counted each time.
const MAX_NODES: usize = 100_000;

/// Text that weighs as much as a node, in bytes: an alias may not repeat a long text for nothing.
const TEXT_PER_NODE: usize = 256;

/// Deepest nesting.
const MAX_DEPTH: usize = 32;

/// Builds the tree of the one document; none where it can't be read to its end.
pub(super) fn build(text: &str, source: &mut Source<'_>) -> Option<Tree> {
    let mut builder = Builder {
        source,
        open: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        root: None,
    };
    if !builder.run(Parser::new_from_str(text)) {
        return None;
    }
    if builder.root.is_none() {
        builder.source.error(At::default(), "the policy is empty");
    }
    builder.root
}

struct Builder<'b, 's> {
    source: &'b mut Source<'s>,
    open: Vec<Open>,
    anchors: HashMap<usize, Tree>,
    nodes: usize,
    root: Option<Tree>,
}

/// A list or mapping that has not ended.
struct Open {
    at: At,
    anchor: usize,
    size: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Tree>),
    Map {
        entries: Vec<Entry>,
        seen: HashSet<String>,
        key: Key,
    },
}

/// What a mapping waits for next.
enum Key {
    Wanted,
    Read(String, At),
    /// The key was wrong: its value is dropped.
    Wrong,
}

impl Builder<'_, '_> {
    /// False where the rest of the file can't be read.
    fn run<'t>(
        &mut self,
        parser: impl Iterator<Item = Result<(Event<'t>, Span), ScanError>>,
    ) -> bool {
        let mut documents = 0;
        for event in parser {
            let (event, span) = match event {
                Ok(it) => it,
                Err(error) => {
                    let mark = error.marker();
                    let at = At {
                        line: mark.line(),
                        column: mark.col() + 1,
                        length: 1,
                    };
                    self.source
                        .error(at, format!("not readable as YAML: {}", error.info()));
                    return false;
                }
            };
            if matches!(event, Event::DocumentStart(_)) {
                documents += 1;
                if documents > 1 {
                    self.source
                        .error(place(&span), "a second YAML document in the file");
                    return false;
                }
            }
            if !self.event(event, place(&span)) {
                return false;
            }
        }
        true
    }

    fn event(&mut self, event: Event<'_>, at: At) -> bool {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.no_tag(tag.is_some(), at);
                let text = text.into_owned();
                let size = 1 + text.len() / TEXT_PER_NODE;
                let value = match style {
                    ScalarStyle::Plain => Value::Plain(text),
                    ScalarStyle::SingleQuoted
                    | ScalarStyle::DoubleQuoted
                    | ScalarStyle::Literal
                    | ScalarStyle::Folded => Value::Quoted(text),
                };
                self.finish(Tree { at, value, size }, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.no_tag(tag.is_some(), at);
                self.open(at, anchor, OpenKind::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                self.no_tag(tag.is_some(), at);
                let (entries, seen, key) = (Vec::new(), HashSet::new(), Key::Wanted);
                self.open(at, anchor, OpenKind::Map { entries, seen, key })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(anchor) => self.alias(anchor, at),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => true,
        }
    }

    fn no_tag(&mut self, tagged: bool, at: At) {
        if tagged {
            self.source
                .error_with_help(at, "YAML tags are not used in policies", "drop the `!`");
        }
    }

    fn open(&mut self, at: At, anchor: usize, kind: OpenKind) -> bool {
        if self.open.len() >= MAX_DEPTH {
            self.source
                .error(at, format!("nested deeper than {MAX_DEPTH} levels"));
            return false;
        }
        self.open.push(Open {
            at,
            anchor,
            size: 1,
            kind,
        });
        true
    }

    fn close(&mut self) -> bool {
        let Some(Open {
            at,
            anchor,
            size,
            kind,
        }) = self.open.pop()
        else {
            return false;
        };
        let value = match kind {
            OpenKind::List(items) => Value::List(items),
            OpenKind::Map { entries, .. } => Value::Map(entries),
        };
        self.finish(Tree { at, value, size }, anchor)
    }

    fn alias(&mut self, anchor: usize, at: At) -> bool {
        let Some(size) = self.anchors.get(&anchor).map(|tree| tree.size) else {
            self.source.error(at, "alias of a node that contains it");
            return false;
        };
        if !self.count(size, at) {
            return false;
        }
        match self.anchors.get(&anchor).cloned() {
            Some(tree) => self.place(Tree { at, ..tree }),
            None => false,
        }
    }

    /// A node has ended: it is counted, remembered where it has an anchor, and put in its place.
    fn finish(&mut self, tree: Tree, anchor: usize) -> bool {
        if !self.count(1, tree.at) {
            return false;
        }
        if anchor != 0 {
            if !self.count(tree.size, tree.at) {
                return false;
            }
            self.anchors.insert(anchor, tree.clone());
        }
        self.place(tree)
    }

    fn count(&mut self, nodes: usize, at: At) -> bool {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES {
            let message = format!("more than {MAX_NODES} nodes, aliases counted each time");
            self.source.error(at, message);
        }
        self.nodes <= MAX_NODES
    }

    fn place(&mut self, tree: Tree) -> bool {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(tree);
            return true;
        };
        open.size += tree.size;
        match &mut open.kind {
            OpenKind::List(items) => items.push(tree),
            OpenKind::Map { entries, seen, key } => match std::mem::replace(key, Key::Wanted) {
                Key::Wanted => *key = read_key(tree, seen, self.source),
                Key::Read(name, at) => entries.push(Entry {
                    key: name,
                    at,
                    value: tree,
                }),
                Key::Wrong => {}
            },
        }
        true
    }
}

fn read_key(tree: Tree, seen: &mut HashSet<String>, source: &mut Source<'_>) -> Key {
    let (name, plain) = match tree.value {
        Value::Plain(text) => (text, true),
        Value::Quoted(text) => (text, false),
        Value::List(_) | Value::Map(_) => {
            source.error(tree.at, "a key must be text");
            return Key::Wrong;
        }
    };
    if plain && name == "<<" {
        let help = "write out what it would bring in";
        source.error_with_help(tree.at, "merge key `<<` is not used in policies", help);
        return Key::Wrong;
    }
    if !seen.insert(name.clone()) {
        source.error(tree.at, format!("duplicate key `{name}`"));
        return Key::Wrong;
    }
    Key::Read(name, tree.at)
}

fn place(span: &Span) -> At {
    let (start, end) = (&span.start, &span.end);
    let length = if start.line() == end.line() {
        end.col().saturating_sub(start.col())
    } else {
        1
    };
    At {
        line: start.line(),
        column: start.col() + 1,
        length: length.max(1),
    }
}
