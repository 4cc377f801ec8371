//! Notifications of the desktop as a way to be asked: on the session bus while something waits, and
//! in a task of its own, so that a bus or a service that hangs delays nothing else.

use std::sync::Arc;

use crate::approval::opening::Opener;
use crate::daemon::Daemon;

#[cfg(target_os = "linux")]
mod bus;
#[cfg(target_os = "linux")]
mod call;
#[cfg(target_os = "linux")]
mod note;
#[cfg(target_os = "linux")]
mod state;
#[cfg(target_os = "linux")]
mod task;
#[cfg(target_os = "linux")]
mod telling;

/// Tells of policy files that have changed and are not in force, until the daemon ends.
#[cfg(target_os = "linux")]
pub async fn telling(daemon: Arc<Daemon>) {
    telling::run(&daemon).await;
}

/// Only the log tells here.
#[cfg(not(target_os = "linux"))]
pub async fn telling(daemon: Arc<Daemon>) {
    let mut news = daemon.policies.news();
    loop {
        match news.recv().await {
            Ok(crate::policies::News { path, why, .. }) => {
                tracing::warn!(path, why, "a policy file has changed and is not in force");
            }
            Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
            Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
        }
    }
}

/// Shows notifications for asks until the daemon ends, and takes them down then.
#[cfg(target_os = "linux")]
pub async fn notifications(daemon: Arc<Daemon>, opener: Opener) {
    if daemon.config.channels.notification {
        task::run(&daemon, &opener).await;
    }
}

/// There are none here.
#[cfg(not(target_os = "linux"))]
pub async fn notifications(daemon: Arc<Daemon>, _opener: Opener) {
    if daemon.config.channels.notification {
        tracing::info!("there are no notifications on this system; other ways to answer stay");
    }
}
