//! Scans: find, put markers, and again until nothing matches any more.

use super::budget::Stop;
use super::finder::{DEPTH, Finder};
use super::marker;
use super::rules::{Hit, Rules};
use super::settings::{DlpSpec, Scope};
use super::view::cut;

/// A text that still matches after so many passes is given up.
const PASSES: usize = 32;

/// How often a rule matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The pattern's name.
    pub rule: String,
    /// Its matches, as a person would count them: one for each marker.
    pub count: u32,
}

/// What a scan found.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scan {
    /// Nothing.
    Clean,
    /// Something, now replaced by markers.
    Redacted {
        /// The text with markers.
        text: String,
        /// What was found, in the policy's order.
        findings: Vec<Finding>,
    },
    /// The scan could not be finished, for this reason: nothing is known about the text.
    Failed(String),
}

/// What a scan over adjacent parts found.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JoinedScan {
    /// Nothing.
    Clean,
    /// Something.
    Redacted {
        /// For each part given: its new text, or `None` where it stays as it is.
        parts: Vec<Option<String>>,
        /// What was found, over all parts.
        findings: Vec<Finding>,
    },
    /// The scan could not be finished, for this reason.
    Failed(String),
}

/// Markers put so far, for each rule.
#[derive(Default)]
pub(super) struct Tally(Vec<u32>);

impl Tally {
    pub(super) fn add(&mut self, hits: &[Hit]) {
        for hit in hits {
            if self.0.len() <= hit.rule {
                self.0.resize(hit.rule + 1, 0);
            }
            if let Some(count) = self.0.get_mut(hit.rule) {
                *count = count.saturating_add(1);
            }
        }
    }

    pub(super) fn findings(&self, rules: &Rules) -> Vec<Finding> {
        let found = self.0.iter().enumerate().filter(|(_, count)| **count > 0);
        found
            .map(|(rule, count)| Finding {
                rule: rules.name(rule).to_owned(),
                count: *count,
            })
            .collect()
    }
}

/// Refuses a text the policy calls too long.
pub(super) fn admit(spec: &DlpSpec, length: usize) -> Result<(), Stop> {
    if spec.refuse_oversize && length > spec.max_scan_size {
        return Err(Stop::Oversize {
            length,
            limit: spec.max_scan_size,
        });
    }
    Ok(())
}

pub(super) fn depth(spec: &DlpSpec) -> usize {
    if spec.detect_encoding { DEPTH } else { 0 }
}

/// Scans one text.
pub(super) fn text(spec: &DlpSpec, rules: &Rules, text: &str, scope: Scope) -> Scan {
    let mut tally = Tally::default();
    let done = admit(spec, text.len()).and_then(|()| {
        if !spec.detect_encoding && rules.pass_over(text) {
            return Ok(None);
        }
        let mut finder = Finder::new(rules, scope, depth(spec), text.len());
        redact(&mut finder, rules, text, &mut tally)
    });
    match done {
        Ok(None) => Scan::Clean,
        Ok(Some(text)) => Scan::Redacted {
            text,
            findings: tally.findings(rules),
        },
        Err(stop) => Scan::Failed(stop.to_string()),
    }
}

/// The text with markers, or `None` where nothing matched.
pub(super) fn redact(
    finder: &mut Finder<'_>,
    rules: &Rules,
    text: &str,
    tally: &mut Tally,
) -> Result<Option<String>, Stop> {
    let mut redacted: Option<String> = None;
    for _ in 0..PASSES {
        let now = redacted.as_deref().unwrap_or(text);
        let hits = finder.find(now)?;
        if hits.is_empty() {
            return Ok(redacted);
        }
        tally.add(&hits);
        redacted = Some(put_markers(now, &hits, rules));
    }
    Err(Stop::Passes)
}

fn put_markers(text: &str, hits: &[Hit], rules: &Rules) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for hit in hits {
        out.push_str(cut(text, at..hit.range.start));
        out.push_str(&marker::write(rules.name(hit.rule)));
        at = hit.range.end;
    }
    out.push_str(cut(text, at..text.len()));
    out
}

/// Scans each part, then all of them as if nothing stood between.
pub(super) fn joined(spec: &DlpSpec, rules: &Rules, parts: &[&str], scope: Scope) -> JoinedScan {
    let mut tally = Tally::default();
    let length = parts.iter().map(|part| part.len()).sum();
    let done = admit(spec, length).and_then(|()| {
        let mut finder = Finder::new(rules, scope, depth(spec), length);
        redact_joined(&mut finder, rules, parts, &mut tally)
    });
    match done {
        Ok(parts) if parts.iter().all(Option::is_none) => JoinedScan::Clean,
        Ok(parts) => JoinedScan::Redacted {
            parts,
            findings: tally.findings(rules),
        },
        Err(stop) => JoinedScan::Failed(stop.to_string()),
    }
}

fn redact_joined(
    finder: &mut Finder<'_>,
    rules: &Rules,
    parts: &[&str],
    tally: &mut Tally,
) -> Result<Vec<Option<String>>, Stop> {
    let mut redacted: Vec<Option<String>> = vec![None; parts.len()];
    for _ in 0..PASSES {
        for (part, redacted) in parts.iter().zip(&mut redacted) {
            let now = redacted.as_deref().unwrap_or(part);
            if let Some(better) = redact(finder, rules, now, tally)? {
                *redacted = Some(better);
            }
        }
        let now: Vec<&str> = parts
            .iter()
            .zip(&redacted)
            .map(|(part, new)| new.as_deref().unwrap_or(part))
            .collect();
        if now.len() < 2 {
            return Ok(redacted);
        }
        let hits = finder.find(&now.concat())?;
        if hits.is_empty() {
            return Ok(redacted);
        }
        tally.add(&hits);
        let next = put_markers_across(&now, &hits, rules);
        redacted = next
            .into_iter()
            .zip(redacted)
            .map(|(next, before)| next.or(before))
            .collect();
    }
    Err(Stop::Passes)
}

/// The marker goes into the part where the match begins; the rest of it leaves the others.
fn put_markers_across(parts: &[&str], hits: &[Hit], rules: &Rules) -> Vec<Option<String>> {
    let mut offset = 0;
    let place = |part: &&str| {
        let (start, end) = (offset, offset + part.len());
        offset = end;
        let touched: Vec<&Hit> = hits
            .iter()
            .filter(|hit| hit.range.start < end && hit.range.end > start)
            .collect();
        if part.is_empty() || touched.is_empty() {
            return None;
        }
        let mut out = String::with_capacity(part.len());
        let mut at = start;
        for hit in touched {
            if hit.range.start >= start {
                out.push_str(cut(part, at - start..hit.range.start - start));
                out.push_str(&marker::write(rules.name(hit.rule)));
            }
            at = hit.range.end.min(end);
        }
        out.push_str(cut(part, at - start..part.len()));
        Some(out)
    };
    parts.iter().map(place).collect()
}
