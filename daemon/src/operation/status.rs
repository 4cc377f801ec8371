//! How the daemon is, and what runs under it.

use std::sync::Arc;
use std::time::Duration;

use wire::control::{DaemonStatus, FolderStatus, Status};

use super::{Answers, Daemon, Outcome, as_value, gone};
use crate::audit::holdings;
use crate::config::ApprovalAuth;

/// How old what is known of clients' configurations may be.
const CLIENTS: Duration = Duration::from_secs(1);

pub(super) async fn status(daemon: &Arc<Daemon>) -> Outcome {
    let overriding = daemon.overriding(crate::time::now_ms());
    let folder = |path: &std::path::Path| path.display().to_string();
    let mut attention = Vec::new();
    let records = daemon.audit.read(holdings::count).await;
    if let Err(error) = &records {
        attention.push(format!("the audit store can't be read: {error}"));
    }
    if let Some(reason) = daemon.audit.failing() {
        attention.push(format!(
            "audit records can't be written, so calls are refused: {reason}"
        ));
    }
    for state in daemon.policies.shown().await {
        if let Some(pending) = state.pending {
            attention.push(format!(
                "policy `{0}` has a version that is not in force ({1}); accept it with: \
                 aipctl policy trust {0}",
                state.path,
                pending.why.lines().next().unwrap_or_default()
            ));
        }
    }
    attention.extend(daemon.policies.unwatched());
    if daemon.config.approval_auth == ApprovalAuth::Off {
        let off = "any program can answer for you: `approval_auth` is off in config.yaml";
        attention.push(off.to_owned());
    }
    attention.extend(daemon.http.attention());
    attention.extend(daemon.door.attention());
    attention.extend(crate::pins::attention(&daemon.pins.open()));
    crate::clients::look(daemon, CLIENTS).await;
    as_value(&Status {
        daemon: DaemonStatus {
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: crate::time::rfc3339(daemon.started_ms),
        },
        folders: FolderStatus {
            aip_home: daemon.folders.home_override.as_deref().map(folder),
            config: folder(&daemon.folders.config),
            state: folder(&daemon.folders.state),
            runtime: folder(&daemon.folders.runtime),
        },
        override_mode: overriding.mode,
        override_until: overriding.until_ms.map(crate::time::rfc3339),
        sessions: daemon
            .sessions()
            .values()
            .map(|it| it.shown.clone())
            .collect(),
        approvals_waiting: daemon.approvals.list().len() as u64,
        attention,
        unwrapped: daemon.clients.unwrapped(),
        records: records.unwrap_or(0),
        dashboard: daemon.http.url(),
        needs_password: daemon.config.approval_auth == ApprovalAuth::System,
    })
}

pub(super) async fn sessions(daemon: &Daemon, answers: &mut impl Answers) -> Outcome {
    let shown: Vec<_> = daemon
        .sessions()
        .values()
        .map(|it| it.shown.clone())
        .collect();
    for session in shown {
        answers.item(&session).await.map_err(gone)?;
    }
    Ok(serde_json::json!({}))
}
