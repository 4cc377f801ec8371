//! What holds of every scan, whatever the text.

use crate::decoding;
use data_encoding::BASE64;
use engine::dlp::{Dlp, Finding, JoinedScan, Scan, Scope};
use proptest::prelude::*;

const LITERALS: [(&str, &str); 3] = [("Ab", "ab"), ("Bca", "bca"), ("Key", "KEY-77")];

fn markers(text: &str) -> usize {
    LITERALS
        .iter()
        .map(|(name, _)| text.matches(&format!("[REDACTED:{name}]")).count())
        .sum()
}

fn without_markers(text: &str) -> String {
    LITERALS.iter().fold(text.to_owned(), |text, (name, _)| {
        text.replace(&format!("[REDACTED:{name}]"), "\u{1}")
    })
}

fn total(findings: &[Finding]) -> usize {
    findings.iter().map(|finding| finding.count as usize).sum()
}

/// Scans and asserts what holds of every scan; gives the text as it then stands.
fn check_any(dlp: &Dlp, text: &str) -> String {
    let (redacted, found) = match dlp.scan(text, Scope::Response) {
        Scan::Clean => (text.to_owned(), 0),
        Scan::Redacted { text, findings } => (text, total(&findings)),
        Scan::Failed(reason) => panic!("{text:?}: {reason}"),
    };
    assert_eq!(
        markers(&redacted),
        markers(text) + found,
        "{text:?} became {redacted:?}"
    );
    assert_eq!(
        dlp.scan(&redacted, Scope::Response),
        Scan::Clean,
        "{text:?} became {redacted:?}"
    );
    let outside = without_markers(&redacted);
    for (_, literal) in LITERALS {
        assert!(
            !outside.contains(literal),
            "{literal} is left in {redacted:?}"
        );
    }
    redacted
}

proptest! {
    #[test]
    fn a_scan_leaves_no_match_and_is_stable(text in "(a|b|c|ab|KEY-|77|[ -~]|é|\u{200b}|\\\\n|%61|\\[REDACTED:Ab\\]|\\[REDACTED:){0,40}") {
        check_any(&decoding(&LITERALS), &text);
    }

    #[test]
    fn a_scan_takes_any_text(text in any::<String>()) {
        check_any(&decoding(&LITERALS), &text);
    }

    #[test]
    fn what_stands_around_a_secret_stays(before in "[ x-z,.]{0,30}", after in "[ x-z,.]{0,30}") {
        prop_assert_eq!(check_any(&decoding(&LITERALS), &format!("{before}KEY-77{after}")), format!("{before}[REDACTED:Key]{after}"));
    }

    #[test]
    fn an_encoded_secret_is_found_wherever_it_stands(before in "[a-z ]{0,40}", after in "[a-z ]{0,40}") {
        let only = decoding(&[("Key", "KEY-77-[A-Z]{6}")]);
        let encoded = BASE64.encode(format!("{before}KEY-77-ABCDEF{after}").as_bytes());
        let scan = only.scan(&format!("({encoded})"), Scope::Response);
        prop_assert_eq!(scan, Scan::Redacted {
            text: "([REDACTED:Key])".to_owned(),
            findings: vec![Finding { rule: "Key".to_owned(), count: 1 }],
        });
    }

    #[test]
    fn a_secret_cut_into_parts_is_gone(cuts in prop::collection::vec(0..26_usize, 0..5)) {
        let whole = "some text KEY-77 and after";
        let mut cuts = cuts;
        cuts.extend([0, whole.len()]);
        cuts.sort_unstable();
        let parts: Vec<&str> = cuts.windows(2).map(|pair| whole.get(pair[0]..pair[1]).unwrap()).collect();
        let JoinedScan::Redacted { parts: redacted, findings } = decoding(&LITERALS).scan_joined(&parts, Scope::Response) else {
            panic!("nothing found in {parts:?}");
        };
        let joined: String = parts.iter().zip(&redacted).map(|(part, new)| new.as_deref().unwrap_or(part)).collect();
        prop_assert_eq!(joined, "some text [REDACTED:Key] and after");
        prop_assert_eq!(total(&findings), 1);
    }

    #[test]
    fn a_blob_of_any_bytes_is_scanned(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let only = decoding(&[("Key", "KEY-77-ABCDEF")]);
        prop_assert_eq!(only.scan_blob(&BASE64.encode(&bytes), Scope::Response), Scan::Clean);
        let mut with = bytes;
        with.extend_from_slice(b" KEY-77-ABCDEF ");
        let found = matches!(only.scan_blob(&BASE64.encode(&with), Scope::Response), Scan::Redacted { .. });
        prop_assert!(found);
    }
}
