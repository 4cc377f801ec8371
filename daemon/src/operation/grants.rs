//! Grants: what one would be, which there are, and their end by a person's word.

use std::sync::Arc;

use wire::control::{GrantPlan, GrantWish};

use super::{Answers, Caller, Daemon, Outcome, as_value, gone, unavailable};
use crate::approval::{Said, Settled, failure};
use crate::grants::past::{self, Ground};
use crate::grants::{Grant, task};

pub(super) async fn list(daemon: &Daemon, answers: &mut impl Answers) -> Outcome {
    for grant in daemon.grants.list() {
        answers.item(&grant.shown()).await.map_err(gone)?;
    }
    Ok(serde_json::json!({}))
}

pub(super) async fn plan(daemon: &Daemon, id: String, wish: GrantWish) -> Outcome {
    let Settled { approval, grant } = daemon.approvals.say(&id, Said::Plan(wish)).await?;
    let planned = grant.ok_or_else(|| failure("conflict", "there is no such grant".to_owned()))?;
    let ground = Ground {
        home: daemon.home.clone(),
        base: approval.project.into(),
        args_kept: planned.args_kept,
    };
    let grant = planned.grant;
    let mut shown = grant.shown();
    // It has none before it is made.
    shown.id.clear();
    let looked = daemon
        .audit
        .read(move |store| past::look(store, &grant, &ground))
        .await
        .map_err(|error| unavailable(&error))?;
    as_value(&GrantPlan {
        grant: shown,
        ..looked
    })
}

pub(super) async fn revoke(daemon: Arc<Daemon>, id: Option<String>, caller: Caller) -> Outcome {
    let named: Vec<String> = match id {
        None => daemon.grants.list().into_iter().map(|it| it.id).collect(),
        Some(start) => vec![find(daemon.grants.list(), &start)?],
    };
    let sign = |record| caller.sign(record);
    let revoked = task::revoke(&daemon, &named, sign)
        .await
        .map_err(|error| unavailable(&error))?;
    Ok(serde_json::json!({ "revoked": revoked }))
}

fn find(grants: Vec<Grant>, start: &str) -> Result<String, super::Failure> {
    let begins = |it: &Grant| !start.is_empty() && it.id.starts_with(start);
    let mut found = grants.into_iter().filter(begins);
    match (found.next(), found.next()) {
        (Some(grant), None) => Ok(grant.id),
        (Some(_), Some(_)) => Err(failure(
            "ambiguous",
            format!("several grants begin with `{start}`"),
        )),
        (None, _) => Err(failure(
            "not_found",
            format!("there is no grant `{start}`; `aipctl grants` lists those there are"),
        )),
    }
}
