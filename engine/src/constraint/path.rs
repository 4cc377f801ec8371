//! `path: {under: [...]}`: the argument names paths below some folders and nowhere else.

use std::path::{Path, PathBuf};

use super::Why;
use crate::{
    node::Node,
    paths::{Found, named_within},
};

/// The demand.
#[derive(Clone, Debug)]
pub(crate) struct Under {
    /// Absolute, and as the links in them lead once the caller has said so.
    folders: Vec<PathBuf>,
}

impl Under {
    pub(crate) fn new(folders: Vec<PathBuf>) -> Self {
        Self { folders }
    }

    /// Adds where the folders really are.
    pub(crate) fn resolve(&mut self, resolve: &dyn Fn(&Path) -> PathBuf) {
        let real: Vec<PathBuf> = self.folders.iter().map(|it| resolve(it)).collect();
        for folder in real {
            if !self.folders.contains(&folder) {
                self.folders.push(folder);
            }
        }
    }

    pub(super) fn check(&self, name: &str, value: &Node<'_>, found: &Found<'_>) -> Result<(), Why> {
        let says = "it has to name a path in a folder that is allowed";
        if !texts(value) {
            return Err(Why::new(says, "it is neither a text nor a list of texts"));
        }
        // JSON pointers write these two so (RFC 6901).
        let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        let all = match value {
            Node::Array(items) => {
                let at = |index| format!("{pointer}/{index}");
                (0..items.len()).all(|index| named_within(&self.folders, &at(index), found))
            }
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) | Node::Object(_) => {
                named_within(&self.folders, &pointer, found)
            }
        };
        if all {
            return Ok(());
        }
        Err(Why::new(says, "it could name a path outside of `under`"))
    }
}

/// A text, or a list of nothing else.
fn texts(value: &Node<'_>) -> bool {
    match value {
        Node::String(_) => true,
        Node::Array(items) => {
            !items.is_empty() && items.iter().all(|it| matches!(it, Node::String(_)))
        }
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Object(_) => false,
    }
}
