//! The store's upkeep, and the daemon's end.

use std::sync::Arc;

use wire::control::EraseQuery;

use super::{Daemon, Outcome, as_value, unavailable};
use crate::approval::failure;
use crate::audit::retention;
use crate::audit::verify as chain;

pub(super) async fn verify(daemon: &Daemon, checkpoint: Option<String>) -> Outcome {
    daemon
        .audit
        .flush()
        .await
        .map_err(|error| unavailable(&error))?;
    let walked = daemon
        .audit
        .read(move |store| chain::verify(store, checkpoint.as_deref()));
    as_value(&walked.await.map_err(|error| unavailable(&error))?)
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
