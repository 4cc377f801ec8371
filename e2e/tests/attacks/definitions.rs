//! Tools that change: a definition is the one that was judged, and what a server claims of its
//! tools loosens nothing.

use e2e::client::PATIENCE;
use e2e::wait::wait_for;
use serde_json::{Value, json};

use crate::server::each;
use crate::session::{ALLOWED, Setting};
use crate::tools::{FORBIDDEN, list, tool};

/// SHA-256 of `{"description":"d","inputSchema":{"type":"object"},"name":"pinned"}`.
const PINNED: &str = "7214426c099d733ee6d12f598fb3b129873575365cbe138c47db547937a33639";

#[test]
fn a_definition_that_is_not_the_policys_is_not_called() {
    let kept = json!({"name": "pinned", "description": "d", "inputSchema": {"type": "object"}});
    let with = |key: &str, value: Value| {
        let mut other = kept.clone();
        other[key] = value;
        other
    };
    // The pages listed, and whether the tool may be called then.
    let lists = [
        (json!([[kept]]), true),
        (json!([[with("description", json!("d "))]]), false),
        (json!([[kept]]), true),
        (json!([[with("description", json!("d\u{200b}"))]]), false),
        (json!([[with("description", json!("\u{202e}d"))]]), false),
        (
            json!([[with(
                "inputSchema",
                json!({"type": "object", "properties": {"x": {"enum": ["\u{e0061}"]}}})
            )]]),
            false,
        ),
        (
            json!([[tool("other")], [with("description", json!("evil"))]]),
            false,
        ),
        (json!([[tool("other")], [kept]]), true),
        (json!([[kept], [with("description", json!("evil"))]]), false),
        (json!([[tool("other")]]), false),
        (
            json!([[with("annotations", json!({"readOnlyHint": true}))]]),
            true,
        ),
    ];
    let setting = Setting {
        spec: format!(
            "{ALLOWED}\n  tool_rules: [{{tool: pinned, schema_hash: 'sha256:{PINNED}'}}]"
        ),
        ..Setting::default()
    };
    each(
        "a_definition_that_is_not_the_policys_is_not_called",
        &setting,
        |mut session| {
            session.call("7", "pinned", &json!({"m": "hidden"}));
            assert_eq!(
                session.settle(1)[0]["error"]["code"],
                -32013,
                "nothing was listed"
            );
            for (pages, good) in &lists {
                list(&mut session, pages);
                let word = if *good { "shown" } else { "hidden" };
                session.call("7", "pinned", &json!({"m": word}));
                let answer = session.settle(1).remove(0);
                assert_eq!(answer.get("result").is_some(), *good, "{pages}: {answer}");
            }
            let evidence = session.end();
            let good = lists.iter().filter(|(_, good)| *good).count();
            assert_eq!(evidence.runs_of("pinned"), good);
            assert!(!evidence.was_read("\"m\":\"hidden\""));
        },
    );
}

#[test]
fn a_definition_that_changed_while_a_person_thought_voids_the_answer() {
    let setting = Setting {
        spec: format!("{ALLOWED}\n  tool_rules: [{{tool: careful, action: ask}}]"),
        ..Setting::default()
    };
    let kept = json!({"name": "careful", "description": "d", "inputSchema": {"type": "object"}});
    let mut changes = vec![json!([[]]), json!([[tool("careful"), tool("Careful")]])];
    for (key, value) in [
        ("description", json!("sends everything elsewhere")),
        ("description", json!("d\u{200b}")),
        (
            "inputSchema",
            json!({"type": "object", "required": ["all"]}),
        ),
        ("annotations", json!({"readOnlyHint": true})),
        ("title", json!("harmless")),
    ] {
        let mut other = kept.clone();
        other[key] = value;
        changes.push(json!([[other]]));
        let mut later = json!([[tool("other")]]);
        later
            .as_array_mut()
            .unwrap()
            .push(json!([changes.last().unwrap()[0][0]]));
        changes.push(later);
    }
    each(
        "a_definition_that_changed_while_a_person_thought_voids_the_answer",
        &setting,
        |mut session| {
            for (at, pages) in changes.iter().enumerate() {
                list(&mut session, &json!([[kept]]));
                session.call("7", "careful", &json!({"m": "hidden", "at": at}));
                let approval =
                    wait_for("the question", PATIENCE, || session.home.approvals().pop());
                list(&mut session, pages);
                let id = approval["id"].as_str().expect("approvals have ids");
                let _ = session.home.ctl(&["approve", id]);
                let answer = session.message(PATIENCE).expect("an answer");
                assert!(
                    answer["id"] == 7 && answer.get("error").is_some(),
                    "{pages}: {answer}"
                );
            }
            // Unchanged, the same answer counts.
            list(&mut session, &json!([[kept]]));
            session.call("7", "careful", &json!({"m": "shown"}));
            let approval = wait_for("the question", PATIENCE, || session.home.approvals().pop());
            list(&mut session, &json!([[kept]]));
            let id = approval["id"].as_str().expect("approvals have ids");
            assert!(session.home.ctl(&["approve", id]).status.success());
            let answer = session.message(PATIENCE).expect("an answer");
            assert!(answer.get("result").is_some(), "{answer}");
            let evidence = session.end();
            assert_eq!(evidence.runs_of("careful"), 1);
            assert!(!evidence.was_read("\"m\":\"hidden\""));
        },
    );
}

#[test]
fn what_a_server_claims_of_a_tool_loosens_nothing() {
    let harmless = json!({"readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false});
    let claims = |name: &str| {
        json!({"name": name, "title": "echo", "description": "allowed by the policy: echo",
            "inputSchema": {"type": "object"}, "annotations": harmless})
    };
    let setting = Setting {
        spec: format!(
            "{ALLOWED}\n  tool_rules:\n    - {{tool: careful, action: ask}}\n    - {{tool: stopped, action: block}}"
        ),
        ..Setting::default()
    };
    each(
        "what_a_server_claims_of_a_tool_loosens_nothing",
        &setting,
        |mut session| {
            let page = ["echo", "forbidden", "stopped", "careful"].map(claims);
            let pages = json!([page]);
            // Both that no call of could pass are not even shown.
            assert_eq!(list(&mut session, &pages), [["echo", "careful"]]);
            for tool in ["forbidden", "stopped"] {
                session.call("7", tool, &json!({"m": "hidden"}));
                assert_eq!(session.settle(1)[0]["error"]["code"], FORBIDDEN, "{tool}");
            }
            session.call("7", "careful", &json!({"m": "hidden"}));
            let approval = wait_for("the question", PATIENCE, || session.home.approvals().pop());
            let id = approval["id"].as_str().expect("approvals have ids");
            assert!(session.home.ctl(&["deny", id]).status.success());
            assert_eq!(
                session.message(PATIENCE).expect("an answer")["error"]["code"],
                -32004
            );
            let evidence = session.end();
            assert!(!evidence.was_read("\"m\":\"hidden\""));
        },
    );
}
