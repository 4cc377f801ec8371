//! Grants in a session: a call that falls under one is not asked about, and a person's answer can
//! make one.

use std::cell::OnceCell;
use std::path::PathBuf;

use engine::decide::{Allow, Ask as Asked};
use engine::name::normal_form;
use engine::node::Node;
use engine::policy::ArgsWish;
use wire::control::{Failure, GrantWish, Lasts};
use wire::json::Value;

use super::call::OneCall;
use super::telling::word;
use super::{Ask, By, Context, Judged, Signal, State, StateOp, WaitingRow};
use crate::approval::failure;
use crate::approval::shown::WHOLE;
use crate::audit::grants::GrantOp;
use crate::audit::{Batch, NewRecord};
use crate::grants::{Bound, Grant, Paths, Scope, Sought, Why, ended, subject};
use crate::session::node::node;
use crate::session::redact;

const HOUR: i64 = 3_600_000;
/// The longest day there is where clocks are set back, in ms.
const LONGEST_DAY: i64 = 25 * HOUR;

/// A grant as it would be.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The grant.
    pub grant: Grant,
    /// The policy keeps arguments whole in the audit.
    pub args_kept: bool,
}

impl State {
    /// A call that the policy wants a person asked about: unless a grant has answered already.
    pub(super) fn ask_or_granted(
        &mut self,
        ctx: &Context<'_>,
        one: OneCall<'_>,
        ask: Asked,
        waited: Option<WaitingRow>,
        trace: &mut Vec<String>,
    ) -> Judged {
        let (one, ask) = match self.tried_again(ctx, one, ask, waited.as_ref()) {
            Ok(judged) => return judged,
            Err(asked) => *asked,
        };
        let (grant, ends) = self.granted(ctx, &one, &ask);
        let mut judged = match grant {
            None => self.ask_call(ctx, one, ask, waited),
            Some(id) => {
                let allow = Allow {
                    forward_as: ask.forward_as,
                    violation: None,
                    spent: ask.spent,
                };
                let mut judged = self.allow_call(ctx, one, allow, waited.as_ref(), Some(&id));
                if self.facts.verbose && !judged.refused {
                    trace.push(format!("[DEBUG] Approval: allowed by grant {id}"));
                    trace.push("[INFO] Decision: ALLOW".to_owned());
                }
                let now_ms = ctx.now_ms;
                let used = GrantOp::Used { id, now_ms };
                judged.batch.ops.push(StateOp::Grant(used));
                judged
            }
        };
        judged.batch.append(ends);
        judged
    }

    /// The grant a call falls under, and the ends of those that proved to be over.
    fn granted(
        &self,
        ctx: &Context<'_>,
        one: &OneCall<'_>,
        ask: &Asked,
    ) -> (Option<String>, Batch) {
        let normal = normal_form(&one.tool);
        let Some(rule) = ctx.policy().rule_hash(&normal) else {
            return (None, Batch::default());
        };
        let sought = Sought {
            client: &self.facts.client,
            server: &self.facts.identity,
            tool: &normal,
            definition: self.definition_shown(&normal),
            policy: &ctx.in_force.path,
            rule: &rule,
            session: &self.facts.id,
            now_ms: ctx.now_ms,
        };
        let (doubtful, found) = (OnceCell::new(), OnceCell::new());
        let covers = |scope: &Scope| {
            let doubt = || once_only(one.arguments(), ask.violation.is_some(), ctx).is_some();
            !*doubtful.get_or_init(doubt) && self.is_covered(ctx, scope, one.arguments(), &found)
        };
        let (grant, over) = ctx.grants.find(&sought, covers);
        (grant, ended(&over, ctx.now_ms, |it| it))
    }

    fn is_covered(
        &self,
        ctx: &Context<'_>,
        scope: &Scope,
        arguments: Option<&Value<'_>>,
        found: &OnceCell<Paths>,
    ) -> bool {
        let arguments = arguments.map_or(Node::Null, node);
        let look = || {
            let named = self.paths_in(ctx, &arguments);
            let real: Vec<PathBuf> = named.iter().map(|it| (ctx.resolve)(&it.path)).collect();
            Paths::new((named, real))
        };
        scope.covers(&arguments, &|| Paths::clone(found.get_or_init(look)))
    }

    /// The hash of the one definition this session was shown under a name.
    fn definition_shown(&self, normal: &str) -> Option<&str> {
        let tools = self.learnt.tools().iter();
        let mut alike = tools.filter(|it| it.normal == normal && !it.hash.is_empty());
        match (alike.next(), alike.next()) {
            (Some(tool), None) => Some(&tool.hash),
            (_, Some(_)) | (None, None) => None,
        }
    }

    /// The grant that a person's answer to this ask would make.
    ///
    /// # Errors
    /// Why there can be none; the call waits on.
    pub fn plan_grant(
        &self,
        ctx: &Context<'_>,
        id: &str,
        wish: &GrantWish,
    ) -> Result<Planned, Failure> {
        let refused = |why: String| failure("refused", format!("{why}; the call still waits"));
        let ask = self.asks.values().find(|ask| ask.id == id);
        let over = || failure("conflict", format!("approval `{id}` no longer waits"));
        let ask = ask.ok_or_else(over)?;
        self.may_grant(ctx, ask, &wish.lasts)
            .map_err(|why| refused(why.to_owned()))?;
        let scope = self.scope_of(ctx, ask, wish).map_err(refused)?;
        let (session, until_ms) = self.ends_of(ctx, &wish.lasts).map_err(refused)?;
        let grant = Grant {
            id: grant_id(&(ctx.fresh_id)()),
            bound: self.bound(ctx, &ask.tool).map_err(refused)?,
            scope,
            label: self.facts.server.clone(),
            tool: word(&ask.tool, ctx.policy().dlp()),
            session,
            until_ms,
            made_ms: ctx.now_ms,
            approval: id.to_owned(),
            uses: 0,
            used_ms: None,
        };
        if wish.shown.as_ref().is_some_and(|it| *it != grant.print()) {
            let why = "the grant would be another one than was shown; look again";
            return Err(failure("conflict", why.to_owned()));
        }
        Ok(Planned {
            grant,
            args_kept: ctx.policy().audit().args == ArgsWish::Full,
        })
    }

    /// Whether there may be any grant for a call.
    fn may_grant(&self, ctx: &Context<'_>, ask: &Ask, lasts: &Lasts) -> Result<(), &'static str> {
        if let Some(why) = ask.once_only {
            return Err(why);
        }
        if ctx.grants.is_full() {
            return Err(
                "there are as many grants as may be: revoke some with `aipctl grants revoke`",
            );
        }
        if *lasts != Lasts::Session && self.facts.client_source != "observed" {
            return Err(
                "the system does not tell which client this is, so only `--for session` can do",
            );
        }
        Ok(())
    }

    /// What is wanted, for the frozen call, which has to be covered itself.
    fn scope_of(&self, ctx: &Context<'_>, ask: &Ask, wish: &GrantWish) -> Result<Scope, String> {
        let message = ask.message().ok_or("the call can't be read any more")?;
        let arguments = message.params().and_then(|it| it.get("arguments"));
        let tree = arguments.map_or(Node::Null, node);
        let scope = Scope::of(&wish.what, &tree, ctx.resolve)?;
        if !self.is_covered(ctx, &scope, arguments, &OnceCell::new()) {
            return Err("this call itself would not be covered".to_owned());
        }
        Ok(scope)
    }

    fn bound(&self, ctx: &Context<'_>, tool: &str) -> Result<Bound, String> {
        let normal = normal_form(tool).into_owned();
        let unknown = || {
            "the server has not listed this tool in this session, so a grant could not be bound to \
             its definition"
                .to_owned()
        };
        let rule = ctx.policy().rule_hash(&normal);
        if self.facts.identity.is_empty() || ctx.in_force.path.is_empty() {
            return Err("what runs this server is not known".to_owned());
        }
        Ok(Bound {
            client: self.facts.client.clone(),
            server: self.facts.identity.clone(),
            definition: self
                .definition_shown(&normal)
                .ok_or_else(unknown)?
                .to_owned(),
            policy: ctx.in_force.path.clone(),
            rule: rule.ok_or("the policy has no rule for this tool any more")?,
            tool: normal,
        })
    }

    fn ends_of(
        &self,
        ctx: &Context<'_>,
        lasts: &Lasts,
    ) -> Result<(Option<String>, Option<i64>), String> {
        Ok(match lasts {
            Lasts::Session => (Some(self.facts.id.clone()), None),
            Lasts::Hour => (None, Some(ctx.now_ms.saturating_add(HOUR))),
            Lasts::Always => (None, None),
            Lasts::Until { until } => {
                let until_ms = crate::time::parse_ms(until)
                    .ok_or_else(|| format!("`{until}` is no RFC 3339 time"))?;
                let left = until_ms.saturating_sub(ctx.now_ms);
                if !(1..=LONGEST_DAY).contains(&left) {
                    return Err(format!("`{until}` is not within the day to come"));
                }
                (None, Some(until_ms))
            }
        })
    }

    /// The answer that was judged makes this grant, where it let the call through.
    pub fn grant_made(&self, ctx: &Context<'_>, judged: &mut Judged, grant: Grant, by: &By) {
        if !judged.allows() {
            return;
        }
        let scope = serde_json::to_string(&grant.scope).ok();
        let dlp = ctx.policy().dlp();
        let plain = grant
            .scope
            .is()
            .is_none_or(|it| redact::word(it, dlp) == it);
        let kept = plain && ctx.policy().audit().args == ArgsWish::Full;
        let event = self
            .event(ctx, "GRANT_MADE")
            .set("grant_id", grant.id.clone())
            .set("approval_id", grant.approval.clone())
            .set("tool", grant.tool.clone())
            .set("client", grant.bound.client.clone())
            .set("scope", grant.scope.kind())
            .set("lasts", grant.shown().lasts)
            .set_some("until", grant.until_ms.map(crate::time::rfc3339))
            .set("policy_path", grant.bound.policy.clone())
            .set("rule_hash", grant.bound.rule.clone())
            .set("definition_hash", grant.bound.definition.clone())
            .set("channel", by.channel)
            .set_some("pid", by.pid)
            .set_some("program", by.program.clone())
            .set_some("auth", by.auth)
            .with_args(scope.filter(|_| kept));
        judged.batch.records.push(event);
        let made = GrantOp::Made(Box::new(grant.clone()));
        judged.batch.ops.push(StateOp::Grant(made));
        judged.signals.push(Signal::Granted(Box::new(grant)));
    }

    /// A person has allowed a call of this tool.
    pub(super) fn count_allowed(&self, ctx: &Context<'_>, judged: &mut Judged, tool: &str) {
        if self.facts.identity.is_empty() {
            return;
        }
        let allowed = GrantOp::Allowed {
            subject: self.subject(tool),
            now_ms: ctx.now_ms,
        };
        judged.batch.ops.push(StateOp::Grant(allowed));
    }

    /// What answers about this tool are counted by.
    pub(super) fn subject(&self, tool: &str) -> String {
        subject(&self.facts.client, &self.facts.identity, &normal_form(tool))
    }

    /// The server lists tools in another way than when grants were made: those learnt from `from` on.
    pub(super) fn grants_against_list(&self, ctx: &Context<'_>, judged: &mut Judged, from: usize) {
        let listed = self.learnt.tools().get(from..).unwrap_or_default();
        let over = ctx.grants.take(|grant| {
            let bound = &grant.bound;
            let ours = bound.client == self.facts.client && bound.server == self.facts.identity;
            let changed = ours
                && listed
                    .iter()
                    .any(|it| it.normal == bound.tool && it.hash != bound.definition);
            changed.then_some(Why::DefinitionChanged)
        });
        judged.batch.append(ended(&over, ctx.now_ms, |it| it));
    }

    /// The session's own grants end with it.
    pub(super) fn grants_end(&self, ctx: &Context<'_>) -> Batch {
        let over = ctx.grants.take(|grant| {
            let own = grant.session.as_ref() == Some(&self.facts.id);
            own.then_some(Why::SessionEnded)
        });
        ended(&over, ctx.now_ms, |it: NewRecord| it)
    }
}

impl Judged {
    /// Whether a person's answer has let a call through.
    pub(super) fn allows(&self) -> bool {
        let allowed = |it: &Signal| {
            matches!(
                it,
                Signal::AskEnded {
                    state: "allowed",
                    ..
                }
            )
        };
        self.signals.iter().any(allowed)
    }
}

/// Why a call can be allowed once and no more, and falls under no grant: a grant speaks only for
/// what a person would be shown whole and as it is.
pub(super) fn once_only(
    arguments: Option<&Value<'_>>,
    violates: bool,
    ctx: &Context<'_>,
) -> Option<&'static str> {
    if violates {
        return Some("a call that only monitor mode lets through can be allowed only once");
    }
    let arguments = arguments?;
    if arguments.to_json().len() > WHOLE {
        return Some("a call with more than 4 KiB of arguments can be allowed only once");
    }
    let found = redact::for_record(&mut arguments.clone(), ctx.policy().dlp());
    (found.changed() || found.failed.is_some())
        .then_some("a call whose arguments are shown redacted can be allowed only once")
}

/// The random tail of an id: a person types its beginning.
fn grant_id(uuid: &str) -> String {
    let tail = uuid.len().saturating_sub(12);
    uuid.get(tail..).unwrap_or(uuid).to_owned()
}
