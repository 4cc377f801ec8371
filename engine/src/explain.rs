//! A decision in the words of the record and of `policy explain`.

use std::sync::Arc;

use crate::{
    decide::{Call, Decision, Named, Refusal, Verdict},
    node::Node,
    policy::Policy,
    trace::decision_lines,
};

/// How a call was decided, for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// `ALLOW`, `ASK`, `BLOCK`, `RATE_LIMITED` or `ALLOW_MONITOR`.
    pub decision: &'static str,
    /// What refused it, or in monitor mode would have.
    pub refusal: Option<Refusal>,
    /// The line of the policy that decides.
    pub line: Option<usize>,
    /// The file of the layer or base that decides, where it is not the policy's own.
    pub layer: Option<Arc<str>>,
    /// Each step.
    pub trace: Vec<String>,
}

/// Tells how a call was decided.
pub fn explained(policy: &Policy, call: &Call<'_>, decision: Decision) -> Explained {
    let trace = decision_lines(policy, call, &decision);
    let asks = match &decision {
        Decision::Ask(ask) => Some((ask.line, ask.layer.clone())),
        Decision::Allow(_) | Decision::Refuse(_) => None,
    };
    let (refusal, refused) = match decision {
        Decision::Allow(it) => (it.violation, false),
        Decision::Ask(it) => (it.violation, false),
        Decision::Refuse(it) => (Some(it), true),
    };
    let by_name = || policy.entry_for(call.tool?).map(|it| it.line);
    let decision = word(refusal.as_ref(), refused, asks.is_some());
    let (line, layer) = match (&refusal, asks) {
        (Some(it), _) => (it.line, it.layer.clone()),
        (None, Some((line, layer))) => (Some(line), layer),
        (None, None) => (by_name(), None),
    };
    Explained {
        decision,
        line,
        layer,
        refusal,
        trace,
    }
}

/// What other methods name, as far as it stands in their params by one name.
pub fn named<'n>(method: &str, params: &'n Node<'_>) -> Vec<Named<'n>> {
    let text = |name| params.member(name).and_then(Node::as_text);
    match method {
        "resources/read" | "resources/subscribe" => vec![Named::Resource(text("uri"))],
        "prompts/get" => vec![Named::Prompt(text("name"))],
        _ => Vec::new(),
    }
}

fn word(refusal: Option<&Refusal>, refused: bool, asks: bool) -> &'static str {
    match refusal {
        Some(it) if refused && it.verdict == Verdict::RateLimited => "RATE_LIMITED",
        Some(_) if refused => "BLOCK",
        _ if asks => "ASK",
        Some(_) => "ALLOW_MONITOR",
        None => "ALLOW",
    }
}
