//! What the docs show works: each policy in them is valid, each link in them leads somewhere, the
//! README leads to every page, and each test the threat model names is there.
#![expect(
    clippy::expect_used,
    reason = "what fails ends the test, with what was expected"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::home::Home;
use e2e::programs::{program, workspace};

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
fn every_line_of_the_threat_model_names_tests_that_are_there() {
    let text = fs::read_to_string(workspace().join("docs/threat-model.md"))
        .expect("the threat model can be read");
    let rows = text.lines().filter(|line| line.starts_with("| "));
    let mut lines = 0;
    for row in rows.filter(|row| !row.starts_with("| attack ")) {
        lines += 1;
        let cell = row.rsplit('|').nth(1).unwrap_or_default();
        let named: Vec<_> = cell.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "no test: {row}");
        for place in named {
            let (file, test) = place.split_once("::").expect("a file and a test");
            let source = fs::read_to_string(workspace().join(file));
            let source = source.unwrap_or_else(|_| panic!("no file `{file}`"));
            assert!(
                source.contains(&format!("fn {test}()")),
                "no test `{place}`"
            );
        }
    }
    assert!(lines > 40, "{lines} lines");
}

#[test]
fn the_readme_links_every_page() {
    let readme = fs::read_to_string(workspace().join("README.md")).expect("it can be read");
    for page in pages() {
        let path = page.strip_prefix(workspace()).expect("a page is inside");
        let path = path.to_string_lossy();
        let linked = path.starts_with("docs/adr/") || readme.contains(&format!("]({path})"));
        assert!(
            linked || path == "README.md",
            "the README doesn't link {path}"
        );
    }
}

#[test]
fn every_command_in_the_docs_is_understood() {
    let aip = Command::new(program("aip"));
    let help = printed(aip, &["--help"]);
    let mut commands = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page can be read");
        for line in spans(&text) {
            // What is a placeholder or the shell's own does not matter to `--help`.
            let line = line.split([';', '|', '>', ')', '#', '\'']).next();
            let words: Vec<_> = line.unwrap_or_default().split_whitespace().collect();
            match words.split_first() {
                Some((&"aipctl", words)) if !words.is_empty() => {
                    printed(
                        Command::new(program("aipctl")),
                        &[words, &["--help"]].concat(),
                    );
                }
                Some((&"aip", words)) if words.first() == Some(&"wrap") => {
                    let own = words.iter().take_while(|word| **word != "--");
                    let own: Vec<_> = own.copied().chain(["--help"]).collect();
                    printed(Command::new(program("aip")), &own);
                }
                Some((&"aip", words)) if !words.is_empty() => {
                    let own = words.iter().take_while(|word| **word != "--");
                    for word in own.filter(|word| word.starts_with("--")) {
                        assert!(help.contains(word), "{}: {words:?}", page.display());
                    }
                }
                _ => continue,
            }
            commands += 1;
        }
    }
    assert!(commands > 40, "{commands}");
}

/// Lines of shell blocks, and text set as code.
fn spans(text: &str) -> Vec<String> {
    let lines = blocks(text, "sh").into_iter().flat_map(str::lines);
    let mut spans: Vec<_> = lines.map(str::to_owned).collect();
    for (nth, part) in text.split("```").enumerate() {
        if nth % 2 == 0 {
            let code = part.split('`').skip(1).step_by(2);
            spans.extend(code.map(|it| it.replace('\n', " ")));
        }
    }
    spans
}

fn printed(mut command: Command, words: &[&str]) -> String {
    let output = command.args(words).output().expect("it can be run");
    assert!(output.status.success(), "{words:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
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
