//! The members of a mapping, taken one by one; what is left at the end is unknown.

use super::super::tree::Tree;

/// A mapping being read.
pub(super) struct Fields {
    what: &'static str,
    members: Vec<(String, Tree)>,
}

impl Fields {
    /// Begins; null is an empty mapping.
    pub(super) fn of(tree: Tree, what: &'static str) -> Result<Self, String> {
        match tree {
            Tree::Object(members) => Ok(Self { what, members }),
            Tree::Null => Ok(Self {
                what,
                members: Vec::new(),
            }),
            Tree::Bool(_) | Tree::Number(_) | Tree::String(_) | Tree::Array(_) => {
                Err(format!("{what} must be a mapping"))
            }
        }
    }

    /// Takes a member out.
    pub(super) fn take(&mut self, key: &str) -> Option<Tree> {
        let at = self.members.iter().position(|(name, _)| name == key)?;
        Some(self.members.remove(at).1)
    }

    /// A member that is read by `read`; `Some(None)` where it is given as null.
    pub(super) fn nullable<T>(
        &mut self,
        key: &str,
        read: fn(Tree) -> Option<T>,
    ) -> Result<Option<Option<T>>, String> {
        match self.take(key) {
            None => Ok(None),
            Some(Tree::Null) => Ok(Some(None)),
            Some(value) => match read(value) {
                Some(value) => Ok(Some(Some(value))),
                None => Err(format!("`{key}` in {} has the wrong type", self.what)),
            },
        }
    }

    /// A text member; null is as if absent.
    pub(super) fn text(&mut self, key: &str) -> Result<Option<String>, String> {
        Ok(self.nullable(key, text)?.flatten())
    }

    /// A boolean member; null is as if absent.
    pub(super) fn truth(&mut self, key: &str) -> Result<Option<bool>, String> {
        Ok(self.nullable(key, truth)?.flatten())
    }

    /// A member that counts; null is as if absent.
    pub(super) fn count(&mut self, key: &str) -> Result<Option<u64>, String> {
        Ok(self.nullable(key, count)?.flatten())
    }

    /// Ends: what was not taken is not known.
    pub(super) fn end(self) -> Result<(), String> {
        match self.members.first() {
            None => Ok(()),
            Some((key, _)) => Err(format!(
                "`{key}` in {} is unknown to this runner",
                self.what
            )),
        }
    }
}

/// Text.
pub(super) fn text(tree: Tree) -> Option<String> {
    match tree {
        Tree::String(text) => Some(text),
        Tree::Null | Tree::Bool(_) | Tree::Number(_) | Tree::Array(_) | Tree::Object(_) => None,
    }
}

/// A whole number.
pub(super) fn integer(tree: Tree) -> Option<i64> {
    match tree {
        Tree::Number(lexeme) => lexeme.parse().ok(),
        Tree::Null | Tree::Bool(_) | Tree::String(_) | Tree::Array(_) | Tree::Object(_) => None,
    }
}

fn count(tree: Tree) -> Option<u64> {
    integer(tree).and_then(|it| u64::try_from(it).ok())
}

fn truth(tree: Tree) -> Option<bool> {
    match tree {
        Tree::Bool(it) => Some(it),
        Tree::Null | Tree::Number(_) | Tree::String(_) | Tree::Array(_) | Tree::Object(_) => None,
    }
}
