//! What we ship and what the docs show lints clean, or says in so many words why not.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails ends the test, with what was expected"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use engine::lint::lint;
use engine::policy::Place;

/// The header that makes a policy of an example in the reference.
const HEAD: &str = "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata: {name: a}\nspec:\n";

/// What examples of the reference, each a part of a `spec`, may have, and why.
const OF_PARTS: [(&str, &str); 8] = [
    (
        "L001",
        "a part may allow no tool, where it shows what is refused",
    ),
    ("L003", "one shows what `match: search` is"),
    (
        "L005",
        "one shows a pattern, and the next section what is better for SQL",
    ),
    ("L010", "a part shows one field, and `dlp` is another"),
    ("L011", "some show what monitor mode does"),
    (
        "L012",
        "a part shows one field, and `protected_paths` is another",
    ),
    (
        "L013",
        "some allow every method, so that what denies is seen",
    ),
    ("L014", "one shows what `unsafe_dlp` lets out"),
];

#[test]
fn every_shipped_policy_and_every_whole_one_in_the_docs_lints_clean() {
    let mut seen = 0;
    for (name, text) in whole() {
        seen += 1;
        assert_eq!(found(&text), [""; 0], "{name}");
    }
    assert!(seen >= 10, "{seen}");
}

#[test]
fn every_example_of_the_reference_has_what_its_part_lacks_and_nothing_else() {
    let allowed: BTreeSet<_> = OF_PARTS.iter().map(|(code, _)| *code).collect();
    let mut needed = BTreeSet::new();
    for part in blocks("docs/policy.md")
        .into_iter()
        .filter(|it| !it.contains("apiVersion:") && !it.contains("tests:"))
    {
        let spec: String = part.lines().map(|line| format!("  {line}\n")).collect();
        let found = found(&format!("{HEAD}{spec}"));
        for finding in found {
            let code = finding.get(..4).unwrap_or_default().to_owned();
            assert!(allowed.contains(code.as_str()), "{finding}:\n{part}");
            needed.insert(code);
        }
    }
    let needed: BTreeSet<_> = needed.iter().map(String::as_str).collect();
    assert_eq!(needed, allowed, "needed (left), allowed (right)");
}

fn found(text: &str) -> Vec<String> {
    let place = Place {
        home: Some(PathBuf::from("/home/me")),
        follows_extends: true,
        ..Place::default()
    };
    let report = lint(text, &place, None).unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    let told = |it: engine::lint::Finding| format!("{} {}: {}", it.code, it.line, it.message);
    report.findings.into_iter().map(told).collect()
}

fn whole() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(repository().join("policies")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_string_lossy().into_owned();
        if name.ends_with(".yaml") && !name.ends_with(".tests.yaml") {
            all.push((name, fs::read_to_string(path).unwrap()));
        }
    }
    for page in ["README.md", "docs/policy.md"] {
        let blocks = blocks(page).into_iter();
        let whole = blocks.filter(|it| it.contains("apiVersion:"));
        all.extend(whole.map(|it| (page.to_owned(), it)));
    }
    all
}

fn blocks(page: &str) -> Vec<String> {
    let text = fs::read_to_string(repository().join(page)).unwrap();
    let blocks = text.split("```yaml\n").skip(1);
    let blocks = blocks.filter_map(|rest| rest.split("```").next());
    blocks.map(str::to_owned).collect()
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
