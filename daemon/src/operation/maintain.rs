//! The store's upkeep, and the daemon's end.

use std::sync::{Arc, PoisonError};

use wire::control::{EraseQuery, RetentionState, VerifiedAt};

use super::{Daemon, Outcome, as_value, unavailable};
use crate::approval::failure;
use crate::audit::verify as chain;
use crate::audit::{holdings, retention};

/// How the store is; `verified` is what the last verification found, by whomever.
pub(super) async fn state(daemon: &Daemon) -> Outcome {
    let read = daemon.audit.read(holdings::state).await;
    let mut state = read.map_err(|error| unavailable(&error))?;
    let store = daemon.folders.store();
    let log = store.with_extension("db-wal");
    let size = |path: &std::path::Path| path.metadata().map_or(0, |it| it.len());
    state.store_bytes = size(&store) + size(&log);
    let keep = daemon.config.retention;
    state.retention = RetentionState {
        days: keep.days,
        megabytes: keep.bytes >> 20,
        body_days: keep.body_days,
    };
    let verified = daemon.verified.lock();
    state
        .verified
        .clone_from(&verified.unwrap_or_else(PoisonError::into_inner));
    as_value(&state)
}

pub(super) async fn verify(daemon: &Daemon, checkpoint: Option<String>) -> Outcome {
    daemon
        .audit
        .flush()
        .await
        .map_err(|error| unavailable(&error))?;
    let walked = daemon
        .audit
        .read(move |store| chain::verify(store, checkpoint.as_deref()));
    let found = walked.await.map_err(|error| unavailable(&error))?;
    let verified = VerifiedAt {
        at: crate::time::rfc3339(crate::time::now_ms()),
        found: found.clone(),
    };
    let last = daemon.verified.lock();
    *last.unwrap_or_else(PoisonError::into_inner) = Some(verified);
    as_value(&found)
}

pub(super) async fn erase(daemon: Arc<Daemon>, mut query: EraseQuery) -> Outcome {
    if query == EraseQuery::default() {
        let message = "say which: before a time, of a session, or of a record".to_owned();
        return Err(failure("invalid", message));
    }
    if let Some(before) = &query.before {
        let parsed = crate::time::parse_ms(before);
        let parsed =
            parsed.ok_or_else(|| failure("invalid", format!("`{before}` is no RFC 3339 time")))?;
        query.before = Some(crate::time::rfc3339(parsed));
    }
    let now = crate::time::now_ms();
    let planned = daemon
        .audit
        .read(move |store| retention::erase(store, &query, now, "asked"));
    let (count, batch) = planned.await.map_err(|error| unavailable(&error))?;
    daemon
        .audit
        .commit(batch)
        .await
        .map_err(|error| unavailable(&error))?;
    Ok(serde_json::json!({ "erased": count }))
}

pub(super) fn stop(daemon: &Daemon) -> serde_json::Value {
    daemon.stop.send_replace(true);
    serde_json::json!({})
}
