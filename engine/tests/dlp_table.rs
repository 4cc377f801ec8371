//! What a scan makes of a text: plain matches, views, encodings, parts, blobs.

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

#[test]
fn plain_text_is_redacted_match_by_match() {
    let all = dlp(&[AWS, EMAIL, SSN, CARD, PASSWORD]);
    let cases = [
        ("nothing to see here", None),
        ("", None),
        (
            "the key AKIAIOSFODNN7EXAMPLE ends",
            Some("the key [REDACTED:AWS Key] ends"),
        ),
        (
            "alice@example.com,bob@test.org",
            Some("[REDACTED:Email],[REDACTED:Email]"),
        ),
        (
            "alice@test.com has 123-45-6789",
            Some("[REDACTED:Email] has [REDACTED:SSN]"),
        ),
        ("4111-1111-1111-1111", Some("[REDACTED:Card]")),
        ("1123-45-67890 is a part number", None),
        (
            "AKIAIOSFODNN7EXAMPLEAKIAIOSFODNN7EXAMPLE",
            Some("[REDACTED:AWS Key][REDACTED:AWS Key]"),
        ),
        (
            "password=AKIAIOSFODNN7EXAMPLE!",
            Some("[REDACTED:Password]"),
        ),
        (
            "line\npassword=x\r\nline",
            Some("line\n[REDACTED:Password]\r\nline"),
        ),
    ];
    for (text, expected) in cases {
        check(&all, text, expected);
    }
}

#[test]
fn overlapping_matches_become_one_named_after_the_first() {
    let cases = [
        (
            &[("A", "abc"), ("B", "bcd")][..],
            "xabcdx",
            "x[REDACTED:A]x",
        ),
        (&[("B", "bcd"), ("A", "abc")], "xabcdx", "x[REDACTED:A]x"),
        (
            &[("Short", "ab"), ("Long", "abcd")],
            "abcd",
            "[REDACTED:Long]",
        ),
        (
            &[("One", "abcd"), ("Two", "abcd")],
            "abcd",
            "[REDACTED:One]",
        ),
        (
            &[("One", "aab"), ("Two", "bbc"), ("Three", "ccd")],
            "aabbccd",
            "[REDACTED:One]",
        ),
        (
            &[("One", "ab"), ("Two", "cd")],
            "abcd",
            "[REDACTED:One][REDACTED:Two]",
        ),
    ];
    for (patterns, text, expected) in cases {
        check(&dlp(patterns), text, Some(expected));
    }
}

#[test]
fn own_markers_are_not_scanned_again_and_others_are() {
    let cases = [
        (
            &[("Word", "REDACTED|Word|[a-z]+")][..],
            "[REDACTED:Word]",
            None,
        ),
        (
            &[("Word", "REDACTED")],
            "[REDACTED:Other]",
            Some("[[REDACTED:Word]:Other]"),
        ),
        (&[("All", ".+")], "[REDACTED:All]", None),
        (&[("All", ".+")], "x", Some("[REDACTED:All]")),
        (
            &[("A", "secret")],
            "[REDACTED:secret]",
            Some("[REDACTED:[REDACTED:A]]"),
        ),
        (&[PASSWORD, AWS], "password=[REDACTED:AWS Key]", None),
        (
            &[("Line", "password=.*"), AWS],
            "password=hunter2 [REDACTED:AWS Key]",
            Some("[REDACTED:Line][REDACTED:AWS Key]"),
        ),
        (&[("End", "foo$")], "foofoo", Some("foo[REDACTED:End]")),
        (&[("Start", "^foo")], "foofoo", Some("[REDACTED:Start]foo")),
        (
            &[("A", "ab"), ("B", "a")],
            "aab",
            Some("[REDACTED:B][REDACTED:A]"),
        ),
        (&[("Empty", "x*")], "yyy", None),
        (&[("Empty", "x*")], "yxxy", Some("y[REDACTED:Empty]y")),
    ];
    for (patterns, text, expected) in cases {
        check(&dlp(patterns), text, expected);
    }
}

#[test]
fn a_text_is_also_read_folded_and_unescaped() {
    let all = dlp(&[
        AWS,
        SSN,
        BLOCK,
        ("Short", r"\bsk-[a-z]{4}\b"),
        ("Path Secret", "tok/[a-z]{6}"),
    ]);
    let cases = [
        (
            "a AK\u{200b}IAIOSFODNN7\u{feff}EXAMPLE z",
            "a [REDACTED:AWS Key] z",
        ),
        ("ＡＫＩＡIOSFODNN7EXAMPLE", "[REDACTED:AWS Key]"),
        ("AKIA\u{ad}IOSFODNN7\u{2060}EXAMPLE", "[REDACTED:AWS Key]"),
        ("AKIA\u{0}IOSFODNN7EXAMPLE", "[REDACTED:AWS Key]"),
        (
            "\u{1b}[01;31m\u{1b}[KAKIA\u{1b}[m\u{1b}[KIOSFODNN7EXAMPLE",
            "\u{1b}[01;31m\u{1b}[K[REDACTED:AWS Key]",
        ),
        (
            "AKIA\u{e0041}IOSFODNN7\u{fe0f}EXAMPLE",
            "[REDACTED:AWS Key]",
        ),
        ("密码123-45-6789号", "密码[REDACTED:SSN]号"),
        ("é１２３-45-6789", "é[REDACTED:SSN]"),
        (
            r#"{"k":"\u0041KIAIOSFODNN7EXAMPLE"}"#,
            r#"{"k":"[REDACTED:AWS Key]"}"#,
        ),
        (
            r#""{\"k\":\"\\u0041KIAIOSFODNN7EXAMPLE\"}""#,
            r#""{\"k\":\"[REDACTED:AWS Key]\"}""#,
        ),
        (r"key:\nsk-abcd end", r"key:\n[REDACTED:Short] end"),
        (r"tok\/abcdef", "[REDACTED:Path Secret]"),
        (
            r"-----BEGIN A-----\nxx\n-----END A-----",
            "[REDACTED:Key Block]",
        ),
        ("é \u{41}KIAIOSFODNN7EXAMPLE é", "é [REDACTED:AWS Key] é"),
    ];
    for (text, expected) in cases {
        check(&all, text, Some(expected));
    }
    for clean in [
        "Gr\u{fc}\u{df}e, ça va, naïve",
        "cafe\u{301}",
        r"C:\users\new\table",
        "日本語のテキスト",
        "👩‍👩‍👧",
    ] {
        check(&all, clean, None);
    }
}

#[test]
fn an_encoded_run_is_redacted_whole() {
    let all = decoding(&[AWS, EMAIL, BLOCK]);
    let key = KEY.as_bytes();
    let sentence = format!("key: {KEY} and more");
    let wrapped = BASE64.encode(format!("{}{KEY}{}", "x".repeat(50), "y".repeat(100)).as_bytes());
    let (first, rest) = wrapped.split_at(76);
    let (second, third) = rest.split_at(76);
    let spaced: Vec<String> = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let utf16: Vec<u8> = KEY.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let percent: String = key.iter().map(|byte| format!("%{byte:02X}")).collect();
    let runs = [
        BASE64.encode(key),
        BASE64.encode(key).trim_end_matches('=').to_owned(),
        BASE64.encode(sentence.as_bytes()),
        BASE64URL_NOPAD.encode(format!("{KEY}???>>>").as_bytes()),
        HEXLOWER.encode(key),
        HEXLOWER.encode(key).to_uppercase(),
        spaced.join(" "),
        spaced.join(":"),
        format!("0x{}", spaced.join(", 0x")),
        format!("\\x{}", spaced.join("\\x")),
        percent.clone(),
        percent.replace('%', "%25"),
        percent.replace('%', "%2525"),
        BASE64.encode(BASE64.encode(key).as_bytes()),
        BASE64.encode(HEXLOWER.encode(BASE64.encode(key).as_bytes()).as_bytes()),
        HEXLOWER.encode(BASE64.encode(key).as_bytes()),
        BASE64.encode(percent.as_bytes()),
        BASE64.encode(&gzip(sentence.as_bytes())),
        BASE64.encode(&gzip(BASE64.encode(sentence.as_bytes()).as_bytes())),
        BASE64.encode(&utf16),
        format!("{first}\n{second}\n{third}"),
        format!("{first}\r\n{second}\r\n{third}"),
    ];
    for run in runs {
        check(
            &all,
            &format!("data = {run} ."),
            Some("data = [REDACTED:AWS Key] ."),
        );
    }
    let glued = [
        (
            format!("id/{}", BASE64.encode(sentence.as_bytes())),
            "[REDACTED:AWS Key]",
        ),
        (
            format!("ab{}", BASE64.encode(sentence.as_bytes())),
            "[REDACTED:AWS Key]",
        ),
        (
            format!("abc{}zz", BASE64.encode(sentence.as_bytes())),
            "[REDACTED:AWS Key]zz",
        ),
        (format!("f{}", HEXLOWER.encode(key)), "[REDACTED:AWS Key]"),
        (
            format!("data:text/plain;base64,{}", BASE64.encode(key)),
            "data:text/plain;base64,[REDACTED:AWS Key]",
        ),
        (
            "mail alice%40example.com now".to_owned(),
            "mail [REDACTED:Email] now",
        ),
    ];
    for (text, expected) in glued {
        check(&all, &text, Some(expected));
    }
}

#[test]
fn encodings_are_left_alone_where_they_hide_nothing_or_are_not_asked_for() {
    let encoded = BASE64.encode(KEY.as_bytes());
    check(&dlp(&[AWS]), &encoded, None);
    let all = decoding(&[AWS, EMAIL, SSN]);
    let random: Vec<u8> = (0..9000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 11) as u8)
        .collect();
    let clean = [
        BASE64.encode(&random),
        HEXLOWER.encode(&random),
        BASE64.encode(b"a plain sentence without anything in it"),
        BASE64.encode(&gzip(&random)),
        "https://example.com/a/long/path/with%20spaces?and=a&few=parameters".to_owned(),
        "2026-01-01 12:34:56 commit deadbeefdeadbeefdeadbeefdeadbeefdeadbeef".to_owned(),
        "%zz %4 % 100%".to_owned(),
    ];
    for text in clean {
        check(&all, &text, None);
    }
}

#[test]
fn what_can_not_be_finished_fails() {
    let bomb = BASE64.encode(&gzip(&vec![b'a'; 20 << 20]));
    let steep = BASE64.encode(&gzip(&vec![b'a'; 1 << 20]));
    let refusing = DlpSpec {
        max_scan_size: 10,
        refuse_oversize: true,
        ..spec(&[AWS], false)
    };
    let cases = [
        (
            decoding(&[AWS]),
            bomb,
            "the text holds packed data that unpacks beyond the limit",
        ),
        (
            decoding(&[AWS]),
            steep,
            "the text holds packed data that unpacks beyond the limit",
        ),
        (
            dlp(&[("Any", r"\b\w")]),
            "a".repeat(100),
            "the text still matched after the last pass allowed",
        ),
        (
            compile(&refusing).unwrap(),
            "x".repeat(11),
            "the text has 11 bytes, over the `max_scan_size` of 10",
        ),
    ];
    for (dlp, text, reason) in cases {
        assert_eq!(
            dlp.scan(&text, Scope::Response),
            Scan::Failed(reason.to_owned())
        );
    }
    let scanning = DlpSpec {
        max_scan_size: 10,
        ..spec(&[AWS], false)
    };
    check(
        &compile(&scanning).unwrap(),
        &format!("far beyond {KEY}"),
        Some("far beyond [REDACTED:AWS Key]"),
    );
}

#[test]
fn a_secret_split_across_parts_leaves_them_all() {
    let all = decoding(&[AWS, EMAIL, BLOCK]);
    let encoded = BASE64.encode(KEY.as_bytes());
    let (head, tail) = encoded.split_at(11);
    let cases: &[(&[&str], Option<&[Option<&str>]>, &[u32])] = &[
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

#[test]
fn a_pattern_looks_only_where_its_scope_says() {
    let mut both = spec(&[("In", "alpha"), ("Out", "beta"), ("All", "gamma")], false);
    both.patterns[0].scope = PatternScope::Request;
    both.patterns[1].scope = PatternScope::Response;
    let enabled = compile(&both).unwrap();
    let disabled = compile(&DlpSpec {
        enabled: false,
        ..both
    })
    .unwrap();
    let text = "alpha beta gamma";
    let cases = [
        (
            &enabled,
            Scope::Request,
            Some("[REDACTED:In] beta [REDACTED:All]"),
        ),
        (
            &enabled,
            Scope::Response,
            Some("alpha [REDACTED:Out] [REDACTED:All]"),
        ),
        (
            &enabled,
            Scope::Record,
            Some("[REDACTED:In] [REDACTED:Out] [REDACTED:All]"),
        ),
        (&disabled, Scope::Record, None),
        (&Dlp::disabled(), Scope::Response, None),
    ];
    for (dlp, scope, expected) in cases {
        assert_eq!(dlp.active(scope), expected.is_some());
        match dlp.scan(text, scope) {
            Scan::Redacted { text, .. } => assert_eq!(Some(text.as_str()), expected),
            other => assert_eq!((other, expected), (Scan::Clean, None)),
        }
    }
}

#[test]
fn wrong_patterns_are_refused_with_their_place() {
    let cases = [
        (&[("", "a")][..], 0, "a dlp pattern has an empty name"),
        (&[("  ", "a")], 0, "a dlp pattern has an empty name"),
        (&[("a]b", "a")], 0, "dlp pattern name `a]b` holds `]`"),
        (
            &[("ok", "a"), ("a\nb", "a")],
            1,
            r"dlp pattern name `a\nb` holds a control",
        ),
        (
            &[("a\u{202e}b", "a")],
            0,
            r"dlp pattern name `a\u{202e}b` holds a control",
        ),
        (
            &[("x", "a"), ("x", "b")],
            1,
            "two dlp patterns are named `x`",
        ),
        (
            &[("x", "a(b")],
            0,
            "invalid regex `a(b` in dlp pattern `x`: unclosed group",
        ),
        (
            &[("x", "a(?=b)")],
            0,
            "invalid regex `a(?=b)` in dlp pattern `x`: look-around",
        ),
        (
            &[("x", "(\\w{500}){500}")],
            0,
            "invalid regex `(\\\\w{500}){500}` in dlp pattern `x`:",
        ),
    ];
    for (patterns, index, message) in cases {
        let errors = compile(&spec(patterns, false)).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert_eq!(errors[0].0, index);
        assert!(
            errors[0].1.starts_with(message),
            "{:?} is not {message:?}",
            errors[0].1
        );
        assert!(!errors[0].1.contains('\n'));
    }
}

#[test]
fn many_patterns_find_what_few_would() {
    let names: Vec<(String, String)> = (0..60)
        .map(|n| (format!("Rule {n}"), format!("tok{n:02}_[a-z]{{4}}\\b")))
        .collect();
    let patterns: Vec<(&str, &str)> = names
        .iter()
        .map(|(name, regex)| (name.as_str(), regex.as_str()))
        .collect();
    let all = dlp(&patterns);
    check(
        &all,
        "é tok07_abcd and tok59_wxyz, not tok60_abcd",
        Some("é [REDACTED:Rule 7] and [REDACTED:Rule 59], not tok60_abcd"),
    );
    check(&all, "tok07_abcd", Some("[REDACTED:Rule 7]"));
}
