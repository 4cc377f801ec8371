//! Answers that cross: to what aip has answered itself, and from a client to a server's request.

use e2e::client::PATIENCE;
use serde_json::json;

use crate::server::each;
use crate::session::{Setting, call};

#[test]
fn a_request_aip_has_answered_is_answered_by_no_server() {
    let setting = Setting::default();
    each(
        "a_request_aip_has_answered_is_answered_by_no_server",
        &setting,
        |mut session| {
            session.send(call("7", "forbidden", &json!({})));
            session.send(r#"{"jsonrpc":"2.0","id":8,"method":"ping","params":{"_Meta":1}}"#);
            assert_eq!(session.settle(2).len(), 2);
            let late = ["7", "8", "\"7\""]
                .map(|id| format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[]}}}}"#));
            session.emit("50", &late);
            let heard = session.settle(1);
            assert!(heard.iter().all(|it| it["id"] == 50), "{heard:?}");
            let evidence = session.end();
            let told = evidence
                .events("MESSAGE_DROPPED")
                .filter(|it| it["direction"] == "downstream");
            assert_eq!(told.count(), late.len());
        },
    );
}

#[test]
fn a_client_answers_each_request_of_the_server_once_and_nothing_else() {
    let setting = Setting::default();
    each(
        "a_client_answers_each_request_of_the_server_once_and_nothing_else",
        &setting,
        |mut session| {
            // Under way with the ids that servers begin with.
            for id in ["0", "1"] {
                session.call(id, "hold", &json!({"key": "k"}));
            }
            session.call("\"roots\"", "roots", &json!({}));
            let asked = session.message(PATIENCE).expect("the server asks");
            let id = asked["id"].as_i64().expect("SDKs count");
            let answer = |id: &str, root: &str| {
                format!(
                    r#"{{"jsonrpc":"2.0","id":{id},"result":{{"roots":[{{"uri":"file:///{root}"}}]}}}}"#
                )
            };
            let mut wrong = [
                format!("\"{id}\""),
                (id + 100).to_string(),
                "\"roots\"".to_owned(),
            ]
            .map(|id| answer(&id, "hidden"))
            .to_vec();
            wrong.push(
                r#"{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"hidden"}}"#.to_owned(),
            );
            let mut malformed = vec![
                answer(&format!("{id}.0"), "hidden"),
                answer(&format!("{id}e0"), "hidden"),
                answer("null", "hidden"),
                answer(&id.to_string(), "hidden").replace(
                    "\"result\"",
                    "\"error\":{\"code\":1,\"message\":\"m\"},\"result\"",
                ),
                answer(&id.to_string(), "hidden").replace("\"result\"", "\"Result\""),
            ];
            malformed.push(format!(
                r#"{{"jsonrpc":"2.0","id":{id},"id":{id},"result":{{"m":"hidden"}}}}"#
            ));
            for line in wrong.iter().chain(&malformed) {
                session.send(line);
            }
            let told = session.settle(malformed.len());
            assert_eq!(told.len(), malformed.len(), "{told:?}");
            assert!(
                told.iter()
                    .all(|it| it["error"]["code"] == -32600 && it["id"].is_null()),
                "{told:?}"
            );
            session.send(answer(&id.to_string(), "right"));
            let heard = session.settle(1);
            assert!(heard[0].to_string().contains("file:///right"), "{heard:?}");
            session.send(answer(&id.to_string(), "hidden"));
            session.call("\"release\"", "release", &json!({"key": "k"}));
            assert_eq!(session.settle(3).len(), 3);
            let evidence = session.end();
            assert!(!evidence.was_read("hidden"));
            let drops = evidence
                .events("MESSAGE_DROPPED")
                .filter(|it| it["direction"] == "upstream");
            assert_eq!(drops.count(), wrong.len() + 1);
            assert_eq!(evidence.decisions("BLOCK").count(), malformed.len());
        },
    );
}

/// From its roots a server takes what a relative path means, and so does aip.
#[test]
fn a_clients_answer_in_two_readings_reaches_no_server() {
    let results = [
        r#"{"roots":[],"Roots":[{"uri":"file:///hidden"}]}"#,
        r#"{"roots":[{"uri":"file:///a"}],"ROOTS":[{"uri":"file:///hidden"}]}"#,
        r#"{"roots":[{"uri":"file:///a","URI":"file:///hidden"}]}"#,
        r#"{"roots":[{"uri":"file:///a"},{"uri":"file:///b","\u0055ri":"file:///hidden"}]}"#,
        "{\"roots\":[],\"root\u{17f}\":[{\"uri\":\"file:///hidden\"}]}",
        r#"{"roots":[],"_Meta":{"m":"hidden"}}"#,
    ];
    let setting = Setting::default();
    let test = "a_clients_answer_in_two_readings_reaches_no_server";
    each(test, &setting, |mut session| {
        for result in results {
            session.call("7", "roots", &json!({}));
            let asked = session.message(PATIENCE).expect("the server asks");
            let id = &asked["id"];
            session.send(format!(
                r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#
            ));
            let heard = session.settle(1);
            assert_eq!(heard.len(), 1, "{result}: {heard:?}");
            assert_eq!(heard[0]["id"], 7, "{result}: {heard:?}");
        }
        let evidence = session.end();
        assert!(!evidence.was_read("hidden"));
        let dropped = evidence.events("MESSAGE_DROPPED");
        let upstream = dropped.filter(|it| it["direction"] == "upstream").count();
        assert_eq!(upstream, results.len());
    });
}
