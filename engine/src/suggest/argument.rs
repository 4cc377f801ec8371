//! What is known of one argument.

mod demand;

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::folders::Folders;
use super::numbers::Numbers;
use super::shape::Shape;
use super::urls::Urls;
use super::{IsSecret, is_redacted};
use crate::constraint::{Constraint, path::Under, sql};
use crate::node::Node;
use crate::paths::Found;

/// The most values an argument is held to by name.
const MAX_ONE_OF: usize = 8;
/// The longest value that is named, in bytes.
const MAX_VALUE: usize = 128;
/// The most paths in a list.
const MAX_PATHS: usize = 64;
/// What the names of arguments hold that are paths.
const PATH_NAMES: [&str; 4] = ["path", "file", "folder", "dir"];
/// How paths begin that are not relative for certain.
const PATH_STARTS: [&str; 5] = ["/", "~/", "./", "../", "file://"];

/// The facts an argument is read by.
pub(super) type Facts<'f> = (&'f Found<'f>, &'f IsSecret<'f>);

/// An argument.
#[derive(Debug)]
pub(super) struct Argument {
    /// Calls that had it.
    pub(super) seen: u64,
    /// What was said of it refused a call that passed.
    pub(super) refused_once: bool,
    redacted: u64,
    secret: u64,
    /// Lists or objects.
    nested: bool,
    /// Nothing but `true` and `false`.
    flags: bool,
    /// Values by their text; `None` where there are too many, or they are too long.
    values: Option<BTreeMap<String, u64>>,
    shape: Shape,
    /// `None` where something else was seen; the same below.
    numbers: Option<Numbers>,
    urls: Option<Urls>,
    folders: Option<Folders>,
    dialects: Vec<sql::Dialect>,
}

impl Default for Argument {
    fn default() -> Self {
        Self {
            seen: 0,
            refused_once: false,
            redacted: 0,
            secret: 0,
            nested: false,
            flags: true,
            values: Some(BTreeMap::new()),
            shape: Shape::default(),
            numbers: Some(Numbers::default()),
            urls: Some(Urls::default()),
            folders: Some(Folders::default()),
            dialects: sql::DIALECTS.iter().map(|(_, it)| *it).collect(),
        }
    }
}

impl Argument {
    /// Takes in a value; `counts` where the call had none before under this name.
    pub(super) fn learn(
        &mut self,
        name: &str,
        value: &Node<'_>,
        (found, is_secret): Facts<'_>,
        room: &mut usize,
        counts: bool,
    ) {
        self.seen += u64::from(counts);
        let text = value.text();
        if is_redacted(&text) {
            self.redacted += 1;
            return;
        }
        if is_secret(name, &text) {
            self.secret += 1;
            return;
        }
        self.flags &= matches!(value, Node::Bool(_));
        self.nested |= matches!(value, Node::Array(_) | Node::Object(_));
        self.shape.add(&text);
        self.keep(value, &text, room);
        match (value, &mut self.numbers) {
            (Node::Number(lexeme), Some(numbers)) => numbers.add(lexeme),
            (_, numbers) => *numbers = None,
        }
        if !self.urls.as_mut().is_some_and(|it| it.add(value, found)) {
            self.urls = None;
        }
        self.read_paths(name, value, (found, is_secret), room);
        self.read_sql(value, found);
    }

    fn keep(&mut self, value: &Node<'_>, text: &str, room: &mut usize) {
        let nameable = matches!(value, Node::Bool(_) | Node::Number(_) | Node::String(_));
        let Some(values) = &mut self.values else {
            return;
        };
        if let Some(count) = values.get_mut(text) {
            *count += 1;
            return;
        }
        let fits = nameable && text.len() <= MAX_VALUE && values.len() < MAX_ONE_OF;
        match room.checked_sub(text.len()) {
            Some(left) if fits => {
                *room = left;
                values.insert(text.to_owned(), 1);
            }
            Some(_) | None => {
                *room += values.keys().map(String::len).sum::<usize>();
                self.values = None;
            }
        }
    }

    fn read_paths(
        &mut self,
        name: &str,
        value: &Node<'_>,
        (found, is_secret): Facts<'_>,
        room: &mut usize,
    ) {
        let Some(folders) = self.folders.as_mut().filter(|_| names_paths(name, value)) else {
            self.folders = None;
            return;
        };
        // Whether it surely names paths, wherever.
        let anywhere = Constraint::Path(Under::new(vec![PathBuf::from("/")]));
        if anywhere.check(name, value, found).is_err() {
            self.folders = None;
            return;
        }
        let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        let below = format!("{pointer}/");
        let is_own = |at: &str| at == pointer || at.starts_with(&below);
        for (one, real) in found.candidates.iter().zip(found.resolved) {
            if is_own(&one.pointer) {
                folders.add(real, room);
                let plain = real.to_str().filter(|it| !is_secret(name, it));
                if plain.is_none() {
                    self.folders = None;
                    return;
                }
            }
        }
    }

    fn read_sql(&mut self, value: &Node<'_>, found: &Found<'_>) {
        let reads = |dialect: &sql::Dialect| {
            let functions = Vec::new();
            let dialect = *dialect;
            let demand = Constraint::Sql(sql::ReadOnly { dialect, functions });
            demand.check("", value, found).is_ok()
        };
        self.dialects.retain(reads);
    }
}

/// Whether an argument has the look of a path: by its value or, for one that is relative, by its name.
fn names_paths(name: &str, value: &Node<'_>) -> bool {
    let name = name.to_lowercase();
    let named = PATH_NAMES.iter().any(|it| name.contains(it));
    let looks = |it: &Node<'_>| {
        let text = it.as_text().unwrap_or_default();
        named || PATH_STARTS.iter().any(|start| text.starts_with(start))
    };
    match value {
        Node::String(_) => looks(value),
        Node::Array(items) => items.len() <= MAX_PATHS && items.iter().all(looks),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Object(_) => false,
    }
}
