//! Looks for the patterns in every view of a text, and inside what it encodes.
//!
//! Residual: a secret computed, encrypted or in an encoding not named here; a secret under 8 bytes in
//! binary data; more than three encodings on top of one another.

use std::borrow::Cow;
use std::ops::Range;

use super::budget::{Budget, Stop};
use super::forms;
use super::inflate;
use super::rules::{Hit, Rules};
use super::runs;
use super::settings::Scope;
use super::view::{View, cut};

/// Encodings on top of one another that are undone.
pub(super) const DEPTH: usize = 3;
/// JSON in JSON in JSON.
const ESCAPES: usize = 3;
/// In data that is not text as a whole a shorter match is chance.
const LEAST_IN_BINARY: usize = 8;

/// One scan's search: what it looks for, and the work it has left.
pub(super) struct Finder<'a> {
    rules: &'a Rules,
    scope: Scope,
    /// How many encodings to undo; none where the policy doesn't ask for it.
    depth: usize,
    cost: usize,
    budget: Budget,
}

impl<'a> Finder<'a> {
    pub(super) fn new(rules: &'a Rules, scope: Scope, depth: usize, length: usize) -> Self {
        let cost = rules.count(scope).div_ceil(8);
        Self {
            rules,
            scope,
            depth,
            cost,
            budget: Budget::for_text(length.saturating_mul(cost)),
        }
    }

    /// What to redact in `text`: overlapping matches as one, in order.
    pub(super) fn find(&mut self, text: &str) -> Result<Vec<Hit>, Stop> {
        Ok(merge(self.search(text, self.depth, 1)?))
    }

    /// The rules found in bytes: in text as such, in other data only where the match is long enough.
    pub(super) fn find_in_bytes(&mut self, bytes: &[u8]) -> Result<Vec<Hit>, Stop> {
        Ok(merge(self.search_bytes(bytes, self.depth, true)?))
    }

    fn search(&mut self, text: &str, depth: usize, least: usize) -> Result<Vec<Hit>, Stop> {
        let mut hits = Vec::new();
        let mut view = View::new(text, self.rules.markers(text));
        self.look(&view, depth, least, &mut hits)?;
        if memchr::memchr(b'\\', view.text().as_bytes()).is_some() {
            for _ in 0..ESCAPES {
                let (next, changed) = view.rewrite(forms::unescape);
                view = next;
                if !changed {
                    break;
                }
                self.look(&view, depth, least, &mut hits)?;
            }
        }
        view = self.look_folded(view, depth, least, &mut hits)?;
        for depth in (0..depth).rev() {
            let (next, changed) = view.rewrite(forms::percent);
            view = next;
            if !changed {
                break;
            }
            let before = hits.len();
            self.look(&view, depth, least, &mut hits)?;
            view = self.look_folded(view, depth, least, &mut hits)?;
            hits.iter_mut()
                .skip(before)
                .for_each(|hit| widen_to_escapes(text, &mut hit.range));
        }
        Ok(hits)
    }

    fn look_folded<'t>(
        &mut self,
        view: View<'t>,
        depth: usize,
        least: usize,
        hits: &mut Vec<Hit>,
    ) -> Result<View<'t>, Stop> {
        if !forms::may_fold(view.text()) {
            return Ok(view);
        }
        let (view, changed) = view.rewrite(forms::fold);
        if changed {
            self.look(&view, depth, least, hits)?;
        }
        Ok(view)
    }

    /// Matches in one view, and in what its runs encode.
    fn look(
        &mut self,
        view: &View<'_>,
        depth: usize,
        least: usize,
        hits: &mut Vec<Hit>,
    ) -> Result<(), Stop> {
        self.budget
            .spend(view.text().len().saturating_mul(self.cost))?;
        let direct = self.rules.matches(view, self.scope, least);
        hits.extend(direct.into_iter().map(|hit| Hit {
            range: view.origin(hit.range),
            rule: hit.rule,
        }));
        let Some(depth) = depth.checked_sub(1) else {
            return Ok(());
        };
        for piece in view.pieces() {
            let text = cut(view.text(), piece.clone());
            for run in runs::find(text) {
                if let Some(rule) = self.rule_inside(&run, text, depth)? {
                    let range = piece.start + run.range.start..piece.start + run.range.end;
                    hits.push(Hit {
                        range: view.origin(range),
                        rule,
                    });
                }
            }
        }
        Ok(())
    }

    /// The first rule that matches inside an encoded run.
    fn rule_inside(
        &mut self,
        run: &runs::Run,
        piece: &str,
        depth: usize,
    ) -> Result<Option<usize>, Stop> {
        self.budget.spend(run.range.len())?;
        for decoded in run.decode(piece) {
            let hits = merge(self.search_bytes(&decoded.bytes, depth, decoded.aligned)?);
            if let Some(first) = hits.first() {
                return Ok(Some(first.rule));
            }
        }
        Ok(None)
    }

    fn search_bytes(
        &mut self,
        bytes: &[u8],
        depth: usize,
        aligned: bool,
    ) -> Result<Vec<Hit>, Stop> {
        let (text, least) = match std::str::from_utf8(bytes) {
            Ok(text) => (
                Cow::Borrowed(text),
                if aligned { 1 } else { LEAST_IN_BINARY },
            ),
            Err(_) => (Cow::Owned(texts_in(bytes)), LEAST_IN_BINARY),
        };
        let mut hits = self.search(&text, depth, least)?;
        if self.depth > 0 && inflate::may_be_packed(bytes) {
            self.budget.spend(bytes.len())?;
            for unpacked in inflate::unpack(bytes)? {
                hits.extend(self.search(&String::from_utf8_lossy(&unpacked), depth, 1)?);
            }
        }
        Ok(hits)
    }
}

/// The stretches of binary data that are long enough to hold a match.
fn texts_in(bytes: &[u8]) -> String {
    let mut texts = String::new();
    for chunk in bytes
        .utf8_chunks()
        .filter(|chunk| chunk.valid().len() >= LEAST_IN_BINARY)
    {
        texts.push_str(chunk.valid());
        texts.push(char::REPLACEMENT_CHARACTER);
    }
    texts
}

/// Matches that overlap become one, named after the one that starts first, then the longest, then the
/// first in the policy.
fn merge(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_by_key(|hit| (hit.range.start, std::cmp::Reverse(hit.range.end), hit.rule));
    let mut merged: Vec<Hit> = Vec::with_capacity(hits.len());
    for hit in hits {
        match merged.last_mut() {
            Some(last) if hit.range.start < last.range.end => {
                last.range.end = last.range.end.max(hit.range.end)
            }
            _ => merged.push(hit),
        }
    }
    merged
}

/// A match that was percent-encoded takes the escapes next to it along: they are the same encoded run.
fn widen_to_escapes(text: &str, range: &mut Range<usize>) {
    if !cut(text, range.clone()).contains('%') {
        return;
    }
    let is_escape = |at: usize| {
        cut(text, at..at + 3)
            .strip_prefix('%')
            .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    while range.start >= 3 && is_escape(range.start - 3) {
        range.start -= 3;
    }
    while is_escape(range.end) {
        range.end += 3;
    }
}
