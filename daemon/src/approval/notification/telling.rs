//! What a person is told without having been asked: one notification, to which no answer is taken.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;

use super::bus::Bus;
use super::note::Note;
use crate::approval::desktop;
use crate::daemon::Daemon;
use crate::policies::News;

/// Between two of them: whoever changes a file over and over fills no screen.
const BETWEEN: Duration = Duration::from_secs(5);

/// Files whose notifications are known by their numbers. The service forgets none of itself.
const KNOWN: usize = 256;

/// Until the daemon ends.
pub(super) async fn run(daemon: &Daemon) {
    let mut last = HashMap::new();
    let mut news = daemon.policies.news();
    loop {
        match news.recv().await {
            Ok(News { path, why, waits }) => {
                tracing::warn!(path, why, "a policy file has changed and is not in force");
                if daemon.config.channels.notification {
                    told(&mut last, path, &why, waits).await;
                }
                tokio::time::sleep(BETWEEN).await;
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// One on the screen for each file, however often it changes: the asks must still be seen.
async fn told(last: &mut HashMap<String, u32>, path: String, why: &str, waits: bool) {
    let before = last.get(&path).copied().unwrap_or(0);
    match tell(&Note::policy(&path, why, waits), before).await {
        Ok(number) => {
            if last.len() >= KNOWN {
                last.clear();
            }
            last.insert(path, number);
        }
        Err(why) => tracing::info!(why, "no notification tells of it"),
    }
}

async fn tell(note: &Note, replaces: u32) -> Result<u32, String> {
    let address = desktop::session_bus().await;
    Bus::tell(&address.ok_or("there is no session bus")?, note, replaces).await
}
