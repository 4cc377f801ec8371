//! The servers in clients' configurations, and aip put in front of them or taken away.

use std::sync::Arc;
use std::time::Duration;

use wire::control::EditedFile;

use super::{Answers, Caller, Daemon, Outcome, gone, unavailable};
use crate::approval::failure;
use crate::audit::NewRecord;
use crate::clients;

/// The most files one change may name.
const FILES: usize = 256;

pub(super) async fn list(daemon: &Arc<Daemon>, answers: &mut impl Answers) -> Outcome {
    clients::look(daemon, Duration::ZERO).await;
    for server in daemon.clients.servers() {
        answers.item(&server).await.map_err(gone)?;
    }
    Ok(serde_json::json!({}))
}

pub(super) async fn wrapped(
    daemon: Arc<Daemon>,
    aip: String,
    files: Vec<EditedFile>,
    caller: Caller,
) -> Outcome {
    let record = event("CLIENTS_WRAPPED", &files, caller)?.set("aip", aip.clone());
    if !std::path::Path::new(&aip).is_absolute() {
        let message = format!("`{aip}` is no absolute path");
        return Err(failure("invalid", message));
    }
    let done = clients::wrapping(&daemon, &aip, &files, record).await;
    done.map_err(|error| unavailable(&error))?;
    Ok(serde_json::json!({}))
}

pub(super) async fn unwrapped(
    daemon: Arc<Daemon>,
    files: Vec<EditedFile>,
    caller: Caller,
) -> Outcome {
    let record = event("CLIENTS_UNWRAPPED", &files, caller)?;
    let done = clients::unwrapping(&daemon, &files, record).await;
    done.map_err(|error| unavailable(&error))?;
    Ok(serde_json::json!({}))
}

fn event(
    name: &'static str,
    files: &[EditedFile],
    caller: Caller,
) -> Result<NewRecord, super::Failure> {
    if files.len() > FILES {
        let message = format!("more than {FILES} files; name fewer with `--client`");
        return Err(failure("invalid", message));
    }
    if let Some(other) = files.iter().find(|it| !clients::fits(it)) {
        let message = format!(
            "`{}` is no file of the client `{}`",
            other.file, other.client
        );
        return Err(failure("invalid", message));
    }
    let one = |it: &EditedFile| {
        let servers: Vec<_> = it.servers.iter().filter_map(|it| it.last()).collect();
        serde_json::json!({"client": it.client, "file": it.file, "servers": servers})
    };
    let named: Vec<_> = files.iter().map(one).collect();
    let record = NewRecord::event(crate::time::now_ms(), name);
    Ok(caller.sign(record.set("files", serde_json::Value::from(named))))
}
