//! Tools that pretend: a name has one reading, in calls and in lists.

use serde_json::{Value, json};

use crate::case::{Case, comes_to, play, refused};
use crate::server::each;
use crate::session::{Session, Setting};

pub(crate) const FORBIDDEN: i64 = -32001;

fn calling(name: &str) -> String {
    let params = json!({"name": name, "arguments": {"m": "HID"}});
    format!(r#"{{@call,"params":{params}}}"#)
}

#[test]
fn no_variant_of_a_name_calls_what_is_not_allowed_or_is_denied() {
    let forbidden = [
        "forbidden",
        "Forbidden",
        "FORBIDDEN",
        " forbidden ",
        "forbidden\u{200b}",
        "for\u{ad}bidden",
        "\u{feff}forbidden",
        "forbidden\u{e0041}",
        "\u{202e}forbidden",
        "ｆｏｒｂｉｄｄｅｎ",
        "𝐟orbidden",
        "ⓕorbidden",
        "forbidden\t",
        "forbid\u{0}den",
        "for\u{34f}bidden",
    ];
    // Cyrillic, Greek, and letters that only look so: other tools, and none that is allowed.
    let others = [
        "есһо",
        "ech\u{43e}",
        "ech\u{3bf}",
        "ec\u{4bb}o",
        "echo ",
        "echo\u{301}",
        "echo2",
        "ech0",
        "",
    ];
    let mut cases: Vec<Case> = forbidden
        .iter()
        .map(|name| refused(FORBIDDEN, calling(name)).falls(&[]))
        .collect();
    cases.extend(
        others
            .iter()
            .filter(|it| **it != "echo ")
            .map(|name| refused(FORBIDDEN, calling(name)).falls(&[])),
    );
    // A variant of an allowed name goes on, in the policy's own spelling alone.
    let allowed = [
        "ECHO",
        "ｅｃｈｏ",
        "e\u{200b}cho",
        "echo ",
        "\u{202e}echo",
        "𝐞cho",
    ]
    .map(|name| {
        let send = calling(name).replace("HID", "same");
        comes_to(send, &[0], &["ALLOW"])
    });
    let name = "no_variant_of_a_name_calls_what_is_not_allowed_or_is_denied";
    play(name, &Setting::default(), &[&cases, &allowed]);
    let denied = Setting {
        spec: "  allowed_tools: ['*']\n  denied_tools: ['forbid*']".to_owned(),
        ..Setting::default()
    };
    let denied_cases: Vec<Case> = forbidden
        .iter()
        .map(|name| refused(FORBIDDEN, calling(name)).falls(&[]))
        .collect();
    play(name, &denied, &[&denied_cases]);
}

#[test]
fn no_variant_of_the_method_carries_a_call_past_the_policy() {
    let with = |method: &str, tool: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":7,"method":"{method}","params":{{"name":"{tool}","arguments":{{"m":"HID"}}}}}}"#
        )
    };
    let spelled = [
        "tools\\u002fcall",
        "Tools/Call",
        "TOOLS/CALL",
        " tools/call",
        "tools/call\\u0000",
        "tools/c\u{200b}all",
        "ｔｏｏｌｓ／ｃａｌｌ",
        "\u{202e}tools/call",
        "tool\u{17f}/call",
    ];
    let others = [
        "toolscall",
        "tools_call",
        "tools-call",
        "tools.call",
        "tools//call",
        "tools/call/",
        "tools\\\\call",
    ];
    let mut cases: Vec<Case> = spelled
        .map(|method| refused(FORBIDDEN, with(method, "forbidden")))
        .into();
    cases.extend(others.map(|method| refused(-32006, with(method, "forbidden"))));
    // It goes on under the method's own name.
    cases.extend(spelled.map(|method| {
        comes_to(
            with(method, "echo").replace("HID", "same"),
            &[0],
            &["ALLOW"],
        )
    }));
    let setting = Setting {
        spec: "  allowed_tools: [echo]".to_owned(),
        ..Setting::default()
    };
    play(
        "no_variant_of_the_method_carries_a_call_past_the_policy",
        &setting,
        &[&cases],
    );
}

#[test]
fn tools_that_look_alike_are_shown_and_called_under_neither_name() {
    let pairs = [
        ["pay", "Pay"],
        ["pay", "p\u{430}y"],
        ["pay", "ｐay"],
        ["pay", "pay\u{200b}"],
        ["pay", "pay\u{e0020}"],
        ["pay", "\u{202e}pay"],
        ["pay", "pay"],
        ["pay_now", "pay_n\u{3bf}w"],
    ];
    let setting = Setting {
        spec: "  allowed_tools: ['*']\n  allowed_methods: ['*']".to_owned(),
        ..Setting::default()
    };
    each(
        "tools_that_look_alike_are_shown_and_called_under_neither_name",
        &setting,
        |mut session| {
            for (at, pair) in pairs.iter().enumerate() {
                // On one page, then over two.
                let tools = pair.map(tool);
                let pages = if at % 2 == 0 {
                    json!([[tools[0], tools[1], tool("other")]])
                } else {
                    json!([[tools[0], tool("other")], [tools[1]]])
                };
                let shown = list(&mut session, &pages);
                let last: Vec<_> = shown.last().expect("a page").iter().collect();
                if at % 2 == 0 {
                    assert_eq!(last, ["other"], "{pair:?}: {shown:?}");
                } else {
                    assert!(last.is_empty(), "{pair:?}: {shown:?}");
                }
                for name in pair {
                    session.call("7", name, &json!({"m": "hidden"}));
                    let replies = session.settle(1);
                    assert_eq!(
                        replies[0]["error"]["code"], FORBIDDEN,
                        "{pair:?}: {}",
                        replies[0]
                    );
                }
                session.call("7", "other", &json!({"m": "shown"}));
                assert!(session.settle(1)[0].get("result").is_some());
            }
            let evidence = session.end();
            assert!(!evidence.was_read("\"m\":\"hidden\""), "{pairs:?}");
            assert!(evidence.events("TOOL_HELD").count() >= pairs.len());
        },
    );
}

pub(crate) fn tool(name: &str) -> Value {
    json!({"name": name, "inputSchema": {"type": "object"}})
}

/// What a test calls itself: always listed beside what it is about, and not told of.
const OWN: [&str; 2] = ["echo", "define"];

fn own(pages: &Value) -> impl Iterator<Item = &'static str> {
    let text = pages.to_string();
    let listed = move |name: &&str| text.contains(&format!("\"name\":\"{name}\""));
    OWN.into_iter().filter(move |name| !listed(name))
}

/// Has the server list these pages from now on, and reads them: the names shown on each.
pub(crate) fn list(session: &mut Session, pages: &Value) -> Vec<Vec<String>> {
    let mut whole = pages.clone();
    if let Some(first) = whole[0].as_array_mut() {
        first.extend(own(pages).map(tool));
    }
    session.call("\"define\"", "define", &json!({ "pages": whole }));
    let told = session.settle(2);
    let changed = told
        .iter()
        .any(|it| it["method"] == "notifications/tools/list_changed");
    assert!(changed, "{told:?}");
    relist(session, pages)
}

/// Reads as many pages as these: the names shown on each.
pub(crate) fn relist(session: &mut Session, pages: &Value) -> Vec<Vec<String>> {
    let count = pages.as_array().map_or(0, Vec::len);
    (0..count)
        .map(|page| {
            let params = if page == 0 {
                json!({})
            } else {
                json!({"cursor": page.to_string()})
            };
            session.send(format!(
                r#"{{"jsonrpc":"2.0","id":"list","method":"tools/list","params":{params}}}"#
            ));
            let answer = session.settle(1);
            let tools = answer[0]["result"]["tools"]
                .as_array()
                .expect("a list")
                .clone();
            tools
                .iter()
                .map(|tool| tool["name"].as_str().unwrap_or_default().to_owned())
                .filter(|name| !own(pages).any(|own| own == name))
                .collect()
        })
        .collect()
}
