//! What holds for every policy and every call.
#![cfg(test)]

use engine::{
    Call, Decision, Facts, Listing, Node, Override, Place, Policy, compare::only_tighter, decide,
    decide::refuses_tool, paths::Found, rate::Buckets,
};
use proptest::{prelude::*, sample::select, strategy::ValueTree};

const NAMES: &[&str] = &["a", "ab", "abc", "b", "ba", "c"];
const GLOBS: &[&str] = &["*", "a*", "*b", "ab*", "*c", "b*", "a*c"];

const HEAD: &str = "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata: {name: p}\nspec:\n";

/// Bits of YAML that mean something together.
const PIECES: &[&str] = &[
    "a",
    ": ",
    ":",
    "- ",
    "-",
    "? ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\n",
    "\n  ",
    "\n    ",
    " ",
    "'",
    "\"",
    "|\n",
    ">",
    "&x ",
    "*x",
    "!",
    "!!str ",
    "%",
    "# ",
    "---",
    "...",
    "~",
    "<<",
    "\\",
    "\t",
    "\r",
    "0",
    "é",
    "\u{feff}",
    "@",
    "`",
    "\u{85}",
    "mode",
    "tool_rules",
    "allowed_tools",
    "dlp",
    "'(' ",
];

/// A rule to be written out.
#[derive(Debug, Clone)]
struct Rule {
    tool: &'static str,
    action: &'static str,
    arg: Option<&'static str>,
    strict: bool,
    rate: Option<&'static str>,
}

/// A policy to be written out.
#[derive(Debug, Clone)]
struct Plan {
    mode: &'static str,
    allowed: Vec<&'static str>,
    denied: Vec<&'static str>,
    rules: Vec<Rule>,
    denied_methods: Vec<&'static str>,
}

/// A call to be made.
#[derive(Debug, Clone)]
struct Try {
    method: &'static str,
    tool: &'static str,
    args: Vec<(&'static str, &'static str)>,
    now_ms: i64,
}

proptest! {
    #[test]
    fn no_text_stops_the_reader(pieces in prop::collection::vec(select(PIECES), 0..40)) {
        let text = format!("{HEAD}{}", pieces.concat());
        if let Err(found) = Policy::load(&text, &Place::default()) {
            prop_assert!(found.has_errors() && !found.render("p").is_empty());
        }
    }

    #[test]
    fn deny_beats_allow(plan in plan(), tries in tries(), name in select(NAMES)) {
        let mut plan = Plan { mode: "enforce", ..plan };
        plan.denied.push(name);
        plan.allowed.push(name);
        let (policy, mut buckets) = (load(&plan), Buckets::default());
        for it in tries {
            let refused = matches!(run(&policy, &it, &mut buckets), Decision::Refuse(_));
            prop_assert!(refused || it.tool != name);
        }
    }

    #[test]
    fn allowing_one_name_changes_no_other_tools_decision(
        plan in plan(), tries in tries(), name in select(NAMES),
    ) {
        let mut more = plan.clone();
        more.allowed.push(name);
        let (old, new) = (load(&plan), load(&more));
        let (mut old_buckets, mut new_buckets) = (Buckets::default(), Buckets::default());
        for it in tries.iter().filter(|it| it.tool != name) {
            let before = run(&old, it, &mut old_buckets);
            prop_assert_eq!(before, run(&new, it, &mut new_buckets));
        }
    }

    #[test]
    fn a_tool_left_out_of_a_list_is_refused_whatever_its_arguments(
        plan in plan(), tries in tries(),
    ) {
        let (policy, mut buckets) = (load(&plan), Buckets::default());
        for it in tries.iter().filter(|it| it.method == "tools/call") {
            if refuses_tool(&policy, it.tool, &facts(it.now_ms)).is_some() {
                let refused = matches!(run(&policy, it, &mut buckets), Decision::Refuse(_));
                prop_assert!(refused);
            }
        }
    }

    #[test]
    fn a_tool_that_is_listed_passes_where_no_argument_or_rate_stops_it(
        plan in plan(), tries in tries(),
    ) {
        let mut plan = plan;
        for rule in &mut plan.rules {
            *rule = Rule { arg: None, strict: false, rate: None, ..*rule };
        }
        let (policy, mut buckets) = (load(&plan), Buckets::default());
        for it in tries.iter().filter(|it| it.method == "tools/call") {
            if refuses_tool(&policy, it.tool, &facts(it.now_ms)).is_none() {
                let refused = matches!(run(&policy, it, &mut buckets), Decision::Refuse(_));
                prop_assert!(!refused);
            }
        }
    }

    #[test]
    fn a_refused_call_spends_nothing(plan in plan(), tries in tries()) {
        let policy = load(&plan);
        let mut buckets = Buckets::default();
        for it in tries {
            let before = format!("{:?}", sorted(&buckets));
            if matches!(run(&policy, &it, &mut buckets), Decision::Refuse(_)) {
                prop_assert_eq!(before, format!("{:?}", sorted(&buckets)));
            }
        }
    }

    #[test]
    fn what_a_tighter_policy_lets_pass_the_old_one_did_as_well(
        old in plan(), changes in prop::collection::vec(change(), 1..4), tries in tries(),
    ) {
        let mut new = old.clone();
        for change in &changes {
            change.apply(&mut new);
        }
        check_tighter(&old, &new, &tries)?;
    }

    #[test]
    fn a_policy_made_anew_is_tighter_only_where_it_is(
        old in plan(), new in plan(), tries in tries(),
    ) {
        check_tighter(&old, &new, &tries)?;
    }
}

#[test]
fn many_of_the_changes_are_in_fact_accepted() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut accepted = 0;
    for _ in 0..500 {
        let pair = (plan(), change()).new_tree(&mut runner).unwrap().current();
        let (old, mut new) = (pair.0.clone(), pair.0);
        pair.1.apply(&mut new);
        accepted += usize::from(only_tighter(&load(&old), &load(&new)));
    }
    assert!((100..450).contains(&accepted), "{accepted} of 500");
}

/// Makes the calls under the old policy, each also under the new one with what was spent so far.
fn check_tighter(old: &Plan, new: &Plan, tries: &[Try]) -> Result<(), TestCaseError> {
    let (old, new) = (load(old), load(new));
    if !only_tighter(&old, &new) {
        return Ok(());
    }
    let mut buckets = Buckets::default();
    for it in tries {
        let after = run(&new, it, &mut buckets.clone());
        let before = run(&old, it, &mut buckets);
        let softer = match (&before, &after) {
            (Decision::Refuse(_), Decision::Allow(_) | Decision::Ask(_)) => true,
            (Decision::Ask(_), Decision::Allow(_)) => true,
            (Decision::Allow(_) | Decision::Ask(_), Decision::Ask(_) | Decision::Refuse(_))
            | (Decision::Allow(_), Decision::Allow(_))
            | (Decision::Refuse(_), Decision::Refuse(_)) => false,
        };
        prop_assert!(!softer, "{it:?}: {before:?} became {after:?}");
    }
    Ok(())
}

/// A small edit, of the kind a person or a program makes.
#[derive(Debug, Clone)]
enum Change {
    Allow(&'static str),
    Deny(&'static str),
    Unallow,
    Undeny,
    AddRule(Rule),
    DropRule,
    Replace(Rule),
    Mode(&'static str),
}

impl Change {
    fn apply(&self, plan: &mut Plan) {
        match self {
            Change::Allow(name) => plan.allowed.push(name),
            Change::Deny(name) => plan.denied.push(name),
            Change::Unallow => drop(plan.allowed.pop()),
            Change::Undeny => drop(plan.denied.pop()),
            Change::AddRule(rule) => {
                if plan.rules.iter().all(|it| it.tool != rule.tool) {
                    plan.rules.push(rule.clone());
                }
            }
            Change::DropRule => drop(plan.rules.pop()),
            Change::Replace(rule) => {
                if let Some(last) = plan.rules.last_mut() {
                    *last = Rule {
                        tool: last.tool,
                        ..rule.clone()
                    };
                }
            }
            Change::Mode(mode) => plan.mode = mode,
        }
    }
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        2 => pattern().prop_map(Change::Allow),
        3 => pattern().prop_map(Change::Deny),
        3 => Just(Change::Unallow),
        1 => Just(Change::Undeny),
        3 => rule().prop_map(Change::AddRule),
        1 => Just(Change::DropRule),
        3 => rule().prop_map(Change::Replace),
        1 => select(&["enforce", "monitor"][..]).prop_map(Change::Mode),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let lists = || prop::collection::vec(pattern(), 0..3);
    let methods = select(&[None, Some("tools/call"), Some("x/*")][..]);
    let rules = prop::collection::vec(rule(), 0..5);
    let mode = prop_oneof![4 => Just("enforce"), 1 => Just("monitor")];
    (mode, lists(), lists(), rules, methods).prop_map(
        |(mode, allowed, denied, mut rules, methods)| {
            rules.sort_by_key(|it| it.tool);
            rules.dedup_by_key(|it| it.tool);
            Plan {
                mode,
                allowed,
                denied,
                rules,
                denied_methods: methods.into_iter().collect(),
            }
        },
    )
}

fn rule() -> impl Strategy<Value = Rule> {
    let action = select(&["allow", "allow", "ask", "block"][..]);
    let arg = select(&[None, Some("x"), Some("x+"), Some(".*")][..]);
    let rate = select(
        &[
            None,
            None,
            Some("1/minute"),
            Some("2/minute"),
            Some("2/hour"),
        ][..],
    );
    (pattern(), action, arg, prop::bool::weighted(0.3), rate).prop_map(
        |(tool, action, arg, strict, rate)| Rule {
            tool,
            action,
            arg,
            strict,
            rate,
        },
    )
}

fn pattern() -> impl Strategy<Value = &'static str> {
    prop_oneof![select(NAMES), select(GLOBS)]
}

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let method = prop_oneof![9 => Just("tools/call"), 1 => Just("x/y")];
    let value = select(&["x", "xx", "y"][..]);
    let args = prop::collection::vec((select(&["p", "q"][..]), value), 0..2);
    let one =
        (method, select(NAMES), args, 0i64..100_000).prop_map(|(method, tool, args, now_ms)| Try {
            method,
            tool,
            args,
            now_ms,
        });
    prop::collection::vec(one, 1..12).prop_map(|mut tries| {
        tries.sort_by_key(|it| it.now_ms);
        tries
    })
}

fn load(plan: &Plan) -> Policy {
    let list = |items: &[&str]| {
        items
            .iter()
            .map(|it| format!("'{it}'"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let rule = |it: &Rule| {
        let arg = it
            .arg
            .map(|arg| format!(", allow_args: {{p: '{arg}'}}"))
            .unwrap_or_default();
        let rate = it
            .rate
            .map(|rate| format!(", rate_limit: {rate}"))
            .unwrap_or_default();
        let (tool, action, strict) = (it.tool, it.action, it.strict);
        format!("  - {{tool: '{tool}', action: {action}, strict_args: {strict}{arg}{rate}}}\n")
    };
    let rules: String = plan.rules.iter().map(rule).collect();
    let rules = if rules.is_empty() {
        "    []\n".to_owned()
    } else {
        rules
    };
    let text = format!(
        "{HEAD}  mode: {}\n  \
         allowed_tools: [{}]\n  denied_tools: [{}]\n  denied_methods: [{}]\n  tool_rules:\n{rules}",
        plan.mode,
        list(&plan.allowed),
        list(&plan.denied),
        list(&plan.denied_methods),
    );
    Policy::load(&text, &Place::default())
        .unwrap_or_else(|e| panic!("{e}\n{text}"))
        .policy
}

fn facts(now_ms: i64) -> Facts<'static> {
    Facts {
        now_ms,
        listing: Listing::Unknown,
        held: None,
        override_: Override::None,
        paths: Found {
            candidates: &[],
            resolved: &[],
        },
        task_known: false,
    }
}

fn run(policy: &Policy, it: &Try, buckets: &mut Buckets) -> Decision {
    let args = it
        .args
        .iter()
        .map(|(k, v)| ((*k).into(), Node::String((*v).into())));
    let args = Node::Object(args.collect());
    let facts = facts(it.now_ms);
    let tool = (it.method == "tools/call").then_some(it.tool);
    decide(
        policy,
        &Call {
            method: it.method,
            tool,
            args: &args,
            named: &[],
        },
        &facts,
        buckets,
    )
}

/// What is spent of every tool, in an order that can be compared.
fn sorted(buckets: &Buckets) -> Vec<(String, Option<i64>)> {
    NAMES
        .iter()
        .map(|name| ((*name).to_owned(), buckets.full_again(name)))
        .collect()
}
