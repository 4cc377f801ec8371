//! Exports.

use serde_json::{Value, json};

use crate::running::Running;

fn ticket(daemon: &Running, token: &str, body: &Value) -> String {
    let ordered = daemon.post("/api/v1/exports", token, body);
    assert_eq!(ordered.status, 200, "{ordered:?}");
    ordered.json()["url"].as_str().unwrap().to_owned()
}

#[test]
fn what_was_ordered_is_fetched_once() {
    let daemon = Running::new();
    let token = daemon.token();
    for _ in 0..3 {
        daemon.happens(&token);
    }
    let url = ticket(&daemon, &token, &json!({"format": "jsonl"}));
    for refused in ["HEAD", "POST", "OPTIONS"] {
        assert_eq!(daemon.request(refused, &url, &token, "", "").status, 405);
    }
    let file = daemon.get(&url, "");
    assert_eq!(file.status, 200);
    assert_eq!(file.field("content-type"), Some("application/jsonl"));
    let named = file.field("content-disposition").unwrap();
    assert_eq!(named, "attachment; filename=\"aip-audit.jsonl\"");
    let lines: Vec<Value> = file
        .body
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let changes = lines.iter().filter(|it| it["event"] == "OVERRIDE_CHANGED");
    assert_eq!(changes.count(), 3);
    for url in [url.as_str(), "/api/v1/exports/0"] {
        assert_eq!(daemon.get(url, &token).status, 404);
    }
}

#[test]
fn a_csv_is_the_one_aipctl_writes() {
    let daemon = Running::new();
    let token = daemon.token();
    daemon.happens(&token);
    let file = daemon.get(&ticket(&daemon, &token, &json!({"format": "csv"})), "");
    let mut lines = file.body.split("\r\n");
    assert!(lines.next().unwrap().starts_with("timestamp,seq,event,"));
    assert!(
        lines.any(|line| line.contains("OVERRIDE_CHANGED")),
        "{file:?}"
    );
    let none = json!({"format": "csv", "kinds": "decision"});
    let file = daemon.get(&ticket(&daemon, &token, &none), "");
    assert_eq!(file.body.matches("\r\n").count(), 1, "{file:?}");
}

#[test]
fn what_can_not_be_ordered_is_refused() {
    let daemon = Running::new();
    let token = daemon.token();
    for body in [
        json!({}),
        json!({"format": "xml"}),
        json!({"format": "csv", "q": "x"}),
        json!({"format": "csv", "kinds": "decisions"}),
        json!({"format": "csv", "since": "yesterday"}),
    ] {
        let refused = daemon.post("/api/v1/exports", &token, &body);
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (400, "invalid"),
            "{body}"
        );
    }
}
