//! A body that is written as it is read: by a task that waits while nobody takes it, and ends
//! with it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use futures_core::Stream;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// Pieces that may lie there untaken.
const PIECES: usize = 4;
/// A piece is about so long at the most, in bytes.
pub(super) const PIECE: usize = 64 * 1024;

/// Where its pieces go. Dropping it ends the body.
#[derive(Clone, Debug)]
pub(super) struct Pieces(mpsc::Sender<Result<Bytes, io::Error>>);

impl Pieces {
    /// One more, once there is room.
    ///
    /// # Errors
    /// When nobody takes it any more.
    pub(super) async fn add(&self, piece: impl Into<Bytes>) -> io::Result<()> {
        let sent = self.0.send(Ok(piece.into())).await;
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Ends the body as one that is not whole.
    pub(super) async fn fail(&self, why: String) {
        let _gone = self.0.send(Err(io::Error::other(why))).await;
    }
}

/// A body that this task writes.
pub(super) fn written<F>(write: impl FnOnce(Pieces) -> F) -> Body
where
    F: Future<Output = ()> + Send + 'static,
{
    let (pieces, taken) = mpsc::channel(PIECES);
    let task = tokio::spawn(write(Pieces(pieces)));
    Body::from_stream(Taken {
        taken,
        task: task.abort_handle(),
    })
}

struct Taken {
    taken: mpsc::Receiver<Result<Bytes, io::Error>>,
    task: AbortHandle,
}

impl Stream for Taken {
    type Item = Result<Bytes, io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.taken.poll_recv(context)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.task.abort();
    }
}
