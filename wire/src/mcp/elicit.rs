//! A form with one choice, by which aip asks a person in the client itself: the request, and what the
//! client answers. Revisions 2025-06-18 and 2025-11-25, which write both alike, and 2026-07-28, in which
//! the request stands inside the result of the call it is about.

use crate::json::Value;
use crate::rpc::{Id, Message, result_line};

use super::shape::CLIENT_CAPABILITIES;

/// The revisions in which a request of the server's side asks for a form.
const REVISIONS: [&str; 2] = ["2025-06-18", "2025-11-25"];
/// The one in which a result does.
const WITHIN: &str = "2026-07-28";
const METHOD: &str = "elicitation/create";
/// The form's one field.
const FIELD: &str = "answer";

/// What a person did with the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elicited<'v> {
    /// Sent it, with this choice.
    Accept(&'v str),
    /// Said no to it.
    Decline,
    /// Closed it.
    Cancel,
}

/// Whether a client of this revision can be sent a form as a request.
#[must_use]
pub fn elicits(revision: &str) -> bool {
    REVISIONS.contains(&revision)
}

/// Whether a client of this revision is asked for a form by the result of its own request.
#[must_use]
pub fn elicits_within(revision: &str) -> bool {
    revision == WITHIN
}

/// Whether the params of `initialize` say that the client shows forms. A capability without a mode
/// means forms.
#[must_use]
pub fn shows_forms(params: Option<&Value<'_>>) -> bool {
    forms_in(params.and_then(|it| it.get("capabilities")))
}

/// Whether a request says so of its client, as each states it for itself in revision 2026-07-28.
#[must_use]
pub fn states_forms(params: Option<&Value<'_>>) -> bool {
    forms_in(params.and_then(|it| it.get("_meta")?.get(CLIENT_CAPABILITIES)))
}

fn forms_in(capabilities: Option<&Value<'_>>) -> bool {
    let capability = capabilities
        .and_then(|it| it.get("elicitation"))
        .filter(|it| it.as_object().is_some());
    capability.is_some_and(|it| it.get("form").is_some() || it.get("url").is_none())
}

/// The request for a form that has these choices and no other field, as a line.
#[must_use]
pub fn elicit_choice(id: &Id, message: String, choices: &[&'static str]) -> Vec<u8> {
    let request = Message::Request {
        id: id.clone(),
        method: METHOD.into(),
        params: Some(form(message, choices)),
        extra: Vec::new(),
    };
    request.to_bytes()
}

/// The answer to a request that can't be fulfilled without that form, as a line: the form under
/// `key`, and what the client has to bring back with its answer.
#[must_use]
pub fn input_required(
    id: &Id,
    (key, state): (&str, &str),
    message: String,
    choices: &[&'static str],
) -> Vec<u8> {
    let request = Value::object([
        ("method", Value::string(METHOD)),
        ("params", form(message, choices)),
    ]);
    let result = Value::object([
        ("resultType", Value::string("input_required")),
        ("inputRequests", Value::object([(key, request)])),
        ("requestState", Value::string(state)),
    ]);
    result_line(id, result)
}

/// The params of the request for a form.
fn form(message: String, choices: &[&'static str]) -> Value<'static> {
    let choices = choices.iter().map(|it| Value::string(*it)).collect();
    let field = Value::object([
        ("type", Value::string("string")),
        ("title", Value::string("Answer")),
        ("enum", Value::Array(choices)),
    ]);
    let schema = Value::object([
        ("type", Value::string("object")),
        ("properties", Value::object([(FIELD, field)])),
        ("required", Value::Array(vec![Value::string(FIELD)])),
    ]);
    Value::object([
        ("message", Value::string(message)),
        ("requestedSchema", schema),
    ])
}

/// Reads the result of that request; `None` where it is not told what the person did.
#[must_use]
pub fn elicited<'v>(result: &'v Value<'_>) -> Option<Elicited<'v>> {
    super::check_result(METHOD, result).ok()?;
    match result.get("action")?.as_str()? {
        "accept" => {
            let choice = result.get("content")?.get(FIELD)?.as_str()?;
            Some(Elicited::Accept(choice))
        }
        "decline" => Some(Elicited::Decline),
        "cancel" => Some(Elicited::Cancel),
        _ => None,
    }
}

/// The notification that nobody waits for this request any more, as a line.
#[must_use]
pub fn cancelled(id: &Id, reason: &'static str) -> Vec<u8> {
    let message = Message::Notification {
        method: "notifications/cancelled".into(),
        params: Some(Value::object([
            ("requestId", id.to_value()),
            ("reason", Value::string(reason)),
        ])),
        extra: Vec::new(),
    };
    message.to_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_shows_forms_where_it_says_so_or_names_no_mode() {
        for (capabilities, shows) in [
            (r#"{"elicitation":{}}"#, true),
            (r#"{"elicitation":{"form":{}}}"#, true),
            (r#"{"elicitation":{"form":{},"url":{}}}"#, true),
            (r#"{"elicitation":{"url":{}}}"#, false),
            (r#"{"elicitation":true}"#, false),
            (r#"{"sampling":{}}"#, false),
        ] {
            let params = format!(r#"{{"capabilities":{capabilities}}}"#);
            let params = crate::json::parse(params.as_bytes()).unwrap();
            assert_eq!(shows_forms(Some(&params.value)), shows, "{capabilities}");
            assert!(!states_forms(Some(&params.value)), "{capabilities}");
            let meta = format!(r#"{{"_meta":{{"{CLIENT_CAPABILITIES}":{capabilities}}}}}"#);
            let meta = crate::json::parse(meta.as_bytes()).unwrap();
            assert_eq!(states_forms(Some(&meta.value)), shows, "{capabilities}");
        }
        assert!(!shows_forms(None) && !states_forms(None));
    }

    #[test]
    fn only_what_is_plainly_told_is_an_answer() {
        use Elicited::{Accept, Cancel, Decline};
        for (result, read) in [
            (
                r#"{"action":"accept","content":{"answer":"allow"}}"#,
                Some(Accept("allow")),
            ),
            (
                r#"{"action":"decline","content":{"answer":"allow"}}"#,
                Some(Decline),
            ),
            (r#"{"action":"cancel"}"#, Some(Cancel)),
            (r#"{"action":"accept"}"#, None),
            (r#"{"action":"accept","content":{"answer":true}}"#, None),
            (r#"{"action":"accept","content":{"Answer":"allow"}}"#, None),
            (r#"{"action":"Accept","content":{"answer":"allow"}}"#, None),
            (r#"{"content":{"answer":"allow"}}"#, None),
            (r#"{"roots":[]}"#, None),
        ] {
            let parsed = crate::json::parse(result.as_bytes()).unwrap();
            assert_eq!(elicited(&parsed.value), read, "{result}");
        }
    }

    #[test]
    fn the_form_has_one_field_and_its_first_choice_is_the_first() {
        let line = elicit_choice(
            &Id::String("a".to_owned()),
            "x\ny".to_owned(),
            &["deny", "allow"],
        );
        let text = String::from_utf8(line).unwrap();
        assert_eq!(
            text,
            concat!(
                r#"{"jsonrpc":"2.0","id":"a","method":"elicitation/create","params":{"message":"x\ny","#,
                r#""requestedSchema":{"type":"object","properties":{"answer":{"type":"string","#,
                r#""title":"Answer","enum":["deny","allow"]}},"required":["answer"]}}}"#,
                "\n"
            )
        );
    }

    #[test]
    fn inside_a_result_the_form_is_the_same_and_the_state_stands_beside_it() {
        let line = input_required(
            &Id::Number(7),
            ("k", "s"),
            "x\ny".to_owned(),
            &["deny", "allow"],
        );
        let text = String::from_utf8(line).unwrap();
        assert_eq!(
            text,
            concat!(
                r#"{"jsonrpc":"2.0","id":7,"result":{"resultType":"input_required","inputRequests":{"k":"#,
                r#"{"method":"elicitation/create","params":{"message":"x\ny","#,
                r#""requestedSchema":{"type":"object","properties":{"answer":{"type":"string","#,
                r#""title":"Answer","enum":["deny","allow"]}},"required":["answer"]}}}},"#,
                r#""requestState":"s"}}"#,
                "\n"
            )
        );
    }
}
