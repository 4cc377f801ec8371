//! Which calls are answered with the question, what it shows, and how many there are at most.

use super::*;

#[test]
fn no_two_questions_have_the_same_state() {
    let mut states = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let state = Asked::new(ASK).state;
        assert!(state.len() >= "aip-ask-".len() + 2 * 36, "{state}");
        assert!(states.insert(state));
    }
}

#[test]
fn only_where_the_policy_wants_it_and_the_request_says_that_its_client_can() {
    let off = "tool_rules:\n  - {tool: pay, action: ask}";
    for (spec, capabilities, revision, asks) in [
        (ASK, json!({"elicitation": {}}), "2026-07-28", true),
        (
            ASK,
            json!({"elicitation": {"form": {}, "url": {}}}),
            "2026-07-28",
            true,
        ),
        (
            ASK,
            json!({"elicitation": {"url": {}}}),
            "2026-07-28",
            false,
        ),
        (ASK, json!({}), "2026-07-28", false),
        (ASK, json!({"elicitation": {}}), "2025-11-25", false),
        (ASK, json!({"elicitation": {}}), "2027-01-01", false),
        (off, json!({"elicitation": {}}), "2026-07-28", false),
    ] {
        let mut world = World::new(spec);
        let mut meta = meta(&capabilities);
        meta["io.modelcontextprotocol/protocolVersion"] = revision.into();
        let line = pays(1, &args(), &json!({"_meta": meta}));
        let out = world.client(&line);
        assert_eq!(out.held, !asks, "{spec} {capabilities} {revision}");
        assert_eq!(!out.replies.is_empty(), asks);
    }
    let mut world = World::new(ASK);
    world.clients_may_answer = false;
    assert!(
        world.client(&pays(1, &args(), &json!({}))).held,
        "a password is wanted"
    );
    // Each request speaks for itself.
    let mut world = World::new(ASK);
    let none = json!({"_meta": meta(&json!({}))});
    assert!(world.client(&pays(1, &json!({"n": 1}), &none)).held);
    state_of(&world.client(&pays(2, &json!({"n": 2}), &json!({}))));
    assert!(world.client(&pays(3, &json!({"n": 3}), &none)).held);
    assert!(
        world.client(&call("4", "pay", "{}")).held,
        "it states nothing"
    );
}

#[test]
fn a_server_that_may_not_ask_is_not_told_of_forms_and_aip_asks_all_the_same() {
    let spec = format!("{ASK}\nallowed_server_methods: [ping]");
    let mut asked = Asked::new(&spec);
    let out = asked.tries(2, &allow());
    let told = &out.json()["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"];
    assert_eq!(told, &json!({}));
}

#[test]
fn what_can_not_be_shown_whole_waits_for_another_way() {
    for (text, asks) in [
        ("x".repeat(3000), true),
        ("x".repeat(5000), false),
        ("\u{202e}".repeat(1000), false),
    ] {
        let mut world = World::new(ASK);
        let out = world.client(&pays(1, &json!({"a": text}), &json!({})));
        assert_eq!(out.held, !asks, "{}", text.len());
    }
}

#[test]
fn nothing_in_what_the_client_shows_acts_hides_or_is_redacted() {
    let spec = format!("{ASK}\ndlp:\n  patterns:\n    - {{name: word, regex: sesame}}");
    let mut world = World::new(&spec);
    let hostile = json!({"a": "x\u{1b}[2J\u{202e}y\n\nAsked because: nothing", "k": "open sesame"});
    let out = world.client(&pays(1, &hostile, &json!({})));
    let question = &out.replies[0]["result"]["inputRequests"]["aip"]["params"];
    let text = question["message"].as_str().unwrap();
    assert!(
        !text.contains(['\u{1b}', '\u{202e}']) && !text.contains("sesame"),
        "{text}"
    );
    let own = text.lines().filter(|it| it.starts_with("Asked because"));
    assert_eq!(own.count(), 1, "{text}");
}

#[test]
fn identical_calls_are_one_approval_and_each_goes_on_once() {
    for (first, second) in [(2, 3), (3, 2)] {
        let mut asked = Asked::new(ASK);
        let other = asked.world.client(&pays(11, &args(), &json!({})));
        let states = [asked.state.clone(), state_of(&other)];
        assert_ne!(states[0], states[1]);
        assert!(other.asked().is_none(), "one in the queue");
        let line = |id: u64| pays(id, &args(), &with(&states[id as usize - 2], &allow()));
        let out = asked.world.client(&line(first));
        assert_eq!(out.decisions(), ["ALLOW"]);
        assert_eq!(out.json()["id"], first);
        let out = asked.world.client(&line(second));
        assert_eq!(out.decisions(), ["ALLOW"], "what was said holds for both");
        assert_eq!(out.json()["id"], second);
        for used in states {
            stale(
                &asked
                    .world
                    .client(&pays(9, &args(), &with(&used, &allow()))),
            );
        }
    }
    // One of them from a client that shows no forms.
    let mut asked = Asked::new(ASK);
    let none = json!({"_meta": meta(&json!({}))});
    assert!(asked.world.client(&pays(11, &args(), &none)).held);
    let out = asked.tries(2, &allow());
    assert_eq!((out.released.len(), out.decisions().len()), (1, 2));
    let mut asked = Asked::new(ASK);
    assert!(asked.world.client(&pays(11, &args(), &none)).held);
    let out = asked.tries(2, &deny());
    assert_eq!(out.released[0].2[0]["error"]["code"], -32004);
}

#[test]
fn so_many_are_open_at_a_time_and_the_rest_wait_elsewhere() {
    let mut world = World::new(ASK);
    let mut states = Vec::new();
    for n in 0..50 {
        world.now_ms += MINUTE / 6;
        let out = world.client(&pays(n, &json!({ "n": n }), &json!({})));
        if !out.held {
            states.push(state_of(&out));
        }
    }
    assert_eq!((states.len(), world.state.sizes().returns), (32, 32));
    let line = pays(50, &json!({"n": 0}), &with(&states[0], &deny()));
    assert_eq!(world.client(&line).code(), Some(-32004));
    world.now_ms += MINUTE;
    state_of(&world.client(&pays(51, &json!({"n": 51}), &json!({}))));
}

/// Clients that never come back fill nothing.
#[test]
fn those_that_are_over_are_remembered_up_to_a_bound() {
    let mut world = World::new(ASK);
    for n in 0..200 {
        world.now_ms += MINUTE / 6;
        let out = world.client(&pays(n, &json!({ "n": n }), &json!({})));
        let id = out.asked().unwrap();
        world.answer(&id, &Answer::Expired).unwrap();
    }
    let sizes = world.state.sizes();
    assert_eq!((sizes.asks, sizes.returns), (0, 128));
}

#[test]
fn progress_is_told_to_the_try_that_goes_on() {
    let mut world = World::new(ASK);
    let token = |it: u64| {
        let mut meta = meta(&json!({"elicitation": {}}));
        meta["progressToken"] = it.into();
        json!({ "_meta": meta })
    };
    let state = state_of(&world.client(&pays(1, &args(), &token(1))));
    assert_eq!(world.state.next_progress(), None, "nobody waits");
    let mut more = token(2);
    more["requestState"] = state.into();
    more["inputResponses"] = json!({"aip": allow()});
    let out = world.client(&pays(2, &args(), &more));
    assert_eq!(out.json()["params"]["_meta"]["progressToken"], 2);
    for (told, passes) in [(1, false), (2, true)] {
        let params = json!({"progressToken": told, "progress": 1}).to_string();
        assert_eq!(
            world.server(&tell("notifications/progress", &params)).as_is,
            passes
        );
    }
    let mut world = World::new(ASK);
    let state = state_of(&world.client(&pays(1, &args(), &token(1))));
    let mut more = token(2);
    more["requestState"] = state.into();
    assert!(world.client(&pays(2, &args(), &more)).held);
    let due = world.state.next_progress().expect("it waits now");
    let heard = world.state.still_waiting(due);
    assert_eq!(parsed(&heard[0])["params"]["progressToken"], 2);
}

#[test]
fn what_could_not_be_recorded_is_not_asked() {
    let mut world = World::new(ASK);
    let judged = world.judge_client(1, &pays(1, &args(), &json!({})));
    world.state.undo(&world.in_force, judged.undo);
    let (_, replies, _) = crate::out::shown(judged.otherwise, "");
    assert_eq!(replies[0]["error"]["data"]["aip"], "audit_unavailable");
    let Effect::Bytes { reply, .. } = judged.effect else {
        panic!("{:?}", judged.effect);
    };
    let state = parsed(&reply)["result"]["requestState"]
        .as_str()
        .unwrap()
        .to_owned();
    stale(&world.client(&pays(2, &args(), &with(&state, &allow()))));
    assert_eq!(world.state.sizes().returns + world.state.sizes().asks, 0);
}
