use super::*;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use clients::{At, Front};

const BEFORE: &str = r#"{"mcpServers":{"a":{"command":"x"},"b":{"command":"y"}}}"#;

/// A file with two servers behind aip, and the record of it.
struct Case {
    folder: tempfile::TempDir,
    store: Store,
    installed: Installed,
}

impl Case {
    fn new(file: &str, target: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let file = root.join(file);
        let target = root.join(target);
        let front = Front {
            aip: "/usr/bin/aip",
            policy: "/p.yaml",
        };
        let at = ["a", "b"].map(|it| At(vec!["mcpServers".to_owned(), it.to_owned()]));
        let shape = place_of("cursor", &file).unwrap().shape;
        let (new, entries) = clients::wrap(BEFORE, shape, &at, &front).unwrap();
        fs::write(&target, &new).unwrap();
        if file != target {
            symlink(&target, &file).unwrap();
        }
        let installed = InstalledFile {
            client: "cursor".to_owned(),
            file,
            target,
            before: hash(BEFORE),
            after: hash(&new),
            backup: "backup".to_owned(),
            entries,
        };
        let store = Store::open(&root.join("installs")).unwrap();
        store.back_up(&installed, BEFORE).unwrap();
        let files = vec![installed];
        Self {
            folder,
            store,
            installed: Installed { files },
        }
    }

    fn uninstall(&mut self, servers: &[&str]) -> String {
        let uninstall = Uninstall {
            dry_run: false,
            client: Vec::new(),
            server: servers.iter().map(|it| (*it).to_owned()).collect(),
            yes: true,
            check: false,
        };
        let file = &self.installed.files[0];
        let step = uninstall.step(&self.store, 0, file, &self.installed);
        let step = step.unwrap().unwrap();
        let said = step.said.clone();
        step.carry_out(&mut self.installed.files[0]).unwrap();
        said
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn what_a_person_added_stays_when_servers_are_put_back_one_by_one() {
    let mut case = Case::new("mcp.json", "mcp.json");
    let path = case.path("mcp.json");
    let added = |text: &str| text.replacen("{\"a\"", "{\"c\":{\"command\":\"z\"},\"a\"", 1);
    fs::write(&path, added(&text(&path))).unwrap();
    case.uninstall(&["a"]);
    case.uninstall(&[]);
    assert_eq!(text(&path), added(BEFORE));
    assert!(case.installed.files[0].entries.is_empty());

    // What nobody has edited is put back whole, in steps too.
    let mut case = Case::new("mcp.json", "mcp.json");
    case.uninstall(&["a"]);
    assert_eq!(case.uninstall(&[]), "put back as it was (b)");
    assert_eq!(text(&case.path("mcp.json")), BEFORE);
}

#[test]
fn a_link_that_has_become_a_file_is_put_back_itself() {
    let mut case = Case::new("mcp.json", "target.json");
    let (path, target) = (case.path("mcp.json"), case.path("target.json"));
    let wrapped = text(&target);
    fs::remove_file(&path).unwrap();
    fs::write(&path, &wrapped).unwrap();
    let said = case.uninstall(&[]);
    assert!(said.contains("target.json, where it was before"), "{said}");
    assert_eq!(text(&path), BEFORE);
    assert_eq!(text(&target), wrapped);
}

#[test]
fn a_file_that_has_become_a_link_stays_one() {
    let mut case = Case::new("mcp.json", "mcp.json");
    let (path, elsewhere) = (case.path("mcp.json"), case.path("elsewhere.json"));
    fs::rename(&path, &elsewhere).unwrap();
    symlink(&elsewhere, &path).unwrap();
    case.uninstall(&[]);
    assert!(path.is_symlink());
    assert_eq!(text(&elsewhere), BEFORE);
}
