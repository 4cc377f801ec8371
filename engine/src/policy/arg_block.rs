//! An entry of `allow_args`: a pattern, or a mapping of what else the argument has to be.

use super::{
    compile::hash::canonical_text,
    fields::{Fields, choice, fields, flag, items, scalar, text, texts, wrong},
    schema_block,
    source::Source,
    walk::field,
    words,
    written::{Limit, Text, WrittenArg, WrittenLimit},
    yaml::{Entry, Tree, Value},
};
use crate::constraint::{Constraint, sql, url};

pub(super) const DEMANDS: &[&str] = &[
    "regex",
    "sql",
    "dialect",
    "functions",
    "path",
    "url",
    "one_of",
    "max_length",
    "json_schema",
];
pub(super) const PATH: &[&str] = &["under"];
pub(super) const URL: &[&str] = &["hosts", "schemes", "private"];

/// The longest `max_length`, in characters: no frame is longer.
pub(super) const MAX_LENGTH: usize = 10 << 20;

/// Reads the entry.
pub(super) fn read(entry: &Entry, source: &mut Source<'_>) -> Option<WrittenArg> {
    let mut arg = WrittenArg {
        name: entry.key.clone(),
        at: entry.value.at,
        pattern: None,
        limits: Vec::new(),
    };
    if !matches!(entry.value.value, Value::Map(_)) {
        let what = format!("the pattern of `{}`", entry.key);
        arg.pattern = Some(text(&entry.value, &what, source)?);
        return Some(arg);
    }
    let what = format!("what `{}` has to be", entry.key);
    let found = fields(&entry.value, &what, DEMANDS, source)?;
    arg.pattern = field(&found, "regex", source, text);
    let limits = [
        found
            .get("sql")
            .and_then(|tree| read_only(tree, &found, source)),
        found.get("path").and_then(|tree| under(tree, source)),
        found.get("url").and_then(|tree| web(tree, source)),
        found.get("one_of").and_then(|tree| one_of(tree, source)),
        found
            .get("max_length")
            .and_then(|tree| max_length(tree, source)),
        found
            .get("json_schema")
            .and_then(|tree| schema_block::schema(tree, source))
            .map(|it| Limit::Ready(Constraint::JsonSchema(it))),
    ];
    for (key, limit) in ["sql", "path", "url", "one_of", "max_length", "json_schema"]
        .into_iter()
        .zip(limits)
    {
        if let (Some(limit), Some(tree)) = (limit, found.get(key)) {
            let beside = if key == "sql" {
                beside_sql(&found)
            } else {
                String::new()
            };
            let written = format!("{key}: {}{beside}", canonical_text(tree));
            arg.limits.push(WrittenLimit { limit, written });
        }
    }
    for key in ["dialect", "functions"] {
        if let Some(tree) = found.get(key).filter(|_| found.get("sql").is_none()) {
            source.error(tree.at, format!("`{key}` says nothing without `sql`"));
        }
    }
    if arg.pattern.is_none() && found.get("regex").is_none() && arg.limits.is_empty() {
        let help = "write `sql`, `path`, `url`, `one_of`, `max_length`, `json_schema` or `regex`";
        source.error_with_help(found.at, format!("{what} is not said"), help);
    }
    Some(arg)
}

fn beside_sql(found: &Fields<'_>) -> String {
    let keys = ["dialect", "functions"];
    let told = keys.iter().filter_map(|key| {
        let tree = found.get(key)?;
        Some(format!(", {key}: {}", canonical_text(tree)))
    });
    told.collect()
}

fn read_only(tree: &Tree, found: &Fields<'_>, source: &mut Source<'_>) -> Option<Limit> {
    choice(tree, "`sql`", &words::READ_ONLY, source)?;
    let dialect = match found.get("dialect") {
        Some(tree) => choice(tree, "`dialect`", &sql::DIALECTS, source)?,
        None => sql::Dialect::Any,
    };
    let functions = found.get("functions");
    let functions = functions.map(|tree| texts(tree, "`functions`", source));
    let lower = |it: Text| it.text.to_lowercase();
    let functions = functions.unwrap_or_default().into_iter().map(lower);
    let functions = functions.collect();
    Some(Limit::Ready(Constraint::Sql(sql::ReadOnly {
        dialect,
        functions,
    })))
}

fn under(tree: &Tree, source: &mut Source<'_>) -> Option<Limit> {
    let found = fields(tree, "`path`", PATH, source)?;
    let Some(list) = found.get("under") else {
        source.error(
            found.at,
            "`path` needs `under`: the folders that may be named",
        );
        return None;
    };
    let folders = texts(list, "`under`", source);
    if folders.is_empty() {
        source.error(list.at, "`under` names no folder, so nothing would pass");
        return None;
    }
    Some(Limit::Under(folders))
}

fn web(tree: &Tree, source: &mut Source<'_>) -> Option<Limit> {
    let found = fields(tree, "`url`", URL, source)?;
    let hosts = found.get("hosts").map(|tree| hosts(tree, source));
    let schemes = match found.get("schemes") {
        None => vec!["https".to_owned()],
        Some(tree) => {
            let all = items(tree, "`schemes`", source)?;
            let read = |tree| choice(tree, "a scheme", &words::SCHEMES, source).map(str::to_owned);
            all.iter().filter_map(read).collect()
        }
    };
    Some(Limit::Ready(Constraint::Url(url::Web {
        hosts: hosts.unwrap_or_default(),
        schemes,
        private: field(&found, "private", source, flag).unwrap_or(false),
    })))
}

fn hosts(tree: &Tree, source: &mut Source<'_>) -> Vec<String> {
    let mut hosts = Vec::new();
    for Text { text, at } in texts(tree, "`hosts`", source) {
        let host = text.to_lowercase();
        let name = host.strip_prefix("*.").unwrap_or(&host);
        if crate::uri::origin(&format!("https://{name}")).is_some() && !name.contains([':', '/']) {
            hosts.push(host);
            continue;
        }
        let help = "write a name as `api.example.com`, or `*.example.com` for all below it; \
                    what is not ASCII in its `xn--` form";
        source.error_with_help(at, format!("`{text}` is no plain host name"), help);
    }
    if hosts.is_empty() {
        source.error(tree.at, "`hosts` names none, so nothing would pass");
    }
    hosts
}

fn one_of(tree: &Tree, source: &mut Source<'_>) -> Option<Limit> {
    let all = items(tree, "`one_of`", source)?;
    let read = |tree| scalar(tree, "an item of `one_of`", source);
    let values: Vec<String> = all.iter().filter_map(read).collect();
    if values.is_empty() {
        source.error(tree.at, "`one_of` names no value, so nothing would pass");
        return None;
    }
    Some(Limit::Ready(Constraint::OneOf(values)))
}

fn max_length(tree: &Tree, source: &mut Source<'_>) -> Option<Limit> {
    let number = match &tree.value {
        Value::Plain(text) => text.parse::<usize>().ok(),
        Value::Quoted(_) | Value::List(_) | Value::Map(_) => None,
    };
    match number.filter(|it| (1..=MAX_LENGTH).contains(it)) {
        Some(most) => Some(Limit::Ready(Constraint::MaxLength(most))),
        None => {
            let wanted = format!("a number of characters from 1 to {MAX_LENGTH}");
            wrong(tree, "`max_length`", &wanted, source);
            None
        }
    }
}
