//! The audit can't be written: what was judged is taken back as if it had not been.

use aipd::session::state::Answer;
use aipd::session::state::Effect;

use crate::world::{World, answer, call, request};

fn fails(world: &mut World, number: u64, line: &str) -> Effect {
    let judged = world.judge_client(number, line);
    assert!(
        !judged.batch.is_empty(),
        "there is something to write: {line}"
    );
    world.state.undo(&world.in_force, judged.undo);
    judged.otherwise
}

fn code(effect: &Effect) -> i64 {
    let Effect::Bytes { forward, reply } = effect else {
        panic!("an error goes back, not {effect:?}");
    };
    assert!(forward.is_empty(), "nothing goes on");
    let reply: serde_json::Value = serde_json::from_slice(reply).unwrap();
    assert_eq!(reply["error"]["data"]["aip"], "audit_unavailable");
    reply["error"]["code"].as_i64().unwrap()
}

#[test]
fn a_call_whose_record_fails_is_refused_its_rate_restored_and_its_id_free() {
    let mut world = World::new("tool_rules:\n  - {tool: t, rate_limit: 1/hour}");
    assert_eq!(code(&fails(&mut world, 1, &call("1", "t", "{}"))), -32001);
    assert!(
        world.server(&answer("1", "{}")).nothing(),
        "nothing is under way"
    );
    assert!(world.client(&call("1", "t", "{}")).as_is);
    assert_eq!(world.client(&call("2", "t", "{}")).code(), Some(-32002));
}

#[test]
fn an_ask_whose_record_fails_does_not_wait() {
    let mut world = World::new("tool_rules:\n  - {tool: t, action: ask, rate_limit: 1/hour}");
    code(&fails(&mut world, 1, &call("1", "t", "{}")));
    assert_eq!(world.state.next_deadline(), None);
    assert!(world.client(&call("1", "t", "{}")).held);
}

#[test]
fn a_group_is_taken_back_from_its_end() {
    let mut world = World::new("tool_rules:\n  - {tool: t, rate_limit: 2/hour}");
    let first = world.judge_client(1, &call("1", "t", "{}"));
    let second = world.judge_client(2, &call("2", "t", "{}"));
    for judged in [second, first] {
        world.state.undo(&world.in_force, judged.undo);
    }
    for id in ["3", "4"] {
        assert!(
            world.client(&call(id, "t", "{}")).as_is,
            "both tokens are back"
        );
    }
}

#[test]
fn a_persons_yes_that_cannot_be_recorded_forwards_nothing() {
    let mut world = World::new("tool_rules:\n  - {tool: t, action: ask}");
    let id = world.client(&call("1", "t", "{}")).asked().unwrap();
    let by = aipd::session::state::By {
        channel: "control",
        pid: None,
        program: None,
        auth: None,
    };
    let allow = Answer::Allow(by);
    let judged = world
        .with(0, |state, ctx| state.ask_ends(ctx, &id, &allow))
        .unwrap();
    world.state.undo(&world.in_force, judged.undo);
    let [released] = judged.released.as_slice() else {
        panic!("one call waited");
    };
    code(&released.otherwise);
    assert!(world.server(&answer("1", "{}")).nothing());
    assert!(world.client(&call("1", "t", "{}")).held, "the id is free");
}

#[test]
fn an_answer_whose_findings_cannot_be_recorded_becomes_an_error() {
    let spec = "allowed_tools: [t]\ndlp:\n  patterns:\n    - {name: w, regex: sesame}";
    let mut world = World::new(spec);
    world.client(&call("1", "t", "{}"));
    let line = answer("1", r#"{"content":[{"type":"text","text":"sesame"}]}"#);
    let judged = world.with(0, |state, ctx| state.server_frame(ctx, 1, line.as_bytes()));
    let Effect::Bytes { forward, .. } = &judged.otherwise else {
        panic!("the client hears of it");
    };
    let text = String::from_utf8_lossy(forward);
    assert!(text.contains("audit_unavailable") && !text.contains("sesame"));
}

/// The frame was refused with an error; its ask must not answer it a second time.
#[test]
fn an_ask_taken_up_on_resume_and_taken_back_does_not_wait_on() {
    let mut world = World::new("tool_rules:\n  - {tool: t, action: ask}");
    let line = call("1", "t", "{}");
    world.client(&line);
    world.killed_and_resumed();
    let judged = world.judge_client(1, &line);
    world.state.undo(&world.in_force, judged.undo);
    code(&judged.otherwise);
    assert_eq!(world.state.next_deadline(), None, "nothing waits any more");
}

#[test]
fn a_servers_request_whose_record_fails_is_answered_with_an_error() {
    let mut world = World::new("audit: {methods: all}");
    let line = request("1", "ping", "{}");
    let judged = world.with(0, |state, ctx| state.server_frame(ctx, 1, line.as_bytes()));
    world.state.undo(&world.in_force, judged.undo);
    code(&judged.otherwise);
    assert!(world.client(&answer("1", "{}")).nothing());
}

#[test]
fn a_batch_is_taken_back_from_its_end() {
    let mut world = World::new("tool_rules:\n  - {tool: t, rate_limit: 2/hour}");
    let revision = r#"{"protocolVersion":"2025-03-26","capabilities":{}}"#;
    world.client(&request("0", "initialize", revision));
    world.server(&answer("0", revision));
    let batch = format!("[{},{}]", call("1", "t", "{}"), call("2", "t", "{}"));
    let judged = world.judge_client(2, &batch);
    world.state.undo(&world.in_force, judged.undo);
    for id in ["3", "4"] {
        assert!(
            world.client(&call(id, "t", "{}")).as_is,
            "both tokens are back"
        );
    }
}

#[test]
fn a_revision_is_not_learnt_of_an_answer_whose_record_fails() {
    let mut world = World::new("allowed_tools: [t]");
    let revision = r#"{"protocolVersion":"2025-03-26","capabilities":{}}"#;
    world.client(&request("0", "initialize", revision));
    let line = answer("0", revision);
    let judged = world.with(0, |state, ctx| state.server_frame(ctx, 1, line.as_bytes()));
    assert_eq!(world.state.learnt.revision.as_deref(), Some("2025-03-26"));
    world.state.undo(&world.in_force, judged.undo);
    assert_eq!(world.state.learnt.revision, None);
    let batch = format!("[{}]", call("1", "t", "{}"));
    assert!(world.client(&batch).forward.is_none(), "no batches yet");
}

/// Of an answer its client did not get it has no task, no list and no roots either.
#[test]
fn nothing_is_learnt_of_an_answer_whose_record_fails() {
    let mut world = World::new("allowed_tools: [t]\nallowed_methods: ['*']");
    for (method, params, result) in [
        (
            "tools/call",
            r#"{"name":"t","arguments":{}}"#,
            r#"{"task":{"taskId":"t1"}}"#,
        ),
        ("tools/list", "{}", r#"{"tools":[{"name":"t"}]}"#),
        ("prompts/list", "{}", r#"{"prompts":[]}"#),
    ] {
        let before = world.state.learnt.clone();
        world.client(&request("1", method, params));
        let line = answer("1", result);
        let judged = world.with(0, |state, ctx| state.server_frame(ctx, 9, line.as_bytes()));
        assert_ne!(world.state.learnt, before, "{method} teaches");
        world.state.undo(&world.in_force, judged.undo);
        assert_eq!(world.state.learnt, before, "{method}");
        world.wrote(wire::link::Stream::Server, 9);
    }
}
