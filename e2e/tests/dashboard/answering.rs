//! Calls that wait: seen, allowed, denied, left alone, and answered elsewhere.

use super::*;

const SPEC: &str = "  allowed_tools: [echo]\n  tool_rules:\n    - {tool: get-sum, action: ask}\n  ask_timeout: 30s";

#[test]
fn a_person_watches_a_call_and_allows_and_denies_others() {
    let test = "a_person_watches_a_call_and_allows_and_denies_others";
    let Some(mut at) = sitting(test, Whose::Persons) else {
        return;
    };
    at.browser.see("No call has come yet.");
    let mut client = at.everything(SPEC);
    client.call("echo", &json!({"message": "hello there"}));
    at.browser.see_in(".rows", "hello there");
    at.browser.see_in(".rows .good", "Allowed");

    let id = client.ask_call("get-sum", &json!({"a": 1, "b": 2}));
    at.browser.see("1 call waits for you");
    at.browser.see_in(".ask", "First time");
    assert_eq!(at.browser.js("document.title"), "(1) aip");
    at.settle();
    at.browser.press_in(".ask", "Allow once");
    let answer = answered(&mut client, id);
    assert_eq!(
        answer["result"]["content"][0]["text"],
        "The sum of 1 and 2 is 3."
    );
    at.browser.see_in(".ask.over", "Allowed on this page");
    at.browser.gone(".ask");

    let id = client.ask_call("get-sum", &json!({"a": 3, "b": 4}));
    at.browser
        .see_in(".ask", "You have allowed this tool once before");
    at.browser.press_in(".ask", "Deny");
    assert_eq!(answered(&mut client, id)["error"]["code"], -32004);
    at.browser.see_in(".ask.over", "Denied on this page");
    at.browser.see_in(".row-item.bad", "denied on this page");

    let approvals: Vec<Value> = at.home.decisions().into_iter().rev().take(2).collect();
    for record in &approvals {
        assert_eq!(record["approval"]["channel"], "dashboard", "{record}");
    }
    at.is_clean();
}

#[test]
fn a_call_denies_itself_gets_more_time_and_is_answered_elsewhere() {
    let test = "a_call_denies_itself_gets_more_time_and_is_answered_elsewhere";
    let Some(mut at) = sitting(test, Whose::Anybodys) else {
        return;
    };
    let mut client = at.everything(&SPEC.replace("30s", "3s"));
    let id = client.ask_call("get-sum", &json!({"a": 1, "b": 2}));
    at.browser.see_in(".ask.over", "nobody answered in time");
    assert_eq!(answered(&mut client, id)["error"]["code"], -32005);
    at.browser.gone(".ask");

    let id = client.ask_call("get-sum", &json!({"a": 1, "b": 3}));
    at.browser.press_in(".ask", "More time");
    at.browser.see_in(".ask", "extended");
    let approval = at.home.approvals().pop().unwrap();
    assert_eq!(approval["extended"], true);
    let denied = at.home.ctl(&["deny", approval["id"].as_str().unwrap()]);
    assert!(denied.status.success(), "{denied:?}");
    assert_eq!(answered(&mut client, id)["error"]["code"], -32004);
    at.browser.see_in(".ask.over", "Denied by aipctl");
    at.is_clean();
}

#[test]
fn what_is_allowed_for_longer_is_shown_first_and_can_be_revoked() {
    let test = "what_is_allowed_for_longer_is_shown_first_and_can_be_revoked";
    let Some(mut at) = sitting(test, Whose::Anybodys) else {
        return;
    };
    let mut client = at.everything(SPEC);
    let id = client.ask_call("get-sum", &json!({"a": 1, "b": 2}));
    at.settle();
    at.browser.press_in(".ask", "Allow…");
    at.browser
        .see_in(".plan", "with the very same arguments, in this session");
    at.browser
        .js("document.querySelectorAll('.grant-form input[type=radio]')[1].click()");
    at.browser
        .see_in(".plan", "get-sum, any call, in this session");
    at.browser.see_in(".plan .yaml", "allows: \"tool\"");
    at.browser.press_in(".ask", "Allow these calls");
    assert!(answered(&mut client, id).get("result").is_some());
    at.browser.see_in(".ask.over", "from now on: any call");
    assert!(
        client
            .call("get-sum", &json!({"a": 5, "b": 6}))
            .get("result")
            .is_some()
    );

    at.turn("#/servers", "Servers and tools");
    at.browser.see_in(".grants", "used once");
    at.browser.press_in(".grants", "Revoke");
    at.browser.gone(".grants");
    client.ask_call("get-sum", &json!({"a": 5, "b": 6}));
    at.browser.see_in(".count", "1");
    at.is_clean();
}

#[test]
fn a_call_that_has_just_come_is_not_allowed_by_a_quick_click() {
    let test = "a_call_that_has_just_come_is_not_allowed_by_a_quick_click";
    let Some(mut at) = sitting(test, Whose::Anybodys) else {
        return;
    };
    let mut client = at.everything(SPEC);
    // Pressed as soon as it is there, which no person can have meant.
    at.browser.js(
        "new MutationObserver((_, it) => { \
           const allow = [...document.querySelectorAll('.ask button')].find(it => it.textContent === 'Allow once'); \
           if (allow) { it.disconnect(); allow.click(); } \
         }).observe(document.body, {childList: true, subtree: true}); null",
    );
    let id = client.ask_call("get-sum", &json!({"a": 1, "b": 2}));
    at.browser.see_in(".ask .trouble", "only just appeared");
    assert_eq!(client.answer(id, Duration::from_millis(300)), None);
    at.settle();
    at.browser.press_in(".ask", "Allow once");
    assert!(answered(&mut client, id).get("result").is_some());
    at.is_clean();
}

#[test]
fn a_long_call_can_be_denied_but_not_allowed_before_it_is_shown_whole() {
    let test = "a_long_call_can_be_denied_but_not_allowed_before_it_is_shown_whole";
    let Some(mut at) = sitting(test, Whose::Anybodys) else {
        return;
    };
    let spec = "  tool_rules:\n    - {tool: echo, action: ask}";
    let mut client = at.everything(spec);
    let middle = format!("{}needle{}", "x".repeat(9000), "y".repeat(9000));
    let id = client.ask_call("echo", &json!({"message": middle}));
    at.browser
        .see_in(".ask", "it can only be denied until you have looked");
    let enabled = json!({"do": "enabled", "name": "Allow once"});
    assert_eq!(at.browser.tell(&enabled), false);
    assert!(!at.browser.text(".ask").contains("needle"));
    at.browser.js("[...document.querySelectorAll('.ask button')].find(it => it.textContent.startsWith('Show all')).click()");
    at.browser.see_in(".ask", "needle");
    assert_eq!(at.browser.tell(&enabled), true);
    at.settle();
    at.browser.press_in(".ask", "Allow once");
    assert!(answered(&mut client, id).get("result").is_some());
    at.is_clean();
}

/// Not even with a code that a person made, which it may have read in their terminal. The code is not
/// spent by that.
#[test]
fn a_browser_that_the_client_started_gets_nothing() {
    let test = "a_browser_that_the_client_started_gets_nothing";
    let Some(mut at) = sitting(test, Whose::Persons) else {
        return;
    };
    let mut client = at.everything(SPEC);
    let id = client.ask_call("get-sum", &json!({"a": 1, "b": 2}));
    at.browser.see("1 call waits for you");

    let url = at.address();
    let mut theirs = Browser::of_the_client(&at.home);
    theirs.open(&url);
    theirs.see_in("h1", "This page has no key");
    theirs.see_in(".trouble", "the dashboard is for a person");
    assert!(!theirs.text("body").contains("get-sum"));

    at.browser.see_in(".attention", "the dashboard");
    at.browser.open("about:blank");
    at.browser.open(&url);
    at.browser.press_in(".ask", "Deny");
    assert_eq!(answered(&mut client, id)["error"]["code"], -32004);
    at.is_clean();
}
