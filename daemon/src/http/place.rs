//! The port: chosen at random once, and kept, so that the address does not change. A browser keeps
//! what it keeps by that address; where somebody else has taken it, another is chosen and every token
//! ends.

use std::io;
use std::net::Ipv4Addr;

use tokio::net::TcpListener;

use super::Place;
use crate::audit::restore::setting;
use crate::audit::{Batch, NewRecord, StateOp, Sync};
use crate::config::Dashboard;
use crate::daemon::Daemon;

/// The setting the port is kept under.
const PORT: &str = "dashboard_port";
/// The setting the tokens are kept under.
pub(super) const TOKENS: &str = "dashboard_tokens";
/// The first of the ports one is chosen of: below those the system gives away by itself.
const LOWEST: u16 = 20_000;
/// How many there are to choose of.
const COUNT: u16 = 12_768;
/// Ports tried before there is no dashboard.
const TRIES: usize = 64;

/// Opens the door where the configuration says so. Where it can't be opened there is no
/// dashboard, and the daemon runs on.
pub async fn open(daemon: &Daemon) -> Option<TcpListener> {
    let (place, listener) = match find(daemon).await {
        Ok(None) => return None,
        Ok(Some((port, moved, listener))) => (Place::At { port, moved }, Some(listener)),
        Err(why) => {
            tracing::warn!(why, "there is no dashboard");
            (Place::Nowhere(why), None)
        }
    };
    let _first = daemon.http.place.set(place);
    listener
}

type Found = (u16, Option<String>, TcpListener);

async fn find(daemon: &Daemon) -> Result<Option<Found>, String> {
    let configured = daemon.config.dashboard;
    if configured == Dashboard::Off {
        return Ok(None);
    }
    let kept = kept(daemon).await?;
    let bound = match configured {
        Dashboard::Off => return Ok(None),
        Dashboard::At(port) => (port, bind(port).await),
        Dashboard::Kept => match kept {
            Some(port) => (port, bind(port).await),
            None => return choose(daemon, None).await.map(Some),
        },
    };
    match (bound, configured) {
        ((port, Ok(listener)), _) => {
            if kept != Some(port) {
                settle(daemon, kept, port).await?;
            }
            Ok(Some((port, None, listener)))
        }
        ((port, Err(error)), Dashboard::Kept) if is_taken(&error) => {
            choose(daemon, Some(port)).await.map(Some)
        }
        ((port, Err(error)), _) => {
            // Whoever sits there is asked for by every page that is still open.
            end_tokens(daemon).await;
            Err(format!(
                "there is no dashboard, port {port} can't be had: {error}; end what listens there, \
                 or give another one in config.yaml, and restart aipd"
            ))
        }
    }
}

async fn kept(daemon: &Daemon) -> Result<Option<u16>, String> {
    let read = daemon
        .audit
        .read(|store| Ok((setting(store, PORT)?, setting(store, TOKENS)?)));
    let (port, tokens) = read
        .await
        .map_err(|error| format!("there is no dashboard, its port can't be read: {error}"))?;
    if let Some(tokens) = tokens {
        daemon.http.tokens().restore(&tokens);
    }
    Ok(port.and_then(|port| port.parse().ok()))
}

async fn choose(daemon: &Daemon, taken: Option<u16>) -> Result<Found, String> {
    let mut last = "no random number is to be had".to_owned();
    for _ in 0..TRIES {
        let Some(random) = crate::random::bytes() else {
            break;
        };
        let port = LOWEST + u16::from_ne_bytes(random) % COUNT;
        match bind(port).await {
            Ok(listener) => {
                settle(daemon, taken, port).await?;
                return Ok((port, taken.map(|from| moved(from, port)), listener));
            }
            Err(error) => last = error.to_string(),
        }
    }
    Err(format!(
        "there is no dashboard, no port could be had: {last}"
    ))
}

fn moved(from: u16, to: u16) -> String {
    tracing::warn!(from, to, "the dashboard's port was taken, so it moved");
    format!(
        "another program had taken the dashboard's port {from}: the dashboard is at port {to} now, \
         every page open before is void, and its old address is not to be trusted"
    )
}

/// This port from now on. A token that belongs to another address ends.
async fn settle(daemon: &Daemon, from: Option<u16>, port: u16) -> Result<(), String> {
    let ended = daemon.http.tokens().end_all();
    let mut batch = Batch {
        ops: vec![
            StateOp::Setting {
                name: PORT,
                value: port.to_string(),
            },
            StateOp::Setting {
                name: TOKENS,
                value: daemon.http.tokens().kept(),
            },
        ],
        ..Batch::default()
    };
    if let Some(from) = from {
        let record = NewRecord::event(crate::time::now_ms(), "DASHBOARD_MOVED")
            .set("old_port", u32::from(from))
            .set("new_port", u32::from(port))
            .set("revoked", ended);
        batch.records.push(record);
        batch.sync = Sync::Full;
    }
    let written = daemon.audit.commit(batch).await;
    written
        .map(drop)
        .map_err(|error| format!("there is no dashboard, its port can't be kept: {error}"))
}

async fn end_tokens(daemon: &Daemon) {
    if let Err(failure) = super::end_all(daemon, None).await {
        tracing::warn!(
            why = failure.message,
            "the dashboard's tokens are not ended in the store"
        );
    }
}

async fn bind(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

fn is_taken(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrInUse
}
