//! What a frame came to, as the two sides and the audit would see it.

use aipd::session::state::{Effect, Signal};
use serde_json::Value;

/// What one frame came to.
#[derive(Debug, Default)]
pub(crate) struct Out {
    /// What the other side gets, if anything.
    pub(crate) forward: Option<String>,
    /// Whether that are the frame's own bytes.
    pub(crate) as_is: bool,
    /// What the sender gets back.
    pub(crate) replies: Vec<Value>,
    pub(crate) held: bool,
    /// Export lines of the records.
    pub(crate) lines: Vec<Value>,
    /// Verdicts on frames that waited: what goes on, and what goes back.
    pub(crate) released: Vec<(u64, Option<String>, Vec<Value>)>,
    pub(crate) signals: Vec<Signal>,
    /// Lines for the person.
    pub(crate) trace: Vec<String>,
    /// Outcomes, which may be recorded later.
    pub(crate) later: usize,
}

impl Out {
    pub(crate) fn nothing(&self) -> bool {
        self.forward.is_none() && self.replies.is_empty() && !self.held
    }

    /// The code of the one error that goes back.
    pub(crate) fn code(&self) -> Option<i64> {
        match self.replies.as_slice() {
            [one] => one["error"]["code"].as_i64(),
            _ => None,
        }
    }

    /// The forwarded message, parsed.
    pub(crate) fn json(&self) -> Value {
        let text = self.forward.as_deref().expect("something is forwarded");
        serde_json::from_str(text).expect("what is forwarded is JSON")
    }

    pub(crate) fn decisions(&self) -> Vec<&str> {
        let of = |line: &'_ Value| line["decision"].as_str().is_some();
        let lines = self.lines.iter().filter(|line| of(line));
        lines.filter_map(|it| it["decision"].as_str()).collect()
    }

    pub(crate) fn event(&self, name: &str) -> Option<&Value> {
        self.lines.iter().find(|line| line["event"] == name)
    }

    /// The id of the approval that is asked for.
    pub(crate) fn asked(&self) -> Option<String> {
        self.signals.iter().find_map(|signal| match signal {
            Signal::Asked(approval) => Some(approval.id.clone()),
            Signal::AskEnded { .. } | Signal::Granted(_) => None,
        })
    }
}

pub(crate) fn shown(effect: Effect, sent: &str) -> (Option<String>, Vec<Value>, bool) {
    match effect {
        Effect::AsIs => (Some(sent.to_owned()), Vec::new(), false),
        Effect::Bytes { forward, reply } => {
            let text = String::from_utf8(forward).unwrap();
            let text = (!text.is_empty()).then(|| text.trim_end().to_owned());
            let replies = reply.split(|it| *it == b'\n').filter(|it| !it.is_empty());
            (text, replies.map(json).collect(), false)
        }
        Effect::Drop => (None, Vec::new(), false),
        Effect::Hold => (None, Vec::new(), true),
    }
}

pub(crate) fn json(line: &[u8]) -> Value {
    serde_json::from_slice(line).expect("a line of ours is JSON")
}
