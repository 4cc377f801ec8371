//! What a grant would have allowed: the recorded calls a person was asked about, or that another
//! grant let through.

use std::path::PathBuf;

use engine::node::Node;
use engine::paths::{Ground as Bases, candidates};
use rusqlite::Connection;
use wire::control::{GrantPlan, LogQuery, PastCall};

use super::{Grant, Paths};
use crate::approval::shown::WHOLE;
use crate::audit::query::{self, Stored};
use crate::session::node::node;

/// The most decisions looked at, the newest.
const MOST: u64 = 10_000;
/// The most calls shown.
const EXAMPLES: usize = 5;
/// The most bytes shown of one call's arguments.
const SHOWN: usize = 400;

/// What paths in recorded arguments are read against.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The home folder.
    pub home: Option<PathBuf>,
    /// The client's working folder as it is now: that of then is not recorded with a call.
    pub base: PathBuf,
    /// The policy keeps arguments whole.
    pub args_kept: bool,
}

/// How a recorded call stands to a grant.
enum Stands {
    Covered,
    Outside,
    Untold,
}

/// Looks through the records of the grant's tool.
///
/// # Errors
/// SQLite's.
pub fn look(store: &Connection, grant: &Grant, ground: &Ground) -> rusqlite::Result<GrantPlan> {
    let mut plan = GrantPlan::default();
    let query = LogQuery {
        tool: Some(grant.tool.clone()),
        limit: Some(MOST),
        ..LogQuery::default()
    };
    query::select(store, &query, 0, |stored| {
        plan.looked_at += 1;
        if is_of(&stored, grant) {
            match stands(&stored, grant, ground) {
                Stands::Covered => {
                    plan.would_allow += 1;
                    plan.examples.push(past(&stored));
                    // They come the oldest first.
                    let extra = plan.examples.len().saturating_sub(EXAMPLES);
                    plan.examples.drain(..extra);
                }
                Stands::Untold => plan.untold += 1,
                Stands::Outside => {}
            }
        }
        true
    })?;
    plan.more = plan.looked_at >= MOST;
    plan.examples.reverse();
    Ok(plan)
}

/// A call of the same client and server, by its label, that a person or a grant decided.
fn is_of(stored: &Stored, grant: &Grant) -> bool {
    let is = |name: &str, wanted: &str| stored.text(name).as_deref() == Some(wanted);
    let asked = stored.get("approval").is_some() || stored.get("grant").is_some();
    asked && is("server", &grant.label) && is("client", &grant.bound.client)
}

fn stands(stored: &Stored, grant: &Grant, ground: &Ground) -> Stands {
    let had_args = stored.get("body").is_some();
    let Some(args) = stored.args.as_deref().filter(|_| ground.args_kept) else {
        return if had_args {
            Stands::Untold
        } else {
            covered(grant, &Node::Null, ground)
        };
    };
    if args.contains("[REDACTED:") || args.contains(r#""unscanned":true"#) {
        return Stands::Untold;
    }
    if args.len() > WHOLE {
        return Stands::Outside;
    }
    match wire::json::parse(args.as_bytes()) {
        Ok(parsed) => covered(grant, &node(&parsed.value), ground),
        Err(_) => Stands::Untold,
    }
}

fn covered(grant: &Grant, arguments: &Node<'_>, ground: &Ground) -> Stands {
    let paths = || -> Paths {
        let bases = Bases {
            home: ground.home.as_deref(),
            bases: std::slice::from_ref(&ground.base),
            user_homes: &crate::links::home_of,
        };
        let found = candidates(arguments, &bases);
        let real = found.iter().map(|it| crate::links::resolve(&it.path));
        let real = real.collect();
        Paths::new((found, real))
    };
    if grant.scope.covers(arguments, &paths) {
        Stands::Covered
    } else {
        Stands::Outside
    }
}

fn past(stored: &Stored) -> PastCall {
    let field = |name| stored.text(name).unwrap_or_default().into_owned();
    let args = stored.args.as_deref().unwrap_or_default();
    let end = args.floor_char_boundary(SHOWN);
    let cut = if end < args.len() { "..." } else { "" };
    PastCall {
        timestamp: field("timestamp"),
        decision: field("decision"),
        args: format!("{}{cut}", args.get(..end).unwrap_or_default()),
    }
}
