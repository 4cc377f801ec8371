//! Whether a person meets a tool for the first time: read when an ask is shown, never when it is
//! judged.

use std::sync::Arc;

use wire::control::Approval;

use crate::audit::grants;
use crate::daemon::Daemon;

/// The same approvals, each with how often its tool was allowed before. What can't be read is
/// left out.
pub async fn with_history(daemon: &Daemon, approvals: Vec<Arc<Approval>>) -> Vec<Approval> {
    let approvals = approvals.into_iter().map(Arc::unwrap_or_clone);
    let mut approvals: Vec<_> = approvals.collect();
    if approvals.is_empty() {
        return approvals;
    }
    let subjects: Vec<String> = approvals.iter().map(|it| it.subject.clone()).collect();
    let read = daemon.audit.read(move |store| {
        let before = subjects.iter().map(|it| grants::before(store, it));
        before.collect::<rusqlite::Result<Vec<_>>>()
    });
    match read.await {
        Ok(known) => {
            for (approval, before) in approvals.iter_mut().zip(known) {
                approval.before = Some(before);
            }
        }
        Err(error) => tracing::warn!(%error, "what was allowed before can't be read"),
    }
    approvals
}
