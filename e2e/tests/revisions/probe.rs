//! Some clients start a server twice: once to see what it speaks, once to use it.

use std::time::Duration;

use e2e::client::PATIENCE;
use e2e::home::Home;
use e2e::wait::wait_until;
use serde_json::{Value, json};

/// Something would ask a person, if it were only called.
const ASKING: &str = "  tool_rules:\n    - tool: t\n      action: ask";

fn initialize() -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": {"name": "probe", "version": "1"}}})
}

fn discover() -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {"_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {}}}})
}

#[test]
fn a_probe_leaves_a_start_and_an_end_and_nothing_else() {
    for (name, sent, rest) in [
        ("nothing", None, None),
        ("initialize", Some(initialize()), None),
        (
            "initialize, not waited for",
            Some(initialize()),
            Some(Duration::ZERO),
        ),
        ("discover", Some(discover()), None),
    ] {
        let home = Home::new();
        let policy = home.policy("asking", ASKING);
        let mut probe = home.wrap(&policy, &home.record("probe"), &[]);
        if let Some(line) = &sent {
            probe.send(line);
            if rest.is_none() {
                assert!(probe.answer(1, PATIENCE).is_some(), "{name}");
            }
        }
        probe.close();
        probe.wait(PATIENCE);

        let mut client = home.wrap(&policy, &home.record("real"), &[]);
        client.initialize();
        let tools = client.request("tools/list", &json!({}));
        assert!(tools.get("result").is_some(), "{name}");
        check(&home, name);
        drop(client);
    }
}

/// One session runs, nobody was asked, and of the probe two events at most are on record.
fn check(home: &Home, name: &str) {
    let sessions = || {
        let output = home.ctl(&["sessions", "--json"]);
        let list: Value = serde_json::from_slice(&output.stdout).unwrap();
        list.as_array().unwrap().clone()
    };
    wait_until("the probe's session to be over", PATIENCE, || {
        sessions().len() == 1
    });
    assert!(home.approvals().is_empty(), "{name}");
    assert!(
        home.decisions().is_empty(),
        "{name}: {:?}",
        home.decisions()
    );
    let live = sessions()[0]["id"].clone();
    let of_probe: Vec<Value> = home
        .live_audit()
        .into_iter()
        .filter(|it| it.get("session_id").is_some_and(|id| *id != live))
        .collect();
    let events: Vec<_> = of_probe
        .iter()
        .filter_map(|it| it["event"].as_str())
        .collect();
    let allowed = ["SESSION_STARTED", "SESSION_ENDED"];
    assert!(
        events.len() <= 2 && events.iter().all(|it| allowed.contains(it)),
        "{name}: {events:?}"
    );
    assert_eq!(events.len(), of_probe.len(), "{name}");
}
