//! A person's wish, by way of a notification, to be asked about one call in a window.

use tokio::sync::{mpsc, oneshot};

/// Wishes that wait at most: a person has made no more by hand.
const WAITING: usize = 4;

/// Makes such wishes.
#[derive(Clone, Debug)]
pub struct Opener(mpsc::Sender<Opening>);

/// One wish.
#[derive(Debug)]
pub struct Opening {
    /// The approval's id.
    pub id: String,
    /// Hears why no window could be shown; dropped where one was.
    pub failed: oneshot::Sender<String>,
}

/// The two ends: who wishes, and who opens windows.
#[must_use]
pub fn opener() -> (Opener, mpsc::Receiver<Opening>) {
    let (send, receive) = mpsc::channel(WAITING);
    (Opener(send), receive)
}

impl Opener {
    /// Has a window opened, and returns when it is gone again.
    ///
    /// # Errors
    /// When none could be shown, with the reason.
    pub async fn open(&self, id: &str) -> Result<(), String> {
        let (failed, hears) = oneshot::channel();
        let id = id.to_owned();
        self.0
            .try_send(Opening { id, failed })
            .map_err(|_| "no windows are opened here".to_owned())?;
        hears.await.map_or(Ok(()), Err)
    }
}
