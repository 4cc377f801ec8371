//! The tightest policy that admits the calls that passed. It is tried on those very calls before it
//! is given out; what it would refuse makes it wider.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::node::Node;
use engine::suggest::{Head, Learner, Seen};
use wire::control::{SuggestQuery, Suggested};

use super::judge::Places;
use super::record::{Kept, kept};
use super::secrets::is_secret;
use super::{Session, Span};
use crate::audit::query::Stored;
use crate::operation::story::trace::was_asked;
use crate::operation::{Daemon, Outcome, as_value};
use crate::session::node::node;
use crate::session::state::InForce;
use trial::{Findings, Trial, attempt, passed};

mod trial;

/// How often the policy is made anew for what it would refuse.
const ROUNDS: usize = 3;
/// The most servers that are told of.
const MAX_SERVERS: usize = 16;

/// Learning under way.
struct Work {
    learner: Learner,
    monitor: bool,
    home: Option<PathBuf>,
    policies: Vec<Arc<InForce>>,
    servers: BTreeSet<String>,
    policy: Option<String>,
}

pub(in crate::operation) async fn suggest(daemon: &Daemon, query: SuggestQuery) -> Outcome {
    let mut work = Work {
        learner: Learner::default(),
        monitor: query.monitor,
        home: daemon.home.clone(),
        policies: daemon.policies.all_in_force().await,
        servers: BTreeSet::new(),
        policy: None,
    };
    let times = (query.since.clone(), query.until.clone());
    let span = Span::read(daemon, times, query.server.clone(), query.policy.clone()).await?;
    work = span.walk(daemon, work, learn).await?;
    let mut found = Findings::default();
    for _ in 0..ROUNDS {
        let yaml = work.yaml(&span, &found);
        let trial = Trial::of(daemon, &yaml, query.monitor)?;
        let trial = span.walk(daemon, trial, attempt).await?;
        found = trial.found;
        let mut wider = false;
        for (tool, argument) in &trial.refused {
            wider |= work.learner.widen(tool, argument.as_deref());
        }
        if !wider {
            break;
        }
    }
    as_value(&Suggested {
        yaml: work.yaml(&span, &found),
        calls: work.learner.calls(),
        tools: work.learner.tools() as u64,
        left_out: work.learner.left_out(),
        refused: found.refused,
        reopened: found.reopened,
        servers: work.servers.into_iter().collect(),
        policy: work.policy,
    })
}

fn learn(work: &mut Work, record: &Stored, session: &Session) {
    let policies = &work.policies;
    let secret = |name: &str, text: &str| is_secret(policies, name, text);
    let (method, tool) = (record.text("method"), record.text("tool"));
    let call = tool.filter(|_| method.as_deref() == Some("tools/call"));
    match (call, method) {
        (Some(tool), _) if passed(record, work.monitor) => {
            if let Some(server) = record.text("server")
                && work.servers.len() < MAX_SERVERS
            {
                work.servers.insert(server.into_owned());
            }
            work.policy.clone_from(&session.policy);
            call_passed(
                &mut work.learner,
                &tool,
                (record, session),
                work.home.as_deref(),
                &secret,
            );
        }
        (Some(tool), _) if record.text("decision").as_deref() == Some("BLOCK") => {
            work.learner.refused(&tool, &secret);
        }
        (None, Some(method)) if passed(record, work.monitor) => {
            work.learner.learn_method(&method, &secret);
        }
        (Some(_) | None, _) => {}
    }
}

fn call_passed(
    learner: &mut Learner,
    tool: &str,
    (record, session): (&Stored, &Session),
    home: Option<&Path>,
    secret: &engine::suggest::IsSecret<'_>,
) {
    let text = match kept(record) {
        Kept::Whole(text) | Kept::Marked(text) => Some(text),
        Kept::Lost(_) => None,
    };
    let parsed = text.and_then(|it| wire::json::parse(it.as_bytes()).ok());
    let args = parsed.as_ref().map(|it| node(&it.value));
    let places = Places::of(args.as_ref().unwrap_or(&Node::Null), session, home);
    let at = record.text("timestamp");
    let seen = Seen {
        tool,
        args: args.as_ref(),
        found: &places.found(),
        at_ms: at.and_then(|it| crate::time::parse_ms(&it)).unwrap_or(0),
        asked: was_asked(record),
    };
    // What can't be named is counted, and told in the policy.
    let _left_out = learner.learn(&seen, secret);
}

impl Work {
    fn yaml(&self, span: &Span, found: &Findings) -> String {
        let mut notes = vec![self.source(span)];
        notes.push(match found.refused {
            0 => "Tried on them: each passes, but for those told of below.".to_owned(),
            some => format!("Tried on them: {some} would be refused, see aipctl policy replay."),
        });
        if found.reopened > 0 {
            let records: Vec<String> = found.examples.iter().map(u64::to_string).collect();
            notes.push(format!(
                "Take care: calls that were refused would pass ({}), as records {}.",
                found.reopened,
                records.join(", ")
            ));
        }
        if self.servers.len() > 1 {
            let servers = self.servers.len();
            notes.push(format!(
                "They were of {servers} servers or more; `--server NAME` makes a policy of one."
            ));
        }
        self.learner.yaml(&Head {
            name: self.name(),
            notes,
        })
    }

    fn source(&self, span: &Span) -> String {
        let calls = self.learner.calls();
        let what = if self.monitor {
            "let through in monitor mode"
        } else {
            "allowed"
        };
        let since = span.wanted.since.as_deref();
        let since = since.map_or_else(String::new, |it| format!(", since {it}"));
        let until = span.wanted.until.as_deref();
        let until = until.map_or_else(String::new, |it| format!(", until {it}"));
        format!("Made of {calls} recorded calls that were {what}{since}{until}.")
    }

    /// The server's, where there is one and its name is a plain one.
    fn name(&self) -> String {
        let plain = |it: &char| it.is_ascii_alphanumeric() || "-_.".contains(*it);
        let mut servers = self.servers.iter();
        match (servers.next(), servers.next()) {
            (Some(one), None) if !is_secret(&self.policies, "", one) => {
                let name: String = one.chars().filter(plain).take(64).collect();
                format!("learnt-{name}")
            }
            (Some(_) | None, _) => "learnt".to_owned(),
        }
    }
}
