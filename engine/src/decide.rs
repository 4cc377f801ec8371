//! Judges one message from the client: policy, call and facts in, decision out.

mod args;
mod beside;
mod named;
mod refusal;
mod tool;

use std::sync::Arc;

use crate::{
    method::{NEVER_STOPPED, TASKS, TOOLS_CALL, method_spelling},
    name::normal_form,
    node::Node,
    paths,
    policy::{Mode, Policy},
    rate,
};

pub use named::{Named, WORK, judge_named};
pub use refusal::{Code, Refusal, Verdict};

/// What the client sent.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The method, as sent.
    pub method: &'a str,
    /// The tool, as sent; present for `tools/call` only.
    pub tool: Option<&'a str>,
    /// The arguments: an object, or null where there are none.
    pub args: &'a Node<'a>,
    /// The resources and prompts that other methods name.
    pub named: &'a [Named<'a>],
}

/// What the server listed under the tool's name.
#[derive(Clone, Copy, Debug)]
pub enum Listing<'a> {
    /// It has listed nothing yet.
    Unknown,
    /// It has listed tools, but not this one.
    Absent,
    /// One tool.
    One {
        /// Its exact name.
        name: &'a str,
        /// Its definition, as last listed.
        definition: &'a Node<'a>,
    },
    /// Two tools with one normal form, or that look alike.
    Ambiguous,
}

/// How a tool differs from what was pinned of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// It is no longer listed.
    Removed,
    /// It came after the first listing, and nobody has approved it.
    New,
    /// Its definition is another one.
    Changed,
}

impl Held {
    /// The word for it, in records and listings.
    pub fn word(self) -> &'static str {
        match self {
            Held::Removed => "removed",
            Held::New => "new",
            Held::Changed => "changed",
        }
    }

    /// Why a policy that holds such tools refuses it, for the client.
    pub fn reason(self) -> &'static str {
        match self {
            Held::Removed => "tool is no longer listed by the server",
            Held::New => "tool is new and not approved yet",
            Held::Changed => "tool definition changed since it was approved",
        }
    }
}

/// What the user has set for the whole daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Override {
    /// Every policy speaks for itself.
    None,
    /// Every policy is in monitor mode.
    Monitor,
    /// Everything is refused.
    DenyAll,
}

/// What is known beside the call itself.
pub struct Facts<'a> {
    /// Wall clock, in milliseconds since 1970.
    pub now_ms: i64,
    /// What the server listed under the tool's name.
    pub listing: Listing<'a>,
    /// How the tool differs from its pin; `None` where it does not, or there is none.
    pub held: Option<Held>,
    /// What the user has set for the whole daemon.
    pub override_: Override,
    /// The paths that the arguments could name.
    pub paths: paths::Found<'a>,
    /// For `tasks/*`: this session created the task.
    pub task_known: bool,
}

/// What happens to the call.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is forwarded.
    Allow(Allow),
    /// The user is asked.
    Ask(Ask),
    /// It is refused.
    Refuse(Refusal),
}

/// Obligations of a call that passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allow {
    /// The tool's name to forward; for other methods than `tools/call`, the method's.
    pub forward_as: String,
    /// In monitor mode: what would have refused it.
    pub violation: Option<Refusal>,
    /// What it spent of its rate.
    pub spent: Option<rate::Spent>,
}

/// Obligations of a call that waits for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The tool's name to forward once allowed.
    pub forward_as: String,
    /// In monitor mode: what would have refused it.
    pub violation: Option<Refusal>,
    /// What it spent of its rate.
    pub spent: Option<rate::Spent>,
    /// The rule that asks, as the policy writes it.
    pub rule: String,
    /// Its line in the policy.
    pub line: usize,
    /// The file of the policy beside the session's own that asks.
    pub layer: Option<Arc<str>>,
}

/// Decides a request or a notification from the client.
pub fn decide(
    policy: &Policy,
    call: &Call<'_>,
    facts: &Facts<'_>,
    buckets: &mut rate::Buckets,
) -> Decision {
    let normal = normal_form(call.method);
    if facts.override_ == Override::DenyAll && !NEVER_STOPPED.contains(&normal.as_ref()) {
        return Decision::Refuse(Refusal::stopped());
    }
    let Some(spelling) = method_spelling(call.method) else {
        return Decision::Refuse(Refusal::method("method name is not in its normal form"));
    };
    if policy.lacks_base() {
        return Decision::Refuse(Refusal::baseless());
    }
    if let Some(stack) = policy.stack() {
        return beside::decide((policy, stack), call, facts, buckets, (&normal, spelling));
    }
    let violation = match judge_message(policy, &normal, call, facts) {
        Ok(violation) => violation,
        Err(refusal) => return Decision::Refuse(*refusal),
    };
    if normal == TOOLS_CALL {
        return tool::judge(policy, call, facts, buckets, violation);
    }
    Decision::Allow(Allow {
        forward_as: spelling.into_owned(),
        violation,
        spent: None,
    })
}

/// What one policy says before a tool is looked at; in monitor mode what would have refused.
fn judge_message(
    policy: &Policy,
    normal: &str,
    call: &Call<'_>,
    facts: &Facts<'_>,
) -> Result<Option<Refusal>, Box<Refusal>> {
    let refusal = judge_method(policy, normal, facts);
    match refusal.or_else(|| named::judge(policy, normal, call.named)) {
        Some(refusal) if !is_watching(policy, facts) => Err(Box::new(refusal)),
        violation => Ok(violation),
    }
}

/// Whether violations are recorded and let through. A session without a policy has nothing to
/// watch: it stays closed.
fn is_watching(policy: &Policy, facts: &Facts<'_>) -> bool {
    let wanted = policy.mode() == Mode::Monitor || facts.override_ == Override::Monitor;
    wanted && !policy.is_none()
}

/// What refuses every call of a tool, whatever its arguments; none where some call could pass or
/// be asked about. A list shows a tool by this, so that what is listed and what may be called agree.
pub fn refuses_tool(policy: &Policy, tool: &str, facts: &Facts<'_>) -> Option<Refusal> {
    if policy.lacks_base() {
        return Some(Refusal::baseless());
    }
    let alone = |it: &Policy| {
        if is_watching(it, facts) {
            return None;
        }
        judge_method(it, TOOLS_CALL, facts).or_else(|| tool::refuses(it, policy, tool, facts))
    };
    match policy.stack() {
        None => alone(policy),
        Some(stack) => stack
            .members()
            .find_map(|it| Some(alone(it.policy)?.in_layer(it.path))),
    }
}

fn judge_method(policy: &Policy, normal: &str, facts: &Facts<'_>) -> Option<Refusal> {
    let lists = policy.methods();
    if lists.denies(normal) {
        return Some(Refusal::method("method is denied by the policy").because("denied_methods"));
    }
    if lists.lists(normal) {
        return None;
    }
    if normal.starts_with(TASKS) && lists.passes_known_tasks() {
        let stranger = Refusal::method("no task of this session").because("method_profile: compat");
        return (!facts.task_known).then_some(stranger);
    }
    Some(Refusal::method("method not in allowed_methods list").because("allowed_methods"))
}
