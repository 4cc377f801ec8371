//! Cases kept beside a policy: calls, and what it is to make of them. Read as strictly as a policy.

use std::borrow::Cow;

use super::{
    compile::hash::json,
    fields::{Fields, fields, items, scalar, text, wrong},
    source::Source,
    walk::field,
    yaml::{self, Tree, Value},
};
use crate::{diagnostic::Diagnostics, method::TOOLS_CALL, node::Node};

const TOP: &[&str] = &["tests"];
const CASE: &[&str] = &[
    "name", "tool", "args", "method", "params", "resource", "prompt", "expect", "line", "rule",
    "reason",
];

/// The words of `expect`, as the record has them.
const VERDICTS: [(&str, &str); 4] = [
    ("allow", "ALLOW"),
    ("ask", "ASK"),
    ("block", "BLOCK"),
    ("allow_monitor", "ALLOW_MONITOR"),
];

/// A case.
#[derive(Clone, Debug)]
pub struct Case {
    /// What a person calls it.
    pub name: String,
    /// Its line in the file, from 1.
    pub line: usize,
    /// The method.
    pub method: String,
    /// The tool, for `tools/call`.
    pub tool: Option<String>,
    /// What is to come of it.
    pub expected: Expected,
    params: Params,
}

/// What is to come of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// `ALLOW`, `ASK`, `BLOCK` or `ALLOW_MONITOR`.
    pub verdict: &'static str,
    /// The error's number, or its stable word.
    pub code: Option<String>,
    /// The policy's line that decides.
    pub line: Option<usize>,
    /// The entry or the field that decides, as the policy writes it.
    pub rule: Option<String>,
    /// A part of what the client or the person is told.
    pub reason: Option<String>,
}

#[derive(Clone, Debug)]
enum Params {
    None,
    Written(Tree),
    One(&'static str, String),
}

impl Case {
    /// The call's arguments, or the method's params.
    pub fn arguments(&self) -> Node<'_> {
        match &self.params {
            Params::None => Node::Null,
            Params::Written(tree) => json(tree),
            Params::One(key, value) => {
                Node::Object(vec![((*key).into(), Node::String(Cow::Borrowed(value)))])
            }
        }
    }
}

/// Reads a file of cases.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn cases(text: &str) -> Result<Vec<Case>, Diagnostics> {
    let mut source = Source::new(text);
    let tree = yaml::read(&mut source);
    let cases = tree.map(|tree| all(&tree, &mut source)).unwrap_or_default();
    if source.has_errors() {
        return Err(source.into_diagnostics());
    }
    Ok(cases)
}

fn all(tree: &Tree, source: &mut Source<'_>) -> Vec<Case> {
    let Some(found) = fields(tree, "a file of cases", TOP, source) else {
        return Vec::new();
    };
    let Some(list) = found.get("tests") else {
        let help = "write `tests:` with one case an item below it";
        source.error_with_help(found.at, "`tests` is missing", help);
        return Vec::new();
    };
    let list = items(list, "`tests`", source).unwrap_or_default();
    let mut cases: Vec<Case> = Vec::new();
    for tree in list {
        let Some(case) = case(tree, source) else {
            continue;
        };
        if let Some(first) = cases.iter().find(|it| it.name == case.name) {
            let message = format!(
                "two cases are called `{}`, the first on line {}",
                case.name, first.line
            );
            source.error(tree.at, message);
        }
        cases.push(case);
    }
    if cases.is_empty() && !source.has_errors() {
        source.error(tree.at, "`tests` holds no case, so nothing would be tested");
    }
    cases
}

fn case(tree: &Tree, source: &mut Source<'_>) -> Option<Case> {
    let found = fields(tree, "a case", CASE, source)?;
    for key in ["name", "expect"] {
        if found.get(key).is_none() {
            source.error(found.at, format!("a case needs `{key}`"));
        }
    }
    let name = field(&found, "name", source, text);
    let subject = subject(&found, source);
    let expected = expected(&found, source);
    let ((method, tool, params), expected) = (subject?, expected?);
    Some(Case {
        name: name?.text,
        line: tree.at.line,
        method,
        tool,
        expected,
        params,
    })
}

/// What is sent: a tool with `args`, a method with `params`, a resource or a prompt.
fn subject(
    found: &Fields<'_>,
    source: &mut Source<'_>,
) -> Option<(String, Option<String>, Params)> {
    let kinds = ["tool", "method", "resource", "prompt"];
    let given: Vec<&str> = kinds
        .into_iter()
        .filter(|it| found.get(it).is_some())
        .collect();
    let [kind] = given.as_slice() else {
        let message = "a case needs one of `tool`, `method`, `resource` and `prompt`";
        source.error(found.at, message);
        return None;
    };
    for (key, of) in [("args", "tool"), ("params", "method")] {
        if let Some(entry) = found.entry(key).filter(|_| *kind != of) {
            source.error(entry.at, format!("`{key}` says nothing without `{of}`"));
        }
    }
    let named = field(found, kind, source, text)?.text;
    let mut written = |key: &str| match found.get(key) {
        None => Some(Params::None),
        Some(tree) if matches!(tree.value, Value::Map(_)) => Some(Params::Written(tree.clone())),
        Some(tree) => {
            let what = format!("`{key}`");
            wrong(tree, &what, "a mapping of names to values", source);
            None
        }
    };
    Some(match *kind {
        "tool" => (TOOLS_CALL.to_owned(), Some(named), written("args")?),
        "method" => (named, None, written("params")?),
        "resource" => ("resources/read".to_owned(), None, Params::One("uri", named)),
        _ => ("prompts/get".to_owned(), None, Params::One("name", named)),
    })
}

fn expected(found: &Fields<'_>, source: &mut Source<'_>) -> Option<Expected> {
    let tree = found.get("expect")?;
    let given = scalar(tree, "`expect`", source)?;
    let (word, code) = match given.split_once('(') {
        Some((word, rest)) => (word, rest.strip_suffix(')').map(str::trim)),
        None => (given.as_str(), Some("")),
    };
    let verdict = VERDICTS.iter().find(|(known, _)| *known == word.trim());
    let code = code.filter(|it| it.is_empty() || word.trim() == "block");
    let (Some((_, verdict)), Some(code)) = (verdict, code) else {
        let help = "write `allow`, `ask`, `allow_monitor`, `block`, or `block(-32007)` for one error alone";
        source.error_with_help(tree.at, format!("`expect` can't be `{given}`"), help);
        return None;
    };
    let line = found.get("line").map(|tree| {
        let number = match &tree.value {
            Value::Plain(text) => text.parse::<usize>().ok(),
            Value::Quoted(_) | Value::List(_) | Value::Map(_) => None,
        };
        if number.is_none() {
            wrong(tree, "`line`", "a number", source);
        }
        number
    });
    Some(Expected {
        verdict,
        code: (!code.is_empty()).then(|| code.to_owned()),
        line: line.flatten(),
        rule: field(found, "rule", source, text).map(|it| it.text),
        reason: field(found, "reason", source, text).map(|it| it.text),
    })
}
