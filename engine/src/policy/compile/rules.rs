//! The rules for tools, and the patterns, rates and hashes in them.

use std::collections::HashMap;

use super::glob;
use crate::{
    constraint::{Constraint, path::Under},
    policy::{
        Place,
        pattern::{MAX_WEIGHT, Matching, Pattern},
        place::folder,
        rule::{ArgRule, Rate, Rule, Rules, Schema},
        source::Source,
        written::{Limit as WrittenLimit, Spec, Text, WrittenArg, WrittenRule},
    },
    rate::Limit,
};

pub(super) fn compile(spec: &Spec, place: &Place, source: &mut Source<'_>) -> Rules {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut rules = Vec::new();
    let mut weight = 0;
    for written in &spec.rules {
        let Some(rule) = rule(written, spec, place, source) else {
            continue;
        };
        weight += rule
            .args
            .iter()
            .map(|arg| {
                let limits = arg.limits.iter().map(|(_, limit)| limit.weight());
                arg.pattern.as_ref().map_or(0, Pattern::weight) + limits.sum::<usize>()
            })
            .sum::<usize>();
        if weight > MAX_WEIGHT {
            let message = "the patterns up to here take more memory than a policy may";
            source.error(written.tool.at, message);
            break;
        }
        match seen.get(rule.glob.normal()) {
            Some(line) => {
                let message = format!("two rules for `{}`, the first on line {line}", rule.written);
                source.error_with_help(written.tool.at, message, "join them, or delete one");
            }
            None => {
                seen.insert(rule.glob.normal().to_owned(), rule.line);
                rules.push(rule);
            }
        }
    }
    Rules::new(rules)
}

fn rule(
    written: &WrittenRule,
    spec: &Spec,
    place: &Place,
    source: &mut Source<'_>,
) -> Option<Rule> {
    let matching = written.matching.unwrap_or(spec.matching);
    let args = written
        .args
        .iter()
        .filter_map(|it| arg(it, matching, place, source))
        .collect();
    let rate = written.rate_limit.as_ref().and_then(|it| rate(it, source));
    let schema = written
        .schema_hash
        .as_ref()
        .and_then(|it| schema(it, source));
    let glob = glob(&written.tool, "`tool`", source)?;
    Some(Rule {
        written: written.tool.text.clone(),
        glob,
        line: written.tool.at.line,
        action: written.action,
        args,
        strict: written.strict_args.unwrap_or(spec.strict_args_default),
        rate,
        schema,
    })
}

fn arg(
    written: &WrittenArg,
    matching: Matching,
    place: &Place,
    source: &mut Source<'_>,
) -> Option<ArgRule> {
    let pattern = match &written.pattern {
        Some(text) => Some(pattern(&written.name, text, matching, source)?),
        None => None,
    };
    let limits = written.limits.iter().map(|it| {
        let constraint = match &it.limit {
            WrittenLimit::Ready(constraint) => constraint.clone(),
            WrittenLimit::Under(folders) => {
                let read = |it| folder(it, place, source);
                let folders = folders.iter().filter_map(read).collect();
                Constraint::Path(Under::new(folders))
            }
        };
        (it.written.clone(), constraint)
    });
    Some(ArgRule {
        name: written.name.clone(),
        pattern,
        limits: limits.collect(),
        line: written.at.line,
    })
}

fn pattern(
    name: &str,
    written: &Text,
    matching: Matching,
    source: &mut Source<'_>,
) -> Option<Pattern> {
    let report = |error| {
        let help = "patterns are RE2-like: no look-around, no back-references";
        let message = format!("bad regex for `{name}`: {error}");
        source.error_with_help(written.at, message, help);
    };
    Pattern::new(&written.text, matching).map_err(report).ok()
}

fn rate(written: &Text, source: &mut Source<'_>) -> Option<Rate> {
    let report = |error| source.error(written.at, format!("bad rate `{}`: {error}", written.text));
    let limit = Limit::parse(&written.text).map_err(report).ok()?;
    Some(Rate {
        written: written.text.clone(),
        limit,
    })
}

fn schema(written: &Text, source: &mut Source<'_>) -> Option<Schema> {
    let schema = Schema::parse(&written.text);
    if schema.is_none() {
        let help = "write `sha256:` and 64 hexadecimal digits";
        source.error_with_help(
            written.at,
            format!("bad schema hash `{}`", written.text),
            help,
        );
    }
    schema
}
