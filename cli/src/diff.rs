//! What changed between two versions of a policy, line by line.

use std::fmt::Write;

use crate::text::visible;

/// Lines of sameness shown around a change.
const AROUND: usize = 2;
/// Above this many pairs of changed lines the middle is shown as removed and added whole.
const MOST_PAIRS: usize = 4_000_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Line<'a> {
    Same(&'a str),
    Removed(&'a str),
    Added(&'a str),
}

/// The difference, each line begun with a space, `-` or `+`; empty where there is none.
#[must_use]
pub fn render(old: &str, new: &str) -> String {
    let lines = difference(
        &old.lines().collect::<Vec<_>>(),
        &new.lines().collect::<Vec<_>>(),
    );
    let changed = |line: &Line<'_>| !matches!(line, Line::Same(_));
    let mut text = String::new();
    let mut hidden = false;
    for (at, line) in lines.iter().enumerate() {
        let near = lines
            .iter()
            .skip(at.saturating_sub(AROUND))
            .take(2 * AROUND + 1)
            .any(changed);
        let _ = match line {
            Line::Same(_) if !near => {
                hidden = true;
                Ok(())
            }
            Line::Same(same) => {
                if hidden {
                    text.push_str("...\n");
                }
                hidden = false;
                writeln!(text, "  {}", visible(same))
            }
            Line::Removed(removed) => writeln!(text, "- {}", visible(removed)),
            Line::Added(added) => writeln!(text, "+ {}", visible(added)),
        };
    }
    if lines.iter().any(changed) {
        text
    } else {
        String::new()
    }
}

fn difference<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (same, old, new) = (
        old.get(..head).unwrap_or_default(),
        old.get(head..).unwrap_or_default(),
        new.get(head..).unwrap_or_default(),
    );
    let tail = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let (old, end) = old.split_at_checked(old.len() - tail).unwrap_or_default();
    let (new, _) = new.split_at_checked(new.len() - tail).unwrap_or_default();
    let mut lines: Vec<_> = same.iter().map(|line| Line::Same(line)).collect();
    lines.extend(middle(old, new));
    lines.extend(end.iter().map(|line| Line::Same(line)));
    lines
}

/// The longest common subsequence by the plain table; policies are short.
fn middle<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    let removed = || old.iter().map(|line| Line::Removed(line));
    let added = || new.iter().map(|line| Line::Added(line));
    if old.len().saturating_mul(new.len()) > MOST_PAIRS {
        return removed().chain(added()).collect();
    }
    let wide = new.len() + 1;
    let mut longest = vec![0_u32; wide * (old.len() + 1)];
    let cell = |table: &[u32], i: usize, j: usize| table.get(i * wide + j).copied().unwrap_or(0);
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            let length = if a == b {
                cell(&longest, i + 1, j + 1) + 1
            } else {
                cell(&longest, i + 1, j).max(cell(&longest, i, j + 1))
            };
            if let Some(place) = longest.get_mut(i * wide + j) {
                *place = length;
            }
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    loop {
        match (old.get(i), new.get(j)) {
            (None, None) => return lines,
            (Some(a), Some(b)) if a == b => {
                lines.push(Line::Same(a));
                (i, j) = (i + 1, j + 1);
            }
            (Some(a), b) if b.is_none() || cell(&longest, i + 1, j) >= cell(&longest, i, j + 1) => {
                lines.push(Line::Removed(a));
                i += 1;
            }
            (_, Some(b)) => {
                lines.push(Line::Added(b));
                j += 1;
            }
            (Some(_), None) => return lines,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_shown_with_a_little_around_them() {
        check("a\nb\n", "a\nb\n", "");
        check("a\nb\nc\n", "a\nx\nc\n", "  a\n- b\n+ x\n  c\n");
        check("", "a\n", "+ a\n");
        check("a\n", "", "- a\n");
        check(
            "1\n2\n3\n4\n5\n6\n",
            "1\n2\n3\n4\n5\n6\n7\n",
            "...\n  5\n  6\n+ 7\n",
        );
        check("a\nb\nc\nd\n", "b\nc\ne\nd\n", "- a\n  b\n  c\n+ e\n  d\n");
        check("a\n", "a\u{1b}\n", "- a\n+ a\\u{1b}\n");
        fn check(old: &str, new: &str, expected: &str) {
            assert_eq!(render(old, new), expected, "{old:?} {new:?}");
        }
    }
}
