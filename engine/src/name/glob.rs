//! Patterns for names: `*` stands for any run of characters, everything else for itself.

use std::{cmp::Ordering, fmt};

use super::normal_form;

/// Longest pattern or name a policy may write, in bytes.
const MAX_LENGTH: usize = 1024;

/// A pattern for names, compared with normal forms only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Glob {
    normal: String,
}

/// Why a pattern can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GlobError {
    /// Nothing is left of it in normal form.
    Empty,
    /// It is longer than a name may be.
    TooLong,
    /// It holds a character that other pattern languages give a meaning.
    Special(char),
    /// A character in it turns into `*` in normal form.
    HiddenStar,
}

impl Glob {
    /// Reads a pattern as a policy writes it; its normal form is what matches.
    pub fn new(pattern: &str) -> Result<Glob, GlobError> {
        if pattern.len() > MAX_LENGTH {
            return Err(GlobError::TooLong);
        }
        let normal = normal_form(pattern).into_owned();
        if normal.is_empty() {
            return Err(GlobError::Empty);
        }
        let stars = |text: &str| text.chars().filter(|c| *c == '*').count();
        if stars(&normal) != stars(pattern) {
            return Err(GlobError::HiddenStar);
        }
        if let Some(special) = normal.chars().find(|c| "?[]{}\\".contains(*c)) {
            return Err(GlobError::Special(special));
        }
        Ok(Glob { normal })
    }

    /// Whether a name, given in normal form, matches. Linear in the name.
    pub fn matches(&self, normal: &str) -> bool {
        star_matches(&self.normal, normal)
    }

    /// Whether it is one name, without a `*`.
    pub fn is_exact(&self) -> bool {
        !self.normal.contains('*')
    }

    /// The pattern in normal form.
    pub fn normal(&self) -> &str {
        &self.normal
    }

    /// Orders patterns by how closely they speak, the closest first: one name, then the longer
    /// pattern. Equal only for patterns of one length that both hold a `*`.
    pub fn specificity(&self, other: &Glob) -> Ordering {
        let rank = |glob: &Glob| (!glob.is_exact(), usize::MAX - glob.length());
        rank(self).cmp(&rank(other))
    }

    /// Its length in characters.
    pub(crate) fn length(&self) -> usize {
        self.normal.chars().count()
    }

    /// Whether everything the other pattern matches is surely matched by this one. A `*` of the
    /// other can only be taken in by a `*` of this one, so matching its text is proof.
    pub(crate) fn covers(&self, other: &Glob) -> bool {
        self.matches(&other.normal)
    }
}

/// Whether a text matches a pattern in which `*` stands for any run of characters and everything else for
/// itself. Linear in the text.
pub(crate) fn star_matches(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let Some(last) = pieces.next_back() else {
        return rest.is_empty();
    };
    for piece in pieces {
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

impl fmt::Display for GlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GlobError::Empty => f.write_str("it is empty once invisible characters are dropped"),
            GlobError::TooLong => write!(f, "it is longer than {MAX_LENGTH} bytes"),
            GlobError::Special(c) => {
                write!(
                    f,
                    "`{c}` has no meaning in a pattern, `*` is the only wildcard"
                )
            }
            GlobError::HiddenStar => f.write_str("it holds a character that becomes a `*`"),
        }
    }
}

impl std::error::Error for GlobError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        check("read_file", "read_file", true);
        check("read_file", "read_files", false);
        check("git_*", "git_", true);
        check("git_*", "git_log", true);
        check("git_*", "agit_log", false);
        check("*_file", "read_file", true);
        check("*_file", "read_file_", false);
        check("*", "", true);
        check("*", "anything", true);
        check("a*b*c", "abc", true);
        check("a*b*c", "axxbyyc", true);
        check("a*b*c", "axxcyyb", false);
        check("ab*ba", "aba", false);
        check("ab*ba", "abba", true);
        check("*aa*aa*", "aaa", false);
        check("*aa*aa*", "aaaa", true);
        check("**", "x", true);
        check("Git_*", "git_log", true);
    }

    #[test]
    fn a_pattern_that_could_mean_something_else_is_refused() {
        check_refused("", GlobError::Empty);
        check_refused("\u{200b}", GlobError::Empty);
        check_refused("git_?", GlobError::Special('?'));
        check_refused("git_[ab]", GlobError::Special('['));
        check_refused("git＊", GlobError::HiddenStar);
        check_refused(&"a".repeat(2000), GlobError::TooLong);
    }

    #[test]
    fn the_exact_name_then_the_longer_pattern_speaks_first() {
        check_order("read_file", "read_file_*", Ordering::Less);
        check_order("read_*", "read*", Ordering::Less);
        check_order("*", "read*", Ordering::Greater);
        check_order("a*b", "ab*", Ordering::Equal);
    }

    #[test]
    fn covering_is_claimed_only_where_it_is_sure() {
        check_covers("git_*", "git_log", true);
        check_covers("git_*", "git_l*", true);
        check_covers("git_l*", "git_*", false);
        check_covers("*", "a*b", true);
        check_covers("a*b", "a*", false);
        check_covers("a*b", "a*c*b", true);
        check_covers("git", "git", true);
    }

    fn check(pattern: &str, name: &str, matches: bool) {
        let glob = Glob::new(pattern).unwrap();
        assert_eq!(glob.matches(name), matches, "{pattern:?} against {name:?}");
    }

    fn check_refused(pattern: &str, error: GlobError) {
        assert_eq!(Glob::new(pattern), Err(error), "{pattern:?}");
    }

    fn check_order(a: &str, b: &str, order: Ordering) {
        let (a, b) = (Glob::new(a).unwrap(), Glob::new(b).unwrap());
        assert_eq!(a.specificity(&b), order, "{a:?} and {b:?}");
    }

    fn check_covers(a: &str, b: &str, covers: bool) {
        let (a, b) = (Glob::new(a).unwrap(), Glob::new(b).unwrap());
        assert_eq!(a.covers(&b), covers, "{a:?} over {b:?}");
    }
}
