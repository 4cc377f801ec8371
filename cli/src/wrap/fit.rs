//! A starter policy for the tools a server really lists. Pure.
//!
//! What a server says of its own tools is its own word. It can make aip ask or refuse; only what the
//! catalog's policy knows is allowed.

use std::collections::{BTreeMap, BTreeSet};

/// A tool as its server lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// `readOnlyHint`: the server says it changes nothing.
    pub read_only: bool,
    /// `destructiveHint`: the server says it destroys.
    pub destructive: bool,
}

/// What a policy of the catalog does with a tool it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is in `allowed_tools`.
    Allowed,
    /// It has a rule, or is refused.
    Ruled,
}

/// The longest name of a tool that is written into a policy.
const LONGEST: usize = 128;

/// The policy for these tools.
#[must_use]
pub fn fitted(server: &str, base: &str, tools: &[Tool]) -> String {
    let known = known(base);
    let mut rules = String::new();
    let mut seen = BTreeSet::new();
    let mut left_out = 0;
    for tool in tools {
        if !is_plain(&tool.name) {
            left_out += 1;
        } else if seen.insert(tool.name.to_ascii_lowercase()) {
            rules += &rule(tool, known.get(&tool.name.to_ascii_lowercase()).copied());
        }
    }
    let absent = known.keys().filter(|it| !seen.contains(*it));
    let absent: Vec<_> = absent.map(String::as_str).collect();
    let head = head(server, seen.len(), &absent, left_out);
    head + &with_rules(base, &rules)
}

fn head(server: &str, count: usize, absent: &[&str], left_out: usize) -> String {
    let mut head = format!(
        "# Written by `aip wrap {server} --fit` for the {count} tools the server listed. What is allowed, aip's\n\
         # catalog knows; what the server says of its own tools can make aip ask or refuse, never allow.\n"
    );
    if !absent.is_empty() {
        head += "# Named below, and not listed by the server:\n";
        for name in absent {
            head += &format!("#   {name}\n");
        }
    }
    if left_out > 0 {
        head += &format!(
            "# Left out, so refused: {left_out} whose names have other characters than letters, digits, _ - . /\n"
        );
    }
    head + "#\n"
}

/// The rule a tool needs beyond the catalog's policy.
fn rule(tool: &Tool, known: Option<Known>) -> String {
    let (action, why) = match known {
        Some(Known::Ruled) => return String::new(),
        Some(Known::Allowed) if tool.destructive => (
            "ask",
            "Would be allowed, but the server calls it destructive.",
        ),
        Some(Known::Allowed) => return String::new(),
        None if tool.destructive => (
            "block",
            "Not in aip's catalog, and the server calls it destructive.",
        ),
        None if tool.read_only => (
            "ask",
            "Not in aip's catalog. The server calls it read-only, which is its own word.",
        ),
        None => ("ask", "Not in aip's catalog."),
    };
    let name = serde_json::Value::from(tool.name.as_str());
    format!("    # {why}\n    - tool: {name}\n      action: {action}\n")
}

fn with_rules(base: &str, rules: &str) -> String {
    const SECTION: &str = "\n  tool_rules:\n";
    match base.split_once(SECTION) {
        _ if rules.is_empty() => base.to_owned(),
        Some((before, after)) => format!("{before}{SECTION}{rules}{after}"),
        None => format!("{}{SECTION}{rules}", base.trim_end()),
    }
}

/// Letters, digits and a few marks: nothing that is a pattern, or that can be taken for another name.
fn is_plain(name: &str) -> bool {
    let plain = |it: char| it.is_ascii_alphanumeric() || "_-./".contains(it);
    !name.is_empty() && name.len() <= LONGEST && name.chars().all(plain)
}

/// The tools a policy of ours names, which are written one a line.
#[must_use]
pub fn known(policy: &str) -> BTreeMap<String, Known> {
    let mut found = BTreeMap::new();
    let mut section = "";
    for line in policy.lines() {
        if let Some(item) = line.strip_prefix("    - ") {
            match (section, item.strip_prefix("tool: ")) {
                ("tool_rules:", Some(name)) => found.insert(name.to_owned(), Known::Ruled),
                ("denied_tools:", None) => found.insert(item.to_owned(), Known::Ruled),
                ("allowed_tools:", None) => found.insert(item.to_owned(), Known::Allowed),
                _ => None,
            };
        } else if line.starts_with("  ") && !line.starts_with("   ") {
            section = line.trim();
        }
    }
    found
        .into_iter()
        .map(|(name, known)| (name.to_ascii_lowercase(), known))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::servers;
    use engine::policy::{Place, Policy};

    const BASE: &str = "spec:\n  allowed_tools:\n    - look\n    - peek\n  tool_rules:\n    - tool: put\n      action: ask\n  dlp: {}\n";

    #[test]
    fn what_the_catalog_does_not_know_is_asked_whatever_the_server_says_of_it() {
        check(&[("look", true, false), ("put", false, false)], "");
        check(&[("LOOK", true, false)], "");
        check(
            &[("new", true, false)],
            "    # Not in aip's catalog. The server calls it read-only, which is its own word.\n    - tool: \"new\"\n      action: ask\n",
        );
        check(
            &[("new", false, false)],
            "    # Not in aip's catalog.\n    - tool: \"new\"\n      action: ask\n",
        );
        check(
            &[("new", true, true)],
            "    # Not in aip's catalog, and the server calls it destructive.\n    - tool: \"new\"\n      action: block\n",
        );
        check(
            &[("look", false, true)],
            "    # Would be allowed, but the server calls it destructive.\n    - tool: \"look\"\n      action: ask\n",
        );
        check(
            &[("new", false, false), ("NEW", true, false)],
            "    # Not in aip's catalog.\n    - tool: \"new\"\n      action: ask\n",
        );
        fn check(tools: &[(&str, bool, bool)], rules: &str) {
            let wanted = BASE.replace("  tool_rules:\n", &format!("  tool_rules:\n{rules}"));
            let text = fitted("srv", BASE, &listed(tools));
            assert!(text.ends_with(&wanted), "{text}");
        }
    }

    #[test]
    fn names_that_are_patterns_or_look_like_others_are_left_out_and_counted() {
        let odd = [
            "*",
            "loo?",
            "a b",
            "\u{200b}look",
            "l\u{43e}ok",
            "x\n- tool: y",
            "#",
            "",
            &"a".repeat(129),
        ];
        let tools: Vec<_> = odd.iter().map(|it| (*it, true, false)).collect();
        let text = fitted("srv", BASE, &listed(&tools));
        assert!(text.ends_with(BASE), "{text}");
        assert!(text.contains("# Left out, so refused: 9 "), "{text}");
    }

    #[test]
    fn what_the_server_does_not_list_is_named() {
        let text = fitted("srv", BASE, &listed(&[("look", true, false)]));
        assert!(
            text.contains("not listed by the server:\n#   peek\n#   put\n#\n"),
            "{text}"
        );
    }

    #[test]
    fn every_policy_of_the_catalog_can_be_fitted_and_stays_valid() {
        let tools = listed(&[
            ("true", true, false),
            ("1", false, true),
            ("a/b.c-d", false, false),
        ]);
        let place = Place {
            home: Some("/home/you".into()),
            ..Place::default()
        };
        for server in servers() {
            assert!(!known(server.policy()).is_empty(), "{}", server.name);
            let text = fitted(&server.name, server.policy(), &tools);
            let loaded = Policy::load(&text, &place);
            let loaded = loaded.unwrap_or_else(|it| panic!("{}", it.render(&server.name)));
            assert_eq!(loaded.warnings.render(""), "", "{text}");
            assert_eq!(text.matches("\n  tool_rules:\n").count(), 1, "{text}");
            assert_eq!(text.matches("tool: \"true\"").count(), 1, "{text}");
        }
    }

    fn listed(tools: &[(&str, bool, bool)]) -> Vec<Tool> {
        let tool = |(name, read_only, destructive): &(&str, bool, bool)| Tool {
            name: (*name).to_owned(),
            read_only: *read_only,
            destructive: *destructive,
        };
        tools.iter().map(tool).collect()
    }
}
