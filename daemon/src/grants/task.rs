//! Ends grants whose time is up. One timer, and none where no grant ends by the clock.

use std::sync::Arc;
use std::time::Duration;

use super::Why;
use super::end::ended;
use crate::audit::{AuditError, NewRecord};
use crate::daemon::Daemon;

/// Runs until the daemon ends.
pub async fn expire(daemon: Arc<Daemon>) {
    let mut changes = daemon.grants.changes();
    loop {
        changes.mark_unchanged();
        let now = crate::time::now_ms();
        let over = |until: i64| (until <= now).then_some(Why::Expired);
        if let Err(error) = end(&daemon, |it| it.until_ms.and_then(over)).await {
            // The store still has them: the next daemon ends them.
            tracing::error!(%error, "the end of a grant could not be recorded");
        }
        let left = daemon
            .grants
            .next_end()
            .map(|until| until.saturating_sub(now));
        tokio::select! {
            () = sleep(left) => {}
            changed = changes.changed() => if changed.is_err() { return },
        }
    }
}

async fn sleep(left_ms: Option<i64>) {
    match left_ms {
        None => std::future::pending().await,
        Some(left) => {
            tokio::time::sleep(Duration::from_millis(u64::try_from(left).unwrap_or(0))).await;
        }
    }
}

/// Ends grants by themselves. From then on they count for nothing, recorded or not.
async fn end(
    daemon: &Daemon,
    ends: impl FnMut(&super::Grant) -> Option<Why>,
) -> Result<(), AuditError> {
    let taken = daemon.grants.take(ends);
    let unsigned = |record: NewRecord| record;
    let batch = ended(&taken, crate::time::now_ms(), unsigned);
    daemon.audit.commit(batch).await.map(drop)
}

/// A person ends grants: those whose ids are `named`. Returns how many there were.
///
/// # Errors
/// When that can't be recorded; then they count on.
pub async fn revoke(
    daemon: &Daemon,
    named: &[String],
    sign: impl Fn(NewRecord) -> NewRecord,
) -> Result<usize, AuditError> {
    let named = |id: &String| named.contains(id).then_some(Why::Revoked);
    // None of them is used from here on, so that none is after its end.
    let taken = daemon.grants.take(|it| named(&it.id));
    let batch = ended(&taken, crate::time::now_ms(), sign);
    let count = taken.len();
    match daemon.audit.commit(batch).await {
        Ok(_) => Ok(count),
        Err(error) => {
            for (grant, _) in taken {
                daemon.grants.add(grant);
            }
            Err(error)
        }
    }
}
