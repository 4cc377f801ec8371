//! Judges what a message names beside tools: resources by their URIs, and prompts.

use super::refusal::Refusal;
use crate::{
    method::{COMPLETE, LISTEN, PROMPTS_GET, RESOURCES_READ, RESOURCES_SUBSCRIBE},
    policy::{Policy, UriEntry},
    uri::{Readings, UriPattern, literal_start},
};

/// How many bytes of readings are looked at for one message; what comes later is in doubt.
pub const WORK: usize = 16 << 20;

const TANGLED: &str = "the URI is too long, or can be read in too many ways";

/// What a message names; `None` where the name is missing or no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named<'a> {
    /// A resource, by its URI as sent.
    Resource(Option<&'a str>),
    /// Resources, by their URI template; without a variable in it, one resource.
    Template(Option<&'a str>),
    /// A prompt, by its name as sent.
    Prompt(Option<&'a str>),
}

/// The first that does not pass, as a refusal. A policy without any of the lists judges none.
pub(super) fn judge(policy: &Policy, normal: &str, named: &[Named<'_>]) -> Option<Refusal> {
    if !policy.named().any() {
        return None;
    }
    let mut work = WORK;
    let mut refusals = named.iter().filter_map(|one| {
        let reached = reaches(policy, normal, one).then(|| judge_alone(policy, one, &mut work));
        reached.unwrap_or_else(|| {
            let reason = "what it names can't be reached by an allowed method";
            Some(Refusal::method(reason).because("allowed_methods"))
        })
    });
    refusals.next()
}

/// Whether the method that would reach what another one is about may pass at all.
fn reaches(policy: &Policy, normal: &str, one: &Named<'_>) -> bool {
    let allows = |method| policy.allows_method(method);
    match (normal, one) {
        (COMPLETE, Named::Resource(_) | Named::Template(_)) => allows(RESOURCES_READ),
        (COMPLETE, Named::Prompt(_)) => allows(PROMPTS_GET),
        (LISTEN, _) => allows(RESOURCES_READ) && !policy.methods().denies(RESOURCES_SUBSCRIBE),
        _ => true,
    }
}

/// What the lists say of one resource or prompt, whatever the method and the mode; takes what it cost
/// off the `work` that is left for its message.
pub fn judge_named(policy: &Policy, one: &Named<'_>, work: &mut usize) -> Option<Refusal> {
    let Some(stack) = policy.stack() else {
        return judge_alone(policy, one, work);
    };
    stack
        .holding()
        .find_map(|it| Some(judge_alone(it.policy, one, work)?.in_layer(it.path)))
}

fn judge_alone(policy: &Policy, one: &Named<'_>, work: &mut usize) -> Option<Refusal> {
    match *one {
        Named::Resource(uri) => judge_resource(policy, uri, work),
        Named::Template(template) => match template.and_then(literal_start) {
            None => judge_resource(policy, template, work),
            Some(start) => judge_start(policy, start),
        },
        Named::Prompt(name) => judge_prompt(policy, name),
    }
}

fn judge_resource(policy: &Policy, uri: Option<&str>, work: &mut usize) -> Option<Refusal> {
    if !policy.named().judge_resources() {
        return None;
    }
    let readings = uri.and_then(|uri| Readings::within(uri, work));
    if let Some(denied) = &policy.named().denied_resources {
        let Some(readings) = &readings else {
            let empty = denied.entries.is_empty();
            return (!empty)
                .then(|| in_doubt(uri).at_line(denied.line))
                .or_else(|| not_allowed(policy, uri, None));
        };
        if let Some(entry) = denied.entries.iter().find(|it| it.pattern.denies(readings)) {
            return Some(denied_by(entry));
        }
    }
    not_allowed(policy, uri, readings.as_ref())
}

fn not_allowed(policy: &Policy, uri: Option<&str>, readings: Option<&Readings>) -> Option<Refusal> {
    let Some(allowed) = &policy.named().allowed_resources else {
        return uri.is_none().then(|| in_doubt(uri));
    };
    let mut patterns = allowed.entries.iter().map(|it| &it.pattern);
    let passes = match (uri, readings) {
        (None, _) => false,
        (Some(_), Some(readings)) => UriPattern::allow(patterns, readings),
        (Some(_), None) => patterns.any(UriPattern::is_everything),
    };
    let why = match (uri, readings) {
        (None, _) => "the request names no URI",
        (Some(_), None) => TANGLED,
        (Some(_), Some(_)) => "a reading of the URI matches no entry",
    };
    (!passes).then(|| not_in_list().detailed(why).at_line(allowed.line))
}

/// A template is judged by its text before the first variable: whether any of what it can name could pass.
fn judge_start(policy: &Policy, start: &str) -> Option<Refusal> {
    let lists = policy.named();
    let mut denied = lists.denied_resources.iter().flat_map(|it| &it.entries);
    if let Some(entry) = denied.find(|it| it.pattern.denies_all_from(start)) {
        return Some(denied_by(entry));
    }
    let allowed = lists.allowed_resources.as_ref()?;
    let could = allowed
        .entries
        .iter()
        .any(|it| it.pattern.could_begin(start));
    (!could).then(|| {
        let why = "nothing the template could name matches an entry";
        not_in_list().detailed(why).at_line(allowed.line)
    })
}

fn judge_prompt(policy: &Policy, name: Option<&str>) -> Option<Refusal> {
    let allowed = policy.named().allowed_prompts.as_ref()?;
    let passes = |name: &str| allowed.entries.iter().any(|it| it.allows(name));
    (!name.is_some_and(passes)).then(|| {
        Refusal::forbidden("Prompt not in allowed_prompts list")
            .because("allowed_prompts")
            .at_line(allowed.line)
    })
}

fn not_in_list() -> Refusal {
    Refusal::forbidden("Resource not in allowed_resources list").because("allowed_resources")
}

fn denied_by(entry: &UriEntry) -> Refusal {
    denied(format!("`{}` in denied_resources", entry.written)).at_line(entry.line)
}

/// Nothing can be told of it, so that it is none of the denied ones can't be either.
fn in_doubt(uri: Option<&str>) -> Refusal {
    denied(match uri {
        None => "the request names no URI",
        Some(_) => TANGLED,
    })
}

fn denied(detail: impl Into<String>) -> Refusal {
    Refusal::forbidden("resource is denied by the policy")
        .detailed(detail)
        .because("denied_resources")
}
