//! Plays a case: decides the call it names, and holds what comes of it against what it expects.

use crate::{
    decide::{Call, Facts, Listing, Override, decide},
    explain::{Explained, explained, named},
    node::Node,
    paths::Found,
    policy::Policy,
    rate::Buckets,
};

pub use crate::policy::{Case, Expected, cases};

/// What came of a case.
#[derive(Clone, Debug)]
pub struct Played {
    /// How the call was decided.
    pub told: Explained,
    /// What is otherwise than expected, each as `expected ..., got ...`; empty where the case holds.
    pub wrong: Vec<String>,
}

/// Plays a case at `now_ms`: no list of tools, no grant, no rate spent. `paths` are what its
/// arguments, given by [`Case::arguments`], name.
pub fn play(
    policy: &Policy,
    case: &Case,
    arguments: &Node<'_>,
    paths: Found<'_>,
    now_ms: i64,
) -> Played {
    let named = named(&case.method, arguments);
    let call = Call {
        method: &case.method,
        tool: case.tool.as_deref(),
        args: arguments,
        named: &named,
    };
    let facts = Facts {
        now_ms,
        listing: Listing::Unknown,
        held: None,
        override_: Override::None,
        paths,
        task_known: false,
    };
    let decision = decide(policy, &call, &facts, &mut Buckets::default());
    let told = explained(policy, &call, decision);
    let wrong = held_against(policy, &case.expected, &told);
    Played { told, wrong }
}

fn held_against(policy: &Policy, expected: &Expected, told: &Explained) -> Vec<String> {
    let mut wrong = Vec::new();
    let refusal = told.refusal.as_ref();
    let got_code = refusal.map(|it| format!("{} ({})", it.code.number(), it.code.word()));
    if expected.verdict != told.decision {
        let code = got_code.as_deref().map(|it| format!(" {it}"));
        let got = format!("{}{}", told.decision, code.unwrap_or_default());
        wrong.push(format!("expected {}, got {got}", expected.verdict));
    }
    if let Some(code) = &expected.code {
        let is = refusal.is_some_and(|it| {
            it.code.number().to_string() == *code || it.code.word() == code.as_str()
        });
        if !is {
            let got = got_code.as_deref().unwrap_or("no error");
            wrong.push(format!("expected the error {code}, got {got}"));
        }
    }
    if expected.line.is_some() && expected.line != told.line {
        let (line, got) = (expected.line.unwrap_or_default(), told.line);
        let got = got.map_or_else(|| "none".to_owned(), |it| format!("line {it}"));
        wrong.push(format!("expected line {line} to decide, got {got}"));
    }
    if let Some(rule) = &expected.rule {
        let by = deciding(policy, told);
        if !by.contains(rule) {
            let got = if by.is_empty() {
                "none".to_owned()
            } else {
                format!("`{}`", by.join("`, `"))
            };
            wrong.push(format!("expected `{rule}` to decide, got {got}"));
        }
    }
    if let Some(part) = &expected.reason {
        let told = refusal.map(|it| [it.reason.as_str(), it.detail.as_str()]);
        if !told.is_some_and(|it| it.iter().any(|it| it.contains(part.as_str()))) {
            let got = told.map_or("none", |[reason, _]| reason);
            wrong.push(format!("expected `{part}` in the reason, got `{got}`"));
        }
    }
    wrong
}

/// What decides, by each name it has: the entries on the line, the list or the pattern that failed.
fn deciding(policy: &Policy, told: &Explained) -> Vec<String> {
    let failed = told.refusal.as_ref().and_then(|it| it.failed_rule.clone());
    let entries = policy.outline().into_iter();
    let on_line = entries.filter(|it| Some(it.line) == told.line);
    let mut by: Vec<String> = on_line
        .flat_map(|it| [it.written, it.list.to_owned()])
        .collect();
    by.extend(failed);
    by.dedup();
    by
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Place;

    const POLICY: &str = "\
apiVersion: aip.io/v1alpha1
kind: AgentPolicy
metadata: {name: a}
spec:
  allowed_tools: [read]
  denied_tools: [\"x*\"]
  allowed_prompts: [review]
  tool_rules:
    - tool: write
      action: ask
    - tool: query
      allow_args: {sql: \"SELECT [a-z]+\"}
";

    #[test]
    fn a_case_holds_where_all_it_expects_comes_true() {
        check("{tool: read, expect: allow}", &[]);
        check("{tool: read, expect: allow, rule: read, line: 5}", &[]);
        check("{tool: write, expect: ask, rule: write, line: 9}", &[]);
        check("{tool: xy, expect: block, rule: 'x*'}", &[]);
        check(
            "{tool: xy, expect: block(forbidden), reason: denied by}",
            &[],
        );
        check(
            "{tool: other, expect: block(-32001), rule: allowed_tools}",
            &[],
        );
        check("{tool: query, args: {sql: SELECT a}, expect: allow}", &[]);
        check(
            "{tool: query, args: {sql: DROP a}, expect: block, rule: 'SELECT [a-z]+'}",
            &[],
        );
        check(
            "{method: resources/read, params: {uri: 'a:b'}, expect: block(-32006)}",
            &[],
        );
        check("{resource: 'a:b', expect: block(method_not_allowed)}", &[]);
        check("{prompt: review, expect: allow}", &[]);
        check("{prompt: other, expect: block}", &[]);
    }

    #[test]
    fn what_is_otherwise_is_told() {
        check("{tool: read, expect: ask}", &["expected ASK, got ALLOW"]);
        check(
            "{tool: other, expect: allow}",
            &["expected ALLOW, got BLOCK -32001 (forbidden)"],
        );
        check(
            "{tool: xy, expect: block(-32007)}",
            &["expected the error -32007, got -32001 (forbidden)"],
        );
        check(
            "{tool: read, expect: allow, line: 6}",
            &["expected line 6 to decide, got line 5"],
        );
        check(
            "{tool: other, expect: block, line: 6}",
            &["expected line 6 to decide, got none"],
        );
        check(
            "{tool: read, expect: allow, rule: write}",
            &["expected `write` to decide, got `read`, `allowed_tools`"],
        );
        check(
            "{tool: xy, expect: block, reason: path}",
            &["expected `path` in the reason, got `tool is denied by the policy`"],
        );
    }

    #[test]
    fn a_case_is_read_as_strictly_as_a_policy() {
        check_refused(
            "{tool: a, expect: allow, arg: {}}",
            "1:43: unknown key `arg` in a case",
        );
        check_refused("{tool: a}", "1:9: a case needs `expect`");
        check_refused(
            "{expect: allow}",
            "1:9: a case needs one of `tool`, `method`, `resource` and `prompt`",
        );
        check_refused(
            "{tool: a, prompt: b, expect: allow}",
            "1:9: a case needs one of",
        );
        check_refused("{tool: a, expect: deny}", "`expect` can't be `deny`");
        check_refused(
            "{tool: a, expect: allow(1)}",
            "`expect` can't be `allow(1)`",
        );
        check_refused("{tool: a, expect: block(1}", "`expect` can't be `block(1`");
        check_refused(
            "{tool: a, params: {}, expect: allow}",
            "`params` says nothing without `method`",
        );
        check_refused(
            "{tool: a, args: [1], expect: allow}",
            "`args` must be a mapping",
        );
        check_refused(
            "{tool: a, line: x, expect: allow}",
            "`line` must be a number",
        );
        let wrong = |text| cases(text).unwrap_err().to_string();
        assert!(wrong("tests: []").contains("holds no case"));
        assert!(wrong("test: []").contains("unknown key `test`"));
        let twice = "tests: [{name: a, tool: b, expect: allow}, {name: a, tool: c, expect: allow}]";
        assert!(wrong(twice).contains("two cases are called `a`, the first on line 1"));
    }

    fn check(case: &str, wrong: &[&str]) {
        let cases = cases(&file(case)).unwrap_or_else(|errors| panic!("{errors}"));
        let policy = Policy::load(POLICY, &Place::default()).unwrap().policy;
        let [case] = cases.as_slice() else {
            panic!("one case");
        };
        let paths = Found {
            candidates: &[],
            resolved: &[],
        };
        let played = play(&policy, case, &case.arguments(), paths, 0);
        assert_eq!(played.wrong, wrong, "{case:?}");
    }

    fn check_refused(case: &str, message: &str) {
        let errors = cases(&file(case)).unwrap_err().to_string();
        assert!(errors.contains(message), "{errors}");
    }

    fn file(case: &str) -> String {
        format!("tests: [{{name: a, {}]", case.trim_start_matches('{'))
    }
}
