//! Reads a vector file strictly: a key this runner does not know is an error of the file or of
//! the case that has it, and leaves the other cases standing.

use super::super::expected::{self, Expected};
use super::super::tree::Tree;
use super::super::{Case, Input, Request, UserResponse, Vector};
use super::fields::{self, Fields, text};

/// The most calls a case may have been preceded by.
const MAX_PREVIOUS: u32 = 10_000;

/// Reads one file's vectors. What is wrong with the whole file stands as one case of its own.
#[must_use]
pub fn read(file: &str, text: &str) -> Vec<Vector> {
    match tests(text) {
        Ok(tests) => tests
            .into_iter()
            .enumerate()
            .map(|(at, it)| vector(file, at, it))
            .collect(),
        Err(reason) => {
            vec![Vector {
                file: file.to_owned(),
                id: "(file)".to_owned(),
                case: Err(reason),
            }]
        }
    }
}

fn tests(text: &str) -> Result<Vec<Tree>, String> {
    let tree = Tree::parse(text).map_err(|error| error.to_string())?;
    let mut fields = Fields::of(tree, "the file")?;
    for told in ["name", "description", "spec_version", "version", "level"] {
        fields.take(told);
    }
    let tests = match fields.take("tests") {
        Some(Tree::Array(tests)) if !tests.is_empty() => tests,
        _ => return Err("`tests` must be a list with something in it".to_owned()),
    };
    fields.end()?;
    Ok(tests)
}

fn vector(file: &str, at: usize, test: Tree) -> Vector {
    let id = match test.get("id") {
        Some(Tree::String(id) | Tree::Number(id)) => id.clone(),
        _ => format!("(test {})", at + 1),
    };
    Vector {
        file: file.to_owned(),
        id,
        case: case(test),
    }
}

fn case(test: Tree) -> Result<Case, String> {
    let mut fields = Fields::of(test, "a test")?;
    fields.take("id").ok_or("a test needs an `id`")?;
    fields.take("description");
    let policy = match fields.take("policy") {
        None | Some(Tree::Null) => None,
        Some(Tree::String(text)) => Some(text),
        Some(_) => return Err("`policy` must be the policy's text, or null".to_owned()),
    };
    let input = input(fields.take("input").ok_or("a test needs an `input`")?)?;
    let expected = expected(
        fields
            .take("expected")
            .ok_or("a test needs an `expected`")?,
    )?;
    fields.end()?;
    Ok(Case {
        policy,
        input,
        expected,
    })
}

fn input(tree: Tree) -> Result<Input, String> {
    let mut fields = Fields::of(tree, "`input`")?;
    let input = match fields.text("type")?.as_deref() {
        None | Some("request") => Input::Request(Box::new(request(&mut fields)?)),
        Some("response") => {
            let content = fields
                .text("content")?
                .ok_or("a response needs its `content`")?;
            Input::Response { content }
        }
        Some(other) => return Err(format!("`type: {other}` is unknown to this runner")),
    };
    fields.end()?;
    Ok(input)
}

fn request(fields: &mut Fields) -> Result<Request, String> {
    let method = fields.text("method")?.ok_or("`input` needs a `method`")?;
    let args = match fields.take("args") {
        None | Some(Tree::Null) => None,
        Some(args @ Tree::Object(_)) => Some(args),
        Some(_) => return Err("`args` must be a mapping".to_owned()),
    };
    let id = match fields.take("request_id") {
        None | Some(Tree::Null) => None,
        Some(id @ (Tree::Number(_) | Tree::String(_))) => Some(id),
        Some(_) => return Err("`request_id` must be a number or text".to_owned()),
    };
    let mut context = Fields::of(fields.take("context").unwrap_or(Tree::Null), "`context`")?;
    let previous_calls = match context.count("previous_calls")?.unwrap_or(0) {
        count if count <= u64::from(MAX_PREVIOUS) => u32::try_from(count).unwrap_or(MAX_PREVIOUS),
        _ => return Err(format!("`previous_calls` is over {MAX_PREVIOUS}")),
    };
    if let Some(window) = context.text("window")? {
        // All calls are made at one moment, which lies in any window.
        crate::when::duration(&window).map_err(|error| error.to_string())?;
    }
    let user_response = context
        .text("user_response")?
        .map(|it| user_response(&it))
        .transpose()?;
    context.end()?;
    Ok(Request {
        method,
        tool: fields.text("tool")?,
        args,
        id,
        previous_calls,
        user_response,
    })
}

fn user_response(word: &str) -> Result<UserResponse, String> {
    match word {
        "allow" | "approve" => Ok(UserResponse::Allow),
        "deny" => Ok(UserResponse::Deny),
        "timeout" => Ok(UserResponse::Timeout),
        other => Err(format!(
            "`user_response: {other}` is unknown to this runner"
        )),
    }
}

fn expected(tree: Tree) -> Result<Expected, String> {
    let mut fields = Fields::of(tree, "`expected`")?;
    let expected = Expected {
        decision: fields
            .text("decision")?
            .map(|it| expected::Word::named(&it))
            .transpose()?,
        violation: fields.truth("violation")?,
        error_code: fields.nullable("error_code", fields::integer)?,
        error_message: fields.nullable("error_message", text)?,
        error_data: fields.take("error_data").filter(|it| *it != Tree::Null),
        response_format: fields
            .take("response_format")
            .filter(|it| *it != Tree::Null),
        reason: fields.text("reason")?,
        failed_arg: fields.nullable("failed_arg", text)?,
        failed_rule: fields.nullable("failed_rule", text)?,
        redacted: fields.truth("redacted")?,
        output: fields.text("output")?,
        dlp_events: fields.take("dlp_events").map(dlp_events).transpose()?,
        normalized_tool: fields.text("normalized_tool")?,
        normalized_method: fields.text("normalized_method")?,
    };
    fields.end()?;
    Ok(expected)
}

fn dlp_events(tree: Tree) -> Result<Vec<expected::DlpEvent>, String> {
    let Tree::Array(events) = tree else {
        return Err("`dlp_events` must be a list".to_owned());
    };
    events
        .into_iter()
        .map(|event| {
            let mut fields = Fields::of(event, "a `dlp_events` entry")?;
            let rule = fields
                .text("rule")?
                .ok_or("a `dlp_events` entry needs a `rule`")?;
            let count = fields.count("count")?;
            fields.end()?;
            Ok(expected::DlpEvent { rule, count })
        })
        .collect()
}
