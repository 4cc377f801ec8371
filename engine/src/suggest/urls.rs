//! The web addresses of an argument.

use std::collections::BTreeSet;

use crate::constraint::{Constraint, url::Web};
use crate::node::Node;
use crate::paths::Found;
use crate::uri::origin;

/// The most hosts an argument is held to by name; past it, to their scheme.
const MAX_HOSTS: usize = 12;

/// The addresses so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Urls {
    hosts: BTreeSet<String>,
    schemes: BTreeSet<String>,
    private: bool,
    /// More hosts than are kept.
    many: bool,
}

impl Urls {
    /// Takes in an argument's addresses; says whether it is nothing else.
    pub(super) fn add(&mut self, value: &Node<'_>, found: &Found<'_>) -> bool {
        let texts: Vec<&str> = match value {
            Node::String(text) => vec![text],
            Node::Array(items) => items.iter().filter_map(Node::as_text).collect(),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Object(_) => return false,
        };
        for text in texts {
            let Some(origin) = origin(text) else {
                return false;
            };
            let (scheme, rest) = origin.split_once("://").unwrap_or_default();
            let host = rest.split(':').next().unwrap_or_default();
            self.schemes.insert(scheme.to_owned());
            if self.hosts.len() < MAX_HOSTS || self.hosts.contains(host) {
                self.hosts.insert(host.to_owned());
            } else {
                self.many = true;
            }
        }
        let public = self.demand(Vec::new(), false);
        self.private |= public.check("", value, found).is_err();
        let hosts = self.hosts().map(str::to_owned).collect();
        let demand = self.demand(hosts, self.many && self.private);
        demand.check("", value, found).is_ok()
    }

    fn demand(&self, hosts: Vec<String>, private: bool) -> Constraint {
        Constraint::Url(Web {
            hosts,
            schemes: self.schemes.iter().cloned().collect(),
            private,
        })
    }

    /// Hosts as they are written, none where there are too many.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &str> {
        let named = !self.many;
        self.hosts.iter().map(String::as_str).filter(move |_| named)
    }

    /// What stands in `url: {...}`, and what is to be known of it.
    pub(super) fn written(&self) -> (String, String) {
        let mut parts = Vec::new();
        if !self.many {
            parts.push(format!("hosts: {}", super::text::list(self.hosts())));
        }
        if self.schemes.iter().any(|it| it != "https") || self.schemes.is_empty() {
            let all: Vec<&str> = self.schemes.iter().map(String::as_str).collect();
            parts.push(format!("schemes: [{}]", all.join(", ")));
        }
        if self.many && self.private {
            parts.push("private: true".to_owned());
        }
        let note = if self.many {
            format!("addresses of more than {MAX_HOSTS} hosts: any host")
        } else {
            super::text::counted(self.hosts.len() as u64, "host")
        };
        (format!("{{url: {{{}}}}}", parts.join(", ")), note)
    }
}
