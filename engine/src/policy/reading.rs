//! A policy with the tree and the document it was made of, for what looks at how it is written.

use super::{
    Loaded, Place, Policy,
    source::Source,
    walk,
    written::Document,
    yaml::{self, Tree, Value},
};
use crate::diagnostic::Diagnostics;
use crate::policy::source::At;

/// A policy that can be used, as it stands in its file.
pub(crate) struct Reading {
    pub(crate) tree: Tree,
    pub(crate) document: Document,
    pub(crate) loaded: Loaded,
}

impl Reading {
    /// Reads a policy; none where it has an error.
    pub(crate) fn of(text: &str, place: &Place) -> Result<Reading, Diagnostics> {
        let loaded = Policy::load(text, place)?;
        let mut source = Source::new(text);
        let tree = yaml::read(&mut source);
        let document = tree
            .as_ref()
            .and_then(|it| walk::document(it, place, &mut source));
        match tree.zip(document) {
            Some((tree, document)) => Ok(Reading {
                tree,
                document,
                loaded,
            }),
            None => Err(source.into_diagnostics()),
        }
    }

    /// Where a key stands, by the keys that lead to it.
    pub(crate) fn key(&self, keys: &[&str]) -> Option<At> {
        let mut tree = &self.tree;
        let mut at = None;
        for key in keys {
            let Value::Map(entries) = &tree.value else {
                return None;
            };
            let entry = entries.iter().find(|it| it.key == *key)?;
            at = Some(entry.at);
            tree = &entry.value;
        }
        at
    }
}
