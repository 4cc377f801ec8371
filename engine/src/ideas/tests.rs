use std::borrow::Cow;

use proptest::prelude::*;

use super::*;

fn object<'a>(members: &[(&'a str, &'a str)]) -> Node<'a> {
    let member = |&(name, value): &(&'a str, &'a str)| {
        (Cow::Borrowed(name), Node::String(Cow::Borrowed(value)))
    };
    Node::Object(members.iter().map(member).collect())
}

fn titles(tool: &str, args: Option<&Node<'_>>) -> Vec<String> {
    let all = ideas(tool, args);
    all.into_iter().map(|it| it.title).collect()
}

#[test]
fn a_call_on_a_file_gives_rules_from_the_narrowest_on() {
    let args = object(&[("path", "/home/me/a.b/notes.txt"), ("mode", "r")]);
    let all = ideas("read_file", Some(&args));
    let shown: Vec<_> = all
        .iter()
        .map(|it| format!("# {}\n{}# {}\n", it.title, it.yaml, it.note))
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn arguments_that_are_not_known_are_named_by_no_rule() {
    assert_eq!(
        titles("read_file", None),
        [
            "Ask me each time",
            "Allow every call of this tool",
            "Refuse every call of this tool"
        ]
    );
}

#[test]
fn a_folders_rule_lets_no_path_climb_out() {
    let pattern = regex::Regex::new(&below("/home/me")).unwrap();
    for inside in ["/home/me/a", "/home/me/.config/b.c", "/home/me/a/b/c"] {
        assert!(pattern.is_match(inside), "{inside}");
    }
    for outside in [
        "/home/me",
        "/home/me/",
        "/home/me/../you",
        "/home/me/a/../../you",
        "/home/me/./../x",
        "/home/me//etc",
        "/home/meyou/a",
        "/home/me/..",
        "/etc/home/me/a",
    ] {
        assert!(!pattern.is_match(outside), "{outside}");
    }
}

#[test]
fn a_tool_named_like_a_pattern_gets_no_rule() {
    assert_eq!(titles("read_*", None), Vec::<String>::new());
}

proptest! {
    // Whatever a tool and its arguments are called and hold: each rule that is offered loads, and
    // the one on the very arguments admits them and nothing that differs.
    #[test]
    fn every_rule_offered_says_of_the_call_what_it_is_offered_for(
        tool in "[ -~\u{e4}\u{202e}]{1,12}",
        name in "\\PC{1,8}",
        value in any::<String>(),
        other in any::<String>(),
    ) {
        let args = object(&[(&name, &value)]);
        for idea in ideas(&tool, Some(&args)) {
            prop_assert!(Policy::load(&document(&idea.yaml), &Place::default()).is_ok());
            if idea.title.ends_with("the very same arguments") && other != value {
                let changed = object(&[(&name, &other)]);
                prop_assert!(does(&idea, &tool, Some(&changed)) == Some(Does::Refuse));
            }
        }
    }
}
