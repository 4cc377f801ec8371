//! The call is answered by another way, or ends, before its client brings it back.

use aipd::session::state::{Answer, By};
use serde_json::json;
use wire::control::{GrantWish, Lasts, What};

use super::*;

#[test]
fn allowed_elsewhere_it_goes_on_once_when_it_comes_back_and_not_before() {
    for said in [allow(), cancel(), json!({"action": "decline"})] {
        let mut asked = Asked::new(ASK);
        let out = asked.world.allow(&asked.approval).unwrap();
        assert!(
            out.released.is_empty() && out.decisions().is_empty(),
            "{out:?}"
        );
        assert_eq!(ended(&out), Some("allowed"));
        assert_eq!(out.event("APPROVAL_ANSWERED").unwrap()["answer"], "allow");
        assert!(
            asked.world.deny(&asked.approval).is_none(),
            "the first answer counts"
        );
        let definite = said != cancel();
        let out = asked.tries(2, &said);
        assert_eq!(out.json()["id"], 2);
        assert_eq!(out.decisions(), ["ALLOW"]);
        assert_eq!(out.lines[0]["approval"]["channel"], "control");
        assert_eq!(out.event("MESSAGE_DROPPED").is_some(), definite, "{said}");
        stale(&asked.tries(3, &allow()));
    }
}

#[test]
fn denied_elsewhere_it_is_refused_when_it_comes_back() {
    let mut asked = Asked::new(ASK);
    let out = asked.world.deny(&asked.approval).unwrap();
    assert_eq!(out.decisions(), ["BLOCK"]);
    assert!(out.released.is_empty(), "nobody waits: {out:?}");
    assert_eq!(out.lines[0]["approval"]["channel"], "control");
    let out = asked.tries(2, &allow());
    assert_eq!((out.code(), &out.forward), (Some(-32004), &None));
    assert_eq!(out.decisions(), ["BLOCK"], "a request of its own");
    assert_eq!(out.lines[0]["approval"]["channel"], "control");
    stale(&asked.tries(3, &allow()));
}

#[test]
fn without_an_answer_in_time_it_is_refused_and_a_late_yes_is_for_the_next_call() {
    let mut asked = Asked::new(ASK);
    asked.world.now_ms += MINUTE;
    let over = asked.world.state.expired(asked.world.now_ms);
    assert!(over.contains(&asked.approval));
    let out = asked
        .world
        .answer(&asked.approval, &Answer::Expired)
        .unwrap();
    assert_eq!(out.decisions(), ["BLOCK"]);
    assert_eq!(out.lines[0]["error_code"], -32005);
    assert_eq!(
        asked.world.state.next_deadline(),
        None,
        "nothing is left to wait for"
    );
    let out = asked.tries(2, &allow());
    assert_eq!((out.code(), &out.forward), (Some(-32005), &None), "{out:?}");
    let by = By {
        channel: "control",
        pid: None,
        program: None,
        auth: None,
    };
    let id = asked.approval.clone();
    let banked = asked.world.with(0, |state, ctx| state.banks(ctx, &id, &by));
    let judged = banked.expect("the answer may still come");
    asked.world.take(judged, "");
    stale(&asked.tries(3, &allow()));
    let out = asked.world.client(&pays(4, &args(), &json!({})));
    assert_eq!(out.decisions(), ["ALLOW"], "the next try, once");
}

/// Its client has its own time; a person has all of theirs.
#[test]
fn a_person_has_the_whole_time_whatever_the_clients_patience() {
    let mut world = World::new(ASK);
    let mut meta = meta(&json!({"elicitation": {}}));
    meta["io.modelcontextprotocol/clientInfo"]["name"] = "claude-ai".into();
    let line = pays(1, &args(), &json!({"_meta": meta}));
    let state = state_of(&world.client(&line));
    assert_eq!(world.state.next_deadline(), Some(world.now_ms + MINUTE));
    let out = world.client(&pays(2, &args(), &with(&state, &cancel())));
    assert!(out.held);
    assert_eq!(
        world.state.next_deadline(),
        Some(world.now_ms + 55_000),
        "now it waits"
    );
}

#[test]
fn a_yes_holds_for_five_minutes() {
    for (waits, code) in [(4, None), (5, Some(-32005))] {
        let mut asked = Asked::new(ASK);
        asked.world.allow(&asked.approval).unwrap();
        asked.world.now_ms += waits * MINUTE;
        let out = asked.tries(2, &cancel());
        assert_eq!(out.code(), code, "{out:?}");
        assert_eq!(out.forward.is_some(), code.is_none());
    }
}

/// The cancel may have crossed the question: its client will not come back.
#[test]
fn a_cancel_of_the_call_takes_the_ask_back() {
    let mut asked = Asked::new(ASK);
    let cancelled = tell("notifications/cancelled", r#"{"requestId":1}"#);
    let out = asked.world.client(&cancelled);
    assert!(out.nothing() && out.released.is_empty(), "{out:?}");
    assert_eq!(
        (out.decisions(), ended(&out)),
        (vec!["BLOCK"], Some("withdrawn"))
    );
    assert_eq!(out.lines[0]["approval"]["answer"], "withdrawn");
    stale(&asked.tries(2, &allow()));
    let again = asked.world.client(&cancelled);
    assert!(again.event("MESSAGE_DROPPED").is_some());
    // Under an id that is in use again the later request is meant.
    let mut asked = Asked::new(&format!("{ASK}\nallowed_tools: [free]"));
    asked.world.client(&call("1", "free", "{}"));
    assert!(asked.world.client(&cancelled).as_is);
    assert_eq!(asked.world.state.sizes().asks, 1);
}

#[test]
fn the_session_and_the_server_take_the_ask_with_them() {
    let mut asked = Asked::new(ASK);
    let (errors, outs) = asked.world.server_ends();
    assert!(errors.is_empty(), "no request waits: {errors:?}");
    assert_eq!((outs.len(), outs[0].decisions()), (1, vec!["BLOCK"]));
    assert!(outs[0].released.is_empty());
    let mut asked = Asked::new(ASK);
    let lines = asked.world.ends();
    let withdrawn = lines.iter().filter(|it| it["decision"] == "BLOCK");
    assert_eq!(withdrawn.count(), 1, "{lines:?}");
    // Of an earlier daemon's it is the same.
    let mut asked = Asked::new(ASK);
    asked.world.killed_and_resumed();
    let lines = asked.world.ends();
    let block = lines.iter().find(|it| it["decision"] == "BLOCK").unwrap();
    assert_eq!(block["tool"], "pay");
    assert_eq!(asked.frame_of_last(), Some(1));
    let answered = lines.iter().filter(|it| it["event"] == "APPROVAL_ANSWERED");
    assert_eq!(answered.count(), 0, "told once: {lines:?}");
}

#[test]
fn more_time_is_given_and_outlives_the_daemon() {
    let mut asked = Asked::new(ASK);
    let until = asked.world.extend(&asked.approval).unwrap().0;
    assert_eq!(until, asked.world.now_ms + 2 * MINUTE);
    asked.world.killed_and_resumed();
    assert_eq!(asked.world.state.next_deadline(), Some(until));
    assert!(asked.world.extend(&asked.approval).is_err(), "once");
    asked.world.now_ms += MINUTE + 1;
    assert_eq!(asked.tries(2, &allow()).decisions(), ["ALLOW"]);
}

#[test]
fn a_grant_can_be_made_with_the_answer() {
    let mut asked = Asked::new(ASK);
    asked.world.client(&request("9", "tools/list", "{}"));
    asked
        .world
        .server(&answer("9", r#"{"tools":[{"name":"pay"}]}"#));
    let line = pays(5, &json!({"sum": 7}), &json!({}));
    let id = asked.world.client(&line).asked().unwrap();
    let wish = GrantWish {
        what: What::Tool,
        lasts: Lasts::Session,
        shown: None,
    };
    let (_, out) = asked.world.grant(&id, &wish).unwrap();
    assert!(out.event("GRANT_MADE").is_some() && out.released.is_empty());
    let out = asked.world.client(&pays(6, &json!({"sum": 8}), &json!({})));
    assert_eq!(out.decisions(), ["ALLOW"], "it falls under the grant");
}

#[test]
fn an_answer_elsewhere_is_judged_then_too_and_tells_the_person() {
    let mut asked = Asked::new(ASK);
    asked.world.policy("denied_tools: [pay]");
    let out = asked.world.allow(&asked.approval).unwrap();
    assert_eq!(
        (out.decisions(), ended(&out)),
        (vec!["BLOCK"], Some("denied"))
    );
    let out = asked.tries(2, &cancel());
    assert_eq!((out.code(), &out.forward), (Some(-32001), &None), "{out:?}");
    // And once more when it comes back.
    let mut asked = Asked::new(ASK);
    asked.world.allow(&asked.approval).unwrap();
    asked.world.policy("denied_tools: [pay]");
    let out = asked.tries(2, &cancel());
    assert_eq!((out.code(), &out.forward), (Some(-32001), &None), "{out:?}");
    assert_eq!(out.replies[0]["error"]["data"]["aip"], "changed");
}

#[test]
fn an_answer_elsewhere_that_can_not_be_recorded_counts_for_nothing() {
    let mut asked = Asked::new(ASK);
    let by = By {
        channel: "control",
        pid: None,
        program: None,
        auth: None,
    };
    let id = asked.approval.clone();
    let judged = asked
        .world
        .with(0, |state, ctx| state.ask_ends(ctx, &id, &Answer::Allow(by)))
        .unwrap();
    asked.world.state.undo(&asked.world.in_force, judged.undo);
    stale(&asked.tries(2, &cancel()));
    assert_eq!(asked.world.state.sizes().returns, 0);
}
