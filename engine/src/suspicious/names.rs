//! Names that pretend to be another one.

use super::Foreign;
use crate::name::{looks_like, normal_form};

/// Whether a name looks like that of a foreign tool, though the two differ by more than case and
/// separators: two servers may well have a tool of one name.
pub(super) fn pretends(name: &str, foreign: &[Foreign<'_>]) -> bool {
    let looks = looks_like(name);
    let mut alike = foreign.iter().filter(|other| other.looks == looks);
    alike.any(|other| bare(name) != bare(other.name))
}

fn bare(name: &str) -> String {
    let separator = |c: &char| matches!(c, '-' | '_' | '.' | ' ' | '/' | ':');
    normal_form(name)
        .chars()
        .filter(|c| !separator(c))
        .collect()
}
