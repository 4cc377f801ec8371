//! Methods, monitor mode and the daemon-wide override.

use engine::decide::Override;

use crate::out::Out;
use crate::world::{World, answer, call, request, tell};

fn check(spec: &str, overriding: Override, line: &str) -> Out {
    let mut world = World::new(spec);
    world.overriding = overriding;
    world.client(line)
}

#[test]
fn a_refused_notification_gets_no_reply_and_is_recorded() {
    let out = check(
        "allowed_tools: [t]",
        Override::None,
        &tell("vendor/thing", "{}"),
    );
    assert!(out.nothing());
    assert_eq!(out.decisions(), ["BLOCK"]);
    assert_eq!(out.lines[0]["error_code"], -32006);
}

#[test]
fn a_methods_own_spelling_goes_out() {
    let spec = "allowed_methods: ['*']";
    let out = check(
        spec,
        Override::None,
        &request("1", "LOGGING/setlevel", "{}"),
    );
    assert_eq!(out.json()["method"], "logging/setLevel");
    let out = check(spec, Override::None, &request("1", "Vendor/Thing", "{}"));
    assert_eq!(out.code(), Some(-32006));
}

#[test]
fn monitor_mode_lets_violations_through_on_record() {
    for (spec, overriding) in [
        ("mode: monitor\nallowed_tools: []", Override::None),
        ("allowed_tools: []", Override::Monitor),
    ] {
        let out = check(spec, overriding, &call("1", "t", "{}"));
        assert!(out.as_is, "{spec}: {out:?}");
        assert_eq!(out.decisions(), ["ALLOW_MONITOR"]);
        assert_eq!(out.lines[0]["violation"], true);
        assert_eq!(out.lines[0]["policy_mode"], "monitor");
        let out = check(
            spec,
            overriding,
            &request("1", "resources/read", r#"{"uri":"x:y"}"#),
        );
        assert!(out.as_is, "{spec}: {out:?}");
        assert_eq!(out.decisions(), ["ALLOW_MONITOR"]);
    }
}

#[test]
fn monitor_mode_still_protects_paths_and_counts_rates() {
    let spec =
        "mode: monitor\nprotected_paths: [~/.ssh]\ntool_rules:\n  - {tool: t, rate_limit: 1/hour}";
    let mut world = World::new(spec);
    let out = world.client(&call("1", "t", r#"{"p":"~/.ssh/id"}"#));
    assert_eq!(out.code(), Some(-32007));
    assert!(world.client(&call("2", "t", "{}")).as_is);
    let out = world.client(&call("3", "t", "{}"));
    assert_eq!(out.code(), Some(-32002));
    assert_eq!(out.decisions(), ["RATE_LIMITED"]);
}

#[test]
fn deny_all_stops_everything_but_ping_and_cancel() {
    let spec = "mode: monitor\nallowed_tools: ['*']\nallowed_methods: ['*']";
    let stopped = |line: &str| check(spec, Override::DenyAll, line);
    assert!(stopped(&request("1", "ping", "{}")).as_is);
    for line in [call("1", "t", "{}"), request("1", "tools/list", "{}")] {
        let out = stopped(&line);
        assert_eq!(out.forward, None, "{line}");
        assert_eq!(out.decisions(), ["BLOCK"], "{line}");
    }
    assert!(stopped(&tell("notifications/progress", "{}")).nothing());
}

#[test]
fn a_protected_path_is_refused_in_calls_and_uris() {
    let spec = "allowed_tools: ['*']\nallowed_methods: ['*']\nprotected_paths: [~/.ssh]";
    for line in [
        call("1", "t", r#"{"a":{"b":["/home/u/.ssh/id"]}}"#),
        call("1", "t", r#"{"p":"/etc/aip/agent.yaml"}"#),
        request("1", "resources/read", r#"{"uri":"file:///home/u/.ssh/id"}"#),
        request(
            "1",
            "resources/subscribe",
            r#"{"uri":"file:///home/u/%2essh/id"}"#,
        ),
    ] {
        let out = check(spec, Override::None, &line);
        assert_eq!(out.code(), Some(-32007), "{line}: {out:?}");
        assert_eq!(out.forward, None, "{line}");
    }
}

#[test]
fn a_protected_path_is_refused_in_a_notification_and_a_prompt_too() {
    let spec = "allowed_tools: ['*']\nallowed_methods: ['*']\nprotected_paths: [~/.ssh]";
    for line in [
        tell("resources/read", r#"{"uri":"file:///home/u/.ssh/id"}"#),
        request(
            "1",
            "prompts/get",
            r#"{"name":"p","arguments":{"f":"/home/u/.ssh/id"}}"#,
        ),
        request(
            "1",
            "completion/complete",
            r#"{"ref":{"type":"ref/resource","uri":"file:///home/u/.ssh/id"}}"#,
        ),
    ] {
        let out = check(spec, Override::None, &line);
        assert_eq!(out.forward, None, "{line}: {out:?}");
    }
}

#[test]
fn a_relative_path_is_taken_from_the_working_folder_and_the_roots() {
    let spec =
        "allowed_tools: ['*']\nprotected_paths: [/work/project/secret, '/work/my home/secret']";
    let out = check(spec, Override::None, &call("1", "t", r#"{"p":"./secret"}"#));
    assert_eq!(out.code(), Some(-32007), "the working folder");
    for uri in [
        "file:///work/my home",
        "file:///work/my%20home",
        "file://localhost/work/my%20home",
    ] {
        let mut world = World::new(spec.replace("/work/project/secret", "/none").as_str());
        world.server(&request("1", "roots/list", "{}"));
        world.client(&answer("1", &format!(r#"{{"roots":[{{"uri":"{uri}"}}]}}"#)));
        let out = world.client(&call("1", "t", r#"{"p":"./secret"}"#));
        assert_eq!(out.code(), Some(-32007), "{uri}: {out:?}");
    }
}

/// `protected_paths: [.env]` means the client's folder as well as the policy's.
#[test]
fn a_relative_protected_path_stands_in_the_clients_folder_too() {
    let spec = "allowed_tools: ['*']\nprotected_paths: [.env]";
    let out = check(
        spec,
        Override::None,
        &call("1", "t", r#"{"p":"/work/project/.env"}"#),
    );
    assert_eq!(out.code(), Some(-32007), "{out:?}");
}

#[test]
fn tasks_pass_only_where_this_session_created_them() {
    let mut world = World::new("allowed_tools: [t]");
    let get = |id: &str| request(id, "tasks/get", r#"{"taskId":"T"}"#);
    assert_eq!(world.client(&get("1")).code(), Some(-32006));
    world.client(&call("2", "t", "{}"));
    world.server(&answer(
        "2",
        r#"{"task":{"taskId":"T","status":"working"}}"#,
    ));
    assert!(world.client(&get("3")).as_is);
    world.killed_and_resumed();
    assert!(world.client(&get("4")).as_is, "known after a restart too");
}

#[test]
fn without_a_policy_every_call_is_refused_even_under_monitor() {
    for overriding in [Override::None, Override::Monitor] {
        let mut world = World::new("allowed_tools: ['*']");
        world.in_force.policy = engine::policy::Policy::none();
        world.overriding = overriding;
        let out = world.client(&call("1", "t", "{}"));
        assert_eq!((out.code(), out.forward), (Some(-32001), None));
    }
}

/// What the server would reach from there can't be told from here.
#[test]
fn a_path_by_way_of_the_servers_own_process_is_refused() {
    for path in [
        "/dev/fd/../cwd/../.ssh/id_rsa",
        "/dev/f?/../cwd/../.ssh/id_rsa",
        "/proc/net/../cwd/../.ssh/id_rsa",
        "/proc/self/c*/id_rsa",
    ] {
        let mut world = World::new("allowed_tools: [t]\nprotected_paths: ['~/.ssh']");
        let out = world.client(&call("1", "t", &format!(r#"{{"path":"{path}"}}"#)));
        assert_eq!(out.code(), Some(-32007), "{path}: {out:?}");
    }
    let mut world = World::new("allowed_tools: [t]\nprotected_paths: ['~/.ssh']");
    let out = world.client(&call("1", "t", r#"{"path":"/dev/null"}"#));
    assert!(out.as_is, "{out:?}");
}
