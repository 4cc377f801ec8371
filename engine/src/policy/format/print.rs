//! Writes the document out.

use std::fmt::Write;

use super::{
    attach::{Attached, Line},
    nodes::{Document, Entry, Item, Node},
    scalar::{block, written},
};
use crate::policy::{arg_block, dlp_block, rule_block, walk};

/// Columns up to which brackets stay on one line.
const WIDTH: usize = 100;

/// Spaces of a level.
const STEP: usize = 2;

/// The document's text.
pub(super) fn print(document: &Document, attached: &Attached) -> String {
    let mut out = Printer {
        text: String::new(),
        attached,
        path: Vec::new(),
    };
    out.lines(&attached.head, 0);
    if !attached.head.is_empty() && attached.gaps.contains(&0) {
        out.text.push('\n');
    }
    out.children(&document.root, 0);
    out.lines(&attached.foot, 0);
    out.text
}

struct Printer<'d> {
    text: String,
    attached: &'d Attached,
    /// The keys that lead here; `*` for an item.
    path: Vec<&'d str>,
}

impl<'d> Printer<'d> {
    /// Comments on lines of their own; no blank line begins a file.
    fn lines(&mut self, lines: &[Line], indent: usize) {
        for line in lines {
            if line.gap {
                self.blank();
            }
            self.indented(indent, &line.text);
            self.text.push('\n');
        }
    }

    fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn indented(&mut self, indent: usize, text: &str) {
        let _ = write!(self.text, "{:indent$}{text}", ""); // a String takes every write
    }

    /// What stands in a list or a mapping, each on lines of its own.
    fn children(&mut self, node: &'d Node, indent: usize) {
        match node {
            Node::Map(entries) => {
                for (at, entry) in in_order(entries, &self.path).into_iter().enumerate() {
                    self.before(entry.unit, indent, at == 0);
                    self.indented(indent, "");
                    self.entry(entry, indent);
                }
            }
            Node::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.before(item.unit, indent, at == 0);
                    let above = item.unit.and_then(|it| self.attached.above.get(&it));
                    self.item(item, indent, at == 0 && above.is_none());
                }
            }
            Node::Flow(inner) => self.children(inner, indent),
            Node::Scalar(scalar) => {
                self.indented(indent, &written(scalar, false));
                self.text.push('\n');
            }
        }
    }

    /// Comments above a unit, and the blank line before it.
    fn before(&mut self, unit: Option<usize>, indent: usize, first: bool) {
        let said = self.above(unit, indent, first);
        let gap = unit.is_some_and(|it| self.attached.gaps.contains(&it));
        if gap && (said || !first) {
            self.blank();
        }
    }

    /// Whether there are comments above it.
    fn above(&mut self, unit: Option<usize>, indent: usize, first: bool) -> bool {
        let above = unit.and_then(|it| self.attached.above.get(&it));
        for (at, line) in above.into_iter().flatten().enumerate() {
            if line.gap && !(first && at == 0) {
                self.blank();
            }
            self.indented(indent, &line.text);
            self.text.push('\n');
        }
        above.is_some()
    }

    /// An entry from its key on, with the comments below it.
    fn entry(&mut self, entry: &'d Entry, indent: usize) {
        let key = written(&entry.key, false);
        let _ = write!(self.text, "{key}:");
        self.path.push(&entry.key.text);
        self.value(
            entry.unit,
            &entry.value,
            indent,
            indent + key.chars().count() + 2,
        );
        self.path.pop();
    }

    fn item(&mut self, item: &'d Item, indent: usize, first: bool) {
        self.path.push("*");
        match &item.value {
            Node::Map(entries) if !entries.is_empty() => self.compact(item, entries, indent, first),
            value @ (Node::Scalar(_) | Node::Flow(_) | Node::List(_) | Node::Map(_)) => {
                self.indented(indent, "-");
                self.value(item.unit, value, indent, indent + STEP);
            }
        }
        self.path.pop();
    }

    /// The first entry stands behind the dash, the comments above it stand above the item.
    fn compact(&mut self, item: &'d Item, entries: &'d [Entry], indent: usize, first: bool) {
        let inner = indent + STEP;
        for (at, entry) in in_order(entries, &self.path).into_iter().enumerate() {
            if at == 0 {
                self.above(entry.unit, indent, first);
                self.indented(indent, "- ");
            } else {
                self.before(entry.unit, inner, false);
                self.indented(inner, "");
            }
            self.entry(entry, inner);
        }
        self.below(item.unit, indent);
    }

    /// What stands behind a key or a dash. `column` is where it would begin.
    fn value(&mut self, unit: Option<usize>, node: &'d Node, indent: usize, column: usize) {
        let lines = match node {
            Node::Scalar(scalar) => match block(scalar) {
                Some((mark, lines)) => {
                    let _ = write!(self.text, " {mark}");
                    Some(lines)
                }
                None => {
                    let text = written(scalar, false);
                    if !text.is_empty() {
                        let _ = write!(self.text, " {text}");
                    }
                    None
                }
            },
            Node::Flow(_) | Node::List(_) | Node::Map(_) => None,
        };
        let flow = one_line(node, &mut self.path, column);
        if let Some(flow) = &flow {
            let _ = write!(self.text, " {flow}");
        }
        if let Some(comment) = unit.and_then(|it| self.attached.beside.get(&it)) {
            let _ = write!(self.text, " {comment}");
        }
        self.text.push('\n');
        for line in lines.into_iter().flatten() {
            let indent = if line.is_empty() { 0 } else { indent + STEP };
            self.indented(indent, line);
            self.text.push('\n');
        }
        if flow.is_none() && !matches!(node, Node::Scalar(_)) {
            self.children(node, indent + STEP);
        }
        self.below(unit, indent);
    }

    fn below(&mut self, unit: Option<usize>, indent: usize) {
        if let Some(lines) = unit.and_then(|it| self.attached.below.get(&it)) {
            self.lines(lines, indent);
        }
    }
}

/// What brackets hold, where they were written and it fits; an empty collection has nothing else.
fn one_line<'d>(node: &'d Node, path: &mut Vec<&'d str>, column: usize) -> Option<String> {
    let empty = match node {
        Node::List(items) => items.is_empty(),
        Node::Map(entries) => entries.is_empty(),
        Node::Flow(_) => true,
        Node::Scalar(_) => false,
    };
    let text = empty.then(|| flow(node, path))?;
    let is_empty = text.len() == STEP;
    (is_empty || column + text.chars().count() <= WIDTH).then_some(text)
}

fn flow<'d>(node: &'d Node, path: &mut Vec<&'d str>) -> String {
    match node {
        Node::Scalar(scalar) => written(scalar, true),
        Node::Flow(inner) => flow(inner, path),
        Node::List(items) => {
            path.push("*");
            let items: Vec<_> = items.iter().map(|it| flow(&it.value, path)).collect();
            path.pop();
            format!("[{}]", items.join(", "))
        }
        Node::Map(entries) => {
            let mut told = Vec::new();
            for entry in in_order(entries, path) {
                path.push(&entry.key.text);
                let value = flow(&entry.value, path);
                path.pop();
                told.push(format!("{}: {value}", written(&entry.key, true)));
            }
            format!("{{{}}}", told.join(", "))
        }
    }
}

/// The entries in the reference's order; names of the author's own as they are.
fn in_order<'d>(entries: &'d [Entry], path: &[&str]) -> Vec<&'d Entry> {
    let keys = match path {
        [] => walk::TOP,
        ["metadata"] => walk::METADATA,
        ["spec"] => walk::SPEC,
        ["spec", "audit"] => walk::AUDIT,
        ["spec", "dlp"] => dlp_block::DLP,
        ["spec", "dlp", "patterns", "*"] => dlp_block::PATTERN,
        ["spec", "tool_rules", "*"] => rule_block::RULE,
        ["spec", "tool_rules", "*", "allow_args", _] => arg_block::DEMANDS,
        ["spec", "tool_rules", "*", "allow_args", _, "path"] => arg_block::PATH,
        ["spec", "tool_rules", "*", "allow_args", _, "url"] => arg_block::URL,
        _ => &[],
    };
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    let place = |it: &&Entry| keys.iter().position(|key| *key == it.key.text);
    sorted.sort_by_key(|it| place(it).unwrap_or(usize::MAX));
    sorted
}
