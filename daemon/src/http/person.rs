//! Which process is behind a connection. Looked up only where a person is asked for.

use super::{Connection, peer};
use crate::daemon::Daemon;
use crate::person;

/// The process that holds the other end; of several the one in doubt. `None` where none is seen.
pub(super) async fn behind(daemon: &Daemon, connection: Connection) -> Option<u32> {
    let inode = connection.socket?.inode;
    let holders = tokio::task::spawn_blocking(move || peer::holders(inode));
    let holders = holders.await.ok()?;
    let in_doubt = |pid: &&u32| person::serves(daemon, Some(**pid)).is_err();
    holders.iter().find(in_doubt).or(holders.first()).copied()
}
