//! How a browser and programs come to their tokens, and the end of these.

use std::sync::Arc;

use wire::control::DashboardOpened;

use super::{Answers, Caller, Daemon, Outcome, as_value, gone};
use crate::http;

pub(super) async fn code(daemon: &Daemon, answers: &mut impl Answers) -> Outcome {
    let offered = http::offer_code(daemon)?;
    answers.item(&offered).await.map_err(gone)?;
    let mut stop = daemon.stop.subscribe();
    let opened = tokio::select! {
        opened = http::was_traded(daemon, &offered.code) => opened,
        _ = stop.wait_for(|stop| *stop) => false,
    };
    as_value(&DashboardOpened { opened })
}

pub(super) async fn token(daemon: Arc<Daemon>, caller: Caller) -> Outcome {
    as_value(&http::read_token(&daemon, caller).await?)
}

pub(super) async fn revoke(daemon: Arc<Daemon>, caller: Caller) -> Outcome {
    let revoked = http::end_all(&daemon, Some(caller)).await?;
    Ok(serde_json::json!({ "revoked": revoked }))
}
