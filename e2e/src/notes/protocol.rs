//! JSON-RPC and MCP as the `aip-notes` server speaks them: one line in, at most one line out.

use serde_json::{Value, json};

use super::{Notes, tools};

/// The protocol revisions it speaks, newest first.
pub const REVISIONS: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
const METHOD_NOT_FOUND: i32 = -32601;
const INVALID_PARAMS: i32 = -32602;

struct Failure {
    code: i32,
    message: String,
}

/// The answer to one line: nothing for a notification, a list for a batch.
#[must_use]
pub fn answer(notes: &Notes, line: &[u8]) -> Option<Value> {
    let Ok(message) = serde_json::from_slice::<Value>(line) else {
        return Some(error(&Value::Null, PARSE_ERROR, "the line is not JSON"));
    };
    let Some(batch) = message.as_array().filter(|batch| !batch.is_empty()) else {
        return single(notes, &message);
    };
    let answers: Vec<Value> = batch.iter().filter_map(|one| single(notes, one)).collect();
    (!answers.is_empty()).then_some(Value::Array(answers))
}

fn single(notes: &Notes, message: &Value) -> Option<Value> {
    let id = message.get("id");
    let Some(method) = message.get("method").and_then(Value::as_str) else {
        let stray_response = message.get("result").is_some() || message.get("error").is_some();
        let id = id.unwrap_or(&Value::Null);
        return (!stray_response).then(|| error(id, INVALID_REQUEST, "no method is named"));
    };
    let outcome = handle(notes, method, message.get("params").unwrap_or(&Value::Null));
    let id = id?;
    Some(match outcome {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err(failure) => error(id, failure.code, &failure.message),
    })
}

fn handle(notes: &Notes, method: &str, params: &Value) -> Result<Value, Failure> {
    match method {
        "initialize" => Ok(initialize(params)),
        "ping" => Ok(json!({})),
        "tools/list" => Ok(json!({"tools": tools::definitions()})),
        "tools/call" => call(notes, params),
        other if other.starts_with("notifications/") => Ok(Value::Null),
        other => Err(Failure {
            code: METHOD_NOT_FOUND,
            message: format!("method `{}` is not known here", other.escape_debug()),
        }),
    }
}

fn initialize(params: &Value) -> Value {
    let wanted = params.get("protocolVersion").and_then(Value::as_str);
    let revision = REVISIONS
        .into_iter()
        .find(|revision| Some(*revision) == wanted)
        .unwrap_or(REVISIONS[0]);
    json!({
        "protocolVersion": revision,
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "aip-notes", "version": env!("CARGO_PKG_VERSION")},
        "instructions": "Reads and keeps Markdown notes in one folder.",
    })
}

fn call(notes: &Notes, params: &Value) -> Result<Value, Failure> {
    let invalid = |message: String| Failure {
        code: INVALID_PARAMS,
        message,
    };
    let name = params
        .get("name")
        .and_then(Value::as_str)
        .ok_or_else(|| invalid("`name` must be the name of a tool".to_owned()))?;
    let arguments = params.get("arguments").unwrap_or(&Value::Null);
    match tools::run(notes, name, arguments).map_err(invalid)? {
        Ok(text) => Ok(content(&text, false)),
        Err(failed) => Ok(content(&failed.to_string(), true)),
    }
}

fn content(text: &str, is_error: bool) -> Value {
    json!({"content": [{"type": "text", "text": text}], "isError": is_error})
}

fn error(id: &Value, code: i32, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let notes = Notes::new(folder.path().to_owned());
        notes.write("plan", "ship it\nthen rest").unwrap();
        let answer = answer(&notes, line.as_bytes()).map(|answer| answer.to_string());
        assert!(
            answer.clone().unwrap_or_default().contains(expected),
            "{line}: {answer:?}"
        );
    }

    fn call(tool: &str, arguments: &str) -> String {
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
        )
    }

    #[test]
    fn every_tool_answers() {
        check(&call("list_notes", "{}"), r#""text":"plan""#);
        check(
            &call("read_note", r#"{"name":"plan"}"#),
            r#"ship it\nthen rest"#,
        );
        check(
            &call("search_notes", r#"{"query":"REST"}"#),
            "plan:2: then rest",
        );
        check(
            &call("write_note", r#"{"name":"new","text":"x"}"#),
            r#""isError":false"#,
        );
        check(
            &call("delete_note", r#"{"name":"plan"}"#),
            r#""isError":false"#,
        );
    }

    #[test]
    fn what_can_not_be_done_is_said() {
        check(
            &call("read_note", r#"{"name":"../x"}"#),
            r#""isError":true"#,
        );
        check(
            &call("read_note", r#"{"name":"gone"}"#),
            "there is no note `gone`",
        );
        check(&call("read_note", "{}"), "-32602");
        check(&call("shell", "{}"), "-32602");
        check(
            r#"{"jsonrpc":"2.0","id":1,"method":"resources/list"}"#,
            "-32601",
        );
        check("{", "-32700");
        check(r#"{"jsonrpc":"2.0","id":1}"#, "-32600");
    }

    #[test]
    fn a_known_revision_is_kept_and_an_unknown_one_met_with_the_newest() {
        let initialize = |revision: &str| {
            format!(
                r#"{{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{"protocolVersion":"{revision}"}}}}"#
            )
        };
        for revision in REVISIONS {
            check(&initialize(revision), revision);
        }
        check(&initialize("2024-01-01"), "2025-11-25");
    }
}
