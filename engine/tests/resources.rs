//! Resources and prompts against a policy's lists: what passes, and every way around them that is known.
#![expect(
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what fails ends the test"
)]

use std::time::Instant;

use proptest::prelude::*;

use engine::{
    Call, Decision, Facts, Listing, Named, Node, Override, Place, Policy, decide,
    decide::judge_named, paths, rate::Buckets,
};

const PROJECT: &str = "allowed_resources: ['file:///project/*']";
const LISTED: &str = "Resource not in allowed_resources list";
const DENIED: &str = "resource is denied by the policy";

#[test]
fn only_what_is_listed_can_be_read() {
    for uri in [
        "file:///project/",
        "file:///project/a.md",
        "file:///project/a/b.md",
        "file:///project/My%20Notes/Plan.md",
        "file:///project/a.md?version=2#top",
        "file:///project/größe.md",
        "file:///project/caf%e9.md",
        "file:///project/a/../b.md",
        "file:///project/..a/...",
    ] {
        read(PROJECT, uri, None);
    }
    for uri in [
        "file:///project",
        "file:///projects/a",
        "file:///project-evil/a",
        "file:///other/project/a",
        "note:file:///project/a",
        "",
    ] {
        read(PROJECT, uri, Some(LISTED));
    }
}

#[test]
fn no_other_reading_of_a_uri_leads_out_of_the_list() {
    for uri in [
        "file:///project/../etc/passwd",
        "file:///project/%2e%2e/etc/passwd",
        "file:///project/%2E%2e/etc/passwd",
        "file:///project/%252e%252e/etc/passwd",
        "file:///project/%25252e%25252e/etc/passwd",
        "file:///project/..%2fetc/passwd",
        "file:///project/..%5c../etc/passwd",
        r"file:///project/..\..\etc\passwd",
        "file:///project/%c0%ae%c0%ae/etc/passwd",
        "file:///project/%c0%ae%c0%ae%c0%af/etc/passwd",
        "file:///project/%e0%80%ae%e0%80%ae/etc/passwd",
        "file:///project/．．/etc/passwd",
        "file:///project/..;/etc/passwd",
        "file:///project//../../etc/passwd",
        "file:///project/a%00/../../etc/passwd",
        "file:///project/a%00b",
        "file:///project/a\u{0}b",
        "file:///project/a%0d%0ab",
        "file:///project/a\tb",
        "file:///project/?/../../etc/passwd",
        "file:///project/#/..//../../etc/passwd",
        "file:///project/%3f/%2e%2e/../etc/passwd",
        "FILE:///project/a",
        "file:///Project/a",
        "file:////project/a",
        "file:/project/a",
        "file:project/a",
        "file://localhost/project/a",
        "file://project/a",
        "file://evil/project/a",
        " file:///project/a",
        "\u{feff}file:///project/a",
        "ｆile:///project/a",
        r"file:\\\project\a",
    ] {
        read(PROJECT, uri, Some(LISTED));
    }
}

/// A server of notes may take `note://` off and join the rest to its folder.
#[test]
fn a_host_that_is_a_folder_to_the_server_can_not_be_left() {
    let public = "allowed_resources: ['note://public/*']";
    read(public, "note://public/a/b", None);
    for uri in [
        "note://public/../private/a",
        "note://public/%2e%2e/private/a",
        "note://public/..%2fprivate/a",
        r"note://public/..\private/a",
        "note://public/?/../../private/a",
        "note://public//../../private/a",
    ] {
        read(public, uri, Some(LISTED));
    }
    let private = "allowed_methods: ['*']\ndenied_resources: ['note://private/*']";
    for uri in [
        "note://public/../private/a",
        "note:///private/a",
        "note:////private/a",
        "note:private/a",
        "note://./private/a",
    ] {
        read(private, uri, Some(DENIED));
    }
}

/// A reader that takes a URI apart sees the path only.
#[test]
fn a_query_or_a_fragment_does_not_make_another_resource_look_listed() {
    let notes = "allowed_resources: ['file:///project/*.md']";
    read(notes, "file:///project/a.md", None);
    for uri in [
        "file:///project/.env#.md",
        "file:///project/.env?.md",
        "file:///project/.env?a#.md",
        "file:///project/.env%23.md",
        "file:///project/.env%3f.md",
        "file:///project/.env%00.md",
    ] {
        read(notes, uri, Some(LISTED));
    }
    let pages = "allowed_resources: ['https://h/*?raw=1', 'https://h/a#b']";
    read(pages, "https://h/x?raw=1", None);
    read(pages, "https://h/a#b", None);
    read(pages, "https://h/a", Some(LISTED));
    read(pages, "https://h/x?raw=2", Some(LISTED));
}

#[test]
fn a_host_is_the_host_that_is_listed() {
    let host = "allowed_resources: ['https://example.com/*', 'https://port.example:*']";
    read(host, "https://example.com/a", None);
    read(host, "https://port.example:8443/a", None);
    for uri in [
        "https://EXAMPLE.com/a",
        "HTTPS://example.com/a",
        "https://example.com.evil.org/a",
        "https://example.com@evil.org/a",
        "https://user@example.com/a",
        "https://example.com:8443/a",
        "https://example.com:443/a",
        "https://example.com./a",
        "https://evil.org/https://example.com/a",
        r"https://evil.org\@example.com/a",
        "https://port.example:80@evil.org/a",
        "https://port.example:@evil.org/a",
        "https://port.example:443@evil.org",
    ] {
        read(host, uri, Some(LISTED));
    }
}

#[test]
fn an_entry_is_met_by_the_uri_it_was_copied_from() {
    for uri in [
        "file:///a/My%20Notes/%C3%BC.md",
        "HTTPS://Example.COM:443/A%2fB?x=%25#Top",
        "file://server/share/a.md",
        "file:///a/../b",
        "postgres://me:pw@db:5432/Tea/schema",
        "urn:isbn:123",
        "plain name",
    ] {
        let spec = format!("allowed_resources: [\"{uri}\"]");
        read(&spec, uri, None);
    }
    // It says nothing of what is the same to some readers only.
    let share = "allowed_resources: ['file://server/share/*', 'file:///x/*']";
    read(share, "file://server/share/a", None);
    read(share, "file:///share/a", Some(LISTED));
    read(share, "file:///x/../share/a", Some(LISTED));
    let decoded = "allowed_resources: ['file:///a b', 'file:///x/*']";
    read(decoded, "file:///a%20b", Some(LISTED));
}

#[test]
fn a_reading_may_match_another_entry() {
    let two = "allowed_resources: ['file:///a/*', 'file:///b/*']";
    read(two, "file:///a/../b/x", None);
    read(two, "file:///a/../c/x", Some(LISTED));
}

#[test]
fn a_lone_star_allows_every_text_and_an_empty_list_none() {
    let long = format!("file:///{}", "a".repeat(10_000));
    for star in ["allowed_resources: ['*']", "allowed_resources: ['**']"] {
        for uri in ["", "a", "\u{0}\u{200b}", "x:%00%0a/../..", &long] {
            read(star, uri, None);
        }
        judge(
            star,
            "resources/read",
            &[Named::Resource(None)],
            Some(LISTED),
        );
    }
    read("allowed_resources: []", "a", Some(LISTED));
    read(
        PROJECT,
        &format!("file:///project/{}", "a".repeat(5000)),
        Some(LISTED),
    );
}

#[test]
fn what_is_denied_is_denied_in_every_reading() {
    let etc = "allowed_methods: ['*']\ndenied_resources: ['file:///etc/*', 'https://Internal/*', '*.key']";
    for uri in [
        "file:///etc/passwd",
        "FILE:///ETC/passwd",
        "file:/etc/passwd",
        "file:etc/passwd",
        "file:////etc//passwd",
        "file://localhost/etc/passwd",
        "file://anywhere/etc/passwd",
        "file://etc/passwd",
        r"file:\\\etc\passwd",
        "file:///x/../etc/passwd",
        "file:///x/%2e%2e/etc/passwd",
        "file:///x/%252e%252e/etc/passwd",
        "file:///%65tc/passwd",
        "file:///%2565tc/passwd",
        "file:///ｅtc/passwd",
        "file:///e\u{200b}tc/passwd",
        "file:///e\u{ad}tc/passwd",
        "file:///e\ttc/passwd",
        "\u{1}file:///etc/passwd",
        "file:///%c1%a5tc/passwd",
        "https://internal/a",
        "https://INTERNAL/a",
        "https://user:pw@internal/a",
        "https://internal:443/a",
        "https://internal:/a",
        "https://internal./a",
        "https://internal.:443/a",
        "https://internal:0443/a",
        "https://x@internal\u{3002}:00443/a",
        r"https:\\internal\a",
        "note://a/server.key",
        "note://a/server.key#x",
        "note://a/server.key?x",
        "note://a/server.KEY%00.txt",
        "note://a/server%2ekey",
        "note://a/server.key/",
        "note://a/server.key/.",
        "note://a/server.key//?x",
    ] {
        read(etc, uri, Some(DENIED));
    }
    for uri in [
        "file:///etcetera/a",
        "file:///home/etc/a",
        "https://internal.example/a",
        "https://internal:8443/a",
        "note://a/server.keys",
    ] {
        read(etc, uri, None);
    }
    read(etc, &format!("note://{}", "a".repeat(5000)), Some(DENIED));
    judge(
        etc,
        "resources/read",
        &[Named::Resource(None)],
        Some(DENIED),
    );
}

#[test]
fn denial_wins_and_needs_no_list_of_what_is_allowed() {
    let both = "allowed_resources: ['*']\ndenied_resources: ['file:///a/*', 'https://h/a#b']";
    read(both, "file:///a/x", Some(DENIED));
    read(both, "file:///b/x", None);
    // An entry denies what it says, not what is left of it.
    read(both, "https://h/a#b", Some(DENIED));
    read(both, "https://h/a", None);
    read("allowed_methods: ['*']\ndenied_resources: []", "a:b", None);
    let folder = "allowed_methods: ['*']\ndenied_resources: ['file:///a/', '*/']";
    read(folder, "file:///a", Some(DENIED));
    read(folder, "file:///ab", None);
}

#[test]
fn prompts_are_compared_as_they_are() {
    let some = "allowed_prompts: [review, 'git_*']";
    for (name, passes) in [
        ("review", true),
        ("git_log", true),
        ("git_", true),
        ("Review", false),
        ("review ", false),
        ("reviews", false),
        ("ｒeview", false),
        ("git_\u{200b}log", false),
        ("git_\nlog", false),
        ("", false),
    ] {
        prompt(some, Some(name), passes);
        prompt("allowed_prompts: ['*']", Some(name), true);
        prompt("allowed_prompts: []", Some(name), false);
    }
    prompt(some, None, false);
    prompt("allowed_prompts: ['*']", None, false);
}

#[test]
fn the_lists_bring_the_methods_they_need_and_no_more() {
    for profile in ["compat", "strict"] {
        let resources = load(&format!("method_profile: {profile}\n{PROJECT}"));
        let prompts = load(&format!("method_profile: {profile}\nallowed_prompts: []"));
        let denied = load(&format!("method_profile: {profile}\ndenied_resources: []"));
        for method in [
            "resources/list",
            "resources/templates/list",
            "resources/read",
            "resources/subscribe",
            "resources/unsubscribe",
        ] {
            assert!(resources.allows_method(method), "{method}");
            assert!(!prompts.allows_method(method), "{method}");
            assert!(!denied.allows_method(method), "{method}");
        }
        for method in ["prompts/list", "prompts/get"] {
            assert!(prompts.allows_method(method), "{method}");
            assert!(!resources.allows_method(method), "{method}");
        }
        assert!(!resources.allows_method("logging/setlevel"));
    }
    let explicit = load(&format!("allowed_methods: [ping]\n{PROJECT}"));
    assert!(!explicit.allows_method("resources/read"));
    let denied = load(&format!("denied_methods: ['resources/*']\n{PROJECT}"));
    assert!(!denied.allows_method("resources/read"));
}

#[test]
fn what_is_completed_or_listened_to_must_be_what_could_be_read() {
    let template = |text| [Named::Template(Some(text))];
    let complete = "completion/complete";
    judge(PROJECT, complete, &template("file:///project/{path}"), None);
    judge(PROJECT, complete, &template("file:///{path}"), None);
    judge(PROJECT, complete, &template("file:///project/a"), None);
    judge(
        PROJECT,
        complete,
        &template("file:///etc/{path}"),
        Some(LISTED),
    );
    judge(PROJECT, complete, &template("file:///etc/a"), Some(LISTED));
    judge(PROJECT, complete, &[Named::Template(None)], Some(LISTED));
    let denied = "allowed_methods: ['*']\ndenied_resources: ['file:///etc/*', 'db://*']";
    judge(
        denied,
        complete,
        &template("file:///etc/{path}"),
        Some(DENIED),
    );
    judge(
        denied,
        complete,
        &template("FILE:///etc/x{path}"),
        Some(DENIED),
    );
    judge(denied, complete, &template("file:///{path}"), None);
    let unreachable = "what it names can't be reached by an allowed method";
    for (spec, named) in [
        ("allowed_prompts: [p]", Named::Template(Some("a:{b}"))),
        (PROJECT, Named::Prompt(Some("p"))),
    ] {
        judge(spec, complete, &[named], Some(unreachable));
        judge("allowed_tools: [t]", complete, &[named], None);
    }
    let listen = "subscriptions/listen";
    let two = [
        Named::Resource(Some("file:///project/a")),
        Named::Resource(Some("file:///etc/a")),
    ];
    judge(PROJECT, listen, &two[..1], None);
    judge(PROJECT, listen, &two, Some(LISTED));
    judge("allowed_tools: [t]", listen, &two, None);
    judge("allowed_prompts: [p]", listen, &two, Some(unreachable));
    let not_subscribed = format!("denied_methods: [resources/subscribe]\n{PROJECT}");
    judge(&not_subscribed, listen, &two[..1], Some(unreachable));
}

#[test]
fn a_policy_without_the_lists_judges_no_name() {
    for spec in ["allowed_methods: ['*']", "mode: monitor"] {
        judge(spec, "resources/read", &[Named::Resource(None)], None);
        judge(spec, "prompts/get", &[Named::Prompt(None)], None);
    }
}

#[test]
fn monitor_mode_lets_pass_and_says_what_would_have_refused() {
    let policy = load(&format!("mode: monitor\n{PROJECT}"));
    let named = [Named::Resource(Some("file:///etc/passwd"))];
    let decision = decided(&policy, "resources/read", &named);
    let Decision::Allow(allow) = decision else {
        panic!("{decision:?}");
    };
    let violation = allow.violation.unwrap();
    assert_eq!(violation.reason, LISTED);
    assert_eq!(violation.failed_rule.as_deref(), Some("allowed_resources"));
}

#[test]
fn a_refusal_names_the_list_the_entry_and_its_line() {
    let policy = load("allowed_resources: ['*']\ndenied_resources:\n  - 'a:*'\n  - 'b:*'");
    let decision = decided(&policy, "resources/read", &[Named::Resource(Some("b:1"))]);
    let Decision::Refuse(refusal) = decision else {
        panic!("{decision:?}");
    };
    assert_eq!(refusal.code.number(), -32001);
    assert_eq!(refusal.detail, "`b:*` in denied_resources");
    assert_eq!(refusal.failed_rule.as_deref(), Some("denied_resources"));
    assert_eq!(refusal.line, Some(9));
    let policy = load("allowed_prompts: [p]");
    let decision = decided(&policy, "prompts/get", &[Named::Prompt(Some("q"))]);
    let Decision::Refuse(refusal) = decision else {
        panic!("{decision:?}");
    };
    assert_eq!(refusal.line, Some(6));
    assert_eq!(refusal.failed_rule.as_deref(), Some("allowed_prompts"));
}

/// Hundreds of times what one takes on a slow machine.
#[test]
fn the_worst_uri_is_judged_in_bounded_time() {
    let entries: Vec<String> = (0..100).map(|n| format!("'*a{n}*%b/*'")).collect();
    let policy = load(&format!(
        "allowed_methods: ['*']\ndenied_resources: [{}]",
        entries.join(", ")
    ));
    let unit = r"A/..//\%252e%2541%E9./";
    let uri = format!("HTTP://U@H:80/{}?#", unit.repeat(180));
    let began = Instant::now();
    let _decision = decided(&policy, "resources/read", &[Named::Resource(Some(&uri))]);
    let long = format!("x:{}", "\u{fdfa}/".repeat(1000));
    let _decision = decided(&policy, "resources/read", &[Named::Resource(Some(&long))]);
    let took = began.elapsed();
    eprintln!("{took:?}");
    assert!(took.as_secs() < 5, "{took:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    /// Servers, each of which finds the file its own way.
    #[test]
    fn whatever_a_server_makes_of_an_allowed_uri_it_stays_in_the_folder(
        rest in prop::collection::vec(
            prop::sample::select(vec![
                "..", "%2e", "%2E", ".", "/", "%2f", "\\", "%5c", "%25", "2e", "2f", "?", "#", "%23",
                "%3f", ";", "%00", "a", "B", "%c0%ae", "．", "//", "%",
            ]),
            0..9,
        ),
    ) {
        let uri = format!("file:///p/{}", rest.concat());
        let policy = load("allowed_resources: ['file:///p/*']");
        let named = [Named::Resource(Some(uri.as_str()))];
        if let Decision::Allow(_) = decided(&policy, "resources/read", &named) {
            for (way, path) in found_by_servers(&uri) {
                prop_assert!(path == "/p" || path.starts_with("/p/"), "{uri} is {path} by {way}");
            }
        }
    }
}

/// The file each of some servers opens for a `file:` URI.
fn found_by_servers(uri: &str) -> Vec<(&'static str, String)> {
    let bare = || uri.strip_prefix("file://").unwrap_or(uri).to_owned();
    let parsed = |text: String| text.split(['?', '#']).next().unwrap_or_default().to_owned();
    let turned = |text: String| text.replace('\\', "/");
    let to_nul = |text: String| text.split('\0').next().unwrap_or_default().to_owned();
    vec![
        ("taking off the scheme", normal(&bare())),
        ("decoding", normal(&percent(&bare()))),
        ("parsing, then decoding", normal(&percent(&parsed(bare())))),
        ("decoding, then parsing", normal(&parsed(percent(&bare())))),
        (
            "resolving, then decoding",
            normal(&percent(&normal(&bare()))),
        ),
        (
            "resolving as URLs do",
            normal(&percent(&normal(&turned(parsed(bare()))))),
        ),
        (
            "decoding twice",
            normal(&percent(&percent(&parsed(bare())))),
        ),
        ("turning slashes", normal(&turned(percent(&bare())))),
        (
            "parsing and turning slashes",
            normal(&turned(percent(&parsed(bare())))),
        ),
        ("ending at NUL", normal(&to_nul(percent(&bare())))),
        (
            "decoding, turning and decoding",
            normal(&percent(&turned(percent(&bare())))),
        ),
    ]
}

/// Percent-decoded once; what is no UTF-8 is replaced.
fn percent(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let code = text.get(at + 1..at + 3);
        let code = code.and_then(|it| u8::from_str_radix(it, 16).ok());
        match code.filter(|_| bytes[at] == b'%') {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// As a file system reads a path.
fn normal(path: &str) -> String {
    let mut kept = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(kept.pop()),
            _ => kept.push(part),
        }
    }
    format!("/{}", kept.join("/"))
}

/// A list of URIs that are each slow to judge costs no more than the work that is given to it.
#[test]
fn what_is_left_when_the_work_is_done_is_in_doubt() {
    let policy = load("allowed_resources: ['note://*']");
    let passes = |uri: &str, work: &mut usize| {
        judge_named(&policy, &Named::Resource(Some(uri)), work).is_none()
    };
    let mut work = 200;
    assert!(passes("note://a%20b", &mut work));
    assert_eq!(work, 200 - "note://a%20b".len() - "note://a b".len());
    assert!(
        !passes(&"n".repeat(5000), &mut work) && work > 0,
        "not even read"
    );
    let tangled = r"note://A%252e/..//\%2541#".repeat(20);
    assert!(!passes(&tangled, &mut work));
    assert_eq!(work, 0);
    assert!(!passes("note://a", &mut work));
    let policy = load("allowed_resources: ['*']");
    let any = judge_named(&policy, &Named::Resource(Some(&tangled)), &mut work);
    assert_eq!(any, None, "nothing has to be read for a lone star");
}

fn read(spec: &str, uri: &str, refused: Option<&str>) {
    for method in [
        "resources/read",
        "resources/subscribe",
        "resources/unsubscribe",
    ] {
        judge(spec, method, &[Named::Resource(Some(uri))], refused);
    }
}

fn prompt(spec: &str, name: Option<&str>, passes: bool) {
    let refused = (!passes).then_some("Prompt not in allowed_prompts list");
    judge(spec, "prompts/get", &[Named::Prompt(name)], refused);
}

fn judge(spec: &str, method: &str, named: &[Named<'_>], refused: Option<&str>) {
    let decision = decided(&load(spec), method, named);
    let reason = match &decision {
        Decision::Allow(_) => None,
        Decision::Ask(_) => panic!("{decision:?}"),
        Decision::Refuse(refusal) => Some(refusal.reason.as_str()),
    };
    assert_eq!(
        reason, refused,
        "{method} {named:?} under\n{spec}\n{decision:?}"
    );
}

fn decided(policy: &Policy, method: &str, named: &[Named<'_>]) -> Decision {
    let call = Call {
        method,
        tool: None,
        args: &Node::Null,
        named,
    };
    let facts = Facts {
        now_ms: 0,
        listing: Listing::Unknown,
        held: None,
        override_: Override::None,
        paths: paths::Found {
            candidates: &[],
            resolved: &[],
        },
        task_known: false,
    };
    decide(policy, &call, &facts, &mut Buckets::default())
}

fn load(spec: &str) -> Policy {
    let spec: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    let head = "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata:\n  name: test\nspec:\n";
    Policy::load(&format!("{head}{spec}"), &Place::default())
        .unwrap_or_else(|e| panic!("{e}"))
        .policy
}
