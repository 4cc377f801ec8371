//! Plain matches, markers, views, scopes, and patterns that are refused.

use crate::*;

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
            other @ (Scan::Clean | Scan::Failed(_)) => {
                assert_eq!((other, expected), (Scan::Clean, None));
            }
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
