//! What the layout is, and that it keeps what a policy says.

use std::path::PathBuf;

use proptest::prelude::*;

use super::*;

const HEAD: &str = "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata:\n  name: a\nspec:\n";

#[test]
fn keys_stand_in_the_references_order_with_their_comments() {
    check_whole(
        "# head\nspec:\n  # of the rules\n  tool_rules:\n    - action: ask # asks\n      # which\n      tool: b\n  mode: enforce\nmetadata: {version: 1, name: a}\nkind: AgentPolicy\napiVersion: aip.io/v1alpha1\n# end\n",
        "# head\napiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata: {name: a, version: 1}\nspec:\n  mode: enforce\n  # of the rules\n  tool_rules:\n    # which\n    - tool: b\n      action: ask # asks\n# end\n",
    );
}

#[test]
fn quotes_stand_where_a_text_would_be_misread() {
    let list = |items: &str| format!("  allowed_tools:\n{items}");
    check(
        &list(
            "  - \"read\"\n  - 'no'\n  - \"1.0\"\n  - '*'\n  - 'a b'\n  - \"null\"\n  - 'a: b'\n  - '1.0.0'\n",
        ),
        &list(
            "    - read\n    - \"no\"\n    - \"1.0\"\n    - \"*\"\n    - a b\n    - \"null\"\n    - \"a: b\"\n    - \"1.0.0\"\n",
        ),
    );
    let args = |written: &str| {
        format!("  tool_rules:\n    - tool: t\n      allow_args:\n        a: {written}\n")
    };
    check(&args("\"\\\\d+\""), &args("\\d+"));
    check(&args("'a #b'"), &args("\"a #b\""));
    check(&args("\"\\\"\\\\d: \""), &args("'\"\\d: '"));
    check(&args("'it''s: '"), &args("\"it's: \""));
    check(
        &args("{one_of: ['a,b', c, 1, '1']}"),
        &args("{one_of: [\"a,b\", c, 1, \"1\"]}"),
    );
    check(&args("\"\\u200b\""), &args("\"\\u200b\""));
    check(&args(">-\n          one\n          two"), &args("one two"));
    check(
        &args("|\n            one\n              two"),
        &args("|\n          one\n            two"),
    );
}

#[test]
fn space_is_two_a_level_and_blank_lines_are_one() {
    check(
        "\n\n      allowed_tools:\n      - a   \n\n\n      -   b\n      denied_tools:   [ c,d ]\n\n\n",
        "  allowed_tools:\n    - a\n\n    - b\n  denied_tools: [c, d]\n",
    );
    let long = "x".repeat(60);
    check(
        &format!("  allowed_tools: [{long}, {long}]\n"),
        &format!("  allowed_tools:\n    - {long}\n    - {long}\n"),
    );
    check(
        "  allowed_tools: []\r\n  mode: enforce\r\n",
        "  mode: enforce\n  allowed_tools: []\n",
    );
}

#[test]
fn comments_stay_at_what_they_stand_at() {
    check(
        "  allowed_tools: # which\n  # first\n  - a # one\n      # - b\n  denied_tools: [c, # see\n    d] # last\n  # the end\n",
        "  allowed_tools: # which\n    # first\n    - a # one\n    # - b\n  denied_tools:\n    - c # see\n    - d # last\n  # the end\n",
    );
    check(
        "  # one\n\n  # two\n\n  mode: enforce\n\n  # three\n",
        "  # one\n\n  # two\n\n  mode: enforce\n\n  # three\n",
    );
}

#[test]
fn an_allowance_stays_above_the_line_it_speaks_of() {
    let after = "  # aip-lint: allow L011 tried out\n  mode: monitor\n  allowed_tools:\n    - a\n";
    check(
        "  allowed_tools:\n    - a\n    # aip-lint: allow L011 tried out\n  mode: monitor\n",
        after,
    );
    let whole = HEAD.replace("spec:\n", "");
    let spec = "# aip-lint: allow L010 no secrets there\nspec:\n  allowed_tools: [a]\n";
    check_whole(&format!("{spec}{whole}"), &format!("{whole}{spec}"));
    let moved = "  tool_rules:\n    - action: block\n      # aip-lint: allow L008 both are wanted\n      tool: b\n  denied_tools: [b]\n";
    let text = format!("{HEAD}{moved}");
    let findings = |text: &str| lint(text, &place(), None).unwrap().findings.len();
    if let Ok(out) = format(&text, &place()) {
        assert_eq!(findings(&out), findings(&text), "{out}");
    }
}

#[test]
fn what_can_not_be_laid_out_for_sure_is_left() {
    let refused = |text: &str| format(text, &place()).unwrap_err();
    let anchored = format!("{HEAD}  allowed_tools: &a [b]\n  denied_tools: *a\n");
    assert_eq!(refused(&anchored), FormatError::Anchor(6));
    assert!(matches!(refused("kind: x\n"), FormatError::Invalid(_)));
}

proptest! {
    #[test]
    fn any_policy_keeps_its_meaning_and_its_layout(parts in prop::collection::vec(part(), 0..6)) {
        let mut seen = std::collections::HashSet::new();
        let parts: Vec<_> = parts.into_iter().filter(|(key, _)| seen.insert(*key)).collect();
        let spec: String = parts.into_iter().map(|(_, text)| text).collect();
        let text = format!("{HEAD}  # spec\n  mode: enforce\n{spec}");
        let out = format(&text, &place());
        let out = out.map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(format(&out, &place()).unwrap(), out);
    }
}

/// A field of `spec`, laid out in some way.
fn part() -> impl Strategy<Value = (&'static str, String)> {
    let text = prop_oneof![
        "[a-z]{1,6}",
        "[ a-z#:,'\"\\\\{}\\[\\]0-9.*&!|>%@`~-]{1,12}",
        Just("no".to_owned()),
        Just("1.0".to_owned()),
        Just("~".to_owned()),
        Just("a\u{200b}\u{e9}".to_owned()),
        Just("a\nb\n".to_owned()),
    ];
    let comment = prop_oneof![
        Just(String::new()),
        Just(" # c".to_owned()),
        Just("\n    # d".to_owned()),
        Just("\n\n  # e\n".to_owned()),
        Just("\n\n\n# f".to_owned()),
    ];
    let keys = prop::sample::select(vec![
        "tool_rules",
        "dlp",
        "protected_paths",
        "allowed_prompts",
    ]);
    let shape = 0..4usize;
    (keys, prop::collection::vec((text, comment), 1..4), shape).prop_map(|(key, texts, shape)| {
        let mut out = String::new();
        let quoted: Vec<_> = texts.iter().map(|(text, note)| (crate::yaml_text::quoted(text), note)).collect();
        match (key, shape) {
            ("tool_rules", 0 | 1) => {
                out += "  tool_rules:\n  -   tool: x\n      allow_args:\n";
                for (at, (text, note)) in quoted.iter().enumerate() {
                    out += &format!("        k{at}: {{one_of: [{text}]}}{note}\n");
                }
            }
            ("tool_rules", _) => {
                out += "  tool_rules: [\n";
                for (at, (text, note)) in quoted.iter().enumerate() {
                    out += &format!("    {{tool: x{at}, allow_args: {{a: {{one_of: [{text}, 1, true]}}}}}},{note}\n");
                }
                out += "    ]\n";
            }
            ("dlp", _) => {
                out += "  dlp:\n     patterns:\n";
                for (at, (_, note)) in quoted.iter().enumerate() {
                    out += &format!("     - regex: 'a\\d{at}'{note}\n       name: {at}x\n");
                }
            }
            (_, 0 | 1) => {
                out += &format!("  {key}:\n");
                for (at, (_, note)) in quoted.iter().enumerate() {
                    out += &format!("   -  \"/a{at} b\"{note}\n");
                }
            }
            _ => {
                let items: Vec<_> = (0..quoted.len()).map(|at| format!("'/b{at}'")).collect();
                out += &format!("  {key}: [{}] # z\n", items.join(" ,"));
            }
        }
        (key, out)
    })
}

fn check(spec: &str, expected: &str) {
    check_whole(&format!("{HEAD}{spec}"), &format!("{HEAD}{expected}"));
}

fn check_whole(text: &str, expected: &str) {
    let out = format(text, &place()).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(out, expected, "{out}");
}

fn place() -> Place {
    Place {
        home: Some(PathBuf::from("/home/me")),
        ..Place::default()
    }
}
