//! What a person has allowed beyond one call: which calls it covers, what still decides beside it,
//! and how it ends.

use std::path::PathBuf;

use aipd::audit::{Batch, StateOp};
use aipd::grants::past::{Ground, look};
use aipd::grants::{Grant, Scope};
use serde_json::{Value, json};
use wire::control::{GrantWish, Lasts, What};

use crate::out::Out;
use crate::world::{World, answer, call, request};

const ASK: &str = "allowed_tools: [free]\ntool_rules:\n  - {tool: pay, action: ask}";
const DEFINITION: &str = r#"{"name":"pay","description":"pays","inputSchema":{"type":"object"}}"#;
const HOUR: i64 = 3_600_000;

#[test]
fn an_exact_call_is_not_asked_about_again_and_another_is() {
    let mut world = granted(ASK, r#"{"sum":5,"to":"a"}"#, What::Call, Lasts::Session);
    let out = world.client(&call("2", "pay", r#"{"to":"a","sum":5}"#));
    assert!(out.as_is, "the order of keys is no difference: {out:?}");
    assert_eq!(out.decisions(), ["ALLOW"]);
    assert_eq!(out.lines[0]["grant"], world.grants.list()[0].id.as_str());
    assert_eq!(out.lines[0]["approval"], Value::Null);
    for other in [
        r#"{"sum":6,"to":"a"}"#,
        r#"{"sum":5.0,"to":"a"}"#,
        r#"{"sum":"5","to":"a"}"#,
        r#"{"sum":5,"to":"a","x":null}"#,
        r#"{"sum":5}"#,
        "{}",
    ] {
        assert!(asks(&mut world, other), "{other}");
    }
    assert_eq!(world.grants.list()[0].uses, 1);
}

#[test]
fn making_and_using_one_is_recorded_before_its_effect() {
    let mut world = listed(ASK);
    let id = world
        .client(&call("1", "pay", r#"{"sum":5}"#))
        .asked()
        .unwrap();
    let (grant, out) = world.grant(&id, &wish(What::Tool, Lasts::Hour)).unwrap();
    let made = out.event("GRANT_MADE").unwrap();
    assert_eq!(made["grant_id"], grant.id.as_str());
    assert_eq!(made["approval_id"], id.as_str());
    assert_eq!(made["scope"], "tool");
    assert_eq!(made["channel"], "control");
    assert_eq!(made["until"], aipd::time::rfc3339(world.now_ms + HOUR));
    assert_eq!(
        out.decisions(),
        ["ALLOW"],
        "the call itself goes out as ever"
    );
    assert_eq!(out.lines[0]["approval"]["answer"], "allow");
    assert_eq!(out.lines[0]["grant"], Value::Null);
    world.now_ms += 1000;
    world.client(&call("2", "pay", r#"{"sum":6}"#));
    world.killed_and_resumed();
    let kept = &world.grants.list()[0];
    assert_eq!((kept.uses, kept.used_ms), (1, Some(world.now_ms)));
    assert_eq!(kept.print(), grant.print());
}

#[test]
fn a_scope_covers_what_it_says_and_nothing_wider() {
    let folder = || What::Folder {
        argument: "path".to_owned(),
        folder: "/work/project".to_owned(),
    };
    let first = r#"{"path":"/work/project/a","mode":"w"}"#;
    check(
        folder(),
        first,
        &[
            (r#"{"path":"/work/project/b/c"}"#, true),
            (r#"{"path":"b/c"}"#, true),
            (r#"{"path":"/work/project"}"#, true),
            (
                r#"{"path":"/work/project/b","content":"see /etc/passwd"}"#,
                true,
            ),
            (r#"{"path":"/work/projects/a"}"#, false),
            (r#"{"path":"/work/project/../other"}"#, false),
            (r#"{"path":"../other"}"#, false),
            (r#"{"path":"/work/project/link/x"}"#, false),
            (r#"{"path":"file:///work/other"}"#, false),
            (r#"{"path":"/work/project/%2e%2e/other"}"#, false),
            (r#"{"path":"/work/project/*"}"#, false),
            (r#"{"path":"~/x"}"#, false),
            (r#"{"path":["/work/project/a"]}"#, false),
            (r#"{"path":"/work/project/a","to":"/etc/cron.d/x"}"#, false),
            (r#"{"path":"/work/project/a","to":".."}"#, false),
            (r#"{"path":"/work/project/a","to":"．．"}"#, false),
            (r#"{"path":"/work/project/a","to":"b"}"#, true),
            (
                r#"{"path":"/work/project/a","PATH":"/etc/cron.d/x"}"#,
                false,
            ),
            (r#"{"to":"/work/project/a"}"#, false),
        ],
    );
    let host = What::Host {
        argument: "url".to_owned(),
    };
    check(
        host,
        r#"{"url":"https://api.example.com/v1?x=1"}"#,
        &[
            (r#"{"url":"https://API.example.com/v2"}"#, true),
            (r#"{"url":"https://api.example.com:443/v2"}"#, true),
            (r#"{"url":"http://api.example.com/v1"}"#, false),
            (r#"{"url":"https://api.example.com:8443/"}"#, false),
            (
                r#"{"url":"https://api.example.com/","URL":"https://x/"}"#,
                false,
            ),
            (
                r#"{"url":"https://api.example.com/","ｕｒｌ":"https://x/"}"#,
                false,
            ),
            (r#"{"url":"https://api.example.com.evil.example/"}"#, false),
            (r#"{"url":"https://api.example.com@evil.example/"}"#, false),
            (
                r#"{"url":"https://evil.example/https://api.example.com/"}"#,
                false,
            ),
            (r#"{"url":"https://\u0430pi.example.com/"}"#, false),
            (
                r#"{"url":"https://api.example.com\\@evil.example/"}"#,
                false,
            ),
            (
                r#"{"url":"https://evil.example#https://api.example.com/"}"#,
                false,
            ),
        ],
    );
    let prefix = What::Prefix {
        argument: "repo".to_owned(),
        prefix: "acme/café".to_owned(),
    };
    check(
        prefix,
        r#"{"repo":"acme/café-api"}"#,
        &[
            (r#"{"repo":"acme/café"}"#, true),
            (r#"{"repo":"acme/cafe\u0301-api"}"#, false),
            (r#"{"repo":"ACME/café"}"#, false),
            (r#"{"repo":" acme/café"}"#, false),
            (r#"{"repo":"acme\u200b/café"}"#, false),
            (r#"{"repo":5}"#, false),
        ],
    );
    let value = What::Value {
        argument: "n".to_owned(),
    };
    check(
        value,
        r#"{"n":{"b":1,"a":[2]},"x":1}"#,
        &[
            (r#"{"n":{"a":[2],"b":1},"x":2}"#, true),
            (r#"{"n":{"a":[2],"b":1.0}}"#, false),
            (r#"{"n":null}"#, false),
        ],
    );
}

#[test]
fn the_trace_names_the_grant() {
    let mut world = granted(ASK, "{}", What::Tool, Lasts::Session);
    world.state.facts.verbose = true;
    let trace = world.client(&call("2", "pay", "{}")).trace.join("\n");
    let id = world.grants.list()[0].id.clone();
    let end = format!("[DEBUG] Approval: allowed by grant {id}\n[INFO] Decision: ALLOW");
    assert!(trace.ends_with(&end), "{trace}");
}

#[test]
fn what_refuses_a_call_refuses_it_under_a_grant_too() {
    let spec = "protected_paths: [/secret]\ndlp:\n  scan_requests: true\n  patterns:\n    - {name: Key, regex: 'AKIA[A-Z0-9]{16}'}\n\
                tool_rules:\n  - {tool: pay, action: ask, allow_args: {sum: '[0-9]+'}, rate_limit: 3/hour}";
    let mut world = granted(spec, r#"{"sum":5}"#, What::Tool, Lasts::Always);
    for (arguments, code) in [
        (r#"{"sum":5,"path":"/secret/x"}"#, -32007),
        (r#"{"sum":"x"}"#, -32001),
    ] {
        let out = world.client(&call("2", "pay", arguments));
        assert_eq!(out.replies[0]["error"]["code"], code, "{arguments}");
    }
    let key = r#"{"sum":5,"note":"AKIAABCDEFGHIJKLMNOP"}"#;
    let out = world.client(&call("3", "pay", key));
    assert_eq!(out.replies[0]["error"]["code"], -32001, "{out:?}");
    for id in ["4", "5"] {
        assert!(world.client(&call(id, "pay", r#"{"sum":6}"#)).as_is);
    }
    let out = world.client(&call("6", "pay", r#"{"sum":6}"#));
    assert_eq!(
        out.replies[0]["error"]["code"], -32002,
        "the rate counts on"
    );
    world.overriding = engine::decide::Override::DenyAll;
    let out = world.client(&call("7", "pay", r#"{"sum":6}"#));
    assert_eq!(out.replies[0]["error"]["code"], -32001);
}

#[test]
fn a_call_that_only_monitor_mode_lets_through_is_asked_about() {
    let spec =
        "mode: monitor\ntool_rules:\n  - {tool: pay, action: ask, allow_args: {sum: '[0-9]+'}}";
    let mut world = granted(spec, r#"{"sum":5}"#, What::Tool, Lasts::Always);
    assert!(world.client(&call("2", "pay", r#"{"sum":6}"#)).as_is);
    let out = world.client(&call("3", "pay", r#"{"sum":"x"}"#));
    let id = out.asked().unwrap();
    let why = world
        .grant(&id, &wish(What::Tool, Lasts::Always))
        .unwrap_err();
    assert!(why.contains("only once"), "{why}");
}

#[test]
fn what_is_not_shown_whole_and_plain_is_allowed_once_and_falls_under_none() {
    let spec = "dlp:\n  patterns:\n    - {name: Key, regex: 'AKIA[A-Z0-9]{16}'}\ntool_rules:\n  - {tool: pay, action: ask}";
    let long = format!(r#"{{"note":"{}"}}"#, "x".repeat(4096));
    let secret = r#"{"note":"AKIAABCDEFGHIJKLMNOP"}"#.to_owned();
    for arguments in [long, secret] {
        let mut world = listed(spec);
        let id = world.client(&call("1", "pay", &arguments)).asked().unwrap();
        for what in [What::Call, What::Tool] {
            let why = world.grant(&id, &wish(what, Lasts::Session)).unwrap_err();
            assert!(why.contains("only once"), "{why}");
        }
        assert!(world.allow(&id).is_some(), "the call still waited");
        assert!(world.grants.list().is_empty());

        let mut world = granted(spec, "{}", What::Tool, Lasts::Session);
        assert!(asks(&mut world, &arguments));
    }
}

#[test]
fn a_grant_that_can_not_be_made_answers_nothing() {
    let mut world = listed(ASK);
    let first = r#"{"path":"/work/project/a","url":"https://a@b/","list":[]}"#;
    let id = world.client(&call("1", "pay", first)).asked().unwrap();
    let argument = |name: &str| name.to_owned();
    let folder = |folder: &str| What::Folder {
        argument: argument("path"),
        folder: folder.to_owned(),
    };
    for (what, why) in [
        (folder("/"), "the whole tool"),
        (folder("work"), "absolute path"),
        (folder("/work/other"), "would not be covered"),
        (folder("/work/project/../other"), "would not be covered"),
        (
            What::Host {
                argument: argument("url"),
            },
            "no plain http",
        ),
        (
            What::Host {
                argument: argument("list"),
            },
            "no text",
        ),
        (
            What::Value {
                argument: argument("none"),
            },
            "no argument `none`",
        ),
        (
            What::Prefix {
                argument: argument("path"),
                prefix: String::new(),
            },
            "the whole tool",
        ),
        (
            What::Prefix {
                argument: argument("path"),
                prefix: "/etc".to_owned(),
            },
            "would not be covered",
        ),
    ] {
        let refused = world
            .grant(&id, &wish(what.clone(), Lasts::Hour))
            .unwrap_err();
        assert!(refused.contains(why), "{what:?}: {refused}");
    }
    for until in ["never", "2020-01-01T00:00:00Z", "2027-01-01T00:00:00Z"] {
        let lasts = Lasts::Until {
            until: until.to_owned(),
        };
        assert!(
            world.grant(&id, &wish(What::Tool, lasts)).is_err(),
            "{until}"
        );
    }
    let other = GrantWish {
        shown: Some("another".to_owned()),
        ..wish(What::Tool, Lasts::Always)
    };
    assert!(world.grant(&id, &other).unwrap_err().contains("look again"));
    assert!(world.grants.list().is_empty());
    assert!(world.allow(&id).is_some());
}

#[test]
fn a_tool_that_was_not_listed_has_no_definition_to_be_bound_to() {
    let mut world = World::new(ASK);
    let id = world.client(&call("1", "pay", "{}")).asked().unwrap();
    let why = world
        .grant(&id, &wish(What::Tool, Lasts::Always))
        .unwrap_err();
    assert!(why.contains("has not listed this tool"), "{why}");
}

#[test]
fn a_client_that_is_only_claimed_is_granted_nothing_beyond_its_session() {
    let mut world = listed(ASK);
    world.state.facts.client_source = "claimed".to_owned();
    let id = world.client(&call("1", "pay", "{}")).asked().unwrap();
    for lasts in [Lasts::Hour, Lasts::Always] {
        let why = world.grant(&id, &wish(What::Tool, lasts)).unwrap_err();
        assert!(why.contains("only `--for session`"), "{why}");
    }
    world.grant(&id, &wish(What::Tool, Lasts::Session)).unwrap();
    assert!(world.client(&call("2", "pay", "{}")).as_is);
}

#[test]
fn a_changed_definition_ends_a_grant_once_and_for_good() {
    let mut world = granted(ASK, "{}", What::Tool, Lasts::Always);
    assert!(list(&mut world, DEFINITION).event("GRANT_ENDED").is_none());
    let changed = DEFINITION.replace("pays", "pays twice");
    let out = list(&mut world, &changed);
    assert_eq!(
        out.event("GRANT_ENDED").unwrap()["reason"],
        "definition_changed"
    );
    assert!(list(&mut world, DEFINITION).event("GRANT_ENDED").is_none());
    assert!(asks(&mut world, "{}"), "also where it is as it was before");
    world.killed_and_resumed();
    assert!(world.grants.list().is_empty());
}

#[test]
fn a_changed_rule_ends_a_grant_and_another_rule_does_not() {
    let mut world = granted(ASK, "{}", What::Tool, Lasts::Always);
    world.policy("allowed_tools: [free, more]\ndenied_tools: [x]\n\ntool_rules:\n  - {tool: free, action: block}\n  - {tool: pay, action: ask}");
    assert!(world.client(&call("2", "pay", "{}")).as_is);
    world.policy("tool_rules:\n  - {tool: pay, action: ask, rate_limit: 5/hour}");
    let out = world.client(&call("3", "pay", "{}"));
    assert!(out.held);
    assert_eq!(out.event("GRANT_ENDED").unwrap()["reason"], "rule_changed");
    world.policy(ASK);
    assert!(world.client(&call("4", "pay", r#"{"n":1}"#)).held);
    assert!(world.grants.list().is_empty());
}

#[test]
fn a_grant_ends_at_its_time_to_the_millisecond() {
    let mut world = granted(ASK, "{}", What::Tool, Lasts::Hour);
    let made = world.now_ms;
    world.now_ms = made + HOUR - 1;
    assert!(world.client(&call("2", "pay", "{}")).as_is);
    world.now_ms = made + HOUR;
    let out = world.client(&call("3", "pay", "{}"));
    assert!(out.held);
    assert_eq!(out.event("GRANT_ENDED").unwrap()["reason"], "expired");
    world.now_ms = made + HOUR - 1;
    assert!(
        asks(&mut world, r#"{"n":1}"#),
        "it does not come back with the clock"
    );
}

#[test]
fn a_clock_that_went_back_gives_a_grant_no_more_time() {
    let mut world = granted(ASK, "{}", What::Tool, Lasts::Hour);
    let made = world.now_ms;
    world.now_ms = made + HOUR / 2;
    assert!(world.client(&call("2", "pay", "{}")).as_is);
    world.now_ms = made + HOUR / 2 - 1000;
    assert!(
        world.client(&call("3", "pay", "{}")).as_is,
        "it was set right"
    );
    world.now_ms = made + 60_000;
    assert!(asks(&mut world, r#"{"n":1}"#));
    world.killed_and_resumed();
    world.now_ms = made - 60_000;
    assert!(asks(&mut world, r#"{"n":2}"#), "before it was made");

    let mut world = granted(ASK, "{}", What::Tool, Lasts::Always);
    world.now_ms -= HOUR;
    assert!(
        world.client(&call("2", "pay", "{}")).as_is,
        "it ends by no clock"
    );
}

#[test]
fn a_sessions_own_grant_ends_with_it_and_others_stay() {
    let mut world = granted(ASK, "{}", What::Call, Lasts::Session);
    let id = world
        .client(&call("2", "pay", r#"{"n":1}"#))
        .asked()
        .unwrap();
    world.grant(&id, &wish(What::Call, Lasts::Always)).unwrap();
    let lines = world.ends();
    let ends: Vec<&Value> = lines
        .iter()
        .filter(|it| it["event"] == "GRANT_ENDED")
        .collect();
    assert_eq!(ends.len(), 1, "{lines:?}");
    assert_eq!(ends[0]["reason"], "session_ended");
    assert_eq!(world.grants.list().len(), 1);
}

#[test]
fn another_client_server_or_session_has_no_part_in_it() {
    for lasts in [Lasts::Session, Lasts::Always] {
        let mut world = granted(ASK, "{}", What::Tool, lasts.clone());
        world.state.facts.client = "other".to_owned();
        assert!(asks(&mut world, r#"{"n":1}"#));
        world.state.facts.client = "client".to_owned();
        world.state.facts.identity = "2e".repeat(32);
        assert!(asks(&mut world, r#"{"n":2}"#));
        world.state.facts.identity = "1d".repeat(32);
        world.state.facts.id = "01890000-0000-7000-8000-000000000002".to_owned();
        assert_eq!(asks(&mut world, r#"{"n":3}"#), lasts == Lasts::Session);
    }
}

#[test]
fn a_grant_outlives_the_daemon_and_a_resent_call_uses_it_once() {
    let mut world = granted(ASK, "{}", What::Tool, Lasts::Session);
    let line = call("2", "pay", r#"{"n":1}"#);
    assert!(world.client(&line).as_is);
    world.killed_and_resumed();
    let again = world.client_again(3, &line);
    assert!(again.decisions().is_empty(), "one record: {again:?}");
    assert_eq!(world.grants.list()[0].uses, 1);
    assert!(world.client(&call("3", "pay", r#"{"n":1}"#)).as_is);
}

#[test]
fn a_call_that_waits_when_a_grant_comes_and_the_daemon_dies_needs_no_answer() {
    let mut world = listed(ASK);
    let first = world
        .client(&call("1", "pay", r#"{"n":1}"#))
        .asked()
        .unwrap();
    let line = call("2", "pay", r#"{"n":2}"#);
    assert!(world.client(&line).held);
    world
        .grant(&first, &wish(What::Tool, Lasts::Always))
        .unwrap();
    world.killed_and_resumed();
    let out = world.client_again(3, &line);
    assert!(out.as_is, "{out:?}");
    assert_eq!(out.decisions(), ["ALLOW"]);
}

#[test]
fn what_a_grant_would_have_allowed_is_read_from_the_records_as_far_as_they_tell() {
    let spec = "dlp:\n  patterns:\n    - {name: Key, regex: 'AKIA[A-Z0-9]{16}'}\ntool_rules:\n  - {tool: pay, action: ask}";
    let mut world = listed(spec);
    let long = format!(r#"{{"to":"acme/x","note":"{}"}}"#, "x".repeat(4096));
    let secret = r#"{"to":"acme/2","key":"AKIAABCDEFGHIJKLMNOP"}"#;
    let calls = [
        r#"{"to":"acme/1"}"#,
        r#"{"to":"evil/1"}"#,
        secret,
        &long,
        "{}",
    ];
    for (n, arguments) in calls.into_iter().enumerate() {
        let id = world
            .client(&call(&n.to_string(), "pay", arguments))
            .asked();
        world.deny(&id.unwrap()).unwrap();
    }
    let prefix = What::Prefix {
        argument: "to".to_owned(),
        prefix: "acme/".to_owned(),
    };
    let id = world
        .client(&call("10", "pay", r#"{"to":"acme/3"}"#))
        .asked();
    let (mut grant, _) = world
        .grant(&id.unwrap(), &wish(prefix, Lasts::Always))
        .unwrap();
    assert!(world.client(&call("11", "pay", r#"{"to":"acme/4"}"#)).as_is);
    let ground = |args_kept| Ground {
        home: None,
        base: "/work/project".into(),
        args_kept,
    };
    let counted = |world: &World, grant: &Grant, args_kept| {
        let plan = look(&world.store(), grant, &ground(args_kept)).unwrap();
        (plan.would_allow, plan.untold)
    };
    let plan = look(&world.store(), &grant, &ground(true)).unwrap();
    let told: Vec<(&str, &str)> = plan
        .examples
        .iter()
        .map(|it| (it.decision.as_str(), it.args.as_str()))
        .collect();
    let wanted = [
        ("ALLOW", r#"{"to":"acme/4"}"#),
        ("ALLOW", r#"{"to":"acme/3"}"#),
        ("BLOCK", r#"{"to":"acme/1"}"#),
    ];
    assert_eq!(told, wanted);
    assert_eq!((plan.would_allow, plan.untold, plan.looked_at), (3, 1, 7));
    assert!(!plan.more);
    assert_eq!(
        counted(&world, &grant, false),
        (0, 7),
        "kept as hash or shape"
    );

    grant.scope = Scope::Tool;
    assert_eq!(counted(&world, &grant, true), (5, 1));
    let newest = world.records().iter().map(|it| it.seq).max().unwrap();
    let erased = StateOp::EraseBodies {
        runs: vec![(1, newest)],
    };
    world.write(Batch {
        ops: vec![erased],
        ..Batch::default()
    });
    assert_eq!(counted(&world, &grant, true), (0, 7), "erased");
    grant.label = "another server".to_owned();
    assert_eq!(counted(&world, &grant, true), (0, 0));
}

#[test]
fn there_are_only_so_many_grants() {
    let mut world = granted(ASK, "{}", What::Call, Lasts::Always);
    let grant = world.grants.list().remove(0);
    for n in 1..aipd::grants::MOST {
        let id = format!("{n:012x}");
        world.grants.add(Grant {
            id,
            ..grant.clone()
        });
    }
    let id = world
        .client(&call("2", "pay", r#"{"n":1}"#))
        .asked()
        .unwrap();
    let why = world
        .grant(&id, &wish(What::Call, Lasts::Always))
        .unwrap_err();
    assert!(why.contains("grants revoke"), "{why}");
}

#[test]
fn the_scope_of_a_grant_is_in_an_erasable_body_and_only_where_arguments_are_kept() {
    let prefix = || What::Prefix {
        argument: "sum".to_owned(),
        prefix: "a-word".to_owned(),
    };
    let world = granted(ASK, r#"{"sum":"a-word-5"}"#, prefix(), Lasts::Always);
    let records = world.records();
    let made = records
        .iter()
        .find(|it| it.text("event").as_deref() == Some("GRANT_MADE"));
    let made = made.unwrap();
    assert!(
        made.args.as_deref().unwrap().contains("a-word"),
        "{:?}",
        made.args
    );
    assert!(!made.text("scope").unwrap().contains("a-word"));
    let shape = format!("{ASK}\naudit: {{args: shape}}");
    let world = granted(&shape, r#"{"sum":"a-word-5"}"#, prefix(), Lasts::Always);
    assert!(
        world
            .records()
            .iter()
            .all(|it| !it.line().contains("a-word"))
    );
}

/// A session whose server has listed `pay`.
fn listed(spec: &str) -> World {
    let mut world = World::new(spec);
    list(&mut world, DEFINITION);
    world
}

fn list(world: &mut World, definition: &str) -> Out {
    world.client(&request("\"l\"", "tools/list", "{}"));
    let out = world.server(&answer("\"l\"", &format!(r#"{{"tools":[{definition}]}}"#)));
    world.written(wire::link::Stream::Server);
    out
}

/// The same with a grant made for its first call.
fn granted(spec: &str, arguments: &str, what: What, lasts: Lasts) -> World {
    let mut world = listed(spec);
    world.link = Some((PathBuf::from("/work/project/link"), PathBuf::from("/etc")));
    let out = world.client(&call("1", "pay", arguments));
    let id = out.asked().unwrap_or_else(|| panic!("{out:?}"));
    world.grant(&id, &wish(what, lasts)).unwrap();
    world
}

fn wish(what: What, lasts: Lasts) -> GrantWish {
    GrantWish {
        what,
        lasts,
        shown: None,
    }
}

/// Whether a person is asked about a call; it is taken back.
fn asks(world: &mut World, arguments: &str) -> bool {
    let held = world.client(&call("99", "pay", arguments)).held;
    if held {
        let params = json!({"requestId": 99}).to_string();
        world.client(&crate::world::tell("notifications/cancelled", &params));
    } else {
        world.server(&answer("99", "{}"));
        world.written(wire::link::Stream::Server);
    }
    // The cap on prompts is not what is looked at here.
    world.now_ms += 1;
    held
}

fn check(what: What, first: &str, cases: &[(&str, bool)]) {
    for (arguments, covered) in cases {
        let mut world = granted(ASK, first, what.clone(), Lasts::Session);
        assert_eq!(
            !asks(&mut world, arguments),
            *covered,
            "{what:?}: {arguments}"
        );
    }
}
