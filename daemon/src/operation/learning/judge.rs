//! A policy tried on recorded calls, by what a record holds of the facts there were.

use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use engine::decide::{Call, Facts, Listing, Named, Override, decide, refuses_tool};
use engine::method_spelling;
use engine::name::normal_form;
use engine::node::Node;
use engine::paths::{Candidate, Found, Reading, hit};
use engine::replay::{Effect, Said};

use super::Session;
use super::record::{Kept, kept};
use crate::audit::query::Stored;
use crate::operation::story::trace::held;
use crate::session::node::node;
use crate::session::state::InForce;
use crate::session::state::places::protected;

const CALL: &str = "tools/call";

/// What the policy says of a recorded call, or why it can't be told.
pub(super) type Judged = Result<Said, &'static str>;

/// A policy and what it is tried with.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) in_force: InForce,
    pub(super) home: Option<PathBuf>,
    /// Calls that named paths.
    pub(super) paths: u64,
}

/// The paths that arguments name, by the folders and links there are now.
pub(super) struct Places {
    named: Vec<Candidate>,
    resolved: Vec<PathBuf>,
}

impl Places {
    pub(super) fn of(args: &Node<'_>, session: &Session, home: Option<&Path>) -> Self {
        let bases: Vec<PathBuf> = session.cwd.iter().cloned().collect();
        let reading = Reading {
            bases: &bases,
            homes: [home, None],
            user_homes: &crate::links::home_of,
            through_links: &crate::links::through_links,
        };
        let named = reading.of(args);
        let resolved = named.iter().map(|it| crate::links::resolve(&it.path));
        Self {
            resolved: resolved.collect(),
            named,
        }
    }

    pub(super) fn found(&self) -> Found<'_> {
        Found {
            candidates: &self.named,
            resolved: &self.resolved,
        }
    }
}

impl Judge {
    /// Tries the policy on what a record tells of.
    pub(super) fn judge(&mut self, record: &Stored, session: &Session) -> Judged {
        let method = record.text("method").ok_or("its record names no method")?;
        if record.text("direction").as_deref() == Some("downstream") {
            return Ok(self.servers_request(&method));
        }
        match record.text("tool") {
            Some(tool) if method == CALL => self.call(record, &tool, session),
            Some(_) | None => self.other(record, &method, session),
        }
    }

    fn call(&mut self, record: &Stored, tool: &str, session: &Session) -> Judged {
        if tool.contains("[REDACTED") {
            return Err("the tool's name was redacted");
        }
        let text = match kept(record) {
            Kept::Whole(text) => text,
            Kept::Marked(_) => return self.by_name(record, tool, "its arguments were redacted"),
            Kept::Lost(why) => return self.by_name(record, tool, why),
        };
        let parsed = wire::json::parse(text.as_bytes());
        let parsed = parsed.map_err(|_| "its arguments can't be read")?;
        let args = node(&parsed.value);
        let call = Call {
            method: CALL,
            tool: Some(tool),
            args: &args,
            named: &[],
        };
        let places = Places::of(&args, session, self.home.as_deref());
        let has_path = |it: &Candidate| it.text.contains('/');
        self.paths += u64::from(places.named.iter().any(has_path));
        self.decided(record, &call, &places, session)
    }

    /// Where its arguments are not known: only what its name alone refuses.
    fn by_name(&self, record: &Stored, tool: &str, why: &'static str) -> Judged {
        let none = Places {
            named: Vec::new(),
            resolved: Vec::new(),
        };
        let refused = refuses_tool(&self.in_force.policy, tool, &facts(record, &none));
        let refused = refused.filter(|it| it.failed_rule.as_deref() != Some("schema_hash"));
        refused.map(Said::refused).ok_or(why)
    }

    fn decided(
        &self,
        record: &Stored,
        call: &Call<'_>,
        places: &Places,
        session: &Session,
    ) -> Judged {
        let policy = &self.in_force.policy;
        if self.is_protected_beside(places, session) {
            let what = "a path protected in this session";
            return Ok(Said::refused(protected(what)));
        }
        let buckets = self.in_force.buckets.lock();
        let mut buckets = buckets.unwrap_or_else(PoisonError::into_inner);
        let said = Said::of(decide(policy, call, &facts(record, places), &mut buckets));
        if said.effect == Effect::Block && said.rule == "schema_hash" {
            return Err(
                "`schema_hash` compares what the server listed, which is not in the record",
            );
        }
        Ok(said)
    }

    /// The policy's relative entries, below the folder of the session.
    fn is_protected_beside(&self, places: &Places, session: &Session) -> bool {
        let relative = self.in_force.policy.relative_protected().iter();
        let Some(cwd) = session.cwd.as_ref().filter(|_| relative.len() > 0) else {
            return false;
        };
        let mut own: Vec<PathBuf> = relative.map(|it| cwd.join(it)).collect();
        let real: Vec<PathBuf> = own.iter().map(|it| crate::links::resolve(it)).collect();
        own.extend(real);
        let insensitive = cfg!(any(target_os = "macos", windows));
        hit(&own, &places.found(), insensitive).is_some()
    }

    /// Another request of the client's: its method, and the one resource or prompt it names.
    fn other(&self, record: &Stored, method: &str, session: &Session) -> Judged {
        let policy = &self.in_force.policy;
        let normal = normal_form(method).into_owned();
        let spelling = method_spelling(method).ok_or("its method is in no known spelling")?;
        let one = ["resource", "prompt"].map(|it| record.text(it));
        if one.iter().flatten().any(|it| is_cut(it)) {
            return Err("what it names was redacted or cut");
        }
        let named = match (&one, spelling.as_ref()) {
            ([Some(uri), _], "resources/read" | "resources/subscribe") => {
                vec![Named::Resource(Some(uri.as_ref()))]
            }
            ([_, Some(name)], "prompts/get") => vec![Named::Prompt(Some(name.as_ref()))],
            _ => Vec::new(),
        };
        let uri = one.first().and_then(|it| it.as_deref()).unwrap_or_default();
        let args = Node::Object(vec![("uri".into(), Node::String(uri.into()))]);
        let places = Places::of(&args, session, self.home.as_deref());
        let call = Call {
            method,
            tool: None,
            args: &Node::Null,
            named: &named,
        };
        let said = self.decided(record, &call, &places, session)?;
        let insensitive = cfg!(any(target_os = "macos", windows));
        if said.effect == Effect::Allow {
            if hit(policy.protected(), &places.found(), insensitive).is_some() {
                return Ok(Said::refused(protected("a path named by the request")));
            }
            return doubt(&normal, &one).map_or(Ok(said), Err);
        }
        Ok(said)
    }

    fn servers_request(&self, method: &str) -> Said {
        let policy = &self.in_force.policy;
        let watching = policy.mode() == engine::Mode::Monitor;
        let passes = watching || policy.allows_server_method(&normal_form(method));
        let words = |yes: &str| {
            if passes {
                String::new()
            } else {
                yes.to_owned()
            }
        };
        Said {
            effect: if passes { Effect::Allow } else { Effect::Block },
            rule: words("allowed_server_methods"),
            reason: words("the server may not ask this of the client"),
            argument: None,
            line: None,
        }
    }
}

/// What passes by its method, and of which the record holds too little to say that it would.
fn doubt(normal: &str, one: &[Option<std::borrow::Cow<'_, str>>; 2]) -> Option<&'static str> {
    match (normal, one) {
        ("prompts/get", _) => Some("a prompt's arguments are not in the record"),
        ("completion/complete" | "subscriptions/listen", [None, None]) => None,
        ("completion/complete" | "subscriptions/listen", _) => {
            Some("not all that it names is in the record")
        }
        (task, _) if task.starts_with("tasks/") => Some("whose task it was is not in the record"),
        _ => None,
    }
}

/// Whether a record has kept less than the whole word.
fn is_cut(word: &str) -> bool {
    word.contains("[REDACTED") || word.ends_with(" bytes)")
}

/// The facts of then, as far as they are recorded.
fn facts<'p>(record: &Stored, places: &'p Places) -> Facts<'p> {
    let at = record.text("timestamp");
    Facts {
        now_ms: at.and_then(|it| crate::time::parse_ms(&it)).unwrap_or(0),
        listing: Listing::Unknown,
        held: held(record),
        override_: Override::None,
        paths: places.found(),
        task_known: true,
    }
}
