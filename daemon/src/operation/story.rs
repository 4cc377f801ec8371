//! One record, what belongs to it, and how it came about.

use wire::control::{RuleIdea, Story, Trace};

use super::{Daemon, Outcome, as_value, unavailable};
use crate::approval::failure;
use crate::audit::query::Stored;
use crate::audit::story;
use crate::session::node::node;

pub(super) mod trace;

pub(super) async fn story(daemon: &Daemon, seq: u64) -> Outcome {
    let read = daemon.audit.read(move |store| story::story(store, seq));
    let found = read.await.map_err(|error| unavailable(&error))?;
    let Some(found) = found else {
        let message = format!("there is no record {seq}; retention may have removed it");
        return Err(failure("not_found", message));
    };
    let trace = traced(daemon, &found.record).await;
    as_value(&Story {
        record: value(&found.record),
        args: found.record.args.clone(),
        outcome: found.outcome.as_ref().map(value),
        related: found.related.iter().map(value).collect(),
        trace,
        rules: rules(&found.record),
    })
}

/// What a person could make of a call for their policy.
fn rules(record: &Stored) -> Vec<RuleIdea> {
    let decided = record.text("kind").as_deref() == Some("decision");
    let Some(tool) = record.text("tool").filter(|_| decided) else {
        return Vec::new();
    };
    let whole = trace::whole_args(record).ok();
    let parsed = whole.as_ref().map(|it| wire::json::parse(it.as_bytes()));
    let args = parsed.as_ref().and_then(|it| it.as_ref().ok());
    let args = args.map(|it| node(&it.value));
    let layer = record.text("policy_layer");
    let idea = |it: engine::ideas::Idea| RuleIdea {
        title: it.title,
        yaml: it.yaml,
        note: match &layer {
            None => it.note,
            Some(layer) => format!(
                "{} This call was decided by {layer}: what loosens has to be said there too.",
                it.note
            ),
        },
    };
    let all = engine::ideas::ideas(&tool, args.as_ref());
    all.into_iter().map(idea).collect()
}

async fn traced(daemon: &Daemon, record: &Stored) -> Trace {
    let hash = record.text("policy_hash").unwrap_or_default().into_owned();
    let in_force = daemon.policies.with_hash(&hash).await;
    trace::of(record, in_force.as_deref(), daemon.home.as_deref())
}

/// The record as JSON; one with numbers that can't be had so, without its arguments: they are
/// beside it as text.
fn value(record: &Stored) -> serde_json::Value {
    serde_json::from_str(&record.line())
        .or_else(|_| serde_json::from_str(&record.line_without_args()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::NewRecord;

    fn titles(args: Option<&str>) -> Vec<String> {
        let record = NewRecord::decision(0, "upstream", "BLOCK")
            .set("method", "tools/call")
            .set("tool", "read")
            .with_args(args.map(str::to_owned));
        let record = match args {
            Some(_) => record,
            None => record.set("body", "erased"),
        };
        let rules = rules(&Stored::of(record, 1));
        rules.into_iter().map(|it| it.title).collect()
    }

    #[test]
    fn rules_are_offered_for_a_call_and_name_arguments_only_where_they_are_whole() {
        let whole = titles(Some(r#"{"path":"/srv/notes/a.txt"}"#));
        let erased = titles(None);
        assert!(!erased.is_empty());
        assert!(whole.len() > erased.len(), "{whole:?}");
        assert_eq!(titles(Some(r#"{"path":"[REDACTED:x]"}"#)), erased);
        let event = Stored::of(NewRecord::event(0, "X").set("tool", "read"), 1);
        assert!(rules(&event).is_empty());
    }

    #[test]
    fn where_a_layer_decided_it_is_said_that_it_would_still() {
        let record = NewRecord::decision(0, "upstream", "BLOCK").set("tool", "read");
        let note = |record: NewRecord| rules(&Stored::of(record, 1))[0].note.clone();
        assert!(!note(record.clone()).contains("decided by"));
        let layered = record.set("policy_layer", "/p/.aip/policy.yaml");
        assert!(note(layered).contains("decided by /p/.aip/policy.yaml"));
    }

    #[test]
    fn numbers_no_reader_can_hold_take_the_arguments_out_of_the_record_only() {
        let record = NewRecord::decision(0, "upstream", "ALLOW")
            .set("tool", "read")
            .with_args(Some(r#"{"n":1e999}"#.to_owned()));
        let shown = value(&Stored::of(record, 1));
        assert_eq!(shown["tool"], "read");
        assert!(shown.get("args").is_none());
    }
}
