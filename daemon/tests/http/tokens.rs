//! Codes and tokens.

use serde_json::json;

use crate::running::Running;

#[test]
fn nothing_is_told_without_a_token_that_counts() {
    let daemon = Running::new();
    let token = daemon.token();
    assert_eq!(daemon.get("/api/v1/status", &token).status, 200);
    let mut wrong = token.clone();
    wrong.replace_range(..1, if token.starts_with('0') { "1" } else { "0" });
    for path in [
        "/api/v1/status",
        "/api/v1/events",
        "/api/v1/nothing",
        "/metrics",
    ] {
        let (cut, long) = (&token[1..], format!("{token}0"));
        for token in ["", wrong.as_str(), cut, long.as_str()] {
            let answer = daemon.get(path, token);
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (401, "unauthorized")
            );
            assert_eq!(answer.field("www-authenticate"), Some("Bearer"));
        }
    }
    let twice = format!("authorization: Bearer {token}\r\n");
    let answer = daemon.request("GET", "/api/v1/status", &token, &twice, "");
    assert_eq!(answer.status, 401);
    for other in [
        format!("cookie: token={token}\r\n"),
        format!("authorization: Basic {token}\r\n"),
        format!("x-authorization: Bearer {token}\r\n"),
    ] {
        let answer = daemon.request("GET", "/api/v1/status", "", &other, "");
        assert_eq!(answer.status, 401, "{other}");
    }
    let in_query = format!("/api/v1/status?token={token}");
    assert_eq!(daemon.get(&in_query, "").status, 401);
}

#[test]
fn a_code_is_traded_once_and_each_trade_is_recorded() {
    let daemon = Running::new();
    let code = daemon.code();
    assert_eq!(daemon.trade(&code).status, 200);
    let again = daemon.trade(&code);
    assert_eq!((again.status, again.code().as_str()), (401, "unauthorized"));
    let opened = daemon.events("DASHBOARD_OPENED");
    assert_eq!(opened.len(), 1);
    assert_eq!(opened[0]["scope"], "full");
    assert_eq!(opened[0]["channel"], "dashboard");
    let refused = daemon.events("DASHBOARD_REFUSED");
    assert_eq!(refused.len(), 1);
    let told = refused[0]["reason"].as_str().unwrap();
    assert!(told.contains("was used"), "{told}");
    if cfg!(target_os = "linux") {
        assert_eq!(opened[0]["pid"], std::process::id());
        assert_eq!(refused[0]["pid"], std::process::id());
    }
    let status = daemon.status()["attention"].to_string();
    assert!(status.contains("the dashboard"), "{status}");
}

#[test]
fn who_guesses_codes_is_stopped_and_fills_no_store() {
    let daemon = Running::new();
    let answers: Vec<u16> = (0..60)
        .map(|nth| daemon.trade(&format!("{nth:032x}")).status)
        .collect();
    assert_eq!(answers[0], 401);
    assert_eq!(answers[59], 429);
    assert_eq!(
        daemon.trade(&daemon.code()).status,
        429,
        "a good one waits as well"
    );
    assert_eq!(daemon.events("DASHBOARD_REFUSED").len(), 30);
}

#[test]
fn a_token_to_look_with_changes_nothing() {
    let daemon = Running::new();
    let token = daemon.read_token();
    assert_eq!(daemon.get("/api/v1/status", &token).status, 200);
    for (method, path) in [
        ("POST", "/api/v1/override"),
        ("POST", "/api/v1/policies/reload"),
        ("POST", "/api/v1/approvals/x/answer"),
        ("POST", "/api/v1/exports"),
        ("DELETE", "/api/v1/grants/x"),
        ("PUT", "/api/v1/nothing"),
    ] {
        let json = "content-type: application/json\r\n";
        let answer = daemon.request(method, path, &token, json, r#"{"mode":"deny_all"}"#);
        assert_eq!((answer.status, answer.code().as_str()), (403, "read_only"));
    }
    assert_eq!(daemon.status()["override"], "none");
    let made = daemon.events("DASHBOARD_OPENED");
    assert_eq!(made[0]["scope"], "read");
    assert_eq!(made[0]["channel"], "control");
}

#[test]
fn tokens_end_by_themselves_or_all_at_once() {
    let daemon = Running::new();
    let (one, other, read) = (daemon.token(), daemon.token(), daemon.read_token());
    let works = |token: &str| daemon.get("/api/v1/status", token).status == 200;
    let ended = daemon.request("DELETE", "/api/v1/token", &one, "", "");
    assert_eq!((ended.status, ended.body.as_str()), (200, "{}"));
    assert!(!works(&one) && works(&other) && works(&read));
    let code = daemon.code();
    let revoked = daemon.ask(&json!({"op": "dashboard_revoke"}));
    assert_eq!(revoked["end"]["revoked"], 2);
    assert!(!works(&other) && !works(&read));
    assert_eq!(daemon.trade(&code).status, 401, "nor is a code left");
    assert_eq!(daemon.events("DASHBOARD_CLOSED").len(), 2);
}

/// A page that is open goes on when the daemon was away.
#[test]
fn the_address_and_the_tokens_outlive_the_daemon() {
    let mut daemon = Running::new();
    let (port, token) = (daemon.port(), daemon.token());
    let ended = daemon.token();
    daemon.request("DELETE", "/api/v1/token", &ended, "", "");
    daemon.again(|| {});
    assert_eq!(daemon.port(), port);
    assert_eq!(daemon.get("/api/v1/status", &token).status, 200);
    assert_eq!(daemon.get("/api/v1/status", &ended).status, 401);
    let store = std::fs::read(daemon.home.path().join("audit.db")).unwrap();
    let holds = |text: &str| store.windows(text.len()).any(|it| it == text.as_bytes());
    assert!(!holds(&token), "the store holds the token itself");
}

#[test]
fn a_code_tells_what_became_of_it() {
    let daemon = Running::new();
    let mut answer = daemon.watch(&json!({"op": "dashboard_code"}));
    let code = answer.next().unwrap()["item"]["code"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(daemon.trade(&code).status, 200);
    assert_eq!(answer.next().unwrap(), json!({"end": {"opened": true}}));
}
