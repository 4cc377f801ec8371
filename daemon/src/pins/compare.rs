//! What a listing changes: each tool against its pin.

use std::collections::HashSet;

use super::{FIRST_LISTING, Found, Pin, Print, Server};

/// A tool as a server lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// The name's normal form.
    pub normal: String,
    /// What the name looks like.
    pub looks: String,
    /// Its definition.
    pub print: Print,
}

/// What a listing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Seen in the first listing: pinned as it is.
    First,
    /// As it was approved again.
    Restored,
    /// Another definition than the one approved.
    Changed {
        /// The one approved.
        approved: Print,
    },
    /// A tool that is not approved, or another definition of one.
    Added,
}

impl Server {
    /// Takes in a tool as it is listed now; `None` where that is nothing new, or there is no room.
    pub fn lists(&mut self, tool: &Listed, now_ms: i64) -> Option<Change> {
        let closed = self.about.closed;
        let full = self.is_full(&tool.name);
        let Some(pin) = self.tools.get_mut(&tool.name) else {
            if full {
                return None;
            }
            let pin = Pin {
                normal: tool.normal.clone(),
                looks: tool.looks.clone(),
                approved: (!closed).then(|| tool.print.clone()),
                listed: Some(tool.print.clone()),
                first_ms: now_ms,
                last_ms: now_ms,
                findings: Vec::new(),
            };
            self.tools.insert(tool.name.clone(), pin);
            return Some(if closed { Change::Added } else { Change::First });
        };
        let same = pin
            .listed
            .as_ref()
            .is_some_and(|it| it.hash == tool.print.hash);
        if same {
            return None;
        }
        pin.listed = Some(tool.print.clone());
        pin.last_ms = now_ms;
        Some(match &pin.approved {
            None => Change::Added,
            Some(approved) if approved.hash == tool.print.hash => Change::Restored,
            Some(approved) => Change::Changed {
                approved: approved.clone(),
            },
        })
    }

    /// A whole list was shown, of these names: what is not among them is gone. Gives those that
    /// were approved, and those that never were and are forgotten.
    pub fn lists_no_more(
        &mut self,
        names: &HashSet<&str>,
        now_ms: i64,
    ) -> (Vec<String>, Vec<String>) {
        let (mut removed, mut forgotten) = (Vec::new(), Vec::new());
        for (name, pin) in &mut self.tools {
            if pin.listed.is_none() || names.contains(name.as_str()) {
                continue;
            }
            pin.listed = None;
            pin.last_ms = now_ms;
            pin.findings.clear();
            if pin.approved.is_some() {
                removed.push(name.clone());
            } else {
                forgotten.push(name.clone());
            }
        }
        for name in &forgotten {
            self.tools.remove(name);
        }
        (removed, forgotten)
    }

    /// A listing begins or goes on: the first one is over once it has taken too long.
    pub fn listing(&mut self, now_ms: i64) {
        let first = *self.about.first_listed_ms.get_or_insert(now_ms);
        self.about.listed_ms = Some(now_ms);
        if now_ms.saturating_sub(first) > FIRST_LISTING || now_ms < first {
            self.about.closed = true;
        }
    }

    /// A person takes the definition last listed for the approved one, where it has this hash; a
    /// tool that is listed no more is forgotten. Says whether that could be done.
    pub fn approve(&mut self, tool: &str, hash: Option<&str>) -> bool {
        let Some(pin) = self.tools.get_mut(tool) else {
            return false;
        };
        if pin.listed.as_ref().map(|it| it.hash.as_str()) != hash {
            return false;
        }
        if pin.listed.is_none() {
            self.tools.remove(tool);
        } else {
            pin.approved.clone_from(&pin.listed);
        }
        true
    }

    /// What is suspicious in the definition of a tool last listed.
    pub fn suspect(&mut self, tool: &str, findings: Vec<Found>) {
        if let Some(pin) = self.tools.get_mut(tool) {
            pin.findings = findings;
        }
    }
}
