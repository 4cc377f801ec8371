//! What the docs show works: each policy in them is valid, each link in them leads somewhere, and
//! each test file the threat model names is there.
#![expect(
    clippy::expect_used,
    reason = "what fails ends the test, with what was expected"
)]

use std::fs;
use std::path::{Path, PathBuf};

use e2e::home::Home;
use e2e::programs::workspace;

#[test]
fn every_policy_in_the_docs_is_valid() {
    let home = Home::new();
    let mut policies = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page can be read");
        for block in blocks(&text, "yaml") {
            if !block.contains("apiVersion:") {
                continue;
            }
            policies += 1;
            let file = home.work().join(format!("policy-{policies}.yaml"));
            fs::write(&file, block).expect("the policy can be written");
            let output = home.ctl(&["policy", "validate", &file.to_string_lossy()]);
            assert!(output.status.success(), "{}: {output:?}", page.display());
        }
    }
    assert!(
        policies >= 2,
        "the README and the policy reference show one each"
    );
}

#[test]
fn every_link_between_the_docs_leads_somewhere() {
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page can be read");
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let target = link.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let folder = page.parent().expect("a page has a folder");
            assert!(folder.join(target).exists(), "{}: {link}", page.display());
        }
    }
}

#[test]
fn every_place_the_threat_model_names_is_there() {
    let text = fs::read_to_string(workspace().join("docs/threat-model.md"))
        .expect("the threat model can be read");
    let rows = text.lines().filter(|line| line.starts_with('|'));
    let mut named = 0;
    for cell in rows.filter_map(|row| row.rsplit('|').nth(1)) {
        for place in cell.split('`').skip(1).step_by(2) {
            named += 1;
            assert!(workspace().join(place).exists(), "{place}");
        }
    }
    assert!(named > 10, "each line names a test");
}

fn pages() -> Vec<PathBuf> {
    let mut pages = vec![
        workspace().join("README.md"),
        workspace().join("CHANGELOG.md"),
    ];
    collect(&workspace().join("docs"), &mut pages);
    pages
}

fn collect(folder: &Path, pages: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the docs are there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, pages);
        } else if path.extension().is_some_and(|it| it == "md") {
            pages.push(path);
        }
    }
}

/// The fenced blocks of one language.
fn blocks<'t>(text: &'t str, language: &str) -> Vec<&'t str> {
    let fence = format!("```{language}\n");
    text.split(fence.as_str())
        .skip(1)
        .filter_map(|rest| rest.split("\n```").next())
        .collect()
}
