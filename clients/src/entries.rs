//! The servers of a configuration.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::broken::Broken;
use crate::table::Shape;
use crate::tree::{Document, Member, Node, Value, read};

/// Which entry of a file: the members that lead to it, the server's name last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct At(pub Vec<String>);

impl At {
    /// The server's name.
    #[must_use]
    pub fn server(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// The folder it is for, where a file holds servers for several.
    #[must_use]
    pub fn folder(&self) -> Option<&str> {
        match self.0.as_slice() {
            [first, folder, ..] if first == "projects" => Some(folder),
            _ => None,
        }
    }
}

/// The most servers of one file that are read.
pub(crate) const MOST: usize = 2000;

/// A server's entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which.
    pub at: At,
    /// What it is.
    pub kind: Kind,
    /// The client starts or reaches it.
    pub enabled: bool,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A program the client starts.
    Stdio {
        /// Its command line.
        command: Command,
        /// That program is aip.
        wrapped: bool,
    },
    /// Reached by a URL: no program to put aip in front of.
    Remote,
    /// Of the client's own: no program either.
    Own,
    /// Not as clients read it.
    Broken(Broken),
}

/// A command line. It may hold secrets, so it is shown only through [`crate::masked`].
#[derive(Clone, PartialEq, Eq)]
pub struct Command(pub Vec<String>);

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Command").field(&self.0.len()).finish()
    }
}

/// Whether this command may be aip: its bare name, or an absolute path that ends in it. What any
/// other path leads to depends on the client's folder and variables, so it is not taken for aip.
#[must_use]
pub fn is_aip(command: &str) -> bool {
    let name = command.rsplit(['/', '\\']).next().unwrap_or(command);
    let named = name == "aip" || name.eq_ignore_ascii_case("aip.exe");
    named && (name == command || Path::new(command).is_absolute())
}

/// Whether the entry starts aip. A bare name is looked for where the entry's `PATH` says, if it has
/// one: then it may be any program.
pub(crate) fn is_wrapped(spot: &Spot<'_>, form: &Form<'_>) -> bool {
    let argv = form.argv();
    let Some(command) = argv.first().filter(|it| is_aip(it)) else {
        return false;
    };
    let inner = match form {
        Form::Split { map, .. } => sets_path(map),
        Form::Whole(_) => false,
    };
    Path::new(command).is_absolute() || !(inner || sets_path(spot.node))
}

/// The members in which clients have a server's environment.
const ENVIRONMENTS: [&str; 3] = ["env", "envs", "environment"];

fn sets_path(entry: &Node) -> bool {
    let is_path = |name: &str| name.eq_ignore_ascii_case("PATH");
    let all = entry.members().iter();
    all.filter(|it| ENVIRONMENTS.contains(&it.key.as_str()))
        .any(|it| {
            let items = it.node.items().unwrap_or_default();
            let mut words = items.iter().filter_map(Node::text);
            it.node.members().iter().any(|it| is_path(&it.key))
                || words.any(|it| it.split_once('=').is_some_and(|(name, _)| is_path(name)))
        })
}

/// Reads the entries of a file's text.
///
/// # Errors
/// When the text has not the form its client reads.
pub fn entries(text: &str, shape: &Shape) -> Result<Vec<Entry>, Broken> {
    let document = read(text, shape.format)?;
    let found = spots(text, &document, shape)?;
    Ok(found.iter().map(|spot| entry(text, spot, shape)).collect())
}

fn entry(text: &str, spot: &Spot<'_>, shape: &Shape) -> Entry {
    let flag = |name: &str| spot.node.get(name).and_then(|it| it.node.flag());
    let enabled = flag("enabled") != Some(false) && flag("disabled") != Some(true);
    let kind = match form(text, spot, shape) {
        Ok(Some(form)) => {
            let wrapped = is_wrapped(spot, &form);
            let command = Command(form.argv());
            Kind::Stdio { command, wrapped }
        }
        Ok(None) if is_remote(spot.node) => Kind::Remote,
        Ok(None) => Kind::Own,
        Err(broken) => Kind::Broken(broken),
    };
    Entry {
        at: spot.at.clone(),
        kind,
        enabled,
    }
}

/// An entry's value.
pub(crate) struct Spot<'a> {
    pub(crate) at: At,
    pub(crate) node: &'a Node,
    /// There are several of this name.
    doubled: bool,
}

/// Every entry of the document.
pub(crate) fn spots<'a>(
    text: &str,
    document: &'a Document,
    shape: &Shape,
) -> Result<Vec<Spot<'a>>, Broken> {
    let mut found = Vec::new();
    if let Some(root) = &document.root {
        if !matches!(root.value, Value::Map(_)) {
            return Err(Broken::at(
                text,
                root.span.start,
                "it is no map of settings",
            ));
        }
        for path in &shape.at {
            descend(text, root, path, &mut Vec::new(), &mut found)?;
        }
    }
    Ok(found)
}

fn descend<'a>(
    text: &str,
    node: &'a Node,
    path: &[String],
    walked: &mut Vec<String>,
    found: &mut Vec<Spot<'a>>,
) -> Result<(), Broken> {
    let Some((step, rest)) = path.split_first() else {
        return servers(text, node, walked, found);
    };
    let counts = counts(node.members().iter().map(|it| it.key.as_str()));
    for member in node.members() {
        if step != "*" && *step != member.key {
            continue;
        }
        if is_many(&counts, &member.key) {
            let why = "this name stands twice in one map";
            return Err(Broken::at(text, member.key_span.start, why));
        }
        walked.push(member.key.clone());
        descend(text, &member.node, rest, walked, found)?;
        walked.pop();
    }
    Ok(())
}

fn servers<'a>(
    text: &str,
    node: &'a Node,
    walked: &[String],
    found: &mut Vec<Spot<'a>>,
) -> Result<(), Broken> {
    let here = node.members().len() + node.items().map_or(0, <[Node]>::len);
    if found.len() + here > MOST {
        let why = "too many servers: no more than 2000 of one file are read";
        return Err(Broken::at(text, node.span.start, why));
    }
    let mut add = |name: &str, node, doubled| {
        let at = At(walked.iter().cloned().chain([name.to_owned()]).collect());
        found.push(Spot { at, node, doubled });
    };
    match &node.value {
        Value::Map(members) => {
            let counts = counts(members.iter().map(|it| it.key.as_str()));
            for member in members {
                let doubled = is_many(&counts, &member.key);
                add(&member.key, &member.node, doubled);
            }
        }
        // Continue's: a list of maps with names.
        Value::List(items) => {
            let named = |it: &'a Node| it.get("name").and_then(|it| it.node.text());
            let counts = counts(items.iter().filter_map(named));
            for item in items {
                let name = named(item).unwrap_or_default();
                add(name, item, is_many(&counts, name));
            }
        }
        Value::Null => {}
        Value::Text(_) | Value::Flag(_) | Value::Other(_) => {
            let why = "here should be a map of servers";
            return Err(Broken::at(text, node.span.start, why));
        }
    }
    Ok(())
}

/// How often each name is there.
fn counts<'a>(names: impl Iterator<Item = &'a str>) -> HashMap<&'a str, usize> {
    let mut counts = HashMap::new();
    for name in names {
        *counts.entry(name).or_insert(0) += 1;
    }
    counts
}

fn is_many(counts: &HashMap<&str, usize>, name: &str) -> bool {
    counts.get(name).is_some_and(|it| *it > 1)
}

fn is_doubled(node: &Node, key: &str) -> bool {
    node.members().iter().filter(|it| it.key == key).count() > 1
}

/// The values of an entry that say which program is started.
pub(crate) enum Form<'a> {
    /// A command, and perhaps its arguments.
    Split {
        map: &'a Node,
        command: &'a Member,
        args: Option<&'a Node>,
    },
    /// One list of both.
    Whole(&'a Node),
}

impl Form<'_> {
    /// The command line. Numbers and flags stand as they are written.
    pub(crate) fn argv(&self) -> Vec<String> {
        let words = |list: Option<&Node>| -> Vec<String> {
            let items = list.and_then(Node::items).unwrap_or_default();
            items.iter().map(word).collect()
        };
        match self {
            Self::Split { command, args, .. } => {
                let mut argv = vec![word(&command.node)];
                argv.extend(words(*args));
                argv
            }
            Self::Whole(list) => words(Some(list)),
        }
    }
}

pub(crate) fn word(node: &Node) -> String {
    match &node.value {
        Value::Text(text) | Value::Other(text) => text.clone(),
        Value::Flag(flag) => flag.to_string(),
        Value::Null | Value::List(_) | Value::Map(_) => String::new(),
    }
}

/// Finds them; `None` where the entry starts no program.
pub(crate) fn form<'a>(
    text: &str,
    spot: &Spot<'a>,
    shape: &Shape,
) -> Result<Option<Form<'a>>, Broken> {
    let broken = |node: &Node, why| Err(Broken::at(text, node.span.start, why));
    let node = spot.node;
    if !matches!(node.value, Value::Map(_)) {
        return broken(node, "here should be a map of a server's settings");
    }
    if spot.at.server().is_empty() {
        return broken(node, "this server has no name");
    }
    if spot.doubled {
        return broken(node, "this name stands for two servers");
    }
    if node.get("<<").is_some() {
        return broken(node, "it merges another map, which aip does not edit");
    }
    let Some(command) = node.get(&shape.command) else {
        return Ok(None);
    };
    match &command.node.value {
        // As Zed once had it: `command: {path, args}`.
        Value::Map(_) => match command.node.get("path") {
            Some(path) => split(text, &command.node, path),
            None => broken(&command.node, "here should be a command"),
        },
        Value::List(items) if !items.is_empty() && !is_doubled(node, &shape.command) => {
            Ok(Some(Form::Whole(&command.node)))
        }
        Value::Text(_) => split(text, node, command),
        Value::List(_) | Value::Flag(_) | Value::Null | Value::Other(_) => {
            broken(&command.node, "here should be a command")
        }
    }
}

fn split<'a>(text: &str, map: &'a Node, command: &'a Member) -> Result<Option<Form<'a>>, Broken> {
    let twice = is_doubled(map, &command.key) || is_doubled(map, "args");
    let args = map.get("args").map(|it| &it.node);
    let fits = args.is_none_or(|it| matches!(it.value, Value::List(_) | Value::Null));
    match command.node.text() {
        Some(word) if !word.is_empty() && !twice && fits => {
            Ok(Some(Form::Split { map, command, args }))
        }
        Some(_) | None => {
            let why = match (twice, fits) {
                (true, _) => "its command or arguments stand there twice",
                (false, false) => "its arguments are no list",
                (false, true) => "here should be a command",
            };
            Err(Broken::at(text, command.node.span.start, why))
        }
    }
}

/// The members by which clients say that a server is reached by a URL.
const URLS: [&str; 4] = ["url", "serverUrl", "httpUrl", "uri"];

fn is_remote(node: &Node) -> bool {
    URLS.iter().any(|it| node.get(it).is_some())
}

#[cfg(test)]
mod tests;
