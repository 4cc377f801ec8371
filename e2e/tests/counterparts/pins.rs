//! What is installed is what the docs say, and the locks name no host.

use std::fs;
use std::path::Path;

use e2e::programs::workspace;

const LOCKS: [&str; 4] = [
    "node/package-lock.json",
    "inspector/package-lock.json",
    "inspector2/package-lock.json",
    "conformance/package-lock.json",
];
const PINS: [&str; 8] = [
    "node/package.json",
    "inspector/package.json",
    "inspector2/package.json",
    "conformance/package.json",
    "requirements-mcp1.txt",
    "requirements-mcp2.txt",
    "requirements-fastmcp.txt",
    "rmcp/Cargo.toml",
];

#[test]
fn the_page_tells_the_pinned_versions() {
    let pins = PINS.map(pinned).concat();
    let page = fs::read_to_string(workspace().join("docs/counterparts.md")).unwrap();
    let mut told = 0;
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let mut cells = row.split('|').map(str::trim).skip(1);
        let name = cells
            .next()
            .and_then(|cell| cell.split('`').nth(1))
            .unwrap();
        let version = cells.next().unwrap();
        if name == "aip-notes" {
            continue;
        }
        let spellings = [
            format!("\n{name}=={version}\n"),
            format!("\"{name}\": \"{version}\""),
            format!("\n{name} = {{ version = \"={version}\""),
        ];
        assert!(
            spellings.iter().any(|pin| pins.contains(pin)),
            "{name} is not pinned at {version}"
        );
        told += 1;
    }
    assert_eq!(told, 17, "eight servers, eight clients and the suite");
}

#[test]
fn the_locks_name_no_host() {
    for lock in LOCKS {
        let text = pinned(lock);
        assert!(text.contains("\"integrity\""), "{lock}");
        assert!(!text.contains("\"resolved\""), "{lock}");
    }
}

fn pinned(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("counterparts");
    fs::read_to_string(folder.join(name)).unwrap()
}
