//! The lines both sides send: well-formed, on the edge, and wrong, from small pools so that ids,
//! tools and tasks meet again.

use super::cursor::Cursor;

/// Ids as JSON; the first ones are valid, and four of them are two pairs that look alike.
const IDS: [&str; 12] = [
    "1",
    "\"1\"",
    "2",
    "\"2\"",
    "0",
    "\"a\"",
    "3",
    "\"\\u0031\"",
    "-0",
    "1.0",
    "null",
    "9007199254740993",
];
/// Tools as JSON strings.
const TOOLS: [&str; 20] = [
    "free",
    "ask",
    "rated",
    "paid",
    "denied",
    "checked",
    "get_page",
    "get_secret",
    "exec_shell",
    "FREE",
    " Free ",
    "fr\u{200b}ee",
    "\u{ff46}ree",
    "\\u0066ree",
    "fr\u{e9}e",
    "DENIED",
    "Ask",
    "",
    "other",
    "sesame",
];
const ARGS: [&str; 14] = [
    "{}",
    r#"{"n":1}"#,
    r#"{"n":"7"}"#,
    r#"{"n":"seven"}"#,
    r#"{"n":"sesame"}"#,
    r#"{"n":"ses\u0061me"}"#,
    r#"{"path":"/etc/aip/agent.yaml"}"#,
    r#"{"path":"/etc/aip/../aip/agent.yaml"}"#,
    r#"{"path":["/tmp/x",{"n":1E2}]}"#,
    "{\"n\":\"\u{2028}\"}",
    "{\"n\":\t1}",
    r#"{"n":1,"n":2}"#,
    "[]",
    "null",
];
const METHODS: [&str; 30] = [
    "tools/list",
    "initialize",
    "ping",
    "tools/call",
    "resources/read",
    "resources/list",
    "prompts/get",
    "prompts/list",
    "completion/complete",
    "tasks/get",
    "tasks/cancel",
    "server/discover",
    "logging/setLevel",
    "Tools/List",
    "TOOLS/CALL",
    "vendor/thing",
    "Vendor/Thing",
    "roots/list",
    "sampling/createMessage",
    "elicitation/create",
    "notifications/initialized",
    "notifications/progress",
    "notifications/roots/list_changed",
    "notifications/tools/list_changed",
    "notifications/message",
    "cancelled",
    "tasks/result",
    "tasks/list",
    "resources/subscribe",
    "resources/templates/list",
];
const PARAMS: [&str; 15] = [
    "{}",
    r#"{"taskId":"t1"}"#,
    r#"{"taskId":"t2"}"#,
    r#"{"cursor":"c"}"#,
    r#"{"uri":"file:///etc/aip/agent.yaml"}"#,
    r#"{"uri":"x:y"}"#,
    r#"{"capabilities":{"sampling":{},"roots":{}},"protocolVersion":"2025-03-26"}"#,
    r#"{"name":"free","Arguments":{}}"#,
    r#"{"name":"free","arguments":{}}"#,
    r#"{"_meta":{"progressToken":1},"data":"sesame"}"#,
    "[]",
    "7",
    r#"{"taskId":"t3"}"#,
    r#"{"uri":"z:y"}"#,
    r#"{"name":"other"}"#,
];
const RESULTS: [&str; 29] = [
    "{}",
    r#"{"content":[]}"#,
    r#"{"content":[{"type":"text","text":"sesame opens"}]}"#,
    r#"{"content":[{"type":"text","text":"ses\u0061me"}]}"#,
    r#"{"protocolVersion":"2025-03-26","capabilities":{"tools":{},"resources":{}}}"#,
    r#"{"protocolVersion":"2025-06-18","capabilities":{}}"#,
    r#"{"tools":[{"name":"free"},{"name":"rated"},{"name":"ask"},{"name":"paid"}]}"#,
    r#"{"tools":[{"name":"FREE"},{"name":"Ask"}],"nextCursor":"c"}"#,
    r#"{"tools":[{"name":"free"},{"name":"FREE"}]}"#,
    r#"{"tools":[{"name":"ask","description":"changed"},{"name":7}]}"#,
    r#"{"tools":[{"name":"Denied"},{"name":"denied","Name":"free"}]}"#,
    r#"{"task":{"taskId":"t1"}}"#,
    r#"{"task":{"taskId":"t2"},"content":[]}"#,
    r#"{"inputRequests":{"a":{"method":"ping"}}}"#,
    r#"{"inputRequests":{"a":{"method":"sampling/createMessage","params":{}}}}"#,
    r#"{"roots":[{"uri":"file:///etc"},{"uri":"file:///work"}]}"#,
    r#"{"Content":[]}"#,
    "null",
    "[1,{\"a\":\"\u{85}\"}]",
    r#"{"content":[{"type":"text","text":"\n"}]}"#,
    r#"{"tools":[{"name":"free"},{"name":"other"}]}"#,
    r#"{"tools":[{"name":"free","description":"changed"},{"name":"rated"}]}"#,
    r#"{"tools":[{"name":"other"}]}"#,
    r#"{"tools":[{"name":"free"}],"nextCursor":"c"}"#,
    r#"{"resources":[{"uri":"x:y","name":"a"},{"uri":"z:y","name":"b"},{"uri":"file:///etc/aip/agent.yaml","name":"c"}]}"#,
    r#"{"resourceTemplates":[{"uriTemplate":"x:{a}","name":"a"},{"uriTemplate":"z:{a}","name":"b"}]}"#,
    r#"{"prompts":[{"name":"free"},{"name":"other"}]}"#,
    r#"{"tasks":[{"taskId":"t1"},{"taskId":"t9"}]}"#,
    r#"{"resultType":"task","taskId":"t3"}"#,
];

/// A line of the client's.
pub fn client(input: &mut Cursor<'_>) -> String {
    match input.below(12) {
        0..=4 => call(input),
        5 | 6 => request(input),
        7 => tells(input),
        8 => cancel(input),
        9 | 10 => answer(input),
        _ => batch(input, |input| match input.below(6) {
            0..=2 => call(input),
            3 => request(input),
            4 => answer(input),
            _ => cancel(input),
        }),
    }
}

/// A line of the server's.
pub fn server(input: &mut Cursor<'_>) -> String {
    match input.below(12) {
        0..=5 => answer(input),
        6 | 7 => request(input),
        8 => tells(input),
        9 => cancel(input),
        10 => failure(input),
        _ => batch(input, |input| match input.below(4) {
            0 | 1 => answer(input),
            2 => request(input),
            _ => tells(input),
        }),
    }
}

/// A line of the server's standard error.
pub fn stderr(input: &mut Cursor<'_>) -> Vec<u8> {
    let many = input.below(32);
    let mut line = input.take(many).to_vec();
    if many % 2 == 1 {
        line.extend(b" sesame ");
    }
    line.retain(|it| *it != b'\n');
    line
}

fn id(input: &mut Cursor<'_>) -> &'static str {
    // The valid ones far more often.
    let at = input.below(32);
    IDS[if at < 12 { at } else { at % 7 }]
}

fn call(input: &mut Cursor<'_>) -> String {
    let (id, tool) = (id(input), input.pick(&TOOLS));
    let at = input.below(24);
    let args = ARGS.get(at).unwrap_or(&"{}");
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{args}}}}}"#
    )
}

/// A call of this tool under this id.
pub fn call_of(id: &str, tool: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{{}}}}}}"#
    )
}

/// An answer with this result.
pub fn answer_of(id: &str, result: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#)
}

fn request(input: &mut Cursor<'_>) -> String {
    let (id, method) = (id(input), input.pick(&METHODS));
    let params = input.pick(&PARAMS);
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
}

fn tells(input: &mut Cursor<'_>) -> String {
    let (method, params) = (input.pick(&METHODS), input.pick(&PARAMS));
    format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{params}}}"#)
}

fn cancel(input: &mut Cursor<'_>) -> String {
    let id = id(input);
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#
    )
}

fn answer(input: &mut Cursor<'_>) -> String {
    answer_of(id(input), input.pick(&RESULTS))
}

fn failure(input: &mut Cursor<'_>) -> String {
    let id = id(input);
    let error = input.pick(&[
        r#"{"code":-32000,"message":"sesame"}"#,
        r#"{"code":1,"message":"no"}"#,
        r#"{"code":"1"}"#,
    ]);
    format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#)
}

fn batch(input: &mut Cursor<'_>, one: fn(&mut Cursor<'_>) -> String) -> String {
    let many = input.below(5);
    let lines: Vec<String> = (0..many).map(|_| one(input)).collect();
    format!("[{}]", lines.join(","))
}
