//! Protected paths: which paths a call's arguments could name, and whether one of them is protected.
//!
//! Every string and key counts, at any depth and inside JSON held by a string, read the ways a server,
//! a shell or a URL parser might; prose does not count. Residual, by choice: hard links; `cd` and then
//! a relative name; a parent folder or `**` given to a recursive tool, and a closing bare `*`; a path a
//! command computes or joins from three pieces; `/proc/*/fd`; prose-named arguments a server uses as a
//! path, and scripts padded with prose in an argument named like neither a command nor a path.

mod arguments;
mod expand;
mod glob;
mod json;
mod pointer;
mod prose;
mod readings;
mod settle;
mod walk;
mod within;
mod words;

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

pub use arguments::Reading;
pub use settle::lexical;
pub use within::{all_within, named_within};

/// What relative and abbreviated paths are read against.
pub struct Ground<'a> {
    /// The user's home folder, for `~` and `$HOME`.
    pub home: Option<&'a Path>,
    /// The client's working folder and roots, for relative paths.
    pub bases: &'a [PathBuf],
    /// The home of a named user, for `~user`; a caller that can't know answers `None`.
    pub user_homes: &'a dyn Fn(&str) -> Option<PathBuf>,
}

/// How much of the file system a candidate could mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// The path itself.
    Exact,
    /// Any path the globs and unknown variables in it could make.
    Pattern,
    /// Any path at all: the arguments name too many to judge, and doubt denies.
    Anything,
}

/// A path the arguments could name.
#[derive(Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Where in the arguments, as a JSON pointer.
    pub pointer: String,
    /// The word as sent.
    pub text: String,
    /// Absolute. Where the word climbs with `..` there are two: one lexically normal, one as written,
    /// since behind a link the two differ.
    pub path: PathBuf,
    /// How far it reaches.
    pub reach: Reach,
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidate")
            .field("pointer", &self.pointer)
            .field("reach", &self.reach)
            .finish_non_exhaustive()
    }
}

/// Candidates with their links resolved by the caller.
pub struct Found<'a> {
    /// What [`candidates`] found.
    pub candidates: &'a [Candidate],
    /// `resolved[i]` is candidate i with the links of its longest existing prefix resolved; may be
    /// shorter than the candidates, which then stand unresolved.
    pub resolved: &'a [PathBuf],
}

/// Every path the arguments could name; past a bound, one that reaches anything.
pub fn candidates(args: &crate::node::Node<'_>, ground: &Ground<'_>) -> Vec<Candidate> {
    walk::candidates(args, ground)
}

/// The first candidate that is a protected path or lies below one.
pub fn hit<'a>(
    protected: &[PathBuf],
    found: &Found<'a>,
    case_insensitive: bool,
) -> Option<&'a Candidate> {
    if protected.is_empty() || found.candidates.is_empty() {
        return None;
    }
    let protected: Vec<Cow<'_, Path>> = protected
        .iter()
        .map(|path| comparable(path, case_insensitive))
        .collect();
    let forms = found
        .candidates
        .iter()
        .enumerate()
        .map(|(index, one)| (one, found.resolved.get(index)));
    let mut hits = forms.filter(|(one, resolved)| {
        if one.reach == Reach::Anything {
            return true;
        }
        [Some(&one.path), *resolved]
            .into_iter()
            .flatten()
            .any(|path| {
                let path = comparable(path, case_insensitive);
                protected.iter().any(|protected| match one.reach {
                    Reach::Exact => path.starts_with(protected),
                    Reach::Pattern => glob::could_name(&path, protected),
                    Reach::Anything => true,
                })
            })
    });
    hits.next().map(|(one, _)| one)
}

/// A path as it is compared: lexically normal and, where the file system doesn't tell them apart,
/// without the difference of case and of Unicode form.
fn comparable(path: &Path, case_insensitive: bool) -> Cow<'_, Path> {
    let path = if settle::is_lexical(path) {
        Cow::Borrowed(path)
    } else {
        Cow::Owned(lexical(path))
    };
    if !case_insensitive {
        return path;
    }
    Cow::Owned(PathBuf::from(readings::caseless(&path.to_string_lossy())))
}
