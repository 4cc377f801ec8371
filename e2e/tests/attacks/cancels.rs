//! Cancels: each side may withdraw its own requests, and what a person is asked about then goes
//! nowhere, whatever is answered later.

use e2e::client::PATIENCE;
use e2e::wait::{wait_for, wait_until};
use serde_json::{Value, json};

use crate::ids::release;
use crate::server::Server::{Lenient, TypeScript};
use crate::server::{each, on};
use crate::session::{ALLOWED, Setting};

/// A cancel by the client: `(method, params)`.
fn cancel(params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{params}}}"#)
}

#[test]
fn a_cancel_reaches_only_the_senders_own_request_under_way() {
    // The request under way is 0, as the first request of most servers is: in their own table.
    let nothing = [
        r#"{"requestId":99}"#,
        r#"{"requestId":"0"}"#,
        r#"{"requestId":-0}"#,
        r#"{"requestId":0.0}"#,
        r#"{"requestId":0e0}"#,
        r#"{"requestId":null}"#,
        r#"{"requestId":[0]}"#,
        r#"{"requestId":{"id":0}}"#,
        r#"{"reason":"none"}"#,
        r#"{"requestId":"over"}"#,
    ];
    let malformed = [
        r#"{"RequestId":0}"#,
        r#"{"requestId":99,"request_id":0}"#,
        r#"{"requestid":0}"#,
        "[0]",
    ];
    let setting = Setting::default();
    each(
        "a_cancel_reaches_only_the_senders_own_request_under_way",
        &setting,
        |mut session| {
            session.call("0", "hold", &json!({"key": "k"}));
            session.call("\"over\"", "echo", &json!({}));
            session.settle(1);
            for params in nothing {
                session.send(cancel(params));
                session.send(cancel(params).replace("notifications/cancelled", "Cancelled"));
            }
            for params in malformed {
                session.send(cancel(params));
            }
            session.send(cancel("{}").replace(r#""method""#, r#""id":50,"method""#));
            let replies = session.settle(1);
            assert!(replies.iter().all(|it| it["id"] == 50), "{replies:?}");
            let held = release(&mut session, "k", 1);
            assert_eq!(held.len(), 1, "{held:?}");
            assert!(
                held[0]["id"] == 0 && held[0].get("result").is_some(),
                "{held:?}"
            );
            let evidence = session.end();
            let told = evidence.read.split(|it| *it == b'\n').filter(|line| {
                let message: Value = serde_json::from_slice(line).unwrap_or_default();
                message["method"]
                    .as_str()
                    .is_some_and(|it| it.contains("cancelled"))
                    && message.get("id").is_none()
            });
            assert_eq!(told.count(), 0, "a cancel of nothing was passed on");
            let dropped = evidence
                .events("MESSAGE_DROPPED")
                .filter(|it| it["direction"] == "upstream");
            assert_eq!(dropped.count(), 2 * nothing.len());
            let blocked = evidence
                .decisions("BLOCK")
                .filter(|it| it.get("event").is_none());
            assert!(blocked.count() >= malformed.len());
        },
    );
}

#[test]
fn a_servers_cancel_reaches_no_request_of_the_clients() {
    let told = [
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"7"}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"emit"}}"#,
        r#"{"jsonrpc":"2.0","method":"Notifications/Cancelled","params":{"requestId":7}}"#,
        r#"{"jsonrpc":"2.0","method":"cancelled","params":{"requestId":7}}"#,
        r#"{"jsonrpc":"2.0","method":"CANCELLED","params":{"requestId":7}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"RequestId":7}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#,
    ];
    let setting = Setting::default();
    each(
        "a_servers_cancel_reaches_no_request_of_the_clients",
        &setting,
        |mut session| {
            session.call("7", "hold", &json!({"key": "k"}));
            session.emit("\"emit\"", &told);
            let replies = session.settle(1);
            assert_eq!(replies.len(), 1, "{replies:?}");
            assert_eq!(release(&mut session, "k", 1).len(), 1);
            let evidence = session.end();
            let dropped = evidence
                .events("MESSAGE_DROPPED")
                .filter(|it| it["direction"] == "downstream");
            assert_eq!(dropped.count(), told.len());
        },
    );
}

#[test]
fn a_cancelled_call_gets_one_answer_or_none() {
    let setting = Setting::default();
    each(
        "a_cancelled_call_gets_one_answer_or_none",
        &setting,
        |mut session| {
            session.call("7", "hold", &json!({"key": "k"}));
            session.settle(0);
            session.send(cancel(r#"{"requestId":7,"reason":"enough"}"#));
            session.send(cancel(r#"{"requestId":7,"reason":"again"}"#));
            let mut answers = session.settle(0);
            answers.extend(release(&mut session, "k", 0));
            answers.extend(session.settle(0));
            assert!(answers.len() <= 1, "{answers:?}");
            session.emit(
                "\"emit\"",
                &[r#"{"jsonrpc":"2.0","id":7,"result":{"content":[]}}"#],
            );
            let late = session.settle(1);
            let both = answers.len() + late.iter().filter(|it| it["id"] == 7).count();
            assert!(both <= 1, "{answers:?} {late:?}");
            session.end();
        },
    );
}

/// Some servers never answer what was cancelled.
#[test]
fn cancelled_requests_do_not_use_up_the_table() {
    let setting = Setting::default();
    on(
        &[TypeScript, Lenient],
        "cancelled_requests_do_not_use_up_the_table",
        &setting,
        |mut session| {
            for round in 0..2 {
                for id in 0..550 {
                    let id = 1000 * round + id;
                    session.call(&id.to_string(), "hold", &json!({"key": id}));
                    session.send(cancel(&format!(r#"{{"requestId":{id}}}"#)));
                }
                session.settle(0);
            }
            session.evidence_of_server(1102);
            let (told, evidence) = session.break_off();
            assert!(told.len() <= 1100, "{} messages", told.len());
            assert_eq!(evidence.runs_of("hold"), 1100);
            assert_eq!(evidence.decisions("BLOCK").count(), 0);
        },
    );
}

#[test]
fn a_withdrawn_ask_forwards_nothing_whatever_is_answered_later() {
    let setting = Setting {
        spec: format!("{ALLOWED}\n  tool_rules: [{{tool: careful, action: ask}}]"),
        ..Setting::default()
    };
    each(
        "a_withdrawn_ask_forwards_nothing_whatever_is_answered_later",
        &setting,
        |mut session| {
            session.call("0", "careful", &json!({"m": "hidden"}));
            let approval = wait_for("the question", PATIENCE, || session.home.approvals().pop());
            // Neither another type, nor the server, withdraws it; nor can the server answer it.
            session.send(cancel(r#"{"requestId":"0"}"#));
            session.emit("\"emit\"", &[
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":0}}"#,
            r#"{"jsonrpc":"2.0","id":0,"result":{"content":[]}}"#,
        ]);
            let replies = session.settle(1);
            assert!(replies.iter().all(|it| it["id"] == "emit"), "{replies:?}");
            assert_eq!(session.home.approvals().len(), 1);
            session.send(cancel(r#"{"requestId":0}"#));
            wait_until("the withdrawal", PATIENCE, || {
                session.home.approvals().is_empty()
            });
            let id = approval["id"].as_str().expect("approvals have ids");
            // A late yes is kept for the next try and forwards nothing.
            let late = session.home.ctl(&["approve", id]);
            let said = String::from_utf8_lossy(&late.stdout).into_owned();
            assert!(said.contains("nothing was forwarded"), "{late:?}");
            let replies = session.settle(0);
            assert!(replies.is_empty(), "{replies:?}");
            let evidence = session.end();
            assert_eq!(evidence.runs_of("careful"), 0);
            assert!(!evidence.was_read("hidden"), "it reached the server");
            assert_eq!(evidence.events("MESSAGE_DROPPED").count(), 3);
            let refused: Vec<_> = evidence
                .decisions("BLOCK")
                .filter(|it| it["tool"] == "careful")
                .collect();
            assert_eq!(refused.len(), 1, "{refused:?}");
        },
    );
}
