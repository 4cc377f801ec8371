//! From a code to a token, and the end of tokens. Each is recorded before it counts.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use wire::control::{DashboardCode, DashboardToken, Failure};

use super::guard::Holder;
use super::person::behind;
use super::place::TOKENS;
use super::problem::Problem;
use super::routes::Asked;
use super::tokens::{CODE_LASTS, Named, NoCode, Scope, TOKEN_LASTS, Tokens};
use crate::approval::failure;
use crate::audit::chain::hex;
use crate::audit::{Batch, NewRecord, StateOp, Sync};
use crate::config::ApprovalAuth;
use crate::daemon::Daemon;
use crate::operation::{Caller, Door};
use crate::person;
use crate::time::{now_ms, rfc3339};

/// A code that a browser can trade for the next 30 seconds.
///
/// # Errors
/// Where there is no dashboard.
pub fn offer_code(daemon: &Daemon) -> Result<DashboardCode, Failure> {
    let url = url(daemon)?;
    let code = hex(&random::<16>()?);
    let now = now_ms();
    daemon.http.tokens().offer(&code, now);
    let expires = rfc3339(now.saturating_add(CODE_LASTS));
    Ok(DashboardCode { url, code, expires })
}

/// Whether this code is traded, once it is or can't be any more.
pub async fn was_traded(daemon: &Daemon, code: &str) -> bool {
    let named = Named::of(code);
    let mut traded = daemon.http.traded.subscribe();
    let Some(until) = daemon.http.tokens().offered(&named) else {
        // Faster than this was asked.
        return traded.borrow().as_ref() == Some(&named);
    };
    let left = u64::try_from(until.saturating_sub(now_ms())).unwrap_or_default();
    let heard = traded.wait_for(|it| it.as_ref() == Some(&named));
    let heard = tokio::time::timeout(Duration::from_millis(left), heard).await;
    matches!(heard, Ok(Ok(_)))
}

/// A token that can look and change nothing.
///
/// # Errors
/// Where there is no dashboard, or it can't be recorded.
pub async fn read_token(daemon: &Daemon, caller: Caller) -> Result<DashboardToken, Failure> {
    let url = url(daemon)?;
    let (token, expires) = opened(daemon, Scope::Read, caller).await?;
    Ok(DashboardToken {
        url,
        token,
        expires,
    })
}

/// Ends every token and code; how many tokens it were.
///
/// # Errors
/// When it can't be recorded; they are ended all the same.
pub async fn end_all(daemon: &Daemon, caller: Option<Caller>) -> Result<usize, Failure> {
    let _one = daemon.http.changing.lock().await;
    let ended = daemon.http.tokens().end_all();
    daemon.http.tickets().end_all();
    let record = NewRecord::event(now_ms(), "DASHBOARD_CLOSED").set("revoked", ended);
    let record = match caller {
        Some(caller) => caller.sign(record),
        None => record,
    };
    let kept = daemon.http.tokens().kept();
    write(daemon, record, kept).await.map(|()| ended)
}

/// `POST /token`
pub(super) async fn trade(asked: &Asked) -> Result<String, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        code: String,
    }
    let Body { code } = asked.body()?;
    let daemon = &asked.daemon;
    let caller = Caller {
        door: Door::Http,
        pid: behind(daemon, asked.connection).await,
    };
    // Before the code is looked at: a program that has read it elsewhere can neither use it nor spend it.
    if daemon.config.approval_auth != ApprovalAuth::Off
        && let Err(doubt) = person::serves(daemon, caller.pid)
    {
        let why = format!("{doubt}; open it in a browser that was not started by an AI client");
        refused(daemon, caller, &why).await;
        return Err(failure(
            "not_a_person",
            format!("the dashboard is for a person, and {why}"),
        )
        .into());
    }
    let taken = daemon.http.tokens().take(&code, now_ms());
    match taken {
        Ok(()) => {}
        Err(NoCode::Unknown) => {
            let why = "the code is none, was used, or is older than 30 seconds";
            refused(daemon, caller, why).await;
            let again = format!("{why}; open the dashboard anew with `aipctl dashboard`");
            return Err(Problem::unauthorized_as(again));
        }
        Err(NoCode::TooMany) => {
            let why = "too many codes were tried in the last minute";
            refused(daemon, caller, why).await;
            return Err(Problem::too_many(format!("{why}; wait, and try again")));
        }
    }
    let (token, expires) = opened(daemon, Scope::Full, caller).await?;
    daemon.http.traded.send_replace(Some(Named::of(&code)));
    let scope = Scope::Full.word();
    Ok(json!({ "token": token, "scope": scope, "expires": expires }).to_string())
}

/// `DELETE /token`
pub(super) async fn give_up(asked: &Asked) -> Result<String, Problem> {
    let Some(Holder { token }) = &asked.holder else {
        return Err(Problem::unauthorized());
    };
    let daemon = &asked.daemon;
    let _one = daemon.http.changing.lock().await;
    let kept = {
        let mut tokens = daemon.http.tokens();
        tokens.end(token);
        tokens.kept()
    };
    let caller = Caller {
        door: Door::Http,
        pid: None,
    };
    let record = NewRecord::event(now_ms(), "DASHBOARD_CLOSED").set("revoked", 1);
    write(daemon, caller.sign(record), kept).await?;
    Ok("{}".to_owned())
}

/// A token that counts once it is recorded, and until when.
async fn opened(
    daemon: &Daemon,
    scope: Scope,
    caller: Caller,
) -> Result<(String, String), Failure> {
    let token = hex(&random::<32>()?);
    let now = now_ms();
    let expires = rfc3339(now.saturating_add(TOKEN_LASTS));
    let _one = daemon.http.changing.lock().await;
    let mut then = Tokens::default();
    then.restore(&daemon.http.tokens().kept());
    then.add(&token, scope, now);
    let record = NewRecord::event(now, "DASHBOARD_OPENED")
        .set("scope", scope.word())
        .set("expires", expires.clone());
    write(daemon, caller.sign(record), then.kept()).await?;
    daemon.http.tokens().add(&token, scope, now);
    Ok((token, expires))
}

async fn write(daemon: &Daemon, record: NewRecord, kept: String) -> Result<(), Failure> {
    let batch = Batch {
        records: vec![record],
        ops: vec![StateOp::Setting {
            name: TOKENS,
            value: kept,
        }],
        sync: Sync::Full,
    };
    let written = daemon.audit.commit(batch).await;
    written.map(drop).map_err(|error| {
        failure(
            "unavailable",
            format!("the audit store can't be used: {error}"),
        )
    })
}

async fn refused(daemon: &Daemon, caller: Caller, why: &str) {
    let record = NewRecord::event(now_ms(), "DASHBOARD_REFUSED").set("reason", why.to_owned());
    person::turn_away(daemon, "the dashboard, opened", caller, record, why).await;
}

fn url(daemon: &Daemon) -> Result<String, Failure> {
    daemon.http.url().ok_or_else(|| {
        let off = || "there is no dashboard: `dashboard` is off in config.yaml".to_owned();
        failure("unavailable", daemon.http.attention().unwrap_or_else(off))
    })
}

fn random<const N: usize>() -> Result<[u8; N], Failure> {
    crate::random::bytes().ok_or_else(|| {
        let message = "the system gives no random bytes".to_owned();
        failure("unavailable", message)
    })
}
