//! The table of routes below `/api/v1`: what each asks for.

use serde::Deserialize;
use wire::control::{
    Channel, GrantWish, OverrideMode, RecordKind, RecordQuery, Request, ShownTool,
};

use super::super::collect::Shape::{End, Items, One, Status};
use super::super::problem::Problem;
use super::super::server::named;
use super::Act::{Ask, Describe, Events, Fetch, GiveUp, Order, Trade};
use super::Verb::{Delete, Get, Post};
use super::{Act, Asked, Route, Verb};

const fn route(verb: Verb, path: &'static str, act: Act) -> Route {
    Route { verb, path, act }
}

/// All of them.
pub(in crate::http) static ROUTES: &[Route] = &[
    route(Post, "/token", Trade),
    route(Delete, "/token", GiveUp),
    route(Get, "/status", Ask(Status, |it| plain(it, Request::Status))),
    route(
        Get,
        "/sessions",
        Ask(Items, |it| plain(it, Request::Sessions)),
    ),
    route(
        Get,
        "/clients",
        Ask(Items, |it| plain(it, Request::Clients)),
    ),
    route(Get, "/servers", Ask(Items, |it| plain(it, Request::Tools))),
    route(Get, "/servers/{id}/definitions", Ask(Items, definitions)),
    route(Post, "/servers/{id}/approve", Ask(End, approve_tools)),
    route(
        Get,
        "/approvals",
        Ask(Items, |it| plain(it, Request::Approvals)),
    ),
    route(Get, "/approvals/{id}", Ask(One, one)),
    route(Post, "/approvals/{id}/answer", Ask(End, answer)),
    route(Post, "/approvals/{id}/extend", Ask(End, extend)),
    route(Post, "/approvals/{id}/plan", Ask(End, plan)),
    route(Get, "/grants", Ask(Items, |it| plain(it, Request::Grants))),
    route(Delete, "/grants/{id}", Ask(End, revoke)),
    route(
        Get,
        "/policies",
        Ask(Items, |it| plain(it, Request::Policies { path: None })),
    ),
    route(Post, "/policies/validate", Ask(End, validate)),
    route(Post, "/policies/explain", Ask(End, explain)),
    route(Get, "/policies/rules", Ask(Items, rules)),
    route(Post, "/policies/reload", Ask(Items, reload)),
    route(Post, "/policies/trust", Ask(End, trust)),
    route(Post, "/override", Ask(End, overriding)),
    route(Get, "/records", Ask(Items, records)),
    route(Get, "/records/{seq}", Ask(End, story)),
    route(Get, "/stats", Ask(End, stats)),
    route(Get, "/audit", Ask(End, |it| plain(it, Request::AuditState))),
    route(Post, "/audit/verify", Ask(End, verify)),
    route(Post, "/exports", Order),
    route(Get, "/exports/{ticket}", Fetch),
    route(Get, "/events", Events),
    route(Get, "/openapi.json", Describe),
];

/// A query or a body that holds nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

fn plain(asked: &Asked, request: Request) -> Result<Request, Problem> {
    let Nothing {} = asked.query()?;
    Ok(request)
}

/// With a body that is not looked at here.
fn bodied<T: serde::de::DeserializeOwned>(asked: &Asked) -> Result<T, Problem> {
    let Nothing {} = asked.query()?;
    asked.body()
}

fn definitions(asked: &Asked) -> Result<Request, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Query {
        tool: Option<String>,
    }
    let Query { tool } = asked.query()?;
    let (client, identity) = named(asked)?;
    Ok(Request::ToolDefinitions {
        client,
        identity,
        tool,
    })
}

fn approve_tools(asked: &Asked) -> Result<Request, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        tools: Vec<ShownTool>,
        #[serde(default)]
        all: bool,
    }
    let Body { tools, all } = bodied(asked)?;
    let (client, identity) = named(asked)?;
    Ok(Request::ToolsApprove {
        client,
        identity,
        tools,
        all,
    })
}

fn one(asked: &Asked) -> Result<Request, Problem> {
    let Nothing {} = asked.query()?;
    let id = asked.place("id")?;
    // Named whole: what is shown must not come to be another one.
    match asked.daemon.approvals.get(&id) {
        Some(_) => Ok(Request::Approvals),
        None => Err(Problem::not_found(format!("no approval `{id}` waits"))),
    }
}

/// An approval's id is so long; on the command line its beginning will do.
const ID: usize = 8;

fn whole_id(asked: &Asked) -> Result<String, Problem> {
    let id = asked.place("id")?;
    if id.len() < ID {
        return Err(Problem::not_found(format!("no approval `{id}` waits")));
    }
    Ok(id)
}

fn answer(asked: &Asked) -> Result<Request, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        allow: bool,
        #[serde(default)]
        grant: Option<GrantWish>,
    }
    let Body { allow, grant } = bodied(asked)?;
    Ok(Request::Answer {
        id: whole_id(asked)?,
        allow,
        channel: Channel::Dashboard,
        grant,
    })
}

fn extend(asked: &Asked) -> Result<Request, Problem> {
    let Nothing {} = bodied(asked)?;
    Ok(Request::Extend {
        id: whole_id(asked)?,
        channel: Channel::Dashboard,
    })
}

fn plan(asked: &Asked) -> Result<Request, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        grant: GrantWish,
    }
    let Body { grant } = bodied(asked)?;
    Ok(Request::GrantPlan {
        id: whole_id(asked)?,
        grant,
    })
}

fn revoke(asked: &Asked) -> Result<Request, Problem> {
    let id = Some(asked.place("id")?);
    plain(asked, Request::GrantRevoke { id })
}

fn validate(asked: &Asked) -> Result<Request, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        text: String,
        #[serde(default)]
        path: Option<String>,
    }
    let Body { text, path } = bodied(asked)?;
    Ok(Request::PolicyValidate { text, path })
}

fn explain(asked: &Asked) -> Result<Request, Problem> {
    bodied(asked).map(Request::PolicyExplain)
}

/// A week, in hours.
const WEEK: u64 = 168;

fn rules(asked: &Asked) -> Result<Request, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Query {
        path: String,
        hours: Option<u64>,
    }
    let Query { path, hours } = asked.query()?;
    let hours = hours.unwrap_or(WEEK);
    Ok(Request::PolicyRules { path, hours })
}

fn reload(asked: &Asked) -> Result<Request, Problem> {
    let Nothing {} = bodied(asked)?;
    Ok(Request::PolicyReload)
}

fn trust(asked: &Asked) -> Result<Request, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        path: String,
        hash: String,
    }
    let Body { path, hash } = bodied(asked)?;
    let hash = Some(hash);
    Ok(Request::PolicyTrust { path, hash })
}

fn overriding(asked: &Asked) -> Result<Request, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        mode: OverrideMode,
        #[serde(default)]
        until: Option<String>,
    }
    let Body { mode, until } = bodied(asked)?;
    Ok(Request::Override { mode, until })
}

/// The kinds in a list by commas.
pub(in crate::http) fn kinds(listed: Option<&str>) -> Result<Vec<RecordKind>, Problem> {
    let kind = |word: &str| match word {
        "decision" => Ok(RecordKind::Decision),
        "event" => Ok(RecordKind::Event),
        "outcome" => Ok(RecordKind::Outcome),
        other => Err(Problem::invalid(format!(
            "there is no kind `{other}` of records"
        ))),
    };
    listed.map_or(Ok(Vec::new()), |it| it.split(',').map(kind).collect())
}

fn records(asked: &Asked) -> Result<Request, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Query {
        since: Option<String>,
        until: Option<String>,
        tool: Option<String>,
        server: Option<String>,
        decision: Option<String>,
        session: Option<String>,
        client: Option<String>,
        event: Option<String>,
        kinds: Option<String>,
        q: Option<String>,
        before: Option<u64>,
        after: Option<u64>,
        limit: Option<u64>,
    }
    let it: Query = asked.query()?;
    Ok(Request::Records(RecordQuery {
        kinds: kinds(it.kinds.as_deref())?,
        since: it.since,
        until: it.until,
        tool: it.tool,
        server: it.server,
        decision: it.decision,
        session: it.session,
        client: it.client,
        event: it.event,
        q: it.q,
        before: it.before,
        after: it.after,
        limit: it.limit,
    }))
}

fn story(asked: &Asked) -> Result<Request, Problem> {
    let number = asked.place("seq")?;
    let seq = number.parse();
    let seq = seq.map_err(|_| Problem::invalid(format!("`{number}` is no record's number")))?;
    plain(asked, Request::Record { seq })
}

/// A day, in hours.
const DAY: u32 = 24;

fn stats(asked: &Asked) -> Result<Request, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Query {
        hours: Option<u32>,
    }
    let Query { hours } = asked.query()?;
    let hours = hours.unwrap_or(DAY);
    Ok(Request::Stats { hours })
}

fn verify(asked: &Asked) -> Result<Request, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[serde(default)]
        checkpoint: Option<String>,
    }
    let Body { checkpoint } = bodied(asked)?;
    Ok(Request::AuditVerify { checkpoint })
}
