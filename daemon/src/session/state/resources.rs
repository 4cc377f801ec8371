//! Resources and prompts: what records tell of those a message names, and lists without the ones that
//! would be refused.

use engine::decide::{Named, WORK, judge_named};
use wire::json::Value;
use wire::mcp;

use super::telling::word;
use super::{Context, NewRecord, State};

/// Of so many resources in a list the links are followed, to see whether they lead to a protected path;
/// more are listed unseen, and refused when they are read.
const MOST_LOOKED_UP: usize = 2048;
/// The same in bytes of their URIs: a long one can lead to many paths.
const MOST_BYTES_LOOKED_UP: usize = 128 * 1024;

/// Of which kind the record tells, and the name as it may keep it.
pub(super) type Told = (&'static str, String);

/// The engine's view of what a message names.
pub(super) fn of_engine<'v>(named: &mcp::Named<'v>) -> Named<'v> {
    match *named {
        mcp::Named::Resource(uri) => Named::Resource(uri),
        mcp::Named::Template(template) => Named::Template(template),
        mcp::Named::Prompt(name) => Named::Prompt(name),
    }
}

/// What the record of a message tells of the resources and prompts it names: the first that is refused,
/// else the first.
pub(super) fn told_of(ctx: &Context<'_>, normal: &str, params: Option<&Value<'_>>) -> Option<Told> {
    let named = mcp::named(normal, params);
    let mut work = WORK;
    let refused = |one: &&mcp::Named<'_>| {
        named.len() == 1 || judge_named(ctx.policy(), &of_engine(one), &mut work).is_some()
    };
    let one = named.iter().find(refused).or_else(|| named.first())?;
    let (kind, name) = match *one {
        mcp::Named::Resource(name) | mcp::Named::Template(name) => ("resource", name),
        mcp::Named::Prompt(name) => ("prompt", name),
    };
    Some((kind, word(name?, ctx.policy().dlp())))
}

impl NewRecord {
    /// What the message names.
    pub(super) fn naming(self, told: Option<&Told>) -> Self {
        match told {
            Some((kind, name)) => self.set(kind, name.clone()),
            None => self,
        }
    }
}

impl State {
    /// Takes out of a list of resources, templates or prompts what a request for it would be refused for;
    /// says whether anything went. Never in monitor mode.
    pub(super) fn filter_listed(
        &self,
        ctx: &Context<'_>,
        method: &str,
        result: &mut Value<'_>,
    ) -> bool {
        let Some(key) = mcp::list_key(method) else {
            return false;
        };
        if ctx.monitor() || !ctx.policy().judges_list(key == "prompts") {
            return false;
        }
        let Some(list) = result.get_mut(key) else {
            return false;
        };
        let Some(entries) = list.as_array_mut() else {
            // No list to us, whatever it is to the client.
            *list = Value::Array(Vec::new());
            mcp::forbid_caching(result);
            return true;
        };
        let before = entries.len();
        let mut work = WORK;
        let (mut looked_up, mut bytes) = (0, 0);
        entries.retain(|entry| {
            let listed = mcp::listed(key, entry);
            let passes = listed.is_some_and(|one| {
                judge_named(ctx.policy(), &of_engine(&one), &mut work).is_none()
            });
            if !passes || key != "resources" {
                return passes;
            }
            let uri = entry.get("uri").and_then(Value::as_str).unwrap_or_default();
            looked_up += 1;
            bytes += uri.len();
            let enough = looked_up > MOST_LOOKED_UP || bytes > MOST_BYTES_LOOKED_UP;
            enough || !self.protects(ctx, uri)
        });
        let cut = before != entries.len();
        if cut {
            mcp::forbid_caching(result);
        }
        cut
    }

    fn protects(&self, ctx: &Context<'_>, uri: &str) -> bool {
        let params = Value::object([("uri", Value::string(uri))]);
        self.protected_params(ctx, Some(&params)).is_some()
    }
}
