//! A regular expression for an argument, matched against the whole of its text unless the policy
//! says `match: search`.

use regex::{Error, Regex, RegexBuilder};

use crate::re2::ascii_reading;

/// Longest pattern, in bytes.
const MAX_LENGTH: usize = 16 << 10;

/// Limits for a compiled pattern, in bytes, tried in turn: the one it fits is its weight.
const TIERS: [usize; 3] = [16 << 10, 256 << 10, MAX_COMPILED];

/// Largest compiled pattern, in bytes.
const MAX_COMPILED: usize = 4 << 20;

/// What the patterns of one policy may weigh together.
pub(crate) const MAX_WEIGHT: usize = 64 << 20;

/// How much of the text a pattern has to match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matching {
    /// All of it.
    Full,
    /// Any part.
    Search,
}

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    written: String,
    alone: Regex,
    whole: Option<Regex>,
    weight: usize,
}

/// What a pattern makes of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It matches.
    Match,
    /// It matches a part only, where it had to match the whole.
    Part,
    /// It matches nowhere.
    Miss,
}

impl Pattern {
    /// Compiles a pattern. It has to be one by itself, before it is put between anchors: so
    /// `a)|(b` can't break out of them.
    pub(crate) fn new(written: &str, matching: Matching) -> Result<Pattern, String> {
        if written.len() > MAX_LENGTH {
            return Err(format!("it is longer than {MAX_LENGTH} bytes"));
        }
        let reading = ascii_reading(written);
        let (alone, mut weight) = build(&reading).map_err(|error| describe(&error))?;
        let mut whole = None;
        if matching == Matching::Full {
            let (regex, more) = anchored(&reading).map_err(|error| describe(&error))?;
            whole = Some(regex);
            weight += more;
        }
        Ok(Pattern {
            written: written.to_owned(),
            alone,
            whole,
            weight,
        })
    }

    /// About how much memory it takes, in bytes.
    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    pub(crate) fn outcome(&self, text: &str) -> Outcome {
        let Some(whole) = &self.whole else {
            return if self.alone.is_match(text) {
                Outcome::Match
            } else {
                Outcome::Miss
            };
        };
        if whole.is_match(text) {
            Outcome::Match
        } else if self.alone.is_match(text) {
            Outcome::Part
        } else {
            Outcome::Miss
        }
    }

    pub(crate) fn written(&self) -> &str {
        &self.written
    }

    /// Whether it has to match the whole of a text.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole.is_some()
    }

    /// Whether the other pattern is the same and is matched in the same way.
    pub(crate) fn is_same(&self, other: &Pattern) -> bool {
        self.written == other.written && self.whole.is_some() == other.whole.is_some()
    }
}

/// The pattern between anchors. Under `(?x)` its last line may be a comment, which would swallow
/// the closing bracket; then, and only then, a line break closes the comment first.
fn anchored(pattern: &str) -> Result<(Regex, usize), Error> {
    match build(&format!(r"\A(?s:{pattern})\z")) {
        Err(Error::Syntax(_)) => build(&format!("\\A(?s:{pattern}\n)\\z")),
        built => built,
    }
}

fn build(pattern: &str) -> Result<(Regex, usize), Error> {
    let fit = |limit: usize| RegexBuilder::new(pattern).size_limit(limit).build();
    let [small, middle, large] = TIERS;
    for limit in [small, middle] {
        match fit(limit) {
            Err(Error::CompiledTooBig(_)) => {}
            built => return built.map(|regex| (regex, limit)),
        }
    }
    fit(large).map(|regex| (regex, large))
}

fn describe(error: &Error) -> String {
    if let Error::CompiledTooBig(limit) = error {
        return format!("it compiles to more than {limit} bytes");
    }
    let whole = error.to_string();
    let last = whole.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_has_to_match_the_whole_text() {
        check("SELECT .*", "SELECT 1", Outcome::Match);
        check("SELECT .*", "SELECT 1\n; DROP", Outcome::Match);
        check("SELECT [a-z ]*", "SELECT a; DROP", Outcome::Part);
        check("SELECT", "DROP", Outcome::Miss);
        check("^SELECT\\s+.*", "SELECT 1", Outcome::Match);
        check("^SELECT\\s+.*$", "SELECT 1", Outcome::Match);
        check("a|b", "b", Outcome::Match);
        check("a|b", "ab", Outcome::Part);
        check("safe", "safe\n", Outcome::Part);
        check("(?m)^safe$", "safe\nevil", Outcome::Part);
        check("(?i)get", "GET", Outcome::Match);
        check("", "", Outcome::Match);
        check("", "x", Outcome::Part);
    }

    #[test]
    fn digits_letters_and_spaces_are_ascii_as_in_re2() {
        check(r"\d+", "１２３", Outcome::Miss);
        check(r"\w+", "josé", Outcome::Part);
        check(r"SELECT\s.*", "SELECT\u{a0}1", Outcome::Miss);
        check(r"SELECT\s.*", "SELECT\n1", Outcome::Match);
        check(r"\p{L}+", "josé", Outcome::Match);
        check(r".{1,1000}", "x", Outcome::Match);
        check(r"[^/]{1,1000}", "é", Outcome::Match);
    }

    #[test]
    fn a_comment_at_the_end_takes_nothing_with_it() {
        check("(?x) a b # the end", "ab", Outcome::Match);
        check("(?x) a b # the end", "abc", Outcome::Part);
        check("(?x) a b # the end", "ab\n", Outcome::Part);
        check("a # b", "a # b", Outcome::Match);
    }

    #[test]
    fn a_search_is_content_with_a_part() {
        let pattern = Pattern::new("b", Matching::Search).unwrap();
        assert_eq!(pattern.outcome("abc"), Outcome::Match);
        assert_eq!(pattern.outcome("ac"), Outcome::Miss);
    }

    #[test]
    fn what_is_no_pattern_by_itself_is_refused() {
        check_refused("a)|(b", "unopened group");
        check_refused("(", "unclosed group");
        check_refused(
            "(?=a)",
            "look-around, including look-ahead and look-behind, is not supported",
        );
        check_refused("[", "unclosed character class");
        check_refused("\\w{1000}{1000}", "it compiles to more than 4194304 bytes");
    }

    fn check(pattern: &str, text: &str, outcome: Outcome) {
        let compiled = Pattern::new(pattern, Matching::Full).unwrap();
        assert_eq!(compiled.outcome(text), outcome, "{pattern:?} on {text:?}");
    }

    fn check_refused(pattern: &str, reason: &str) {
        let refused = Pattern::new(pattern, Matching::Full).map(|_| ());
        assert_eq!(refused, Err(reason.to_owned()), "{pattern:?}");
    }
}
