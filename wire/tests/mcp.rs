//! Where names, cursors, ids and capabilities stand in the protocol's messages.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use wire::json::{Value, parse};
use wire::mcp;
use wire::rpc::Id;

#[test]
fn input_requests_are_read_or_refused() {
    let read = |text| {
        let result = json(text);
        mcp::check_result("tools/call", &result)?;
        let requests = mcp::input_requests(&result)?;
        Ok::<_, String>(
            requests
                .iter()
                .map(|it| format!("{} {}", it.key, it.method))
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(read(r#"{"content":[]}"#), Ok(vec![]));
    assert_eq!(
        read(
            r#"{"inputRequests":{"k":{"method":"sampling/createMessage","params":{}},"l":{"method":"roots/list"}}}"#
        ),
        Ok(vec![
            "k sampling/createMessage".to_owned(),
            "l roots/list".to_owned()
        ])
    );
    for text in [
        r#"{"inputRequests":[]}"#,
        r#"{"inputRequests":{"k":1}}"#,
        r#"{"inputRequests":{"k":{"method":1}}}"#,
        r#"{"inputRequests":{"k":{"method":"roots/list","Method":"sampling/createMessage"}}}"#,
        r#"{"inputRequests":{"k":{"method":"roots/list","params":[]}}}"#,
        r#"{"input_requests":{}}"#,
    ] {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn tool_calls_are_read_strictly() {
    let read = |text: &str| {
        let params = json(text);
        mcp::tool_call(Some(&params))
            .map(|call| (call.name.to_owned(), call.arguments.map(Value::to_json)))
    };
    assert_eq!(read(r#"{"name":"x"}"#), Ok(("x".to_owned(), None)));
    assert_eq!(
        read(r#"{"arguments":{"a":1.0},"name":""}"#),
        Ok((String::new(), Some(r#"{"a":1.0}"#.to_owned())))
    );
    for text in [
        "{}",
        "[]",
        r#"{"name":1}"#,
        r#"{"name":null}"#,
        r#"{"name":"x","arguments":[]}"#,
        r#"{"name":"x","arguments":null}"#,
        r#"{"name":"x","arguments":"{}"}"#,
    ] {
        assert!(read(text).is_err(), "{text}");
    }
    assert!(mcp::tool_call(None).is_err());
}

#[test]
fn a_tool_is_renamed_in_its_place() {
    let mut params = json(r#"{"name":"READ","arguments":{}}"#);
    mcp::set_tool_name(&mut params, "read");
    assert_eq!(params.to_json(), r#"{"name":"read","arguments":{}}"#);
}

#[test]
fn lists_and_cursors_are_found() {
    let mut result = json(r#"{"tools":[{"name":"a"},{"name":"b"}],"nextCursor":"c"}"#);
    assert_eq!(mcp::tools_in(&result).map(<[_]>::len), Some(2));
    assert_eq!(mcp::next_cursor(&result), Some("c"));
    mcp::tools_in_mut(&mut result).unwrap().truncate(1);
    assert_eq!(
        result.to_json(),
        r#"{"tools":[{"name":"a"}],"nextCursor":"c"}"#
    );
    let odd = json(r#"{"tools":{},"nextCursor":1}"#);
    assert!(mcp::tools_in(&odd).is_none() && mcp::next_cursor(&odd).is_none());
}

#[test]
fn ids_and_tokens_are_found() {
    let cancelled = |text| mcp::cancelled_id(Some(&json(text)));
    assert_eq!(cancelled(r#"{"requestId":1}"#), Some(Id::Number(1)));
    assert_eq!(
        cancelled(r#"{"requestId":"1"}"#),
        Some(Id::String("1".into()))
    );
    assert_eq!(cancelled(r#"{"requestId":1.0}"#), None);
    assert_eq!(mcp::cancelled_id(None), None);
    let params = json(r#"{"_meta":{"progressToken":"t"},"progressToken":5}"#);
    assert_eq!(
        mcp::progress_token(Some(&params)),
        Some(Id::String("t".into()))
    );
    assert_eq!(mcp::progress_of(Some(&params)), Some(Id::Number(5)));
}

#[test]
fn capabilities_are_stripped_wherever_they_are_stated() {
    for (holder, stripped, there) in [
        (
            r#"{"capabilities":{"tools":{},"sampling":{}}}"#,
            r#"{"capabilities":{"tools":{}}}"#,
            true,
        ),
        (
            r#"{"_meta":{"io.modelcontextprotocol/clientCapabilities":{"sampling":{}}}}"#,
            r#"{"_meta":{"io.modelcontextprotocol/clientCapabilities":{}}}"#,
            true,
        ),
        (
            r#"{"capabilities":{"tools":{}}}"#,
            r#"{"capabilities":{"tools":{}}}"#,
            false,
        ),
        (
            r#"{"capabilities":{"sampling":{}},"_meta":{"io.modelcontextprotocol/clientCapabilities":{"sampling":{}}}}"#,
            r#"{"capabilities":{},"_meta":{"io.modelcontextprotocol/clientCapabilities":{}}}"#,
            true,
        ),
        (
            r#"{"capabilities":{"tasks":{"list":{},"requests":{"sampling":{},"tools":{}}}}}"#,
            r#"{"capabilities":{"tasks":{"list":{},"requests":{"tools":{}}}}}"#,
            true,
        ),
        (r#"{"capabilities":1}"#, r#"{"capabilities":1}"#, false),
        ("{}", "{}", false),
    ] {
        let mut value = json(holder);
        assert_eq!(
            mcp::strip_capability(&mut value, "sampling"),
            there,
            "{holder}"
        );
        assert_eq!(value.to_json(), stripped);
    }
}

#[test]
fn empty_lists_have_their_key() {
    let empty = |method| mcp::empty_list(method, false).map(|it| it.to_json());
    assert_eq!(empty("tools/list").as_deref(), Some(r#"{"tools":[]}"#));
    assert_eq!(empty("prompts/list").as_deref(), Some(r#"{"prompts":[]}"#));
    assert_eq!(
        empty("resources/list").as_deref(),
        Some(r#"{"resources":[]}"#)
    );
    assert_eq!(
        empty("resources/templates/list").as_deref(),
        Some(r#"{"resourceTemplates":[]}"#)
    );
    assert_eq!(empty("tasks/list").as_deref(), Some(r#"{"tasks":[]}"#));
    assert_eq!(empty("roots/list"), None);
    let stated = mcp::empty_list("tools/list", true).map(|it| it.to_json());
    let whole = r#"{"resultType":"complete","tools":[],"ttlMs":0,"cacheScope":"private"}"#;
    assert_eq!(stated.as_deref(), Some(whole));
}

#[test]
fn known_methods_are_sorted_and_told_apart_by_their_normal_form() {
    assert!(mcp::KNOWN_METHODS.is_sorted_by(|a, b| a < b));
    let mut normal: Vec<_> = mcp::KNOWN_METHODS
        .iter()
        .map(|it| it.to_lowercase())
        .collect();
    normal.sort();
    normal.dedup();
    assert_eq!(normal.len(), mcp::KNOWN_METHODS.len());
    for method in [
        "logging/setLevel",
        "server/discover",
        "sampling/createMessage",
        "tasks/update",
    ] {
        assert!(mcp::KNOWN_METHODS.contains(&method), "{method}");
    }
}

#[test]
fn ids_and_tokens_are_never_changed_but_what_only_looks_so_is() {
    for path in [
        "id",
        "jsonrpc",
        "method",
        "error/code",
        "params/cursor",
        "params/progressToken",
        "params/requestId",
        "params/requestState",
        "params/taskId",
        "params/_meta/progressToken",
        "result/nextCursor",
        "result/requestState",
        "result/taskId",
        "result/task/taskId",
        "result/tasks/[]/taskId",
        "result/inputRequests/k/method",
        "result/inputRequests/k/params/elicitationId",
        "params/inputRequests/k/method",
        "params/elicitationId",
        "error/data/elicitations/[]/elicitationId",
    ] {
        assert!(
            mcp::never_changed(&path.split('/').collect::<Vec<_>>()),
            "{path}"
        );
    }
    let related = [
        "result",
        "_meta",
        "io.modelcontextprotocol/related-task",
        "taskId",
    ];
    let subscription = ["params", "_meta", "io.modelcontextprotocol/subscriptionId"];
    assert!(mcp::never_changed(&related) && mcp::never_changed(&subscription));
    for path in [
        "",
        "params",
        "result",
        "error",
        "error/message",
        "error/data",
        "result/id",
        "params/arguments/id",
        "params/arguments/cursor",
        "result/structuredContent/taskId",
        "result/content/[]/id",
        "result/_meta/x/taskId",
        "params/id",
        "result/method",
        "params/name",
        "error/data/requestState",
        "error/data/elicitations/[]/url",
        "result/inputRequests/k/params/url",
        "id/x",
    ] {
        assert!(
            !mcp::never_changed(&path.split('/').collect::<Vec<_>>()),
            "{path}"
        );
    }
}

#[test]
fn what_a_message_names_is_found_where_the_protocol_has_it() {
    use mcp::Named::{Prompt, Resource, Template};
    let check = |method: &str, params: &str, named: &[mcp::Named<'_>]| {
        let params = json(params);
        assert_eq!(mcp::named(method, Some(&params)), named, "{method}");
    };
    for method in [
        "resources/read",
        "resources/subscribe",
        "resources/unsubscribe",
        "resources/directory/read",
    ] {
        check(
            method,
            r#"{"uri":"a:b","name":"x"}"#,
            &[Resource(Some("a:b"))],
        );
        check(method, r#"{"uri":["a:b"]}"#, &[Resource(None)]);
        assert_eq!(mcp::named(method, None), [Resource(None)]);
    }
    check("prompts/get", r#"{"name":"p"}"#, &[Prompt(Some("p"))]);
    check("prompts/get", r#"{"name":1}"#, &[Prompt(None)]);
    let complete = "completion/complete";
    check(
        complete,
        r#"{"ref":{"type":"ref/resource","uri":"a:{b}"}}"#,
        &[Template(Some("a:{b}"))],
    );
    check(
        complete,
        r#"{"ref":{"type":"ref/prompt","name":"p"}}"#,
        &[Prompt(Some("p"))],
    );
    check(
        complete,
        r#"{"ref":{"type":"ref/other","name":"p"}}"#,
        &[Template(None), Prompt(Some("p"))],
    );
    check(
        complete,
        r#"{"ref":{"uri":"a:b"}}"#,
        &[Template(Some("a:b")), Prompt(None)],
    );
    check(complete, "{}", &[Template(None), Prompt(None)]);
    let listen = "subscriptions/listen";
    check(
        listen,
        r#"{"notifications":{"resourceSubscriptions":["a:b",7]}}"#,
        &[Resource(Some("a:b")), Resource(None)],
    );
    check(
        listen,
        r#"{"notifications":{"resourceSubscriptions":"a:b"}}"#,
        &[Resource(None)],
    );
    check(
        listen,
        r#"{"notifications":{"resourceSubscriptions":null}}"#,
        &[],
    );
    check(listen, r#"{"notifications":{}}"#, &[]);
    check("prompts/render", r#"{"id":1}"#, &[Prompt(None)]);
    check("resources/templates/list", r#"{"uri":"a:b"}"#, &[]);
    check("tools/list", r#"{"uri":"a:b","name":"p"}"#, &[]);
}

fn json(text: &str) -> Value<'_> {
    parse(text.as_bytes()).map(|it| it.value).expect(text)
}

#[test]
fn what_a_server_asks_inside_a_message_is_found_wherever_it_stands() {
    let asked = |holder: &str| {
        let value = json(holder);
        let found = mcp::input_requests(&value);
        found.map(|all| all.iter().map(|it| it.key.to_owned()).collect::<Vec<_>>())
    };
    let one = r#""inputRequests":{"a":{"method":"ping"}}"#;
    assert_eq!(asked(&format!("{{{one}}}")), Ok(vec!["a".to_owned()]));
    let nested = format!(r#"{{{one},"result":{{{one}}}}}"#);
    assert_eq!(asked(&nested).map(|all| all.len()), Ok(2));
    assert_eq!(asked("{}"), Ok(Vec::new()));
    for wrong in [
        r#"{"inputRequests":[]}"#,
        r#"{"inputRequests":{"a":{"Method":"ping"}}}"#,
        r#"{"inputRequests":{"a":{"method":7}}}"#,
        r#"{"inputRequests":{"a":{"method":"ping","params":[]}}}"#,
        r#"{"result":{"inputRequests":7}}"#,
    ] {
        assert!(asked(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn an_error_that_wants_an_address_visited_is_told_by_its_code_or_its_data() {
    for (error, wants) in [
        (r#"{"code":-32042}"#, true),
        (r#"{"code":-32000,"data":{"elicitations":[]}}"#, true),
        (r#"{"code":-32000,"data":{"elicitation":[]}}"#, false),
        (r#"{"code":-32000,"data":"elicitations"}"#, false),
    ] {
        assert_eq!(mcp::wants_url(&json(error)), wants, "{error}");
    }
}

#[test]
fn a_revision_is_stated_in_the_meta_of_a_request_and_nowhere_else() {
    let stated = |params: &str| {
        let params = json(params);
        mcp::stated_revision(Some(&params)).map(str::to_owned)
    };
    let meta = r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}"#;
    assert_eq!(stated(meta).as_deref(), Some("2026-07-28"));
    assert_eq!(stated(r#"{"protocolVersion":"2026-07-28"}"#), None);
    assert_eq!(
        stated(r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":7}}"#),
        None
    );
    assert_eq!(mcp::stated_revision(None), None);
}
