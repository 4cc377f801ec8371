//! What the session tells the audit: the fields all its records share, and arguments as the
//! policy wants them kept.

use engine::dlp::Dlp;
use engine::node::{Node, Numbers, canonical, sha256_hex};
use engine::policy::{ArgsWish, Mode};
use wire::json::Value;

use super::{At, Context, State};
use crate::audit::batch::Sync;
use crate::audit::{Batch, NewRecord};
use crate::session::node::node;
use crate::session::redact;

/// Arguments longer than this are kept as head, tail, length and hash.
const MAX_ARGS: usize = 16 * 1024;
/// Bytes of head and tail kept of longer ones.
const EDGE: usize = 2 * 1024;
/// The longest name or reason a record keeps, in characters.
const MAX_WORD: usize = 512;

impl State {
    /// A decision of this session, with everything but what it is about.
    pub(super) fn decision(
        &self,
        ctx: &Context<'_>,
        direction: &'static str,
        word: &'static str,
    ) -> NewRecord {
        let record =
            NewRecord::decision(ctx.now_ms, direction, word).set("latency_us", (ctx.latency_us)());
        self.sign(ctx, record)
    }

    /// An event of this session.
    pub(super) fn event(&self, ctx: &Context<'_>, name: &'static str) -> NewRecord {
        NewRecord::event(ctx.now_ms, name)
            .set("session_id", self.facts.id.clone())
            .set("server", self.facts.server.clone())
    }

    fn sign(&self, ctx: &Context<'_>, record: NewRecord) -> NewRecord {
        let policy = ctx.policy();
        let mode = if ctx.monitor() {
            "monitor"
        } else {
            mode_word(policy.mode())
        };
        record
            .set("policy_mode", mode)
            .set("session_id", self.facts.id.clone())
            .set("server", self.facts.server.clone())
            .set("client", self.facts.client.clone())
            .set("client_source", self.facts.client_source.clone())
            .set_some(
                "policy_name",
                (!ctx.in_force.path.is_empty()).then(|| policy.name()),
            )
            .set_some(
                "policy_hash",
                (!ctx.in_force.path.is_empty()).then(|| policy.hash()),
            )
    }

    /// DLP findings, an event each.
    pub(super) fn findings(
        &self,
        ctx: &Context<'_>,
        found: &redact::Redaction,
        direction: &'static str,
        action: &'static str,
        call_id: Option<&str>,
    ) -> Batch {
        let mut batch = Batch {
            sync: sync(ctx),
            ..Batch::default()
        };
        batch
            .records
            .extend(found.findings.iter().map(|(rule, count)| {
                self.event(ctx, "DLP_TRIGGERED")
                    .set("direction", direction)
                    .set("dlp_rule", rule.clone())
                    .set_some("policy_layer", ctx.policy().dlp().layer_of(rule))
                    .set("dlp_action", action)
                    .set("dlp_match_count", *count)
                    .set_some("call_id", call_id)
            }));
        batch
    }

    /// Something that was not passed on, without being a call of its own.
    pub(super) fn dropped(
        &self,
        ctx: &Context<'_>,
        at: At,
        direction: &'static str,
        reason: &str,
    ) -> NewRecord {
        self.event(ctx, "MESSAGE_DROPPED")
            .set("direction", direction)
            .set("reason", word(reason, ctx.policy().dlp()))
            .set("frame", at.number)
    }
}

/// The word for a mode in records and listings.
#[must_use]
pub fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Enforce => "enforce",
        Mode::Monitor => "monitor",
    }
}

/// How hard the policy wants its records pressed onto the disk.
pub(super) fn sync(ctx: &Context<'_>) -> Sync {
    match ctx.policy().audit().sync {
        engine::policy::SyncWish::Normal => Sync::Normal,
        engine::policy::SyncWish::Full => Sync::Full,
    }
}

/// A name or a reason for the record: redacted, and of bounded length.
pub(super) fn word(text: &str, dlp: &Dlp) -> String {
    let redacted = redact::word(text, dlp);
    if redacted.len() <= MAX_WORD {
        return redacted;
    }
    match redacted.char_indices().nth(MAX_WORD) {
        None => redacted,
        Some((end, _)) => {
            let head = redacted.get(..end).unwrap_or_default();
            format!("{head}… ({} bytes)", redacted.len())
        }
    }
}

/// Arguments as the record keeps them: redacted first, then whole, cut, as their shape, or as
/// their hash.
pub(super) fn args(arguments: Option<&Value<'_>>, ctx: &Context<'_>) -> Option<String> {
    let mut copy = arguments?.borrowed();
    let dlp = ctx.policy().dlp();
    if redact::for_record(&mut copy, dlp).failed.is_some() {
        return Some(r#"{"unscanned":true}"#.to_owned());
    }
    let text = canonical(&node(&copy), Numbers::AsWritten);
    Some(match ctx.policy().audit().args {
        ArgsWish::Full if text.len() <= MAX_ARGS => text,
        ArgsWish::Full => cut(&text),
        ArgsWish::Shape => {
            let shape = canonical(&shape(&copy), Numbers::AsWritten);
            if shape.len() <= MAX_ARGS {
                shape
            } else {
                cut(&shape)
            }
        }
        ArgsWish::Hash => hashed(&text).to_json(),
    })
}

fn hashed(text: &str) -> Value<'static> {
    Value::object([
        (
            "length",
            Value::integer(i64::try_from(text.len()).unwrap_or(i64::MAX)),
        ),
        ("sha256", Value::string(sha256_hex(text.as_bytes()))),
    ])
}

fn cut(text: &str) -> String {
    let head = text
        .get(..text.floor_char_boundary(EDGE))
        .unwrap_or_default();
    let tail = text
        .get(text.ceil_char_boundary(text.len() - EDGE)..)
        .unwrap_or_default();
    let mut kept = hashed(text);
    kept.insert("head", Value::string(head.to_owned()));
    kept.insert("tail", Value::string(tail.to_owned()));
    kept.to_json()
}

/// The same tree with each value replaced by the name of its type.
fn shape<'v>(value: &'v Value<'_>) -> Node<'v> {
    let named = |name: &'static str| Node::String(name.into());
    match value {
        Value::Null => named("null"),
        Value::Bool(_) => named("boolean"),
        Value::Number(_) => named("number"),
        Value::String(_) => named("string"),
        Value::Array(items) => Node::Array(items.iter().map(shape).collect()),
        Value::Object(members) => Node::Object(
            members
                .iter()
                .map(|(key, value)| (key.as_ref().into(), shape(value)))
                .collect(),
        ),
    }
}
