//! A policy in its canonical layout: keys in the reference's order, two spaces, quotes where YAML
//! needs them or a reader could take the text for something else; comments stay with what they
//! stand at. What comes out is read again: it is given back only where it is the same policy with
//! the same comments, and would not be laid out otherwise once more.

mod attach;
mod nodes;
mod print;
mod scalar;

use std::fmt;

use super::{
    Place, Reading,
    comments::comments,
    fields::{Plain, plain},
    yaml::{Tree, Value},
};
use crate::{compare::only_tighter, diagnostic::Diagnostics, lint::lint};

/// Why a policy is not laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormatError {
    /// It is not valid.
    Invalid(Diagnostics),
    /// It has an anchor or an alias, at this line.
    Anchor(usize),
    /// The layout would have changed what it means or lost a comment: a fault of ours.
    Unsure(&'static str),
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FormatError::Invalid(errors) => errors.fmt(f),
            FormatError::Anchor(line) => write!(
                f,
                "line {line}: anchors and aliases have no canonical layout; write out what they stand for"
            ),
            FormatError::Unsure(what) => write!(
                f,
                "its layout could not be proven to keep {what}, so it is left as it is"
            ),
        }
    }
}

impl std::error::Error for FormatError {}

/// The policy in its canonical layout.
///
/// # Errors
/// When it is not valid, or can't be laid out without a doubt.
pub fn format(text: &str, place: &Place) -> Result<String, FormatError> {
    let before = Reading::of(text, place).map_err(FormatError::Invalid)?;
    let out = laid_out(text)?;
    let unsure = |what| Err(FormatError::Unsure(what));
    let Ok(after) = Reading::of(&out, place) else {
        return unsure("its meaning");
    };
    let (old, new) = (&before.loaded.policy, &after.loaded.policy);
    let equal = only_tighter(old, new) && only_tighter(new, old);
    if !equal || !is_same(&before.tree, &after.tree) || old.hash() != new.hash() {
        return unsure("its meaning");
    }
    if told(text) != told(&out) {
        return unsure("its comments");
    }
    if speaks_to_lint(text) && findings(text, place) != findings(&out, place) {
        return unsure("what its comments allow");
    }
    if laid_out(&out)? != out {
        return unsure("the same layout twice");
    }
    Ok(out)
}

fn laid_out(text: &str) -> Result<String, FormatError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    let document = nodes::read(&lines)?;
    let attached = attach::attach(&document.units, &comments(&lines), &lines);
    Ok(print::print(&document, &attached))
}

/// The comments whatever their order.
fn told(text: &str) -> Vec<String> {
    let mut all: Vec<_> = comments(text).into_iter().map(|it| it.text).collect();
    all.sort_unstable();
    all
}

fn speaks_to_lint(text: &str) -> bool {
    comments(text).iter().any(|it| it.to_lint().is_some())
}

/// What is found in it and not allowed by a comment, wherever it stands; none where it can't be read.
fn findings(text: &str, place: &Place) -> Option<Vec<&'static str>> {
    let report = lint(text, place, None).ok()?;
    let mut all: Vec<_> = report.findings.iter().map(|it| it.code).collect();
    all.sort_unstable();
    Some(all)
}

/// Whether two trees mean the same, whatever the order of their keys.
fn is_same(one: &Tree, other: &Tree) -> bool {
    match (&one.value, &other.value) {
        (Value::Plain(a), Value::Plain(b)) | (Value::Quoted(a), Value::Quoted(b)) => a == b,
        (Value::Plain(bare), Value::Quoted(quoted))
        | (Value::Quoted(quoted), Value::Plain(bare)) => {
            bare == quoted && plain(bare) == Plain::Text
        }
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            let found = |key: &str| b.iter().find(|it| it.key == key);
            let kept = |it: &super::yaml::Entry| {
                found(&it.key).is_some_and(|other| is_same(&it.value, &other.value))
            };
            a.len() == b.len() && a.iter().all(kept)
        }
        (Value::Plain(_) | Value::Quoted(_) | Value::List(_) | Value::Map(_), _) => false,
    }
}

#[cfg(test)]
mod tests;
