//! YAML as a tree that knows its places. Refuses what two readers could read differently: tags,
//! merge keys, keys that are no text, duplicate keys, a second document; and bounds the rest.

mod builder;

use super::source::{At, Source};

/// Largest file read, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// A node and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    pub(crate) at: At,
    pub(crate) value: Value,
    /// Nodes in it, itself and its text counted.
    size: usize,
}

#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// A scalar without quotes: `true`, `3` and `null` mean something else than their text.
    Plain(String),
    /// A scalar that can only be text.
    Quoted(String),
    List(Vec<Tree>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) at: At,
    pub(crate) value: Tree,
}

/// Reads the file's one document. Findings go to the source; a tree may come back beside them,
/// so that what is wrong further on is found in the same run.
pub(crate) fn read(source: &mut Source<'_>) -> Option<Tree> {
    let text = source.text();
    if text.len() > MAX_BYTES {
        source.error(
            At::default(),
            format!("policy is larger than {MAX_BYTES} bytes"),
        );
        return None;
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(c) = text
        .chars()
        .find(|c| c.is_control() && !"\t\r\n".contains(*c))
    {
        let at = place_of(text, c);
        source.error(
            at,
            format!("control character U+{:04X} in the file", u32::from(c)),
        );
        return None;
    }
    builder::build(text, source)
}

fn place_of(text: &str, c: char) -> At {
    let before = text.split(c).next().unwrap_or_default();
    let line_start = before.rsplit(['\n', '\r']).next().unwrap_or_default();
    let line = before.replace("\r\n", "\n").matches(['\n', '\r']).count() + 1;
    At {
        line,
        column: line_start.chars().count() + 1,
        length: 1,
    }
}
