//! Secrets inside encodings, and scans that can not be finished.

use crate::*;

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
