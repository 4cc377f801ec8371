//! The published MCP conformance suite at a server of ours, which it reaches by a bridge: what it
//! finds through aip is what it finds without, but for what a policy denies.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "what fails ends the test"
)]

#[path = "official_conformance/bridge.rs"]
mod bridge;
#[path = "official_conformance/failures.rs"]
mod failures;
#[path = "official_conformance/http.rs"]
mod http;
#[path = "official_conformance/suite.rs"]
mod suite;

use std::path::Path;
use std::thread;

use e2e::home::Home;
use e2e::needs::needs;
use e2e::programs::{program, shipped_policy};

use crate::suite::Suite;

/// What the suite has: 30 scenarios with 40 checks that are active, and one with 4 that is not yet.
/// A scenario that checks nothing passes, so it is the number that counts.
const SCENARIOS: usize = 31;
const CHECKS: usize = 44;
/// Tools the suite calls.
const CALLS: usize = 12;

#[test]
fn the_suite_finds_through_aip_what_it_finds_without() {
    let name = "the_suite_finds_through_aip_what_it_finds_without";
    let Some(suite) = needs(name, Suite::installed()) else {
        return;
    };
    let home = Home::new();
    let wrapped = through_aip(&shipped_policy("allow-all.yaml"), &suite.server());
    let (bare, aip) = thread::scope(|scope| {
        let bare = scope.spawn(|| suite.run(&home, "bare", &suite.server()));
        let aip = scope.spawn(|| suite.run(&home, "aip", &wrapped));
        (bare.join().unwrap(), aip.join().unwrap())
    });

    for found in [&bare, &aip] {
        assert_eq!(found.counts(), (SCENARIOS, CHECKS), "{found:#?}");
        assert!(found.failed().is_empty(), "{:#?}", found.failed());
    }
    assert_eq!(aip.statuses(), bare.statuses());
    check_audit(&home, CALLS, &[]);
}

#[test]
fn under_the_default_methods_only_what_the_policy_denies_fails() {
    let name = "under_the_default_methods_only_what_the_policy_denies_fails";
    let Some(suite) = needs(name, Suite::installed()) else {
        return;
    };
    let home = Home::new();
    let policy = home.policy("default-methods", "  allowed_tools:\n    - \"*\"");
    let found = suite.run(&home, "default", &through_aip(&policy, &suite.server()));

    assert_eq!(found.counts(), (SCENARIOS, CHECKS), "{found:#?}");
    if let Err(difference) = failures::compare(failures::LISTED, &found.failed()) {
        panic!("{difference}");
    }
    // The suite gives up on one tool before calling it: `logging/setLevel` comes first.
    let denied = [
        "logging/setLevel",
        "prompts/get",
        "prompts/list",
        "resources/list",
        "resources/read",
        "resources/subscribe",
        "sampling/createMessage",
    ];
    check_audit(&home, CALLS - 1, &denied);
}

/// That the calls did go through aip, and what was refused.
fn check_audit(home: &Home, calls: usize, denied: &[&str]) {
    let decisions = home.decisions();
    let (allowed, refused): (Vec<_>, Vec<_>) =
        decisions.iter().partition(|it| it["decision"] == "ALLOW");
    let allowed = allowed.iter().filter(|it| it["method"] == "tools/call");
    assert_eq!(allowed.count(), calls, "{decisions:#?}");
    let mut methods: Vec<_> = refused.iter().map(|it| it["method"].as_str()).collect();
    methods.sort_unstable();
    methods.dedup();
    let denied: Vec<_> = denied.iter().copied().map(Some).collect();
    assert_eq!(methods, denied, "{refused:#?}");
}

fn through_aip(policy: &Path, server: &[String]) -> Vec<String> {
    let (aip, policy) = (program("aip"), policy.to_string_lossy());
    let own = [&aip.to_string_lossy(), "--policy", &policy, "--"].map(str::to_owned);
    own.iter().chain(server).cloned().collect()
}
