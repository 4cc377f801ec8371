//! What the server itself asks by the same means, and what it may not.

use serde_json::{Value, json};

use super::*;

fn servers_question(state: &str) -> Value {
    json!({"resultType": "input_required", "requestState": state,
        "inputRequests": {"name": {"method": "elicitation/create", "params": {}}}})
}

/// What the client then brings.
fn brought(state: &str) -> Value {
    json!({"requestState": state,
        "inputResponses": {"name": {"action": "accept", "content": {"n": "Ada"}}}})
}

#[test]
fn a_state_of_the_servers_own_passes_as_it_is() {
    let odd = "st\u{e4}te \u{2028} \\u0041\"\\/ \u{1f600} aip-ask-";
    for state in ["s", "", odd, "AIP-ASK-1", " aip-ask-1"] {
        let mut world = World::new("allowed_tools: [pay]\nask_in_client: true");
        world.client(&pays(1, &args(), &json!({})));
        let out = world.server(&answer("1", &servers_question(state).to_string()));
        assert_eq!(out.json()["result"]["requestState"], state);
        let out = world.client(&pays(2, &args(), &brought(state)));
        assert_eq!(out.json()["params"]["requestState"], state);
        assert!(out.as_is || state == odd, "{state}");
    }
}

/// A server may be another aip that asks, or have one behind it.
#[test]
fn a_state_the_server_gave_is_its_own_though_it_looks_like_aips() {
    let mut world = World::new("allowed_tools: [pay]");
    let line = pays(2, &args(), &brought("aip-ask-theirs"));
    stale(&world.client(&line));
    world.client(&pays(1, &args(), &json!({})));
    world.server(&answer(
        "1",
        &servers_question("aip-ask-theirs").to_string(),
    ));
    for killed in [false, true] {
        if killed {
            world.killed_and_resumed();
        }
        let out = world.client(&line);
        assert!(out.as_is, "{out:?}");
        world.server(&answer("2", "{}"));
        world.written(Stream::Server);
    }
    stale(&world.client(&pays(3, &args(), &brought("aip-ask-another"))));
}

/// What a server says is its own does not make it so.
#[test]
fn a_server_that_gives_what_is_aips_gets_nothing_by_it() {
    let mut asked = Asked::new(&format!("{ASK}\nallowed_tools: [free]"));
    let state = asked.state.clone();
    asked.world.client(&call("7", "free", "{}"));
    asked
        .world
        .server(&answer("7", &servers_question(&state).to_string()));
    let free = json!({"name": "free", "arguments": {}, "requestState": state,
        "inputResponses": {"aip": allow()}});
    stale(
        &asked
            .world
            .client(&request("8", "tools/call", &free.to_string())),
    );
    let out = asked.tries(9, &allow());
    assert!(!out.forward.unwrap().contains("aip-ask-"));
}

/// First aip asks, then the server, then aip once more: a client brings only what was asked for last.
#[test]
fn aips_question_and_the_servers_take_turns_and_each_round_is_judged() {
    let spec = "ask_in_client: true\ntool_rules:\n  - {tool: pay, action: ask, rate_limit: 2/hour}";
    let mut asked = Asked::new(spec);
    let out = asked.tries(2, &allow());
    assert!(out.json()["params"].get("requestState").is_none());
    let odd = "st\u{e4}te \u{2028} \"\\ \u{1f600}";
    let out = asked
        .world
        .server(&answer("2", &servers_question(odd).to_string()));
    assert_eq!(out.json()["result"]["requestState"], odd);
    let second = asked.world.client(&pays(3, &args(), &brought(odd)));
    assert_eq!(second.forward, None, "a person is asked again");
    let state = state_of(&second);
    assert!(second.asked().is_some());
    let out = asked
        .world
        .client(&pays(4, &args(), &with(&state, &allow())));
    let sent = out.json();
    assert_eq!(sent["params"]["requestState"], odd);
    assert_eq!(
        sent["params"]["inputResponses"],
        brought(odd)["inputResponses"]
    );
    assert_eq!(sent["id"], 4);
    assert_eq!(out.decisions(), ["ALLOW"]);
    asked
        .world
        .server(&answer("4", r#"{"resultType":"complete","content":[]}"#));
    let third = asked.world.client(&pays(5, &args(), &brought(odd)));
    assert_eq!(third.code(), Some(-32002), "each round spends");
}

#[test]
fn what_was_for_the_server_goes_on_by_whichever_way_it_is_allowed() {
    let round = |world: &mut World| {
        let out = world.client(&pays(1, &args(), &brought("s")));
        (state_of(&out), out.asked().unwrap())
    };
    let servers = |sent: Value| {
        assert_eq!(sent["params"]["requestState"], "s");
        assert_eq!(
            sent["params"]["inputResponses"],
            brought("s")["inputResponses"]
        );
    };
    let mut world = World::new(ASK);
    let (state, approval) = round(&mut world);
    world.allow(&approval).unwrap();
    let out = world.client(&pays(2, &args(), &with(&state, &cancel())));
    servers(out.json());
    let mut world = World::new(ASK);
    let (state, approval) = round(&mut world);
    assert!(
        world
            .client(&pays(2, &args(), &with(&state, &cancel())))
            .held
    );
    let out = world.allow(&approval).unwrap();
    servers(serde_json::from_str(out.released[0].1.as_ref().unwrap()).unwrap());
    let mut world = World::new(ASK);
    let (state, approval) = round(&mut world);
    world.killed_and_resumed();
    assert!(
        world.state.asked_before().is_empty(),
        "nobody is asked in vain"
    );
    let out = world.client(&pays(2, &args(), &with(&state, &allow())));
    stale(&out);
    let why = out.replies[0]["error"]["data"]["reason"].as_str().unwrap();
    assert!(why.contains("lost when aipd ended"), "{why}");
    let anew = world.client(&pays(3, &args(), &json!({})));
    assert_eq!(anew.asked(), Some(approval), "asked anew, in the queue too");
    state_of(&anew);
}

#[test]
fn what_is_too_much_to_be_kept_is_not_asked_in_the_client() {
    for (length, asks) in [(60_000, true), (70_000, false)] {
        let mut world = World::new(ASK);
        let out = world.client(&pays(1, &args(), &brought(&"x".repeat(length))));
        assert_eq!(out.held, !asks, "{length}");
    }
}

/// The server's answers to its own questions are scanned as the client's words are.
#[test]
fn what_was_for_the_server_is_scanned_when_it_goes_on() {
    let spec = format!(
        "{ASK}\ndlp:\n  scan_requests: true\n  on_request_match: redact\n  patterns:\n    - {{name: word, regex: Ada}}"
    );
    let mut world = World::new(&spec);
    let state = state_of(&world.client(&pays(1, &args(), &brought("Ada"))));
    let out = world.client(&pays(2, &args(), &with(&state, &allow())));
    let params = &out.json()["params"];
    assert_eq!(params["requestState"], "Ada");
    assert_eq!(
        params["inputResponses"]["name"]["content"]["n"],
        "[REDACTED:word]"
    );
}
