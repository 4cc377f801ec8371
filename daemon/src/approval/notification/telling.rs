//! What a person is told without having been asked: one notification, to which no answer is taken.

use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;

use super::bus::Bus;
use super::note::Note;
use crate::approval::desktop;
use crate::daemon::Daemon;
use crate::policies::News;

/// Between two of them: whoever changes a file over and over fills no screen.
const BETWEEN: Duration = Duration::from_secs(5);

/// Until the daemon ends.
pub(super) async fn run(daemon: &Daemon) {
    let mut news = daemon.policies.news();
    loop {
        match news.recv().await {
            Ok(News { path, why, waits }) => {
                tracing::warn!(path, why, "a policy file has changed and is not in force");
                if daemon.config.channels.notification
                    && let Err(why) = tell(&Note::policy(&path, &why, waits)).await
                {
                    tracing::info!(why, "no notification tells of it");
                }
                tokio::time::sleep(BETWEEN).await;
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

async fn tell(note: &Note) -> Result<(), String> {
    let address = desktop::session_bus().await;
    Bus::tell(&address.ok_or("there is no session bus")?, note).await
}
