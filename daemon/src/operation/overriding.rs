//! The daemon-wide override: `aipctl pause`, `stop-all` and `resume`.

use std::sync::Arc;

use wire::control::{OverrideMode, Request};

use super::{Daemon, Outcome, unavailable};
use crate::approval::failure;
use crate::daemon::Overriding;
use crate::person;

/// `as_person`: it was let pass as what only a person may do.
pub(super) async fn set(
    daemon: Arc<Daemon>,
    mode: OverrideMode,
    until: Option<String>,
    as_person: bool,
) -> Outcome {
    let until_ms = match &until {
        None => None,
        Some(text) => Some(
            crate::time::parse_ms(text)
                .ok_or_else(|| failure("invalid", format!("`{text}` is no RFC 3339 time")))?,
        ),
    };
    if until_ms.is_some_and(|until| until <= crate::time::now_ms()) {
        return Err(failure(
            "invalid",
            "the time given is over already".to_owned(),
        ));
    }
    if mode == OverrideMode::Monitor && until_ms.is_none() {
        let message = "a pause needs an end: `aipctl pause 15m`".to_owned();
        return Err(failure("invalid", message));
    }
    let set = Overriding { mode, until_ms };
    let _one = daemon.changing_override.lock().await;
    let now = daemon.overriding(crate::time::now_ms());
    // What was for anybody a moment ago may by now undo what a person has set.
    let request = Request::Override { mode, until };
    if !as_person && person::deed(&request, now).is_some() {
        let message = "something else was set meanwhile; look at `aipctl status`, and try again";
        return Err(failure("conflict", message.to_owned()));
    }
    daemon
        .set_override(set)
        .await
        .map_err(|error| unavailable(&error))?;
    Ok(serde_json::json!({ "override": mode, "until": until_ms.map(crate::time::rfc3339) }))
}
