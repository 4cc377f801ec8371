//! The policy reference does what it says: each example is put in force and each line below it is
//! played against the built programs, with a server that answers what it was given.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what fails ends the test; a JSON member that is not there reads as null"
)]

use std::fs;

use e2e::programs::workspace;

#[path = "policy_reference/played.rs"]
mod played;

use played::Played;

#[test]
fn each_example_does_what_its_lines_say() {
    let page = page();
    let examples = examples(&page);
    assert!(examples.len() > 20, "{}", examples.len());
    for (files, spec, lines) in examples {
        let played = Played::new(&files, spec);
        for line in lines.lines() {
            let (subject, outcome) = line.split_once("  ").unwrap();
            played.check(subject.trim(), outcome.trim());
        }
    }
}

#[test]
fn each_field_that_works_is_in_an_example() {
    let page = page();
    let blocks = page.split("```yaml\n").skip(1);
    let yaml: Vec<_> = blocks.filter_map(|it| it.split("```").next()).collect();
    let yaml = format!("\n{}", yaml.concat());
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let mut fields = 0;
    for (field, rest) in rows.filter_map(|row| row.split_once("` | ")) {
        fields += 1;
        let used = ["\n", " ", "{"]
            .iter()
            .any(|it| yaml.contains(&format!("{it}{field}:")));
        assert!(
            used || rest.starts_with("refused"),
            "no example has `{field}`"
        );
    }
    assert!(fields > 40, "{fields}");
}

/// Other files by their names, a `spec`, and what becomes of calls under it, a line each.
type Example<'p> = (Vec<(&'p str, &'p str)>, &'p str, &'p str);

/// What a part of a `spec` is followed by: one call a line, and what becomes of it. A block that begins
/// with a file's name and is followed by none is that file, beside the next one.
fn examples(page: &str) -> Vec<Example<'_>> {
    let blocks = page.split("```yaml\n").skip(1);
    let mut files = Vec::new();
    let blocks = blocks.filter_map(|rest| {
        let (spec, after) = rest.split_once("\n```\n")?;
        let name = spec.lines().next()?.strip_prefix("# ");
        if let Some(name) = name.filter(|_| !after.trim_start().starts_with("```text\n")) {
            files.push((name, spec));
            return None;
        }
        let (_, lines) = after
            .split_once("```text\n")
            .filter(|(it, _)| it.trim().is_empty())?;
        Some((
            std::mem::take(&mut files),
            spec,
            lines.split("\n```").next()?,
        ))
    });
    blocks.collect()
}

fn page() -> String {
    fs::read_to_string(workspace().join("docs/policy.md")).unwrap()
}
