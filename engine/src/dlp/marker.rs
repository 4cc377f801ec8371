//! The marker that stands where a secret was.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::view::cut;

const OPEN: &str = "[REDACTED:";

static OPENING: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(OPEN));

/// The marker of the pattern called `name`.
pub(super) fn write(name: &str) -> String {
    format!("{OPEN}{name}]")
}

/// Markers in `text` whose name, at most `longest` bytes, is one of `ours`; in order, apart.
pub(super) fn find(text: &str, longest: usize, ours: impl Fn(&str) -> bool) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    if text.len() <= OPEN.len() {
        return found;
    }
    for start in OPENING.find_iter(text.as_bytes()) {
        let name_at = start + OPEN.len();
        let tail = text.as_bytes().iter().skip(name_at).take(longest + 1);
        let Some(length) = tail.into_iter().position(|byte| *byte == b']') else {
            continue;
        };
        let apart = found.last().is_none_or(|last| last.end <= start);
        if apart && ours(cut(text, name_at..name_at + length)) {
            found.push(start..name_at + length + 1);
        }
    }
    found
}
