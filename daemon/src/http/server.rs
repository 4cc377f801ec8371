//! What this door adds to the operations' answers, and what it says of the daemon to anybody.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::collect::{Collect, Shape};
use super::events::READERS;
use super::problem::Problem;
use super::routes::{Asked, json_text};
use crate::daemon::Daemon;
use crate::metrics::{Facts, text};

/// The answer's text.
pub(super) fn shaped(
    asked: &Asked,
    shape: Shape,
    items: Collect,
    mut end: Value,
) -> Result<String, Problem> {
    match shape {
        Shape::End => Ok(end.to_string()),
        Shape::Items => Ok(items.list(end)),
        Shape::One => items.one(&asked.place("id")?),
        Shape::Status => {
            if let Some(members) = end.as_object_mut() {
                let http = asked.daemon.http.url().map(|url| json!({ "url": url }));
                members.insert("http".to_owned(), http.into());
            }
            Ok(end.to_string())
        }
    }
}

/// Client and identity of the pinned server that the path names.
pub(super) fn named(asked: &Asked) -> Result<(String, String), Problem> {
    let id = asked.place("id")?;
    let book = asked.daemon.pins.open();
    let all = book.iter().flat_map(|(client, servers)| {
        servers
            .keys()
            .map(move |identity| (client.clone(), identity.clone()))
    });
    let mut all = all.filter(|(client, identity)| crate::pins::id(client, identity) == id);
    all.next()
        .ok_or_else(|| Problem::not_found(format!("no server `{id}` is pinned")))
}

/// `GET /metrics`
pub(super) fn metrics(daemon: &Daemon) -> Response {
    let store = daemon.audit.store();
    let size = |suffix: &str| {
        let mut path = store.as_os_str().to_owned();
        path.push(suffix);
        std::fs::metadata(path).map_or(0, |it| it.len())
    };
    let facts = Facts {
        waiting: daemon.approvals.count(),
        sessions: daemon.sessions().len(),
        readers: READERS.saturating_sub(daemon.http.readers.available_permits()),
        failing: daemon.audit.failing().is_some(),
        store_bytes: ["", "-wal", "-shm"].map(size).iter().sum(),
    };
    let text = text(daemon.audit.counters(), &facts);
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// Whether records can be written, to anybody of this user's who asks.
pub(super) fn health(daemon: &Daemon) -> Response {
    let status = match daemon.audit.failing() {
        None => "ok",
        Some(_) => "failing",
    };
    json_text(json!({ "status": status, "version": env!("CARGO_PKG_VERSION") }).to_string())
}
