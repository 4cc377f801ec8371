//! Comments that allow a finding: `# aip-lint: allow L004 reason`, on its line or above it. One that
//! allows nothing, or doesn't say why, is a finding itself: it would hide what comes later.

use std::collections::{BTreeSet, HashMap};

use super::{CHECKS, Finding};
use crate::policy::{At, Comment};

pub(super) const CODE: &str = "L002";
pub(super) const NAME: &str = "idle-allowance";

/// The allowances of a file.
pub(super) struct Silences(Vec<Silence>);

struct Silence {
    at: At,
    /// The line it speaks of.
    line: usize,
    /// The code, or what is wrong with the comment.
    says: Result<String, &'static str>,
    used: bool,
}

/// Reads them.
pub(super) fn read(comments: &[Comment], text: &str) -> Silences {
    let stands_at = after_asides(comments, text);
    let mut all = Vec::new();
    for comment in comments {
        let Some(words) = comment.to_lint() else {
            continue;
        };
        let at = comment.at;
        let below = stands_at.get(&at.line).filter(|_| comment.alone);
        let line = below.copied().unwrap_or(at.line);
        let silence = |says| Silence {
            at,
            line,
            says,
            used: false,
        };
        all.extend(allowed(words).into_iter().map(silence));
    }
    Silences(all)
}

/// Of each line that holds a comment alone or nothing, the next one that holds more.
fn after_asides(comments: &[Comment], text: &str) -> HashMap<usize, usize> {
    let alone = comments.iter().filter(|it| it.alone).map(|it| it.at.line);
    let asides: BTreeSet<usize> = alone.chain(blank_lines(text)).collect();
    let mut next = HashMap::new();
    for line in asides.into_iter().rev() {
        let below = line + 1;
        next.insert(line, next.get(&below).copied().unwrap_or(below));
    }
    next
}

/// The codes that a comment allows.
fn allowed(words: &str) -> Vec<Result<String, &'static str>> {
    let mut words = words.split_whitespace().peekable();
    if words.next() != Some("allow") {
        return vec![Err("says something else than `allow`")];
    }
    let mut codes = Vec::new();
    while let Some(code) = words.next_if(|it| is_code(it)) {
        codes.push(code.trim_end_matches(',').to_owned());
    }
    if codes.is_empty() {
        return vec![Err("names no code")];
    }
    if words.next().is_none() {
        return vec![Err("gives no reason")];
    }
    let known = |code: String| {
        let known = CHECKS.iter().any(|it| it.code == code);
        if known {
            Ok(code)
        } else {
            Err("names an unknown code")
        }
    };
    codes.into_iter().map(known).collect()
}

fn is_code(word: &str) -> bool {
    let digits = word.trim_end_matches(',').strip_prefix('L');
    digits.is_some_and(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit()))
}

fn blank_lines(text: &str) -> Vec<usize> {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    let numbered = lines.split('\n').enumerate();
    let mut blank: Vec<_> = numbered
        .filter(|(_, line)| line.trim().is_empty())
        .map(|(index, _)| index + 1)
        .collect();
    // The last piece is no line of its own: nothing is looked for behind it.
    blank.pop_if(|last| *last == lines.split('\n').count());
    blank
}

impl Silences {
    /// Whether a finding is allowed.
    pub(super) fn take(&mut self, finding: &Finding) -> bool {
        let mut taken = false;
        for it in &mut self.0 {
            let of_it = it.says.as_deref() == Ok(finding.code) && it.line == finding.line;
            it.used |= of_it;
            taken |= of_it;
        }
        taken
    }

    /// What is wrong with the comments themselves. Of a check that was skipped nothing is known.
    pub(super) fn idle(&self, skipped: &[&str]) -> Vec<Finding> {
        let told = self.0.iter().filter_map(|it| {
            let (message, help) = match &it.says {
                Err(wrong) => (
                    format!("this comment {wrong}, so it allows nothing"),
                    "write `# aip-lint: allow CODE REASON`",
                ),
                Ok(code) if it.used || skipped.contains(&code.as_str()) => return None,
                Ok(code) => (
                    format!("`{code}` is allowed here, but there is no such finding"),
                    "delete the comment, or put it on the line of the finding or above it",
                ),
            };
            Some(Finding {
                code: CODE,
                name: NAME,
                line: it.at.line,
                column: it.at.column,
                message,
                help: help.to_owned(),
            })
        });
        told.collect()
    }
}
