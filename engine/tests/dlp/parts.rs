//! Secrets split across parts, and in blobs.

use crate::*;

/// Parts, what becomes of each, and the counts of the findings.
type Split<'a> = (&'a [&'a str], Option<&'a [Option<&'a str>]>, &'a [u32]);

#[test]
fn a_secret_split_across_parts_leaves_them_all() {
    let all = decoding(&[AWS, EMAIL, BLOCK]);
    let encoded = BASE64.encode(KEY.as_bytes());
    let (head, tail) = encoded.split_at(11);
    let cases: &[Split] = &[
        (&["a", "b"], None, &[]),
        (&[], None, &[]),
        (
            &["key AKIAIOSF", "ODNN7EXAMPLE end"],
            Some(&[Some("key [REDACTED:AWS Key]"), Some(" end")]),
            &[1],
        ),
        (
            &["AKIA", "IOSFODNN", "7EXAMPLE", "z"],
            Some(&[Some("[REDACTED:AWS Key]"), Some(""), Some(""), None]),
            &[1],
        ),
        (
            &["x", "AKIAIOSFODNN7EXAMPLE", "y"],
            Some(&[None, Some("[REDACTED:AWS Key]"), None]),
            &[1],
        ),
        (
            &["AKIAIOSFODNN7EXAMPLE AKIAIOSF", "", "ODNN7EXAMPLE"],
            Some(&[
                Some("[REDACTED:AWS Key] [REDACTED:AWS Key]"),
                None,
                Some(""),
            ]),
            &[2],
        ),
        (
            &["-----BEGIN K-----\n", "abc\n", "-----END K-----"],
            Some(&[Some("[REDACTED:Key Block]"), Some(""), Some("")]),
            &[1],
        ),
        (
            &[head, tail],
            Some(&[Some("[REDACTED:AWS Key]"), Some("")]),
            &[1],
        ),
    ];
    for (parts, expected, counts) in cases {
        match (all.scan_joined(parts, Scope::Response), expected) {
            (JoinedScan::Clean, None) => {}
            (
                JoinedScan::Redacted {
                    parts: got,
                    findings,
                },
                Some(expected),
            ) => {
                assert_eq!(
                    got.iter().map(Option::as_deref).collect::<Vec<_>>(),
                    *expected,
                    "for {parts:?}"
                );
                assert_eq!(
                    findings
                        .iter()
                        .map(|finding| finding.count)
                        .collect::<Vec<_>>(),
                    *counts
                );
            }
            (other, _) => panic!("{parts:?} gave {other:?}"),
        }
    }
}

#[test]
fn a_blob_is_scanned_as_what_it_holds() {
    let all = dlp(&[AWS, SSN]);
    let text = format!("line one\nkey {KEY}\n");
    let mut binary = vec![0xff, 0xfe, 0x00, 0x89];
    binary.extend_from_slice(KEY.as_bytes());
    binary.push(0xff);
    let utf16: Vec<u8> = KEY
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .chain([0xd8, 0x00])
        .collect();
    let cases = [
        (BASE64.encode(b"nothing"), None),
        (BASE64.encode(&[0xff, 0x00, 0x89, 0x50]), None),
        (
            BASE64.encode(text.as_bytes()),
            Some("line one\nkey [REDACTED:AWS Key]\n"),
        ),
        (
            BASE64URL_NOPAD.encode(text.as_bytes()),
            Some("line one\nkey [REDACTED:AWS Key]\n"),
        ),
        (BASE64.encode(&binary), Some("[REDACTED:AWS Key]")),
        (BASE64.encode(&utf16), Some("[REDACTED:AWS Key]")),
        (
            format!("!{}", BASE64.encode(text.as_bytes())),
            Some("line one\nkey [REDACTED:AWS Key]\n"),
        ),
        (format!("not base64: {KEY}!"), Some("[REDACTED:AWS Key]")),
    ];
    for (blob, expected) in cases {
        let expected = expected.map(|text| BASE64.encode(text.as_bytes()));
        let got = match all.scan_blob(&blob, Scope::Response) {
            Scan::Clean => None,
            Scan::Redacted { text, findings } => {
                assert_eq!(findings.len(), 1);
                Some(text)
            }
            Scan::Failed(reason) => panic!("{reason}"),
        };
        assert_eq!(got, expected, "for {blob:?}");
    }
}
