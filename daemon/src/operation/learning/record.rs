//! A recorded decision as another policy is tried on it: what became of the call, and what is left
//! of its arguments.

use engine::replay::Effect;
use serde_json::Value;

use crate::audit::query::Stored;
use crate::operation::story::trace::{is_cut, was_asked, whole_args};

/// What a record keeps of a call's arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept<'r> {
    /// All of them.
    Whole(&'r str),
    /// All, with markers in the place of what DLP took out.
    Marked(&'r str),
    /// Not them; and why.
    Lost(&'static str),
}

/// What is known of a call's arguments.
pub(super) fn kept(record: &Stored) -> Kept<'_> {
    match whole_args(record) {
        Ok(text) if is_shape(text) => Kept::Lost("only the shape of its arguments is kept"),
        Ok(text) => Kept::Whole(text),
        Err(why) => match record.args.as_deref() {
            Some(text) if !is_cut(text) => Kept::Marked(text),
            Some(_) | None => Kept::Lost(why),
        },
    }
}

/// Whether it could be a shape that stands for arguments (`audit: {args: shape}`): every value in
/// it is the name of a type. The record doesn't say, and a value must not be taken from it.
fn is_shape(text: &str) -> bool {
    let parsed: Value = serde_json::from_str(text).unwrap_or_default();
    let members = parsed.as_object().filter(|it| !it.is_empty());
    members.is_some_and(|it| it.values().all(is_type))
}

fn is_type(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::String(word) => ["null", "boolean", "number", "string"].contains(&word.as_str()),
        Value::Array(items) => items.iter().all(is_type),
        Value::Object(members) => members.values().all(is_type),
    }
}

/// What the policy of then made of it, whatever a person, a pause or a server's answer did to it
/// afterwards; or why the record doesn't tell.
pub(super) fn old(record: &Stored) -> Result<Effect, &'static str> {
    if was_asked(record) {
        return Ok(Effect::Ask);
    }
    match record.text("decision").as_deref() {
        Some("ALLOW" | "ALLOW_MONITOR") => Ok(Effect::Allow),
        Some("RATE_LIMITED") => Ok(Effect::RateLimit),
        Some("BLOCK") => refused_by_policy(record),
        Some(_) | None => Err("its record can't be read"),
    }
}

fn refused_by_policy(record: &Stored) -> Result<Effect, &'static str> {
    // Refusals of the engine's have it, all others have not.
    if record.get("detail").is_none() {
        return Err("it was refused by something else than the policy's rules, as by DLP");
    }
    match record.text("failed_rule").as_deref() {
        Some("override: deny_all") => Err("everything was stopped by a person"),
        None if record.get("policy_hash").is_some() => {
            Err("it was refused by what the server listed, which is not in the record")
        }
        Some(_) | None => Ok(Effect::Block),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::NewRecord;

    #[test]
    fn arguments_are_whole_marked_or_lost() {
        check(Some(r#"{"path":"/a"}"#), Kept::Whole(r#"{"path":"/a"}"#));
        check(Some("{}"), Kept::Whole("{}"));
        check(
            Some(r#"{"a":"[REDACTED:x]","b":1}"#),
            Kept::Marked(r#"{"a":"[REDACTED:x]","b":1}"#),
        );
        let cut = "its arguments are not kept whole";
        check(Some(r#"{"unscanned":true}"#), Kept::Lost(cut));
        check(Some(r#"{"sha256":"a","length":9}"#), Kept::Lost(cut));
        check(
            Some(r#"{"head":"[REDACTED:x]","sha256":"a","length":9}"#),
            Kept::Lost("its arguments were redacted"),
        );
        let shape = "only the shape of its arguments is kept";
        check(
            Some(r#"{"path":"string","n":["number"]}"#),
            Kept::Lost(shape),
        );
        check(None, Kept::Lost("its arguments were erased"));
    }

    fn check(args: Option<&str>, expected: Kept<'_>) {
        let record = NewRecord::decision(0, "upstream", "ALLOW")
            .set("body", "hash")
            .with_args(args.map(str::to_owned));
        assert_eq!(kept(&Stored::of(record, 1)), expected, "{args:?}");
    }

    #[test]
    fn what_the_policy_alone_said_is_told_from_the_record() {
        let decision = |word| NewRecord::decision(0, "upstream", word);
        let refused = || decision("BLOCK").set("detail", "d").set("policy_hash", "h");
        let denied = refused().set("approval", serde_json::json!({"answer": "deny"}));
        check_old(decision("ALLOW"), Ok(Effect::Allow));
        check_old(decision("ALLOW_MONITOR"), Ok(Effect::Allow));
        check_old(decision("RATE_LIMITED"), Ok(Effect::RateLimit));
        check_old(
            refused().set("failed_rule", "denied_tools"),
            Ok(Effect::Block),
        );
        check_old(
            decision("BLOCK").set("detail", "no policy"),
            Ok(Effect::Block),
        );
        check_old(denied, Ok(Effect::Ask));
        check_old(decision("ALLOW").set("grant", "g"), Ok(Effect::Ask));
        for unknown in [
            decision("BLOCK"),
            refused(),
            refused().set("failed_rule", "override: deny_all"),
            decision("WHAT"),
        ] {
            assert!(old(&Stored::of(unknown, 1)).is_err());
        }
    }

    fn check_old(record: NewRecord, expected: Result<Effect, &'static str>) {
        assert_eq!(old(&Stored::of(record, 1)), expected);
    }
}
