//! The page's files: its own rules, and the libraries it brings along.

use std::collections::BTreeMap;

use e2e::counterparts::installed;
use e2e::needs::tool;
use e2e::programs::workspace;

use super::*;

/// Each library's file beside the page, and where npm has it.
const VENDORED: [(&str, &str); 5] = [
    ("preact.js", "preact/dist/preact.mjs"),
    ("hooks.js", "preact/hooks/dist/hooks.mjs"),
    ("htm.js", "htm/dist/htm.module.js"),
    ("uPlot.iife.min.js", "uplot/dist/uPlot.iife.min.js"),
    ("uPlot.min.css", "uplot/dist/uPlot.min.css"),
];

#[test]
fn the_pages_rules_hold() {
    if needs("the_pages_rules_hold", tool("node")).is_none() {
        return;
    }
    let mut tests: Vec<_> = fs::read_dir(workspace().join("e2e/page"))
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    tests.sort();
    let output = Command::new("node")
        .arg("--test")
        .args(tests)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("# pass 0"), "{said}");
}

/// And the list beside them says so.
#[test]
fn the_libraries_are_as_npm_has_them() {
    let test = "the_libraries_are_as_npm_has_them";
    let Some(modules) = needs(test, installed("browser/node_modules")) else {
        return;
    };
    let vendor = workspace().join("daemon/dashboard/app/vendor");
    let list = fs::read_to_string(vendor.join("README.txt")).unwrap();
    for (ours, theirs) in VENDORED {
        let text = fs::read_to_string(vendor.join(ours)).unwrap();
        let published = fs::read_to_string(format!("{modules}/{theirs}")).unwrap();
        // The one word that is another: see README.txt.
        let expected = match ours {
            "hooks.js" => published.replace("from\"preact\"", "from\"./preact.js\""),
            _ => published,
        };
        assert!(text == expected, "`{ours}` is not what npm has");
        let package = theirs.split('/').next().unwrap();
        let pinned: Value =
            serde_json::from_slice(&fs::read(format!("{modules}/{package}/package.json")).unwrap())
                .unwrap();
        let hash = sha256(&vendor.join(ours));
        let named = format!("{package} {}", pinned["version"].as_str().unwrap());
        let line = list
            .lines()
            .find(|it| it.contains(&format!("`{ours}`")))
            .unwrap();
        assert!(line.contains(&named) && line.contains(&hash), "{line}");
    }
    let files = fs::read_dir(&vendor)
        .unwrap()
        .map(|it| it.unwrap().file_name());
    let known: BTreeMap<_, _> = VENDORED.into_iter().collect();
    for file in files.map(|it| it.into_string().unwrap()) {
        let other = file.starts_with("LICENSE-") || file == "README.txt";
        assert!(
            other || known.contains_key(&*file),
            "`{file}` is from nowhere"
        );
    }
}

/// No module asks anybody else for anything, and none makes markup.
#[test]
fn the_page_is_all_its_own_and_parses_no_markup() {
    let app = workspace().join("daemon/dashboard");
    let mut folders = vec![app.clone()];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.extend((!path.ends_with("vendor")).then_some(path));
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            seen += 1;
            let foreign = [
                "https://",
                "//cdn",
                "@import",
                "dangerouslySetInnerHTML",
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "new Function",
                "localStorage",
                "DOMParser",
                "srcdoc",
                "<style",
                "style=\"",
            ];
            for word in foreign {
                assert!(!text.contains(word), "{} has `{word}`", path.display());
            }
            assert!(
                text.lines().count() < 300 || path.ends_with("style.css"),
                "{}",
                path.display()
            );
        }
    }
    assert!(seen > 20, "{seen}");
}

fn sha256(path: &std::path::Path) -> String {
    let output = Command::new("sha256sum").arg(path).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    said.split_whitespace().next().unwrap().to_owned()
}
