//! Whatever is called, also by somebody who would like to write rules.

use proptest::{collection, prelude::*, sample::select};

use super::*;

/// Texts that would like to be more than a text.
const HOSTILE: &[&str] = &[
    "a\n- tool: x",
    "\"]}\n  allowed_tools: ['*']",
    "'\n",
    "#",
    "\\",
    "\u{0}",
    "\u{85}\u{2028}\u{feff}",
    "\u{202e}txt",
    "{a: b}",
    "!!str",
    "&a *a",
    "../../etc/passwd",
    "/srv/'n\"/x",
    "/srv/n/\u{1}",
    "/srv/[x]*",
    "https://a.example/\"",
    "SELECT 1",
    "p\u{430}y",
    "1e5",
    "true",
    "~",
    "",
    "[REDACTED:x]",
    "hunter2",
    "\u{10ffff}\u{e000}",
];

fn hostile_text() -> impl Strategy<Value = String> {
    prop_oneof![
        select(HOSTILE).prop_map(str::to_owned),
        "[a-z/.:0-9-]{0,12}",
        any::<String>(),
    ]
}

fn value() -> impl Strategy<Value = Node<'static>> {
    let leaf = prop_oneof![
        hostile_text().prop_map(|it| Node::String(it.into())),
        any::<bool>().prop_map(Node::Bool),
        Just(Node::Null),
        "-?[0-9]{1,4}(\\.[0-9]{1,3})?(e[0-9])?".prop_map(|it| Node::Number(it.into())),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..3).prop_map(Node::Array),
            collection::vec((hostile_text(), inner), 0..3).prop_map(|all| Node::Object(
                all.into_iter().map(|(k, v)| (k.into(), v)).collect()
            )),
        ]
    })
}

fn made() -> impl Strategy<Value = Made> {
    let tool = prop_oneof![
        select(&["read", "Read", "write"][..]).prop_map(str::to_owned),
        hostile_text(),
    ];
    let name = prop_oneof![
        select(&["path", "a", "url"][..]).prop_map(str::to_owned),
        hostile_text(),
    ];
    (tool, collection::btree_map(name, value(), 0..4))
        .prop_map(|(tool, args)| (tool, args.into_iter().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_call_that_can_be_named_passes_what_was_suggested(
        calls in collection::vec(made(), 0..12),
    ) {
        let (yaml, policy) = suggested(&calls);
        let mut learner = Learner::default();
        for made in &calls {
            let named = learn(&mut learner, made).is_ok();
            prop_assert!(!named || passes(&policy, made), "{:?}\n{}", made.0, yaml);
            prop_assert!(named || !passes(&policy, made), "{:?}\n{}", made.0, yaml);
        }
        let tools: Vec<&str> = policy.rules().all().map(|it| it.written.as_str()).collect();
        prop_assert_eq!(tools.len(), learner.tools(), "nothing broke out\n{}", yaml);
        prop_assert!(policy.allowed_tools().is_empty(), "{}", yaml);
        prop_assert!(!yaml.contains("hunter"), "{}", yaml);
        let shown = |it: char| it == '\n' || !crate::name::is_unprintable(it);
        prop_assert!(yaml.chars().all(shown), "{:?}", yaml);
    }
}
