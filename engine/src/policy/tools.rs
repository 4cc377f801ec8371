//! A list of tools, and which of its entries a name falls under.

use std::collections::HashMap;

use crate::name::Glob;

/// An entry of a list of tools.
#[derive(Clone, Debug)]
pub(crate) struct Tool {
    /// As the policy writes it.
    pub(crate) written: String,
    pub(crate) glob: Glob,
    pub(crate) line: usize,
}

/// The list in the policy's order, with its exact names to be looked up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tools {
    list: Vec<Tool>,
    /// The first entry of each exact name, in normal form.
    exact: HashMap<String, usize>,
    /// Entries with a `*`.
    globs: Vec<usize>,
}

impl Tools {
    pub(super) fn new(list: Vec<Tool>) -> Self {
        let mut exact = HashMap::new();
        let mut globs = Vec::new();
        for (index, tool) in list.iter().enumerate() {
            if tool.glob.is_exact() {
                exact.entry(tool.glob.normal().to_owned()).or_insert(index);
            } else {
                globs.push(index);
            }
        }
        Self { list, exact, globs }
    }

    pub(crate) fn all(&self) -> &[Tool] {
        &self.list
    }

    /// The first entry that a name in normal form falls under.
    pub(crate) fn first(&self, normal: &str) -> Option<&Tool> {
        let exact = self.exact.get(normal).copied();
        let glob = self.glob(normal);
        self.list.get(match (exact, glob) {
            (Some(exact), Some(glob)) => exact.min(glob),
            (exact, glob) => exact.or(glob)?,
        })
    }

    /// The entry that speaks most closely: the exact one, else the first.
    pub(crate) fn closest(&self, normal: &str) -> Option<&Tool> {
        let exact = self.exact.get(normal).copied();
        self.list.get(exact.or_else(|| self.glob(normal))?)
    }

    /// The entry that is this very name.
    pub(crate) fn exactly(&self, normal: &str) -> Option<&Tool> {
        self.list.get(*self.exact.get(normal)?)
    }

    fn glob(&self, normal: &str) -> Option<usize> {
        let matches = |index: &usize| {
            let tool = self.list.get(*index);
            tool.is_some_and(|tool| tool.glob.matches(normal))
        };
        self.globs.iter().copied().find(matches)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_look_up_finds_what_reading_the_list_from_its_top_does(
            written in prop::collection::vec("[ab*]{1,3}", 0..8),
            name in "[ab]{0,3}",
        ) {
            let tool = |(line, written): (usize, &String)| {
                let glob = Glob::new(written).ok()?;
                Some(Tool { written: written.clone(), glob, line })
            };
            let tools = Tools::new(written.iter().enumerate().filter_map(tool).collect());
            let matching = || tools.all().iter().filter(|tool| tool.glob.matches(&name));
            let exact = matching().find(|tool| tool.glob.is_exact());
            let line = |tool: Option<&Tool>| tool.map(|tool| tool.line);
            prop_assert_eq!(line(tools.first(&name)), line(matching().next()));
            prop_assert_eq!(line(tools.closest(&name)), line(exact.or_else(|| matching().next())));
            prop_assert_eq!(line(tools.exactly(&name)), line(exact));
        }
    }
}
