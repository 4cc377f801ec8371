//! A blob member's base64, read as leniently as any client would.

use data_encoding::BASE64;

use super::budget::Stop;
use super::finder::Finder;
use super::marker;
use super::rules::{Hit, Rules};
use super::runs::sextet;
use super::scan::{Scan, Tally, admit, depth, redact};
use super::settings::{DlpSpec, Scope};

/// Base64 of so many bytes is read as the text it is, too.
const SHORT: usize = 512;

/// Scans what a blob holds. Text comes back redacted, anything else is replaced whole by its marker.
pub(super) fn scan(spec: &DlpSpec, rules: &Rules, base64: &str, scope: Scope) -> Scan {
    let mut tally = Tally::default();
    let mut finder = Finder::new(rules, scope, depth(spec), base64.len());
    let found =
        admit(spec, base64.len()).and_then(|()| search(&mut finder, rules, base64, &mut tally));
    match found {
        Ok(None) => Scan::Clean,
        Ok(Some(text)) => Scan::Redacted {
            text: BASE64.encode(text.as_bytes()),
            findings: tally.findings(rules),
        },
        Err(stop) => Scan::Failed(stop.to_string()),
    }
}

fn search(
    finder: &mut Finder<'_>,
    rules: &Rules,
    base64: &str,
    tally: &mut Tally,
) -> Result<Option<String>, Stop> {
    if !is_plain(base64) || base64.len() <= SHORT {
        // Some client may show the text itself. In long base64 a pattern would meet chance.
        let hits = finder.find(base64)?;
        if !hits.is_empty() {
            return Ok(whole_marker(&hits, rules, tally));
        }
    }
    let bytes = decode(base64);
    match std::str::from_utf8(&bytes) {
        Ok(text) => redact(finder, rules, text, tally),
        Err(_) => Ok(whole_marker(&finder.find_in_bytes(&bytes)?, rules, tally)),
    }
}

fn whole_marker(hits: &[Hit], rules: &Rules, tally: &mut Tally) -> Option<String> {
    tally.add(hits);
    hits.first().map(|hit| marker::write(rules.name(hit.rule)))
}

/// The bytes a client would get: both alphabets, padding or none, anything else skipped. Padding ends
/// a stretch; another may follow it.
fn decode(base64: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(base64.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in base64.bytes() {
        let Some(sextet) = sextet(byte) else {
            if byte == b'=' {
                (bits, count) = (0, 0);
            }
            continue;
        };
        bits = bits << 6 | u32::from(sextet);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    bytes
}

/// Whether nothing but base64 is in it.
fn is_plain(base64: &str) -> bool {
    base64
        .bytes()
        .all(|byte| sextet(byte).is_some() || byte == b'=' || byte.is_ascii_whitespace())
}
