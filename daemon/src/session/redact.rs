//! DLP over a message: every string, key and number the policy's patterns may match, with the
//! protocol's own ids, tokens and cursors left as they are.

use std::borrow::Cow;
use std::collections::BTreeMap;

use engine::dlp::{Dlp, Finding, JoinedScan, Scan, Scope};
use wire::json::{Member, Value};
use wire::mcp::{DEEPEST_KEPT, never_changed};
use wire::rpc::Message;

/// What a walk found and changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Redaction {
    /// Matches by the pattern's name.
    pub findings: BTreeMap<String, u32>,
    /// A value that was not a string became a marker inside `structuredContent`.
    pub retyped: bool,
    /// The scan could not be finished: nothing is known about the message.
    pub failed: Option<String>,
}

impl Redaction {
    /// Whether the message was changed.
    #[must_use]
    pub fn changed(&self) -> bool {
        !self.findings.is_empty()
    }

    fn count(&mut self, findings: Vec<Finding>) {
        for Finding { rule, count } in findings {
            *self.findings.entry(rule).or_default() += count;
        }
    }

    /// The replacement, where the scan asks for one.
    fn take(&mut self, scan: Scan) -> Option<String> {
        match scan {
            Scan::Clean => None,
            Scan::Redacted { text, findings } => {
                self.count(findings);
                Some(text)
            }
            Scan::Failed(reason) => {
                self.failed.get_or_insert(reason);
                None
            }
        }
    }
}

/// Redacts a message in place: its payload, and members JSON-RPC does not define.
pub fn message(message: &mut Message<'_>, dlp: &Dlp, scope: Scope) -> Redaction {
    let mut walk = Walk::new(dlp, scope);
    if !dlp.active(scope) {
        return walk.found;
    }
    let (payload, extra) = parts(message);
    if let Some((name, value)) = payload {
        walk.value(value, &Path::Key(&Path::Envelope, name));
    }
    walk.object(extra, &Path::Envelope);
    walk.found
}

type Payload<'m, 'a> = Option<(&'static str, &'m mut Value<'a>)>;

fn parts<'m, 'a>(message: &'m mut Message<'a>) -> (Payload<'m, 'a>, &'m mut Vec<Member<'a>>) {
    match message {
        Message::Request { params, extra, .. } | Message::Notification { params, extra, .. } => {
            (params.as_mut().map(|params| ("params", params)), extra)
        }
        Message::Response { result, extra, .. } => (Some(("result", result)), extra),
        Message::Error { error, extra, .. } => (Some(("error", error)), extra),
    }
}

/// Redacts a tool's definition for the store.
pub fn definition(definition: &mut Value<'_>, dlp: &Dlp) -> Redaction {
    let result = Path::Key(&Path::Envelope, "result");
    let tools = Path::Key(&result, "tools");
    let mut walk = Walk::new(dlp, Scope::Record);
    if dlp.active(Scope::Record) {
        walk.value(definition, &Path::Key(&tools, "[]"));
    }
    walk.found
}

/// Redacts a call's arguments for the record: every pattern, whatever its scope.
pub fn for_record(arguments: &mut Value<'_>, dlp: &Dlp) -> Redaction {
    let params = Path::Key(&Path::Envelope, "params");
    let mut walk = Walk::new(dlp, Scope::Record);
    if dlp.active(Scope::Record) {
        walk.value(arguments, &Path::Key(&params, "arguments"));
    }
    walk.found
}

/// Redacts a word for the record: a tool's or method's name.
#[must_use]
pub fn word(text: &str, dlp: &Dlp) -> String {
    if !dlp.active(Scope::Record) {
        return text.to_owned();
    }
    match dlp.scan(text, Scope::Record) {
        Scan::Clean => text.to_owned(),
        Scan::Redacted { text, .. } => text,
        Scan::Failed(_) => "[REDACTED]".to_owned(),
    }
}

/// Where an item of a list may keep its text: itself, a prompt message's content, an embedded
/// resource, and that in a prompt message.
const TEXT_PLACES: [&[&str]; 4] = [
    &["text"],
    &["content", "text"],
    &["resource", "text"],
    &["content", "resource", "text"],
];

/// The values of a completion are their own text.
const ITSELF: [&[&str]; 1] = [&[]];

type Places = [&'static [&'static str]];

fn text_of<'v, 'a>(item: &'v Value<'a>, places: &Places) -> Option<&'v Value<'a>> {
    let at = |place: &&[&str]| place.iter().try_fold(item, |held, key| held.get(key));
    let is_text = |it: &&Value<'_>| it.as_str().is_some();
    places.iter().filter_map(at).find(is_text)
}

fn text_of_mut<'v, 'a>(item: &'v mut Value<'a>, places: &Places) -> Option<&'v mut Value<'a>> {
    let is_there = |place: &&&[&str]| {
        let end = place.iter().try_fold(&*item, |held, key| held.get(key));
        end.is_some_and(|it| it.as_str().is_some())
    };
    let place = places.iter().find(is_there)?;
    place.iter().try_fold(item, |held, key| held.get_mut(key))
}

/// The kinds of content that are base64, whether they name their media type or not.
const MEDIA: [&str; 2] = ["image", "audio"];

/// Whether a member called `data` beside these is base64.
fn is_media(members: &[Member<'_>]) -> bool {
    members.iter().any(|(key, value)| {
        let kind = value.as_str().unwrap_or_default();
        key == "mimeType" || (key == "type" && MEDIA.contains(&kind))
    })
}

/// A whole number written with an exponent or a fraction, as its reader will see it.
fn plain_digits(lexeme: &str) -> Option<String> {
    if !lexeme.contains(['e', 'E', '.']) {
        return None;
    }
    let number: f64 = lexeme.parse().ok()?;
    // Beyond 2^53 a double is no longer the whole number that was meant.
    (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0)
        .then(|| format!("{number:.0}"))
}

/// Where a walk is: the keys from the envelope on, each with the one before it.
enum Path<'p> {
    Envelope,
    Key(&'p Self, &'p str),
}

impl Path<'_> {
    /// Whether redaction leaves the value here as it is. Places below the deepest that are kept are
    /// never kept.
    fn kept(&self) -> bool {
        let mut keys = [""; DEEPEST_KEPT];
        let mut free = DEEPEST_KEPT;
        let mut at = self;
        while let Path::Key(before, key) = at {
            let Some(place) = free.checked_sub(1).and_then(|last| keys.get_mut(last)) else {
                return false;
            };
            *place = key;
            free -= 1;
            at = before;
        }
        keys.get(free..).is_some_and(never_changed)
    }

    /// Whether the values of a completion stand here.
    fn is_completion(&self) -> bool {
        matches!(self, Path::Key(Path::Key(_, "completion"), "values"))
    }

    fn has(&self, wanted: &str) -> bool {
        match self {
            Path::Envelope => false,
            Path::Key(before, key) => *key == wanted || before.has(wanted),
        }
    }
}

struct Walk<'d> {
    dlp: &'d Dlp,
    scope: Scope,
    found: Redaction,
}

impl<'d> Walk<'d> {
    fn new(dlp: &'d Dlp, scope: Scope) -> Self {
        Self {
            dlp,
            scope,
            found: Redaction::default(),
        }
    }

    fn value(&mut self, value: &mut Value<'_>, path: &Path<'_>) {
        // A token's place is no hiding place for what is no token.
        if !matches!(value, Value::Array(_) | Value::Object(_)) && path.kept() {
            return;
        }
        match value {
            Value::Null => {}
            Value::Bool(it) => {
                let text = if *it { "true" } else { "false" };
                self.scalar(text, value, path);
            }
            Value::Number(lexeme) => {
                let text = lexeme.clone();
                let plain = plain_digits(&text);
                self.scalar(&text, value, path);
                if let (Value::Number(_), Some(plain)) = (&*value, plain) {
                    self.scalar(&plain, value, path);
                }
            }
            Value::String(text) => {
                let scan = self.dlp.scan(text, self.scope);
                if let Some(redacted) = self.found.take(scan) {
                    *text = Cow::Owned(redacted);
                }
            }
            Value::Array(items) => self.array(items, path),
            Value::Object(members) => self.object(members, path),
        }
    }

    /// A number or a boolean that matches becomes the marker as a string: the message stays
    /// JSON, and whether it still fits the tool's output schema is the caller's to judge.
    fn scalar(&mut self, text: &str, value: &mut Value<'_>, path: &Path<'_>) {
        let scan = self.dlp.scan(text, self.scope);
        if let Some(redacted) = self.found.take(scan) {
            self.found.retyped |= path.has("structuredContent");
            *value = Value::string(redacted);
        }
    }

    fn array(&mut self, items: &mut [Value<'_>], path: &Path<'_>) {
        let below = Path::Key(path, "[]");
        for item in items.iter_mut() {
            self.value(item, &below);
        }
        let places: &Places = if path.is_completion() {
            &ITSELF
        } else {
            &TEXT_PLACES
        };
        self.joined(items, places);
    }

    /// A secret cut in two and put into neighbouring text items is still found.
    fn joined(&mut self, items: &mut [Value<'_>], places: &Places) {
        let texts: Vec<&str> = items
            .iter()
            .filter_map(|item| text_of(item, places).and_then(Value::as_str))
            .collect();
        if texts.len() < 2 {
            return;
        }
        match self.dlp.scan_joined(&texts, self.scope) {
            JoinedScan::Clean => {}
            JoinedScan::Failed(reason) => {
                self.found.failed.get_or_insert(reason);
            }
            JoinedScan::Redacted { parts, findings } => {
                self.found.count(findings);
                let places = items
                    .iter_mut()
                    .filter_map(|item| text_of_mut(item, places))
                    .filter(|text| text.as_str().is_some());
                for (place, part) in places.zip(parts) {
                    if let Some(part) = part {
                        *place = Value::string(part);
                    }
                }
            }
        }
    }

    fn object(&mut self, members: &mut [(Cow<'_, str>, Value<'_>)], path: &Path<'_>) {
        let media = is_media(members);
        for (key, value) in members.iter_mut() {
            let encoded = key == "blob" || (media && key == "data");
            if let (true, Value::String(text)) = (encoded, &mut *value) {
                if let Some(redacted) = self.blob(text) {
                    *text = Cow::Owned(redacted);
                }
            } else {
                self.value(value, &Path::Key(path, key));
            }
        }
        self.keys(members);
    }

    fn blob(&mut self, base64: &str) -> Option<String> {
        let scan = self.dlp.scan_blob(base64, self.scope);
        self.found.take(scan)
    }

    /// Keys that match are replaced too, and kept apart where two become one.
    fn keys(&mut self, members: &mut [(Cow<'_, str>, Value<'_>)]) {
        let mut changed = Vec::new();
        for (index, (key, _)) in members.iter().enumerate() {
            let scan = self.dlp.scan(key, self.scope);
            if let Some(redacted) = self.found.take(scan) {
                changed.push((index, redacted));
            }
        }
        for (index, redacted) in changed {
            let taken = |name: &str| members.iter().any(|(key, _)| key == name);
            let free = std::iter::once(redacted.clone())
                .chain((2..).map(|n| format!("{redacted} {n}")))
                .find(|name| !taken(name));
            if let (Some(name), Some((key, _))) = (free, members.get_mut(index)) {
                *key = Cow::Owned(name);
            }
        }
    }
}
