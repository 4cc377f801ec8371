//! Judges `tools/call`, step by step in the order the specification gives. The first step that
//! applies decides; in monitor mode the first of those that may be let through is remembered.

use std::borrow::Cow;

use super::{Allow, Ask, Call, Code, Decision, Facts, Listing, Refusal, args, is_watching};
use crate::{
    method::TOOLS_CALL,
    name::normal_form,
    node::{Node, definition_hash},
    policy::{Action, Pinning, Policy, Rule},
    rate,
};

pub(super) fn judge(
    policy: &Policy,
    call: &Call<'_>,
    facts: &Facts<'_>,
    buckets: &mut rate::Buckets,
    violation: Option<Refusal>,
) -> Decision {
    match Judging::new(policy, call, facts) {
        Ok(judging) => match judging.steps(violation) {
            Ok(passing) => judging.spend(passing, buckets),
            Err(refusal) => Decision::Refuse(*refusal),
        },
        Err(refusal) => Decision::Refuse(*refusal),
    }
}

/// What refuses the tool by itself: its name, or the definition the server gives of it.
pub(super) fn refuses(
    policy: &Policy,
    spelled_by: &Policy,
    tool: &str,
    facts: &Facts<'_>,
) -> Option<Refusal> {
    let call = Call {
        method: TOOLS_CALL,
        tool: Some(tool),
        args: &Node::Null,
        named: &[],
    };
    let judging = match Judging::new(policy, &call, facts) {
        Ok(judging) => judging,
        Err(refusal) => return Some(*refusal),
    };
    let none = judging.policy_exists().err().map(|it| *it);
    let by_name = || OF_THE_TOOL.iter().find_map(|step| step(&judging));
    none.or_else(by_name)
        .or_else(|| judging.name_to_forward(spelled_by).err().map(|it| *it))
}

type Step = for<'s, 'j> fn(&'s Judging<'j>) -> Option<Refusal>;

/// The steps that look at no argument.
const OF_THE_TOOL: [Step; 5] = [
    |it| it.denied(),
    |it| it.blocked(),
    |it| it.schema(),
    |it| it.pinned(),
    |it| it.not_listed(),
];

pub(super) struct Judging<'j> {
    policy: &'j Policy,
    facts: &'j Facts<'j>,
    sent: &'j str,
    normal: Cow<'j, str>,
    args: &'j Node<'j>,
    rule: Option<&'j Rule>,
}

/// A call that no step stopped.
struct Passing {
    forward_as: String,
    violation: Option<Refusal>,
}

impl<'j> Judging<'j> {
    pub(super) fn new(
        policy: &'j Policy,
        call: &Call<'j>,
        facts: &'j Facts<'j>,
    ) -> Result<Self, Box<Refusal>> {
        let malformed = |reason: &str| Box::new(Refusal::forbidden(reason));
        let sent = call
            .tool
            .ok_or_else(|| malformed("the call names no tool"))?;
        if !matches!(call.args, Node::Null | Node::Object(_)) {
            return Err(malformed("arguments must be an object"));
        }
        let normal = normal_form(sent);
        let rule = policy.rules().speaking(&normal);
        Ok(Judging {
            policy,
            facts,
            sent,
            normal,
            args: call.args,
            rule,
        })
    }

    fn steps(&self, violation: Option<Refusal>) -> Result<Passing, Box<Refusal>> {
        let found = self.stops()?;
        Ok(Passing {
            forward_as: self.name_to_forward(self.policy)?,
            violation: violation.or(found),
        })
    }

    /// What stops the call; in monitor mode what would have, and may be let through.
    pub(super) fn stops(&self) -> Result<Option<Refusal>, Box<Refusal>> {
        let mut violation = None;
        self.protected_path()?;
        self.policy_exists()?;
        let watching = is_watching(self.policy, self.facts);
        let may_be_let_through = [
            Self::denied as fn(&Self) -> Option<Refusal>,
            Self::blocked,
            Self::schema,
            Self::pinned,
            Self::arguments,
            Self::not_listed,
        ];
        for step in may_be_let_through {
            match step(self) {
                None => {}
                Some(refusal) if watching => violation = violation.or(Some(refusal)),
                Some(refusal) => return Err(Box::new(refusal)),
            }
        }
        Ok(violation)
    }

    fn protected_path(&self) -> Result<(), Box<Refusal>> {
        let Some(candidate) = self.policy.paths().hit(&self.facts.paths) else {
            return Ok(());
        };
        let refusal = Refusal::new(Code::ProtectedPath, "an argument names a protected path");
        let refusal = Refusal {
            failed_arg: argument(&candidate.pointer),
            ..refusal
        };
        Err(Box::new(refusal.because("protected_paths")))
    }

    fn policy_exists(&self) -> Result<(), Box<Refusal>> {
        if !self.policy.is_none() {
            return Ok(());
        }
        let detail = "no policy is loaded, so every tool call is refused";
        Err(Box::new(not_in_list().detailed(detail)))
    }

    fn denied(&self) -> Option<Refusal> {
        let entry = self.policy.denied_by(&self.normal)?;
        let detail = format!("`{}` in denied_tools", entry.written);
        let refusal = Refusal::forbidden("tool is denied by the policy");
        Some(
            refusal
                .detailed(detail)
                .because("denied_tools")
                .at_line(entry.line),
        )
    }

    fn blocked(&self) -> Option<Refusal> {
        let rule = self.rule.filter(|rule| rule.action == Action::Block)?;
        let detail = format!("the rule for `{}` has `action: block`", rule.written);
        let refusal = Refusal::forbidden("tool is blocked by the policy");
        Some(
            refusal
                .detailed(detail)
                .because("action: block")
                .at_line(rule.line),
        )
    }

    fn schema(&self) -> Option<Refusal> {
        let rule = self.rule?;
        let wanted = rule.schema.as_ref()?;
        let detail = match self.facts.listing {
            Listing::One { definition, .. } => {
                let listed = definition_hash(definition, wanted.kind);
                if listed == wanted.hash {
                    return None;
                }
                format!("the definition last listed has the hash {listed}")
            }
            Listing::Unknown => "the server has not listed its tools yet".to_owned(),
            Listing::Absent => "the server does not list this tool".to_owned(),
            Listing::Ambiguous => {
                "the server lists more than one tool that this could be".to_owned()
            }
        };
        let reason = "tool definition is not the one the policy names";
        let refusal = Refusal::new(Code::SchemaMismatch, reason);
        Some(
            refusal
                .detailed(detail)
                .because("schema_hash")
                .at_line(rule.line),
        )
    }

    /// Of step 5 too: the definition is not the one that was pinned.
    fn pinned(&self) -> Option<Refusal> {
        let held = self
            .facts
            .held
            .filter(|_| self.policy.pinning() == Pinning::Block)?;
        let refusal = Refusal::new(Code::SchemaMismatch, held.reason());
        Some(refusal.because("pinning: block"))
    }

    fn arguments(&self) -> Option<Refusal> {
        args::judge(self.rule?, self.args, &self.facts.paths)
    }

    /// Step 9, once neither a rule nor the list lets the call pass.
    fn not_listed(&self) -> Option<Refusal> {
        let listed = self.rule.is_some() || self.policy.allowed_by(&self.normal).is_some();
        (!listed).then(|| not_in_list().because("allowed_tools"))
    }

    /// Never the client's variant: what the server listed, else what the policy wrote, else the
    /// name itself where it is in normal form. Not even monitor mode guesses.
    pub(super) fn name_to_forward(&self, spelled_by: &Policy) -> Result<String, Box<Refusal>> {
        let held = || {
            let reason = "the server lists tools whose names can be taken for each other";
            Err(Box::new(Refusal::forbidden(reason)))
        };
        match self.facts.listing {
            Listing::Ambiguous => return held(),
            Listing::One { name, .. } if normal_form(name) == self.normal => {
                return Ok(name.to_owned());
            }
            Listing::One { .. } => return held(),
            Listing::Unknown | Listing::Absent => {}
        }
        if let Some(spelling) = spelled_by.spelling(&self.normal) {
            return Ok(spelling.to_owned());
        }
        if self.sent == self.normal && !self.sent.is_empty() {
            return Ok(self.sent.to_owned());
        }
        let detail = "the server has not listed it and the policy does not spell it out";
        let refusal = Refusal::forbidden("tool name is not in its normal form");
        Err(Box::new(refusal.detailed(detail)))
    }

    fn spend(&self, passing: Passing, buckets: &mut rate::Buckets) -> Decision {
        let Passing {
            forward_as,
            violation,
        } = passing;
        let spent = match self.spends(&self.normal, buckets) {
            Ok(spent) => spent,
            Err(refusal) => return Decision::Refuse(*refusal),
        };
        match self.asks() {
            Some(rule) => {
                let (rule, line) = (rule.written.clone(), rule.line);
                Decision::Ask(Ask {
                    forward_as,
                    violation,
                    spent,
                    rule,
                    line,
                    layer: None,
                })
            }
            None => Decision::Allow(Allow {
                forward_as,
                violation,
                spent,
            }),
        }
    }

    /// Spends the rule's rate under this key, where it has one.
    pub(super) fn spends(
        &self,
        key: &str,
        buckets: &mut rate::Buckets,
    ) -> Result<Option<rate::Spent>, Box<Refusal>> {
        let rate = self.rule.and_then(|rule| Some((rule, rule.rate.as_ref()?)));
        let Some((rule, rate)) = rate else {
            return Ok(None);
        };
        let spent = buckets.spend(key, rate.limit, self.facts.now_ms);
        spent
            .map(Some)
            .map_err(|wait_ms| Box::new(Refusal::rate(&rate.written, wait_ms).at_line(rule.line)))
    }

    /// The rule that asks a person.
    pub(super) fn asks(&self) -> Option<&'j Rule> {
        self.rule.filter(|rule| rule.action == Action::Ask)
    }

    /// The tool's name in normal form.
    pub(super) fn normal(&self) -> &str {
        &self.normal
    }
}

/// An argument's name where the pointer leads no further, the pointer itself where it does.
fn argument(pointer: &str) -> Option<String> {
    let name = pointer.strip_prefix('/')?;
    let nested = name.contains('/');
    Some(if nested {
        pointer.to_owned()
    } else {
        name.replace("~1", "/").replace("~0", "~")
    })
}

fn not_in_list() -> Refusal {
    Refusal::forbidden("Tool not in allowed_tools list")
}
