use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::*;
use crate::decide::{Call, Decision, Facts, Listing, Override, decide};
use crate::paths::{Ground, candidates};
use crate::policy::{Place, Policy};
use crate::rate::Buckets;

fn text(text: &str) -> Node<'_> {
    Node::String(Cow::Borrowed(text))
}

/// A policy with one rule for `t`, whose argument `a` has to be this.
fn policy(demand: &str) -> Policy {
    try_policy(demand).unwrap_or_else(|found| panic!("{demand}: {found}"))
}

fn try_policy(demand: &str) -> Result<Policy, crate::Diagnostics> {
    let text = format!(
        "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata: {{name: p}}\nspec:\n  tool_rules:\n    - tool: t\n      allow_args:\n        a: {demand}\n"
    );
    let place = Place {
        home: Some(PathBuf::from("/home/me")),
        ..Place::default()
    };
    Policy::load(&text, &place).map(|it| it.policy)
}

/// Why a call with this argument is refused: code's reason and detail.
fn judged(policy: &Policy, value: Node<'_>) -> Result<(), (String, String)> {
    let args = Node::Object(vec![("a".into(), value)]);
    let ground = Ground {
        home: Some(Path::new("/home/me")),
        bases: &[PathBuf::from("/home/me/project")],
        user_homes: &|_| None,
    };
    let found = candidates(&args, &ground);
    // A link leads out of the folder.
    let resolve = |path: &Path| match path.strip_prefix("/home/me/project/out") {
        Ok(rest) => Path::new("/etc").join(rest),
        Err(_) => path.to_owned(),
    };
    let resolved: Vec<PathBuf> = found.iter().map(|it| resolve(&it.path)).collect();
    let facts = Facts {
        now_ms: 0,
        listing: Listing::Unknown,
        held: None,
        override_: Override::None,
        paths: Found {
            candidates: &found,
            resolved: &resolved,
        },
        task_known: false,
    };
    let call = Call {
        method: "tools/call",
        tool: Some("t"),
        args: &args,
        named: &[],
    };
    match decide(policy, &call, &facts, &mut Buckets::default()) {
        Decision::Refuse(it) => Err((it.reason, it.detail)),
        Decision::Allow(_) | Decision::Ask(_) => Ok(()),
    }
}

#[test]
fn a_path_has_to_stay_in_the_folders() {
    let policy = policy("{path: {under: [~/project, /tmp]}}");
    for inside in [
        "/home/me/project/a",
        "~/project/a/b.txt",
        "src/main.rs",
        "/home/me/project",
        "/tmp/x y",
        "./a",
    ] {
        assert_eq!(judged(&policy, text(inside)), Ok(()), "{inside}");
    }
    for outside in [
        "/home/me/projectile",
        "/home/me/project/../.ssh/id",
        "../x",
        "a/../b",
        "~/.ssh",
        "~root/x",
        "$HOME/.ssh",
        "/home/me/project/out/passwd",
        "out/passwd",
        "file:///etc/passwd",
        "/home/me/project/%2e%2e/%2e%2e/x",
        "/home/me/project/*",
        "\\\\host\\share",
        "",
        "/",
        "/proc/self/root/etc",
    ] {
        assert!(judged(&policy, text(outside)).is_err(), "{outside:?}");
    }
    let list = |all: &[&'static str]| Node::Array(all.iter().map(|it| text(it)).collect());
    assert_eq!(judged(&policy, list(&["a", "/tmp/b"])), Ok(()));
    assert!(judged(&policy, list(&["a", "/etc/b"])).is_err());
    assert!(judged(&policy, list(&["a", ""])).is_err());
    assert!(judged(&policy, list(&[])).is_err());
    assert!(judged(&policy, Node::Number("1".into())).is_err());
    assert!(judged(&policy, Node::Object(Vec::new())).is_err());
}

#[test]
fn a_web_address_has_to_be_one_of_the_hosts() {
    let policy = policy("{url: {hosts: [api.github.com, '*.example.com']}}");
    for inside in [
        "https://api.github.com/repos",
        "https://API.github.com",
        "https://a.b.example.com:8443/x?y#z",
    ] {
        assert_eq!(judged(&policy, text(inside)), Ok(()), "{inside}");
    }
    for outside in [
        "http://api.github.com/",
        "https://example.com",
        "https://github.com",
        "https://evil-example.com",
        "https://api.github.com.evil.org",
        "https://api.github.com@evil.org",
        "https://me:pw@api.github.com",
        "https://evil.org/https://api.github.com",
        "https://evil.org?api.github.com",
        "https://api.github.com\\@evil.org",
        "https://api.g\u{131}thub.com",
        "https://\u{430}pi.github.com",
        "https:/api.github.com",
        "//api.github.com",
        "api.github.com",
        "javascript:alert(1)",
        "https://api.github.com\t",
        " https://api.github.com",
        "https://api.github.com%2eevil.org",
        "https://[::1]/",
        "",
    ] {
        assert!(judged(&policy, text(outside)).is_err(), "{outside:?}");
    }
}

#[test]
fn private_addresses_are_refused_unless_it_is_said() {
    let any = policy("{url: {schemes: [http, https]}}");
    assert_eq!(judged(&any, text("http://example.org/x")), Ok(()));
    assert_eq!(judged(&any, text("https://93.184.215.14/")), Ok(()));
    let private = [
        "http://127.0.0.1/",
        "http://localhost:8080",
        "http://app.localhost/",
        "http://printer",
        "http://10.1.2.3/",
        "http://192.168.0.1/",
        "http://172.16.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://100.64.0.1/",
        "http://0.0.0.0/",
        "http://nas.local/",
        "http://metadata.google.internal/",
    ];
    for address in private {
        assert!(judged(&any, text(address)).is_err(), "{address}");
    }
    for odd in [
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://0x7f000001/",
        "http://1.2.3.4.5/",
    ] {
        assert!(judged(&any, text(odd)).is_err(), "{odd}");
    }
    let said = policy("{url: {schemes: [http], private: true}}");
    for address in private {
        assert_eq!(judged(&said, text(address)), Ok(()), "{address}");
    }
    let named = policy("{url: {schemes: [http], hosts: [127.0.0.1]}}");
    assert_eq!(judged(&named, text("http://127.0.0.1:9/x")), Ok(()));
    assert!(judged(&named, text("http://127.0.0.2/x")).is_err());
}

#[test]
fn one_of_and_length_are_held_against_the_text() {
    let mode = policy("{one_of: [read, 3, true]}");
    assert_eq!(judged(&mode, text("read")), Ok(()));
    assert_eq!(judged(&mode, Node::Number("3".into())), Ok(()));
    assert_eq!(judged(&mode, Node::Bool(true)), Ok(()));
    assert!(judged(&mode, text("READ")).is_err());
    assert!(judged(&mode, Node::Null).is_err());
    let short = policy("{max_length: 3, regex: '[a-z\u{e4}]*'}");
    assert_eq!(judged(&short, text("ab\u{e4}")), Ok(()));
    let (reason, detail) = judged(&short, text("abcd")).unwrap_err();
    assert_eq!(reason, "argument `a` is not allowed: it is too long");
    assert!(
        detail.contains("it has 4 characters, `max_length` is 3"),
        "{detail}"
    );
    assert!(
        judged(&short, text("AB")).is_err(),
        "the pattern counts too"
    );
}

#[test]
fn the_refusal_of_a_statement_says_why() {
    let policy = policy("{sql: read_only, dialect: postgres, max_length: 100}");
    assert_eq!(judged(&policy, text("SELECT a FROM b")), Ok(()));
    let (reason, detail) = judged(&policy, text("SELECT 1; DROP TABLE x")).unwrap_err();
    assert_eq!(
        reason,
        "argument `a` is not allowed: it has to be one SQL statement"
    );
    assert_eq!(
        detail,
        "argument `a` is not allowed: `sql`: it is 2 statements"
    );
}

#[test]
fn a_demand_that_says_nothing_or_too_much_is_refused_with_its_place() {
    for (demand, told) in [
        ("{sql: readonly}", "did you mean `read_only`?"),
        (
            "{sql: read_only, dialect: oracle}",
            "`dialect` can't be `oracle`",
        ),
        ("{dialect: mysql}", "`dialect` says nothing without `sql`"),
        ("{}", "is not said"),
        ("{path: {}}", "`path` needs `under`"),
        ("{path: {under: []}}", "names no folder"),
        ("{path: {under: [project]}}", "it is not absolute"),
        ("{path: {under: ['~you/x']}}", "another user's home"),
        ("{path: {over: [/x]}}", "unknown key `over`"),
        ("{url: {hosts: []}}", "`hosts` names none"),
        (
            "{url: {hosts: ['https://x.org/']}}",
            "is no plain host name",
        ),
        ("{url: {hosts: ['*']}}", "is no plain host name"),
        ("{url: {schemes: [ftp]}}", "can't be `ftp`"),
        ("{one_of: []}", "names no value"),
        ("{max_length: 0}", "a number of characters from 1"),
        ("{max_length: '3'}", "a number of characters from 1"),
        ("{regexp: a}", "unknown key `regexp`"),
        ("{regex: '('}", "bad regex"),
        ("[a]", "must be text, not a list"),
    ] {
        let found = try_policy(demand).map(drop).unwrap_err().to_string();
        assert!(
            found.contains(told) && found.contains("policy:"),
            "{demand}: {found}"
        );
    }
}

#[test]
fn only_the_same_demand_or_one_more_is_tighter() {
    let tighter = |old, new| crate::compare::only_tighter(&policy(old), &policy(new));
    let sql = "{sql: read_only, dialect: mysql}";
    assert!(tighter(sql, sql));
    assert!(tighter(
        sql,
        "{dialect: mysql, sql: 'read_only', max_length: 5}"
    ));
    assert!(tighter("{max_length: 5}", "{max_length: 5, regex: a}"));
    for (old, new) in [
        ("{sql: read_only, max_length: 5}", "{sql: read_only}"),
        (sql, "{sql: read_only, dialect: postgres}"),
        (sql, "{sql: read_only, dialect: mysql, functions: [f]}"),
        ("{path: {under: [/a]}}", "{path: {under: [/a, /b]}}"),
        (
            "{url: {hosts: [a.org]}}",
            "{url: {hosts: [a.org], private: true}}",
        ),
        ("{regex: a}", "{max_length: 1}"),
        ("a", "{max_length: 1}"),
    ] {
        assert!(!tighter(old, new), "{old} -> {new}");
        assert_ne!(
            policy(old).rule_hash("t"),
            policy(new).rule_hash("t"),
            "{old} -> {new}"
        );
    }
    assert_eq!(
        policy("a").rule_hash("t"),
        policy("{regex: a}").rule_hash("t")
    );
}
