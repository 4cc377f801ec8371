//! What holds of the paths found in any arguments.
#![cfg(test)]

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use engine::node::Node;
use engine::paths::{Candidate, Found, Ground, candidates, hit, lexical};
use proptest::prelude::*;

fn find(args: &Node<'_>) -> Vec<Candidate> {
    let bases = [PathBuf::from("/home/u/proj")];
    candidates(
        args,
        &Ground {
            home: Some(Path::new("/home/u")),
            bases: &bases,
            user_homes: &|_| None,
        },
    )
}

fn args(key: &str, text: String) -> Node<'static> {
    Node::Object(vec![(
        Cow::Owned(key.to_owned()),
        Node::String(Cow::Owned(text)),
    )])
}

fn is_hit(args: &Node<'_>, protected: &str) -> bool {
    let candidates = find(args);
    hit(
        &[PathBuf::from(protected)],
        &Found {
            candidates: &candidates,
            resolved: &[],
        },
        false,
    )
    .is_some()
}

fn any_node() -> impl Strategy<Value = Node<'static>> {
    let text = prop_oneof![
        any::<String>(),
        "[-~/.$%{}()*?\\[\\]\"'` \\\\a-f0-9:=,;|&<>]{0,60}",
        "(\\{|\\[|\"|\\\\|,|:|~|/|\\.ssh|\\$HOME|%2f|\\*){0,30}",
    ];
    let leaf = text.prop_map(|text| Node::String(Cow::Owned(text)));
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Node::Array),
            prop::collection::vec((".{0,8}".prop_map(Cow::Owned), inner), 0..6)
                .prop_map(Node::Object),
        ]
    })
}

proptest! {
    #[test]
    fn any_arguments_give_bounded_absolute_paths(args in any_node()) {
        let found = find(&args);
        prop_assert!(found.len() <= 16_385);
        for one in &found {
            prop_assert!(one.path.is_absolute(), "{:?}", one.path);
            prop_assert!(lexical(&lexical(&one.path)) == lexical(&one.path));
        }
        let _ = hit(&[PathBuf::from("/home/u/.ssh")], &Found { candidates: &found, resolved: &[] }, true);
    }

    #[test]
    fn detours_change_nothing(steps in prop::collection::vec(prop_oneof![
        Just("."), Just("x/.."), Just(""), Just("../u"), Just("..//u/./"),
    ], 0..8)) {
        let path = format!("/home/u/{}/.ssh/id_rsa", steps.join("/"));
        prop_assert!(is_hit(&args("path", path.clone()), "/home/u/.ssh"), "{}", path);
        prop_assert!(is_hit(&args("command", format!("cat '{path}' | wc")), "/home/u/.ssh"), "{}", path);
    }

    #[test]
    fn percent_encoding_hides_no_letter(mask in any::<u32>(), twice in any::<bool>()) {
        let percent = if twice { "%25" } else { "%" };
        let letters = "/home/u/.ssh/id_rsa".bytes().enumerate();
        let path: String = letters
            .map(|(at, byte)| if mask >> at & 1 == 1 { format!("{percent}{byte:02x}") } else { char::from(byte).to_string() })
            .collect();
        prop_assert!(is_hit(&args("path", path.clone()), "/home/u/.ssh"), "{}", path);
    }

    #[test]
    fn quotes_and_globs_hide_no_letter(at in 1..18_usize, with in prop_oneof![
        Just("''"), Just("\"\""), Just("\\"), Just("\u{200b}"), Just("{,}"), Just("$EMPTY''"), Just("*"),
    ]) {
        let (before, after) = "/home/u/.ssh/id_rsa".split_at(at);
        let command = format!("cat {before}{with}{after}");
        prop_assert!(is_hit(&args("command", command.clone()), "/home/u/.ssh"), "{}", command);
    }

    #[test]
    fn a_sibling_name_is_not_the_path(tail in "[a-z0-9_-]{1,8}") {
        let path = format!("/home/u/.ssh{tail}/id_rsa");
        prop_assert!(!is_hit(&args("path", path.clone()), "/home/u/.ssh"), "{}", path);
    }
}
