//! One record, what belongs to it, and how it came about.

use wire::control::{Story, Trace};

use super::{Daemon, Outcome, as_value, unavailable};
use crate::approval::failure;
use crate::audit::query::Stored;
use crate::audit::story;

mod trace;

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
        rules: Vec::new(),
    })
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
