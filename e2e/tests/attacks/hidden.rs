//! Text that a person does not see, in all a server can say of its tools: told with its place,
//! shown written out, and no reason to judge a call otherwise.

use serde_json::{Value, json};

use crate::server::each;
use crate::session::{Session, Setting};
use crate::tools::list;

/// What can't be seen, and how it is written out.
const UNSEEN: [(&str, &str); 7] = [
    ("\u{202e}", "\\u{202e}"),
    ("\u{2066}", "\\u{2066}"),
    ("\u{200b}", "\\u{200b}"),
    ("\u{e0041}\u{e0042}", "\\u{e0041}\\u{e0042}"),
    ("\u{1b}[8m", "\\u001b[8m"),
    ("\u{9b}8m", "\\u{9b}8m"),
    ("\u{fe01}\u{fe02}", "\\u{fe01}\\u{fe02}"),
];

const PLACES: [&str; 7] = [
    "/title",
    "/description",
    "/annotations/title",
    "/inputSchema/title",
    "/inputSchema/properties/x/description",
    "/inputSchema/properties/x/enum/0",
    "/inputSchema/properties/x/default",
];

#[test]
fn hidden_text_in_a_definition_is_told_with_its_place_and_changes_no_verdict() {
    let test = "hidden_text_in_a_definition_is_told_with_its_place_and_changes_no_verdict";
    let (tools, expected) = hostile();
    each(test, &setting(""), |mut session| {
        let names = |tools: &[Value]| -> Vec<Value> {
            tools.iter().map(|tool| tool["name"].clone()).collect()
        };
        let shown = list(&mut session, &json!([tools]));
        assert_eq!(json!(shown[0]), json!(names(&tools)), "all are shown");
        for (at, tool) in tools.iter().enumerate() {
            let name = tool["name"].as_str().expect("tools have names");
            session.call(&at.to_string(), name, &json!({"at": at}));
        }
        let answers = session.settle(tools.len());
        assert!(answers.iter().all(|it| it.get("result").is_some()));
        let listed = printed(&session, &["tools"]);
        for (_, finding, place) in &expected {
            let words = format!("{} in {}", finding.replace('_', " "), written(place));
            assert!(listed.contains(&words), "{words:?}: {listed}");
        }

        // Now without it, so that both sides of the difference are to be shown.
        let plain: Vec<_> = tools.iter().map(|it| definition(&it["name"])).collect();
        list(&mut session, &json!([plain]));
        let diff = printed(&session, &["tools", "diff"]);
        for (_, written) in UNSEEN {
            assert!(diff.contains(written), "{written}: {diff}");
        }
        for more in [
            &["tools"][..],
            &["tools", "--json"],
            &["tools", "diff", "--json"],
            &["logs", "--events"],
        ] {
            printed(&session, more);
        }
        let stderr = session.client.stderr();
        assert!(is_seen(&stderr), "{stderr:?}");
        let evidence = session.end();
        let told = evidence.events("TOOL_SUSPICIOUS").map(|it| {
            let word = |name: &str| it[name].as_str().unwrap_or_default().to_owned();
            (word("tool"), word("finding"), word("place"))
        });
        assert_eq!(told.collect::<Vec<_>>(), expected);
        assert_eq!(evidence.decisions("BLOCK").count(), 0);
    });
}

#[test]
fn hidden_text_in_a_servers_instructions_is_told_and_shown() {
    let test = "hidden_text_in_a_servers_instructions_is_told_and_shown";
    let long = "Be kind. ".repeat(1200);
    let texts = [UNSEEN[0], UNSEEN[3], UNSEEN[4]];
    let texts = texts.map(|(unseen, _)| format!("Be {unseen}kind."));
    each(test, &setting("Be kind."), |mut session| {
        assert!(!printed(&session, &["tools"]).contains("suspicious"));
        for text in texts.iter().chain([&long]) {
            session = session.anew(&setting(text), &[]);
            session.settle(0);
            let word = if *text == long {
                "long text"
            } else {
                "hidden characters"
            };
            let line = format!("suspicious: {word} in instructions");
            let listed = printed(&session, &["tools"]);
            assert!(listed.contains(&line), "{text:?}: {listed}");
            let stderr = session.client.stderr();
            assert!(is_seen(&stderr), "{stderr:?}");
        }
        session = session.anew(&setting("Be kind."), &[]);
        session.settle(0);
        assert!(!printed(&session, &["tools"]).contains("suspicious"));
        let evidence = session.end();
        let told: Vec<_> = evidence.events("TOOL_SUSPICIOUS").collect();
        assert_eq!(told.len(), texts.len() + 1, "{told:?}");
        assert!(told.iter().all(|it| it["place"] == "instructions"));
        assert_eq!(told.last().expect("some are")["finding"], "long_text");
        assert_eq!(evidence.decisions("BLOCK").count(), 0);
    });
}

/// A tool for each text in each place, and what is to be told of each: tool, finding, place.
fn hostile() -> (Vec<Value>, Vec<(String, String, String)>) {
    let (mut tools, mut expected) = (Vec::new(), Vec::new());
    let long = "It is so. ".repeat(1100);
    for place in PLACES {
        for text in UNSEEN.map(|it| it.0).iter().chain([&long.as_str()]) {
            let name = format!("t{}", tools.len());
            let mut tool = definition(&json!(name));
            *tool.pointer_mut(place).expect("it is there") = json!(format!("x{text}y"));
            tools.push(tool);
            let finding = if *text == long {
                "long_text"
            } else {
                "hidden_characters"
            };
            expected.push((name, finding.to_owned(), place.to_owned()));
        }
    }
    // Keys are read by the model too.
    let mut tool = definition(&json!("key"));
    tool["inputSchema"]["properties"] = json!({"a\u{202e}b": {"type": "string"}});
    tools.push(tool);
    let place = "/inputSchema/properties/a\u{202e}b";
    expected.push((
        "key".to_owned(),
        "hidden_characters".to_owned(),
        place.to_owned(),
    ));
    (tools, expected)
}

fn definition(name: &Value) -> Value {
    json!({"name": name, "title": "T", "description": "d", "annotations": {"title": "t"},
        "inputSchema": {"type": "object", "title": "I", "properties": {
            "x": {"type": "string", "description": "d", "enum": ["a"], "default": "a"}}}})
}

fn setting(instructions: &str) -> Setting {
    Setting {
        spec: "  allowed_tools: ['*']\n  denied_tools: [forbidden]\n  allowed_methods: ['*']\n  \
            pinning: block"
            .to_owned(),
        instructions: instructions.to_owned(),
        ..Setting::default()
    }
}

/// What `aipctl` prints, which has to be text that is seen.
fn printed(session: &Session, args: &[&str]) -> String {
    let output = session.home.ctl(args);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("aipctl prints text");
    assert!(is_seen(&text), "{args:?}: {text:?}");
    text
}

/// Whether a text holds no control but line ends, and none of the characters of [`UNSEEN`].
fn is_seen(text: &str) -> bool {
    let unseen = |c: char| UNSEEN.iter().any(|(it, _)| !c.is_ascii() && it.contains(c));
    !text
        .chars()
        .any(|c| (c.is_control() && c != '\n') || unseen(c))
}

fn written(place: &str) -> String {
    place.replace('\u{202e}', "\\u{202e}")
}
