//! What a server lists: its tools and the names of their arguments, as far as they are known.

use std::borrow::Cow;

use crate::{
    name::{Glob, normal_form},
    node::Node,
};

/// The tools of one server.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    /// How a person calls the server.
    pub server: String,
    /// Its tools.
    pub tools: Vec<ListedTool>,
}

/// A tool that a server lists.
#[derive(Clone, Debug, Default)]
pub struct ListedTool {
    /// Its name.
    pub name: String,
    /// The names of its arguments; `None` where its schema is not known or doesn't name them.
    pub args: Option<Vec<String>>,
}

impl ListedTool {
    /// A tool by its definition.
    pub fn of(name: &str, definition: &Node<'_>) -> ListedTool {
        let schema = definition.member("inputSchema");
        let args = match schema.and_then(|it| it.member("properties")) {
            Some(Node::Object(members)) => {
                Some(members.iter().map(|(key, _)| key.to_string()).collect())
            }
            Some(_) | None => None,
        };
        ListedTool {
            name: name.to_owned(),
            args,
        }
    }

    pub(super) fn normal(&self) -> Cow<'_, str> {
        normal_form(&self.name)
    }
}

impl Listed {
    pub(super) fn under<'l>(&'l self, glob: &'l Glob) -> impl Iterator<Item = &'l ListedTool> {
        self.tools.iter().filter(|it| glob.matches(&it.normal()))
    }
}
