use std::path::{Path, PathBuf};

use super::*;
use crate::decide::{Call, Decision, Facts, Listing, Override, decide};
use crate::paths::{Ground, candidates, lexical};
use crate::policy::{Place, Policy};
use crate::rate::Buckets;

mod any_call;

/// A call as tests write it: a tool and its arguments.
type Made = (String, Vec<(String, Node<'static>)>);

fn text(of: &str) -> Node<'static> {
    Node::String(of.to_owned().into())
}

fn number(of: &str) -> Node<'static> {
    Node::Number(of.to_owned().into())
}

fn call(tool: &str, args: &[(&str, Node<'static>)]) -> Made {
    let args = args
        .iter()
        .map(|(name, it)| ((*name).to_owned(), it.clone()));
    (tool.to_owned(), args.collect())
}

fn with_facts<T>(made: &Made, then: impl FnOnce(&Node<'_>, Found<'_>) -> T) -> T {
    let members = made
        .1
        .iter()
        .map(|(name, it)| (name.as_str().into(), it.clone()));
    let args = Node::Object(members.collect());
    let bases = [PathBuf::from("/work")];
    let ground = Ground {
        home: Some(Path::new("/home/u")),
        bases: &bases,
        user_homes: &|_| None,
    };
    let named = candidates(&args, &ground);
    let resolved: Vec<PathBuf> = named.iter().map(|it| lexical(&it.path)).collect();
    let found = Found {
        candidates: &named,
        resolved: &resolved,
    };
    then(&args, found)
}

/// Nothing, or what has `hunter` in it, is a secret.
fn is_secret(_: &str, text: &str) -> bool {
    text.contains("hunter")
}

fn learn(learner: &mut Learner, made: &Made) -> Result<(), LeftOut> {
    with_facts(made, |args, found| {
        let seen = Seen {
            tool: &made.0,
            args: Some(args),
            found: &found,
            at_ms: 0,
            asked: false,
        };
        learner.learn(&seen, &is_secret)
    })
}

fn passes(policy: &Policy, made: &Made) -> bool {
    with_facts(made, |args, paths| {
        let call = Call {
            method: "tools/call",
            tool: Some(&made.0),
            args,
            named: &[],
        };
        let facts = Facts {
            now_ms: 0,
            listing: Listing::Unknown,
            held: None,
            override_: Override::None,
            paths,
            task_known: false,
        };
        !matches!(
            decide(policy, &call, &facts, &mut Buckets::default()),
            Decision::Refuse(_)
        )
    })
}

fn suggested(calls: &[Made]) -> (String, Policy) {
    let mut learner = Learner::default();
    for made in calls {
        let _left_out = learn(&mut learner, made);
    }
    let yaml = learner.yaml(&Head {
        name: "learnt".to_owned(),
        notes: vec!["From a test.".to_owned()],
    });
    let loaded = Policy::load(&yaml, &Place::default());
    let policy = loaded.unwrap_or_else(|it| panic!("{}\n{yaml}", it.render("learnt")));
    (yaml, policy.policy)
}

#[test]
fn an_argument_is_held_to_the_tightest_that_can_be_read() {
    let demand = |values: &[Node<'static>], expected: &str| {
        let calls: Vec<Made> = values
            .iter()
            .map(|it| call("t", &[("a", it.clone())]))
            .collect();
        let (yaml, policy) = suggested(&calls);
        let line = yaml.lines().find(|it| it.starts_with("        a: "));
        assert_eq!(
            line.unwrap_or_default().trim(),
            format!("a: {expected}"),
            "{yaml}"
        );
        for made in &calls {
            assert!(passes(&policy, made), "{yaml}");
        }
    };
    demand(
        &[text("r"), text("r"), text("w"), text("w")],
        r#"{one_of: ["r", "w"]}"#,
    );
    demand(&[Node::Bool(true)], r#"{one_of: ["true"]}"#);
    demand(&[number("3"), number("3")], r#"{one_of: ["3"]}"#);
    demand(&[number("3"), number("120")], "'^[0-9]{1,3}$'");
    demand(
        &[text("/srv/n/a"), text("/srv/n/b")],
        r#"{path: {under: ["/srv/n"]}}"#,
    );
    demand(&[text("~/n/a")], r#"{path: {under: ["/home/u/n/a"]}}"#);
    demand(
        &[text("https://a.example/x"), text("https://b.example/y?z=1")],
        r#"{url: {hosts: ["a.example", "b.example"]}}"#,
    );
    demand(
        &[text("http://127.0.0.1:80/")],
        r#"{url: {hosts: ["127.0.0.1"], schemes: [http]}}"#,
    );
    demand(
        &[text("SELECT 1"), text("SELECT a FROM b")],
        "{sql: read_only}",
    );
    demand(
        &[text("SELECT `a` FROM b")],
        "{sql: read_only, dialect: mysql}",
    );
    demand(
        &[text("SELECT 1"), text("DROP TABLE a")],
        "'^[a-zA-Z0-9 ]{1,16}$'",
    );
    demand(
        &[text("2026-01-02"), text("2026-03-04")],
        "'^[0-9]{4}-[0-9]{2}-[0-9]{2}$'",
    );
    demand(&[text("größer")], "{max_length: 16}");
    demand(&[Node::Null, text("it's")], "'^[a-z'']{0,16}$'");
    demand(
        &[Node::Array(vec![text("a"), number("1")])],
        "{max_length: 16}",
    );
    demand(&[text("[REDACTED:x]"), text("b")], "'.*'");
    demand(&[text("hunter2"), text("b")], "'.*'");
}

#[test]
fn many_hosts_are_any_host_and_many_values_a_form() {
    let urls: Vec<Made> = (0..30)
        .map(|it| call("t", &[("u", text(&format!("http://10.0.0.{it}/")))]))
        .collect();
    let (yaml, policy) = suggested(&urls);
    assert!(
        yaml.contains("u: {url: {schemes: [http], private: true}}"),
        "{yaml}"
    );
    assert!(urls.iter().all(|it| passes(&policy, it)), "{yaml}");
    let words: Vec<Made> = (0..30)
        .flat_map(|it| [it, it])
        .map(|it| call("t", &[("w", text(&format!("w{it}")))]))
        .collect();
    let (yaml, policy) = suggested(&words);
    assert!(yaml.contains("w: '^[a-z]{1,16}[0-9]{1,2}$'"), "{yaml}");
    assert!(words.iter().all(|it| passes(&policy, it)), "{yaml}");
}

#[test]
fn what_was_not_seen_is_refused() {
    let calls = [
        call("read", &[("path", text("/srv/n/a")), ("head", number("5"))]),
        call("read", &[("path", text("/srv/n/b")), ("head", number("7"))]),
        call("list", &[]),
        call("find", &[("what", text("tea"))]),
        call("find", &[("what", text("tea")), ("deep", Node::Bool(true))]),
    ];
    let (yaml, policy) = suggested(&calls);
    let check = |made: Made, expected: bool| {
        assert_eq!(passes(&policy, &made), expected, "{made:?}\n{yaml}");
    };
    let five = || number("5");
    check(
        call("read", &[("path", text("/srv/n/c")), ("head", five())]),
        true,
    );
    check(call("write", &[]), false);
    check(
        call("read", &[("path", text("/srv/m")), ("head", five())]),
        false,
    );
    check(
        call(
            "read",
            &[("path", text("/srv/n/../../etc")), ("head", five())],
        ),
        false,
    );
    check(
        call("read", &[("path", text("/srv/n/c")), ("head", text("all"))]),
        false,
    );
    check(call("read", &[("path", text("/srv/n/c"))]), false);
    let more = [("path", text("/srv/n/c")), ("head", five()), ("x", five())];
    check(call("read", &more), false);
    check(call("list", &[("x", five())]), false);
    check(
        call(
            "find",
            &[("what", text("tea")), ("deep", Node::Bool(false))],
        ),
        true,
    );
    check(call("find", &[("what", text("coffee"))]), false);
    assert!(yaml.contains("Not in every call"), "{yaml}");
}

#[test]
fn what_can_not_be_named_is_left_out_and_told() {
    let mut learner = Learner::default();
    assert_eq!(
        learn(&mut learner, &call("re*", &[])),
        Err(LeftOut::Pattern)
    );
    assert_eq!(
        learn(&mut learner, &call("re\u{ff0a}", &[])),
        Err(LeftOut::Pattern)
    );
    assert_eq!(
        learn(&mut learner, &call("\u{200b}", &[])),
        Err(LeftOut::Name)
    );
    assert_eq!(
        learn(&mut learner, &call("[REDACTED:x]", &[])),
        Err(LeftOut::Name)
    );
    assert_eq!(
        learn(&mut learner, &call("hunter2", &[])),
        Err(LeftOut::Name)
    );
    for it in 0..MAX_TOOLS {
        assert_eq!(learn(&mut learner, &call(&format!("t{it}"), &[])), Ok(()));
    }
    assert_eq!(
        learn(&mut learner, &call("one more", &[])),
        Err(LeftOut::TooMany)
    );
    assert_eq!((learner.left_out(), learner.tools()), (6, MAX_TOOLS));
    let yaml = learner.yaml(&Head::default());
    for told in [
        "2 calls of tools whose name a policy",
        "3 calls of tools whose name",
        "1 call of more",
    ] {
        assert!(yaml.contains(told), "{told}: {yaml}");
    }
    assert!(!yaml.contains("hunter"), "{yaml}");
}

#[test]
fn a_call_that_is_refused_after_all_makes_room() {
    let mut learner = Learner::default();
    learn(&mut learner, &call("t", &[("a", number("1"))])).unwrap();
    let policy = |learner: &Learner| {
        let yaml = learner.yaml(&Head::default());
        Policy::load(&yaml, &Place::default()).unwrap().policy
    };
    let other = call("t", &[("a", text("what nobody saw"))]);
    assert!(!passes(&policy(&learner), &other));
    assert!(learner.widen("T", Some("a")));
    assert!(passes(&policy(&learner), &other));
    assert!(
        learner.widen("t", Some("a")),
        "the argument is open, now the tool is"
    );
    assert!(passes(&policy(&learner), &call("t", &[("b", number("1"))])));
    assert!(!learner.widen("t", None), "nothing is left to open");
    assert!(!learner.widen("u", None));
}

#[test]
fn methods_that_passed_besides_are_added_to_the_list() {
    let mut learner = Learner::default();
    learner.learn_method("ping", &|_, _| false);
    assert!(!learner.yaml(&Head::default()).contains("allowed_methods"));
    learner.learn_method("resources/read", &|_, _| false);
    learner.learn_method("a\nb: *", &|_, _| false);
    learner.learn_method("sk-1", &|_, text| text == "sk-1");
    let yaml = learner.yaml(&Head::default());
    let policy = Policy::load(&yaml, &Place::default()).unwrap().policy;
    for method in ["resources/read", "tools/call", "notifications/cancelled"] {
        assert!(policy.allows_method(method), "{method}: {yaml}");
    }
    assert!(!policy.allows_method("prompts/get"), "{yaml}");
    assert!(!yaml.contains("sk-1"), "{yaml}");
}

#[test]
fn calls_a_person_was_asked_about_are_asked_about() {
    let mut learner = Learner::default();
    let none = Found {
        candidates: &[],
        resolved: &[],
    };
    let seen = Seen {
        tool: "pay",
        args: None,
        found: &none,
        at_ms: 0,
        asked: true,
    };
    learner.learn(&seen, &is_secret).unwrap();
    learner.refused("rm", &is_secret);
    let yaml = learner.yaml(&Head::default());
    assert!(yaml.contains("- tool: pay\n      action: ask\n"), "{yaml}");
    assert!(
        yaml.contains("1 call whose arguments are not kept"),
        "{yaml}"
    );
    assert!(
        yaml.contains("Refused before and refused by it: rm (1)"),
        "{yaml}"
    );
}
