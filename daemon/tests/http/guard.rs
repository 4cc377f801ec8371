//! What is answered to nobody: other hosts, other origins, other forms; and what every answer carries.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::client::{connect, send};
use crate::running::Running;

#[test]
fn a_name_that_was_made_to_lead_here_is_answered_nothing() {
    let daemon = Running::new();
    let (port, token) = (daemon.port(), daemon.token());
    let bearer = format!("authorization: Bearer {token}\r\nconnection: close\r\n\r\n");
    let asked = |line: &str, hosts: &str| {
        send(
            port,
            format!("{line} HTTP/1.1\r\n{hosts}{bearer}").as_bytes(),
        )
    };
    let status = "GET /api/v1/status";
    let good = format!("host: 127.0.0.1:{port}\r\n");
    assert_eq!(asked(status, &good).status, 200);
    for host in [
        "rebound.example".to_owned(),
        format!("rebound.example:{port}"),
        format!("localhost:{port}"),
        "127.0.0.1".to_owned(),
        format!("127.0.0.1:{}", port ^ 1),
        format!("127.0.0.1.:{port}"),
        format!("0.0.0.0:{port}"),
        format!("[::1]:{port}"),
        String::new(),
    ] {
        let answer = asked(status, &format!("host: {host}\r\n"));
        assert_eq!(answer.status, 421, "{host}: {answer:?}");
    }
    assert_eq!(asked(status, "").status, 421, "no host");
    assert_eq!(asked(status, &format!("{good}{good}")).status, 421, "two");
    let whole = format!("GET http://rebound.example:{port}/api/v1/status");
    assert_eq!(asked(&whole, &good).status, 421);
    // The page too: a script there would be of that origin.
    assert_eq!(asked("GET /", "host: rebound.example\r\n").status, 421);
}

#[test]
fn another_sites_page_is_answered_nothing_even_with_the_token() {
    let daemon = Running::new();
    let (port, token) = (daemon.port(), daemon.token());
    let own = format!("origin: http://127.0.0.1:{port}\r\nsec-fetch-site: same-origin\r\n");
    let status = "/api/v1/status";
    assert_eq!(daemon.request("GET", status, &token, &own, "").status, 200);
    for fields in [
        "origin: http://evil.example\r\n".to_owned(),
        "origin: null\r\n".to_owned(),
        format!("origin: http://127.0.0.1:{}\r\n", port ^ 1),
        format!("origin: https://127.0.0.1:{port}\r\n"),
        format!("origin: http://localhost:{port}\r\n"),
        format!("origin: http://127.0.0.1:{port}.evil.example\r\n"),
        format!("{own}origin: http://evil.example\r\n"),
        "sec-fetch-site: cross-site\r\n".to_owned(),
        "sec-fetch-site: same-site\r\n".to_owned(),
    ] {
        let answer = daemon.request("GET", status, &token, &fields, "");
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (403, "foreign_origin")
        );
        let answer = daemon.request("GET", "/", "", &fields, "");
        assert_eq!(answer.status, 403, "the page, {fields}");
        let json = format!("{fields}content-type: application/json\r\n");
        let traded = daemon.request("POST", "/api/v1/token", "", &json, "{\"code\":\"0\"}");
        assert_eq!(traded.code(), "foreign_origin");
    }
    let preflight = daemon.request("OPTIONS", status, &token, "origin: http://evil\r\n", "");
    assert_eq!(preflight.status, 403);
    assert!(preflight.field("access-control-allow-origin").is_none());
    // A file that `aipctl dashboard` wrote leads to the page, and to nothing but it.
    let opened =
        "sec-fetch-site: cross-site\r\nsec-fetch-mode: navigate\r\nsec-fetch-dest: document\r\n";
    assert_eq!(daemon.request("GET", "/", "", opened, "").status, 200);
    assert_eq!(
        daemon.request("GET", status, &token, opened, "").status,
        403
    );
    let framed = opened.replace("document", "iframe");
    assert_eq!(daemon.request("GET", "/", "", &framed, "").status, 403);
}

#[test]
fn a_body_that_is_no_json_or_too_large_or_more_than_asked_for_does_nothing() {
    let daemon = Running::new();
    let token = daemon.token();
    let post = |fields: &str, body: &str| {
        let answer = daemon.request("POST", "/api/v1/override", &token, fields, body);
        let mode = daemon.status()["override"].clone();
        assert_eq!(mode, "none", "it was done: {fields} {answer:?}");
        (answer.status, answer.code())
    };
    let wrong = (415, "content_type".to_owned());
    let body = r#"{"mode":"deny_all"}"#;
    assert_eq!(post("", body), wrong);
    assert_eq!(post("content-type: text/plain\r\n", body), wrong);
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    assert_eq!(post(form, "mode=deny_all"), wrong);
    let odd = "content-type: application/json; charset=utf-16\r\n";
    assert_eq!(post(odd, body), wrong);
    let json = "content-type: application/json\r\n";
    let long = format!("{{\"mode\":\"deny_all\"{}}}", " ".repeat(256 * 1024));
    assert_eq!(post(json, &long), (413, "too_large".to_owned()));
    let invalid = (400, "invalid".to_owned());
    for body in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"mode":"deny_all","more":1}"#,
        r#"{"mode":"none","mode":"deny_all"}"#,
        r#"{"mode":"deny_all"} {}"#,
        r#"{"mode":"DENY_ALL"}"#,
    ] {
        assert_eq!(post(json, body), invalid, "{body}");
    }
    let asked = daemon.get("/api/v1/status?deep=1", &token);
    assert_eq!((asked.status, asked.code()), invalid);
}

/// Whatever changes something is no GET, and a GET of its path is none either.
#[test]
fn a_get_changes_nothing() {
    let daemon = Running::new();
    let token = daemon.token();
    for path in [
        "/api/v1/override",
        "/api/v1/override?mode=deny_all",
        "/api/v1/policies/reload",
        "/api/v1/approvals/x/answer?allow=true",
        "/api/v1/exports",
        "/api/v1/token",
    ] {
        for method in ["GET", "HEAD", "OPTIONS", "PUT", "TRACE"] {
            let answer = daemon.request(method, path, &token, "", "");
            assert_eq!(answer.status, 405, "{method} {path}");
        }
    }
    assert_eq!(daemon.status()["override"], "none");
    let allowed = daemon.request("PUT", "/api/v1/token", &token, "", "");
    let allowed = allowed.field("allow").unwrap().to_owned();
    assert!(
        allowed.contains("POST") && allowed.contains("DELETE"),
        "{allowed}"
    );
}

#[test]
fn every_answer_says_what_a_browser_may_do_with_it() {
    let daemon = Running::new();
    let token = daemon.token();
    for path in [
        "/",
        "/nothing",
        "/health",
        "/metrics",
        "/api/v1/status",
        "/api/v1/nothing",
        "/api/v1/status?x",
        "/api/v1/openapi.json",
    ] {
        let answer = daemon.get(path, &token);
        let policy = answer.field("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'"));
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.field(name), Some(value), "{path}");
        }
        let kept = if path == "/" { "no-cache" } else { "no-store" };
        assert_eq!(answer.field("cache-control"), Some(kept), "{path}");
        assert!(!answer.head.to_lowercase().contains("access-control"));
    }
}

#[test]
fn the_page_needs_no_token_and_is_asked_for_once() {
    let daemon = Running::new();
    let page = daemon.get("/", "");
    assert_eq!(page.status, 200);
    assert_eq!(page.field("content-type"), Some("text/html; charset=utf-8"));
    let known = format!("if-none-match: {}\r\n", page.field("etag").unwrap());
    let again = daemon.request("GET", "/", "", &known, "");
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    let head = daemon.request("HEAD", "/", "", "", "");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    let post = daemon.request("POST", "/", &daemon.token(), "", "");
    assert_eq!(post.status, 405);
    for path in [
        "/index.html",
        "/app/../../Cargo.toml",
        "/app/%2e%2e/x",
        "/app/none.js",
    ] {
        assert_ne!(daemon.get(path, "").status, 200, "{path}");
    }
}

/// A head that comes drop by drop, and one that never ends, are not waited for.
#[test]
fn who_is_slow_or_endless_with_the_head_is_left() {
    let daemon = Running::new();
    let port = daemon.port();
    let mut slow = connect(port);
    slow.set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nhost: 127").unwrap();
    let endless = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(64 * 1024));
    let answer = send(port, endless.as_bytes());
    assert_eq!(answer.status, 431, "{answer:?}");
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "x: a\r\n".repeat(100));
    assert_eq!(send(port, many.as_bytes()).status, 431);
    let begun = Instant::now();
    let mut rest = Vec::new();
    let _reset = slow.read_to_end(&mut rest);
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "it was waited for"
    );
}

#[test]
fn health_is_told_to_anybody_of_the_users_and_metrics_by_a_token() {
    let daemon = Running::new();
    let health = daemon.get("/health", "").json();
    assert_eq!(
        health,
        json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")})
    );
    assert_eq!(daemon.get("/metrics", "").status, 401);
    let token = daemon.read_token();
    daemon.get("/api/v1/nothing", &token);
    let metrics = daemon.get("/metrics", &token);
    assert!(
        metrics
            .field("content-type")
            .unwrap()
            .starts_with("text/plain; version=0.0.4")
    );
    for line in [
        "aip_http_requests_total{status=\"401\"} 1",
        "aip_http_requests_total{status=\"404\"} 1",
        "aip_sessions 0",
        "aip_audit_failing 0",
    ] {
        assert!(
            metrics.body.lines().any(|it| it == line),
            "{line}: {}",
            metrics.body
        );
    }
}
