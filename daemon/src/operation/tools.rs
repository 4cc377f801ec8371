//! Pinned tools: listed, shown, and approved by a person.

use std::collections::HashMap;
use std::sync::Arc;

use wire::control::{
    PinnedBefore, PinnedDefinition, PinnedServer, PinnedTool, ShownTool, ToolFinding,
};

use super::{Answers, Caller, Daemon, Outcome, gone, unavailable};
use crate::approval::failure;
use crate::audit::pins::{self as stored, Kept, PinOp};
use crate::audit::{Batch, NewRecord, StateOp, Sync};
use crate::pins::{Found, Pin, Server, schema_hashes_of};
use crate::time::rfc3339;

/// Executable of the client and identity of the server.
type Key = (String, String);

pub(super) async fn list(daemon: &Daemon, answers: &mut impl Answers) -> Outcome {
    let mut servers: Vec<PinnedServer> = {
        let book = daemon.pins.open();
        let all = book.iter().flat_map(|(client, servers)| {
            let of = move |(identity, it): (&String, &Server)| server(client, identity, it);
            servers.iter().map(of)
        });
        all.collect()
    };
    servers.sort_by(|a, b| (&a.server, &a.client, &a.id).cmp(&(&b.server, &b.client, &b.id)));
    for server in servers {
        answers.item(&server).await.map_err(gone)?;
    }
    Ok(serde_json::json!({}))
}

pub(super) async fn definitions(
    daemon: &Daemon,
    (client, identity): Key,
    tool: Option<String>,
    answers: &mut impl Answers,
) -> Outcome {
    let pins: HashMap<String, Pin> = {
        let book = daemon.pins.open();
        let server = book.get(&client).and_then(|it| it.get(&identity));
        let tools = server.ok_or_else(no_server)?.tools.iter();
        let wanted = tools.filter(|(name, _)| tool.as_ref().is_none_or(|it| it == *name));
        wanted
            .map(|(name, pin)| (name.clone(), pin.clone()))
            .collect()
    };
    let read = daemon
        .audit
        .read(move |store| stored::definitions(store, &client, &identity));
    let kept = read.await.map_err(|error| unavailable(&error))?;
    for kept in kept {
        if let Some(pin) = pins.get(&kept.tool) {
            answers.item(&definition(pin, kept)).await.map_err(gone)?;
        }
    }
    Ok(serde_json::json!({}))
}

pub(super) async fn approve(
    daemon: Arc<Daemon>,
    (client, identity): Key,
    tools: Vec<ShownTool>,
    all: bool,
    caller: Caller,
) -> Outcome {
    let batch = planned(&daemon, (&client, &identity), &tools, all, caller)?;
    let instead_of = {
        let book = daemon.pins.open();
        let server = book.get(&client).and_then(|it| it.get(&identity));
        server.and_then(|it| it.about.instead_of.clone())
    };
    daemon
        .audit
        .commit(batch)
        .await
        .map_err(|error| unavailable(&error))?;
    let approved = {
        let mut book = daemon.pins.open();
        let server = book.get_mut(&client).and_then(|it| it.get_mut(&identity));
        server.map_or(0, |server| {
            // Another command that came meanwhile was shown to nobody.
            if all && server.about.instead_of == instead_of {
                server.about.instead_of = None;
            }
            let approve = |it: &&ShownTool| server.approve(&it.tool, it.hash.as_deref());
            tools.iter().filter(approve).count()
        })
    };
    daemon.pins.approved(client, identity);
    Ok(serde_json::json!({ "approved": approved }))
}

/// What is to be written: all of it, or nothing where a tool is not as the person was shown it.
fn planned(
    daemon: &Daemon,
    (client, identity): (&str, &str),
    tools: &[ShownTool],
    all: bool,
    caller: Caller,
) -> Result<Batch, super::Failure> {
    let book = daemon.pins.open();
    let server = book.get(client).and_then(|it| it.get(identity));
    let server = server.ok_or_else(no_server)?;
    let mut batch = Batch {
        sync: Sync::Full,
        ..Batch::default()
    };
    let op = |op| StateOp::Pin {
        client: client.to_owned(),
        server: identity.to_owned(),
        op,
    };
    let event = |name| {
        let record = NewRecord::event(crate::time::now_ms(), name)
            .set("server", server.about.label.clone())
            .set("client", client.to_owned());
        caller.sign(record)
    };
    for shown in tools {
        let pin = server.tools.get(&shown.tool).ok_or_else(|| {
            let message = format!("the server has no tool `{}`", shown.tool);
            failure("not_found", message)
        })?;
        let listed = pin.listed.as_ref().map(|it| it.hash.clone());
        if listed != shown.hash {
            let message = format!(
                "the definition of `{}` is not the one that was shown any more; look again",
                shown.tool
            );
            return Err(failure("conflict", message));
        }
        batch.records.push(
            event("TOOL_APPROVED")
                .set("tool", shown.tool.clone())
                .set_some("old_hash", pin.approved.as_ref().map(|it| it.hash.clone()))
                .set_some("new_hash", listed.clone()),
        );
        let tool = shown.tool.clone();
        batch.ops.push(op(match listed {
            Some(hash) => PinOp::Approved { tool, hash },
            None => PinOp::Forget(tool),
        }));
    }
    if all && let Some(before) = &server.about.instead_of {
        batch.records.push(
            event("SERVER_APPROVED")
                .set("old_identity", before.server.clone())
                .set("new_identity", identity.to_owned()),
        );
        let mut about = server.about.clone();
        about.instead_of = None;
        batch.ops.push(op(PinOp::server(&about)));
    }
    Ok(batch)
}

fn server(client: &str, identity: &str, it: &Server) -> PinnedServer {
    let about = &it.about;
    PinnedServer {
        server: about.label.clone(),
        id: crate::pins::id(client, identity),
        identity: identity.to_owned(),
        program: about.program.clone(),
        client: client.to_owned(),
        first_seen: rfc3339(about.first_ms),
        last_listed: about.listed_ms.map(rfc3339),
        pinned: about.closed,
        instead_of: about.instead_of.as_ref().map(|before| PinnedBefore {
            identity: before.server.clone(),
            program: before.program.clone(),
            at: rfc3339(before.at_ms),
        }),
        findings: findings(&about.findings),
        tools: it
            .tools
            .iter()
            .map(|(name, pin)| tool(name, pin, about.listed_ms))
            .collect(),
    }
}

fn tool(name: &str, pin: &Pin, listed_ms: Option<i64>) -> PinnedTool {
    let last = listed_ms.filter(|_| pin.listed.is_some());
    PinnedTool {
        tool: name.to_owned(),
        state: state(pin).to_owned(),
        hash: pin.listed.as_ref().map(|it| it.hash.clone()),
        approved_hash: pin.approved.as_ref().map(|it| it.hash.clone()),
        first_seen: rfc3339(pin.first_ms),
        last_seen: rfc3339(last.unwrap_or(pin.last_ms)),
        findings: findings(&pin.findings),
    }
}

fn state(pin: &Pin) -> &'static str {
    pin.held().map_or("approved", engine::decide::Held::word)
}

fn findings(found: &[Found]) -> Vec<ToolFinding> {
    let shown = |it: &Found| ToolFinding {
        finding: it.kind.clone(),
        place: it.place.clone(),
    };
    found.iter().map(shown).collect()
}

/// The hash is that of the text beside it, as the store holds both: the server may have listed
/// another definition since, and a person approves what is shown.
fn definition(pin: &Pin, kept: Kept) -> PinnedDefinition {
    PinnedDefinition {
        state: state(pin).to_owned(),
        hash: kept.print.as_ref().map(|it| it.hash.clone()),
        schema_hashes: match (&kept.print, &kept.listed) {
            (Some(print), Some(text)) => schema_hashes_of(print, text),
            (None, _) | (_, None) => Vec::new(),
        },
        tool: kept.tool,
        approved: kept.approved,
        listed: kept.listed,
    }
}

fn no_server() -> super::Failure {
    let message = "no such server is pinned; `aipctl tools` lists those that are".to_owned();
    failure("not_found", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pins::Print;

    #[test]
    fn a_definition_is_shown_with_its_own_hash_though_another_was_listed_meanwhile() {
        let print = |hash: &str| {
            Some(Print {
                hash: hash.to_owned(),
                ..Print::default()
            })
        };
        let pin = Pin {
            approved: print("old"),
            listed: print("evil"),
            ..Pin::default()
        };
        let kept = Kept {
            tool: "t".to_owned(),
            approved: None,
            listed: Some(r#"{"name":"t"}"#.to_owned()),
            print: print("harmless"),
        };
        assert_eq!(definition(&pin, kept).hash.as_deref(), Some("harmless"));
    }
}
