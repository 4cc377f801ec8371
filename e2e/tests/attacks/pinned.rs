//! Tools that change, go, come late or borrow another's name, held against what was pinned.

use e2e::client::PATIENCE;
use serde_json::{Value, json};

use crate::evidence::Evidence;
use crate::server::each;
use crate::session::{Session, Setting};
use crate::tools::{list, relist, tool};

const HELD: i64 = -32013;
const CHANGED: &str = "tool definition changed since it was approved";
const NEW: &str = "tool is new and not approved yet";
const REMOVED: &str = "tool is no longer listed by the server";

#[test]
fn a_definition_that_changes_after_first_sight_is_held_until_it_is_approved() {
    let kept = json!({"name": "pinned", "title": "P", "description": "d", "inputSchema": {"type": "object"}});
    let changes = [
        ("description", json!("d ")),
        ("description", json!("d\u{200b}")),
        ("title", json!("p")),
        (
            "inputSchema",
            json!({"type": "object", "properties": {"all": {"default": "yes"}}}),
        ),
        ("annotations", json!({"readOnlyHint": true})),
    ];
    let with = |(key, value): &(&str, Value)| {
        let mut other = kept.clone();
        other[*key] = value.clone();
        other
    };
    let on_page_two = |definition: &Value| json!([[tool("other")], [definition]]);
    let test = "a_definition_that_changes_after_first_sight_is_held_until_it_is_approved";
    each(test, &pinning("block"), |mut session| {
        assert_eq!(list(&mut session, &on_page_two(&kept)).concat(), BOTH);
        passes(&mut session, "pinned");
        for change in &changes {
            let shown = list(&mut session, &on_page_two(&with(change)));
            assert_eq!(shown, [vec!["other"], vec![]], "{change:?}");
            held(&mut session, "pinned", CHANGED);
            held(&mut session, "PINNED", CHANGED);
            assert_eq!(state(&session, "pinned"), "changed");
            // Back again, it is what was pinned.
            assert_eq!(list(&mut session, &on_page_two(&kept)).concat(), BOTH);
            passes(&mut session, "pinned");
        }
        let pages = on_page_two(&with(&changes[0]));
        list(&mut session, &pages);
        held(&mut session, "pinned", CHANGED);
        approve(&mut session, "pinned");
        passes(&mut session, "pinned");
        assert_eq!(relist(&mut session, &pages).concat(), BOTH);
        assert_eq!(list(&mut session, &on_page_two(&kept))[1], [""; 0]);
        held(&mut session, "pinned", CHANGED);

        let evidence = session.end();
        holds_true(&evidence, 2 * changes.len() + 2, "changed");
        assert_eq!(evidence.runs_of("pinned"), changes.len() + 2);
        let told: Vec<_> = evidence.events("TOOL_CHANGED").collect();
        assert_eq!(told.len(), changes.len() + 2, "{told:?}");
        let first = &told[0]["old_hash"];
        for (event, (member, _)) in told.iter().zip(&changes) {
            assert_eq!(event["tool"], "pinned");
            assert_eq!(event["changed"], json!([member]));
            assert!(event["old_hash"] == *first && event["new_hash"] != *first);
        }
        let approved: Vec<_> = evidence.events("TOOL_APPROVED").collect();
        assert_eq!(approved.len(), 1, "{approved:?}");
        assert_eq!(approved[0]["new_hash"], told[0]["new_hash"]);
        let last = told.last().expect("some are");
        assert_eq!(
            (&last["old_hash"], &last["new_hash"]),
            (&told[0]["new_hash"], first)
        );
    });
}

#[test]
fn a_tool_taken_off_the_list_and_still_called_is_held_or_said_to_be_gone() {
    let test = "a_tool_taken_off_the_list_and_still_called_is_held_or_said_to_be_gone";
    for (word, code) in [("block", Some(HELD)), ("warn", None)] {
        let setting = pinning(word);
        each(test, &setting, |mut session| {
            let call = |session: &mut Session| match code {
                Some(_) => held(session, "gone", REMOVED),
                None => passes(session, "gone"),
            };
            list(&mut session, &json!([[tool("other")], [tool("gone")]]));
            passes(&mut session, "gone");
            assert_eq!(list(&mut session, &json!([[tool("other")]])), [["other"]]);
            call(&mut session);
            assert_eq!(state(&session, "gone"), "removed");
            // Nor does another session help, before it was shown a list and after.
            let mut session = session.anew(&setting, &[]);
            call(&mut session);
            list(&mut session, &json!([[tool("other")], []]));
            call(&mut session);
            list(&mut session, &json!([[tool("other")], [tool("gone")]]));
            passes(&mut session, "gone");

            let evidence = session.end();
            assert_eq!(evidence.events("TOOL_REMOVED").count(), 1);
            let decision = if code.is_some() { "BLOCK" } else { "ALLOW" };
            let gone = evidence
                .decisions(decision)
                .filter(|it| it["pin"] == "removed");
            assert_eq!(gone.count(), 3);
            let runs = if code.is_some() { 2 } else { 5 };
            assert_eq!(evidence.runs_of("gone"), runs);
            if code.is_some() {
                holds_true(&evidence, 3, "removed");
            }
        });
    }
}

#[test]
fn a_tool_slipped_in_later_is_held_until_it_is_approved() {
    let test = "a_tool_slipped_in_later_is_held_until_it_is_approved";
    let lists = [
        json!([[tool("other"), tool("late")]]),
        json!([[tool("other")], [tool("late")]]),
    ];
    let setting = pinning("block");
    each(test, &setting, |mut session| {
        list(&mut session, &json!([[tool("other")]]));
        for pages in &lists {
            assert_eq!(list(&mut session, pages).concat(), ["other"]);
            held(&mut session, "late", NEW);
            // Off the list and on it again it is as new as before.
            list(&mut session, &json!([[tool("other")]]));
        }
        let mut session = session.anew(&setting, &[]);
        assert_eq!(list(&mut session, &lists[1]).concat(), ["other"]);
        held(&mut session, "late", NEW);
        approve(&mut session, "late");
        assert_eq!(relist(&mut session, &lists[1]).concat(), ["other", "late"]);
        passes(&mut session, "late");
        let evidence = session.end();
        holds_true(&evidence, 3, "new");
        assert_eq!(evidence.runs_of("late"), 1);
        assert_eq!(evidence.events("TOOL_ADDED").count(), 3);
        assert_eq!(evidence.events("TOOL_APPROVED").count(), 1);
    });
}

#[test]
fn a_tool_named_like_that_of_another_server_is_told() {
    let test = "a_tool_named_like_that_of_another_server_is_told";
    let setting = pinning("block");
    let alike = ["p\u{430}y", "send_ma\u{456}l"];
    each(test, &setting, |mut session| {
        let page = ["pay", "send_mail", "read"].map(tool);
        list(&mut session, &json!([page]));
        let mut session = session.anew(&setting, &["another"]);
        let pages = json!([[tool(alike[0])], [tool(alike[1]), tool("Read")]]);
        let shown = list(&mut session, &pages);
        assert_eq!(shown, [vec![alike[0]], vec![alike[1], "Read"]]);
        for name in alike {
            passes(&mut session, name);
        }
        let output = session.home.ctl(&["tools"]);
        let shown = String::from_utf8(output.stdout).expect("text");
        assert_eq!(shown.matches("look alike in /name").count(), 2, "{shown}");
        let evidence = session.end();
        let told: Vec<_> = evidence
            .events("TOOL_SUSPICIOUS")
            .map(|it| (&it["tool"], &it["finding"], &it["place"]))
            .collect();
        let (finding, place) = (json!("look_alike"), json!("/name"));
        let expected = alike.map(Value::from);
        let expected = expected.each_ref().map(|name| (name, &finding, &place));
        assert_eq!(told, expected);
    });
}

const BOTH: [&str; 2] = ["other", "pinned"];

fn pinning(word: &str) -> Setting {
    Setting {
        spec: format!(
            "  allowed_tools: ['*']\n  denied_tools: [forbidden]\n  allowed_methods: ['*']\n  pinning: {word}"
        ),
        ..Setting::default()
    }
}

fn passes(session: &mut Session, tool: &str) {
    session.call("7", tool, &json!({"m": "shown"}));
    let answer = session.settle(1).remove(0);
    assert!(answer.get("result").is_some(), "{tool}: {answer}");
}

fn held(session: &mut Session, tool: &str, reason: &str) {
    session.call("7", tool, &json!({"m": "hidden"}));
    let answer = session.settle(1).remove(0);
    let error = &answer["error"];
    assert_eq!(error["code"], HELD, "{tool}: {answer}");
    assert_eq!(error["data"]["reason"], reason, "{tool}: {answer}");
}

/// A person approves a tool; the client is told to look again.
fn approve(session: &mut Session, tool: &str) {
    let server = &servers(session)[0]["id"];
    let server = server.as_str().expect("servers have ids");
    let output = session.home.ctl(&["tools", "approve", server, tool]);
    assert!(output.status.success(), "{output:?}");
    let told = session.message(PATIENCE).expect("the client is told");
    assert_eq!(told["method"], "notifications/tools/list_changed", "{told}");
}

/// How a tool stands.
fn state(session: &Session, tool: &str) -> String {
    let servers = servers(session);
    let tools = servers[0]["tools"].as_array().expect("tools are listed");
    let tool = tools.iter().find(|it| it["tool"] == tool).expect("it is");
    tool["state"].as_str().unwrap_or_default().to_owned()
}

fn servers(session: &Session) -> Vec<Value> {
    let output = session.home.ctl(&["tools", "--json"]);
    serde_json::from_slice(&output.stdout).expect("a list of servers")
}

/// Nothing that was refused was read by the server, and each refusal is recorded with its pin.
fn holds_true(evidence: &Evidence, count: usize, pin: &str) {
    assert!(!evidence.was_read("\"m\":\"hidden\""));
    let refused: Vec<_> = evidence.decisions("BLOCK").collect();
    assert_eq!(refused.len(), count, "{refused:?}");
    for record in refused {
        assert_eq!(record["error_code"], HELD, "{record}");
        assert_eq!(record["pin"], pin, "{record}");
    }
}
