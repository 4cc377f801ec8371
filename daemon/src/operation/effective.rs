//! What the policies come to that a session is judged by, or one begun now would be. Nothing is put
//! in force by it.

use std::path::Path;
use std::sync::Arc;

use engine::policy::{Entry, Policy, SaidOfTool};
use wire::control::{
    EffectiveEnd, EffectiveEntry, EffectiveMember, EffectiveQuery, EffectiveTool, EffectiveWord,
};

use super::{Answers, Daemon, Failure, Outcome, as_value, gone};
use crate::approval::failure;
use crate::session::state::{InForce, mode_word};

/// The most tools told of.
const MOST_TOOLS: usize = 5_000;

pub(super) async fn tell(
    daemon: &Arc<Daemon>,
    query: EffectiveQuery,
    answers: &mut impl Answers,
) -> Outcome {
    let in_force = asked_for(daemon, &query).await?;
    for member in members(&in_force) {
        answers.item(&member).await.map_err(gone)?;
    }
    let policy = &in_force.policy;
    let named = policy.tools_named();
    let tool = |normal: &String| EffectiveTool {
        tool: normal.clone(),
        said: words(policy, normal, &in_force.path),
    };
    as_value(&EffectiveEnd {
        hash: policy.hash().to_owned(),
        tools: named.iter().take(MOST_TOOLS).map(tool).collect(),
        more: named.len() > MOST_TOOLS,
    })
}

async fn asked_for(daemon: &Daemon, query: &EffectiveQuery) -> Result<Arc<InForce>, Failure> {
    match (&query.session, &query.path, &query.cwd) {
        (Some(session), None, None) => of_session(daemon, session),
        (None, Some(path), Some(cwd)) if Path::new(cwd).is_absolute() => {
            let read = daemon
                .policies
                .as_a_session_would(path, Path::new(cwd))
                .await;
            read.map_err(|error| failure("invalid", error.to_string()))
        }
        _ => {
            let message = "name a session, or a policy and an absolute working folder".to_owned();
            Err(failure("invalid", message))
        }
    }
}

fn of_session(daemon: &Daemon, named: &str) -> Result<Arc<InForce>, Failure> {
    let sessions = daemon.sessions();
    let mut fitting = sessions.iter().filter(|(id, _)| id.starts_with(named));
    match (fitting.next(), fitting.next()) {
        (Some((_, running)), None) if !named.is_empty() => Ok(running.stack.in_force()),
        (Some(_), _) => Err(failure(
            "invalid",
            format!("more than one session begins with `{named}`; see: aipctl sessions"),
        )),
        (None, _) => Err(failure(
            "not_found",
            format!("no session `{named}` runs; see: aipctl sessions"),
        )),
    }
}

fn members(in_force: &InForce) -> Vec<EffectiveMember> {
    let member = |path: &str, role: &str, policy: &Policy| EffectiveMember {
        path: path.to_owned(),
        role: role.to_owned(),
        name: policy.name().to_owned(),
        hash: policy.hash().to_owned(),
        mode: mode_word(policy.mode()).to_owned(),
        entries: policy.entries().into_iter().map(entry).collect(),
    };
    let own = member(&in_force.path, "own", in_force.policy.own());
    let layers = in_force.policy.layers().iter().map(|it| {
        let role = if it.base { "base" } else { "layer" };
        member(&it.path, role, &it.policy)
    });
    std::iter::once(own).chain(layers).collect()
}

fn entry(it: Entry) -> EffectiveEntry {
    EffectiveEntry {
        line: it.line as u64,
        list: it.list.to_owned(),
        written: it.written,
        action: it.action.map(str::to_owned),
    }
}

fn words(policy: &Policy, normal: &str, own: &str) -> Vec<EffectiveWord> {
    let word = |it: SaidOfTool| EffectiveWord {
        word: it.word.word().to_owned(),
        path: it.path.unwrap_or_else(|| own.to_owned()),
        line: it.entry.map(|it| it.line as u64),
    };
    policy.said_of(normal).into_iter().map(word).collect()
}
