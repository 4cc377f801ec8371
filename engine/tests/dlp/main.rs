//! What a scan makes of a text.
#![cfg(test)]

mod encodings;
mod matching;
mod parts;
mod properties;

use std::io::Write;

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use engine::dlp::{Dlp, DlpSpec, JoinedScan, PatternScope, PatternSpec, Scan, Scope, compile};
use flate2::Compression;
use flate2::write::GzEncoder;

const AWS: (&str, &str) = (
    "AWS Key",
    "(AKIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ASIA)[A-Z0-9]{16}",
);
const EMAIL: (&str, &str) = ("Email", r"[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}");
const SSN: (&str, &str) = ("SSN", r"\b\d{3}-\d{2}-\d{4}\b");
const CARD: (&str, &str) = ("Card", r"\b(?:\d{4}[- ]?){3}\d{4}\b");
const BLOCK: (&str, &str) = (
    "Key Block",
    "-----BEGIN [A-Z ]+-----[\\s\\S]+?-----END [A-Z ]+-----",
);
const PASSWORD: (&str, &str) = ("Password", r"password=\S+");
const KEY: &str = "AKIAIOSFODNN7EXAMPLE";

/// Scans `text` and compares with `expected`, where `None` is clean; counts are those of the markers.
fn check(dlp: &Dlp, text: &str, expected: Option<&str>) {
    let (got, findings) = match dlp.scan(text, Scope::Response) {
        Scan::Clean => (None, Vec::new()),
        Scan::Redacted { text, findings } => (Some(text), findings),
        Scan::Failed(reason) => panic!("{text:?} failed: {reason}"),
    };
    assert_eq!(got.as_deref(), expected, "for {text:?}");
    let redacted = got.unwrap_or_default();
    for finding in &findings {
        let marker = format!("[REDACTED:{}]", finding.rule);
        let new = redacted.matches(&marker).count() - text.matches(&marker).count();
        assert_eq!(
            finding.count as usize, new,
            "count of {} in {redacted:?}",
            finding.rule
        );
    }
    assert_eq!(
        dlp.scan(&redacted, Scope::Response),
        Scan::Clean,
        "second scan of {redacted:?}"
    );
}

fn dlp(patterns: &[(&str, &str)]) -> Dlp {
    compile(&spec(patterns, false)).unwrap()
}

fn decoding(patterns: &[(&str, &str)]) -> Dlp {
    compile(&spec(patterns, true)).unwrap()
}

fn spec(patterns: &[(&str, &str)], detect_encoding: bool) -> DlpSpec {
    let pattern = |(name, regex): &(&str, &str)| PatternSpec {
        layer: None,
        name: (*name).to_owned(),
        regex: (*regex).to_owned(),
        scope: PatternScope::All,
        line: 1,
        column: 1,
    };
    DlpSpec {
        detect_encoding,
        patterns: patterns.iter().map(pattern).collect(),
        ..DlpSpec::default()
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}
