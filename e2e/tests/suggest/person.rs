//! What a person has said, or erased.

use e2e::client::PATIENCE;
use e2e::home::Home;
use e2e::wait::wait_for;
use serde_json::{Value, json};

use crate::{replayed, stdout, suggested};

#[test]
fn what_a_person_denied_is_not_learnt_and_what_they_allowed_is_asked_about_again() {
    let home = Home::new();
    let policy = home.policy("agent", "  tool_rules:\n    - {tool: pay, action: ask}");
    let record = home.record("server");
    let mut client = home.wrap(&policy, &record, &[]);
    client.initialize();
    for (sum, answer) in [(5, "approve"), (5, "approve"), (9000, "deny")] {
        let id = client.ask_call("pay", &json!({"sum": sum}));
        let approval = wait_for("a call that waits", PATIENCE, || home.approvals().pop());
        let run = home.ctl(&[answer, approval["id"].as_str().unwrap()]);
        assert!(run.status.success(), "{run:?}");
        assert!(client.answer(id, PATIENCE).is_some());
    }
    let (yaml, file) = suggested(&home, &[]);
    let rule = "    - tool: pay\n      action: ask\n      strict_args: true\n";
    assert!(yaml.contains(rule), "{yaml}");
    assert!(yaml.contains("sum: {one_of: [\"5\"]}"), "{yaml}");
    assert!(
        !yaml.contains("9000") && !yaml.contains("Take care"),
        "{yaml}"
    );

    let (told, code) = replayed(&home, &policy, &[]);
    assert_eq!((&told["unchanged"], code), (&json!(3), 0), "{told}");
    let (told, code) = replayed(&home, &file, &[]);
    let change = &told["changes"][0];
    let (old, new) = (&change["old"], &change["new"]);
    assert_eq!(
        (old, new, code),
        (&json!("ask"), &json!("block"), 5),
        "{told}"
    );
    assert_eq!(
        (&told["changed"], &told["unchanged"]),
        (&json!(1), &json!(2))
    );
}

#[test]
fn what_was_erased_is_unknown_and_not_learnt_from() {
    let home = Home::new();
    let policy = home.policy("agent", "  allowed_tools: [look]");
    let record = home.record("server");
    let mut client = home.wrap(&policy, &record, &[]);
    client.initialize();
    for word in ["secretive", "plain"] {
        client.call("look", &json!({"for": word}));
    }
    let seq = home.decisions()[0]["seq"].to_string();
    let run = home.ctl(&["audit", "erase", "--seq", &seq, "--yes"]);
    assert!(run.status.success(), "{run:?}");
    let (yaml, file) = suggested(&home, &[]);
    assert!(
        yaml.contains("1 call whose arguments are not kept"),
        "{yaml}"
    );
    let (told, code) = replayed(&home, &file, &[]);
    let erased = json!([{"why": "its arguments were erased", "count": 1}]);
    assert_eq!(
        (&told["unknown"], &told["unchanged"], code),
        (&erased, &json!(1), 0)
    );
    let none = home.policy("none", "  allowed_tools: [other]");
    let (told, _) = replayed(&home, &none, &[]);
    let blocked: &Value = &told["changes"][0];
    assert_eq!(blocked["count"], 2, "by its name alone: {told}");
    let shown = stdout(&home.ctl(&["policy", "replay", file.to_str().unwrap()]));
    assert!(
        shown.contains("Unknown: 1 call: its arguments were erased"),
        "{shown}"
    );
}
