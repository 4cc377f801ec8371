//! Which entry or item each comment stands at. None is lost: what fits nowhere else stands below
//! what comes before it.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use super::nodes::Unit;
use crate::policy::comments::Comment;

/// A comment on a line of its own.
pub(super) struct Line {
    pub(super) text: String,
    /// A blank line stands before it.
    pub(super) gap: bool,
}

/// The comments by the units they stand at, and which units a blank line stands before.
#[derive(Default)]
pub(super) struct Attached {
    /// Above everything.
    pub(super) head: Vec<Line>,
    /// Below everything.
    pub(super) foot: Vec<Line>,
    pub(super) above: HashMap<usize, Vec<Line>>,
    pub(super) beside: HashMap<usize, String>,
    pub(super) below: HashMap<usize, Vec<Line>>,
    pub(super) gaps: HashSet<usize>,
}

/// Finds each comment its place.
pub(super) fn attach(units: &[Unit], comments: &[Comment], text: &str) -> Attached {
    let blank: HashSet<usize> = text
        .split('\n')
        .enumerate()
        .filter(|(_, line)| line.trim().is_empty())
        .map(|(index, _)| index + 1)
        .collect();
    let gap = |line: usize| blank.contains(&line.saturating_sub(1));
    let mut all = Attached::default();
    for (unit, at) in units.iter().enumerate() {
        if gap(at.line) {
            all.gaps.insert(unit);
        }
    }
    // Comments come in their order, so none stands before a unit that the one before it is behind.
    let mut behind = 0;
    for comment in comments {
        let (line, column) = (comment.at.line, comment.at.column);
        let after = |it: &Unit| it.line > line || (it.line == line && it.column > column);
        let ahead = units.get(behind..).unwrap_or_default();
        behind += ahead.iter().position(after).unwrap_or(ahead.len());
        let next = (behind < units.len()).then_some(behind);
        let before = next.unwrap_or(units.len()).checked_sub(1);
        let text = comment.text.clone();
        let shown = Line {
            text,
            gap: comment.alone && gap(line),
        };
        if let Some(next) = next.filter(|_| comment.alone && comment.to_lint().is_some()) {
            all.above.entry(next).or_default().push(shown);
            continue;
        }
        match before {
            None => all.head.push(shown),
            Some(before) if !comment.alone => beside(&mut all, before, shown),
            Some(_) if next.is_none() && column == 1 => all.foot.push(shown),
            Some(before) => {
                let deeper = |next: usize| units.get(next).is_none_or(|it| column > it.column);
                match next.filter(|it| !deeper(*it)) {
                    Some(next) => all.above.entry(next).or_default().push(shown),
                    None => {
                        let unit = enclosing(units, before, column);
                        all.below.entry(unit).or_default().push(shown);
                    }
                }
            }
        }
    }
    all
}

fn beside(all: &mut Attached, unit: usize, shown: Line) {
    match all.beside.entry(unit) {
        Entry::Vacant(free) => {
            free.insert(shown.text);
        }
        Entry::Occupied(_) => all.below.entry(unit).or_default().push(shown),
    }
}

/// The unit itself, or the one around it that the comment is indented as deep as.
fn enclosing(units: &[Unit], unit: usize, column: usize) -> usize {
    let mut found = unit;
    while let Some(it) = units.get(found) {
        match it.parent.filter(|_| it.column > column) {
            Some(parent) => found = parent,
            None => break,
        }
    }
    found
}
