//! The archive: install.sh and uninstall.sh in a home of the test's own.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::home::Home;
use e2e::machine::{By, Machine, USER};
use e2e::needs::{needs, tool};
use tempfile::TempDir;

use super::{Packages, behind, done, ends, files, sha256};

/// The archive, unpacked, and a user.
struct Unpacked {
    home: Home,
    folder: PathBuf,
    _root: TempDir,
}

impl Unpacked {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let archive = Packages::of("tarball").file(".tar.gz");
        let mut tar = Command::new("tar");
        tar.arg("-xzf").arg(archive);
        done(tar.arg("-C").arg(root.path()));
        let inside = fs::read_dir(root.path()).unwrap().flatten().next();
        Self {
            home: Home::new(),
            folder: inside.expect("one folder").path(),
            _root: root,
        }
    }

    fn script(&self, path: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(path);
        self.home.dress(&mut command);
        command.args(args);
        command
    }

    fn install(&self, args: &[&str]) -> Command {
        self.script(&self.folder.join("install.sh"), args)
    }

    fn uninstall(&self, args: &[&str]) -> Command {
        self.script(&self.at("libexec/aip/uninstall.sh"), args)
    }

    /// Where it is put.
    fn at(&self, path: &str) -> PathBuf {
        self.home.user().join(".local").join(path)
    }

    fn mode(&self, path: &str) -> u32 {
        fs::metadata(self.at(path)).unwrap().permissions().mode() & 0o777
    }
}

#[test]
fn it_is_put_in_place_run_again_and_taken_out_to_the_last_file() {
    let it = Unpacked::new();
    let said = done(&mut it.install(&[]));
    let next = it.at("bin/aipctl");
    let next = format!("Next: {} install --dry-run", next.display());
    assert!(said.contains(&next), "{said}");
    assert!(said.contains("is not in your PATH"), "{said}");
    assert_eq!(it.mode("bin/aip"), 0o755);
    assert_eq!(it.mode("share/man/man1/aip.1"), 0o644);
    let version = done(&mut it.script(&it.at("bin/aip"), &["--version"]));
    assert!(version.starts_with("aip 0"), "{version}");
    let first = files(&it.home.user());
    assert!(first.len() > 50, "{first:?}");

    let said = done(&mut it.install(&[]));
    assert!(said.contains("files written: 0; there already: "), "{said}");
    assert_eq!(files(&it.home.user()), first);

    let said = done(&mut it.uninstall(&[]));
    assert!(said.contains("Nothing of yours starts aip"), "{said}");
    assert_eq!(files(&it.home.user()), Vec::<PathBuf>::new());
    assert!(!it.at("").exists(), "nor a folder that it made");
    let said = ends(&mut it.script(&it.folder.join("uninstall.sh"), &[]), 1);
    assert!(said.contains("has put nothing into"), "{said}");
}

#[test]
fn while_a_client_starts_it_it_stays_unless_told_otherwise() {
    let it = Unpacked::new();
    done(&mut it.install(&[]));
    let cursor = it.home.user().join(".cursor/mcp.json");
    fs::create_dir(cursor.parent().unwrap()).unwrap();
    let config = behind(&it.at("bin/aip").to_string_lossy(), "notes");
    fs::write(&cursor, &config).unwrap();
    let before = files(&it.home.user());
    let said = ends(&mut it.uninstall(&[]), 1);
    for line in [
        "(Cursor): start aip, written by hand: notes",
        "nothing was removed: do what is said above first, or say --anyway",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert_eq!(files(&it.home.user()), before);
    // What can't be asked is in doubt.
    let aipctl = it.at("bin/aipctl");
    fs::rename(&aipctl, aipctl.with_extension("away")).unwrap();
    let said = ends(&mut it.uninstall(&[]), 1);
    assert!(
        said.contains("it can't be told what still starts aip"),
        "{said}"
    );
    fs::rename(aipctl.with_extension("away"), &aipctl).unwrap();

    done(it.home.command("aipctl").args(["service", "start"]));
    assert_eq!(it.home.daemons().len(), 1);
    let said = done(&mut it.uninstall(&["--anyway"]));
    let state = it.home.path().display().to_string();
    assert!(
        said.contains(&format!("the audit stays in {state}")),
        "{said}"
    );
    assert!(it.home.daemons().is_empty(), "what ran of it has ended");
    assert!(it.home.path().join("audit.db").is_file());
    assert_eq!(
        files(&it.home.user()),
        [".cursor/mcp.json"].map(PathBuf::from)
    );
    assert_eq!(fs::read_to_string(&cursor).unwrap(), config);
}

#[test]
fn what_is_not_its_own_is_never_written_over_or_removed_unasked() {
    let it = Unpacked::new();
    fs::create_dir_all(it.at("bin")).unwrap();
    fs::write(it.at("bin/aip"), "another").unwrap();
    symlink("/bin/true", it.at("bin/aipctl")).unwrap();
    let before = files(&it.home.user());
    let said = ends(&mut it.install(&[]), 1);
    for name in ["bin/aip", "bin/aipctl"] {
        assert!(said.contains(&it.at(name).display().to_string()), "{said}");
    }
    assert!(said.contains("say --replace"), "{said}");
    assert_eq!(files(&it.home.user()), before, "nothing was changed");
    done(&mut it.install(&["--replace"]));
    assert!(!it.at("bin/aipctl").is_symlink());

    let edited = "share/doc/aip/policies/first.yaml";
    fs::write(it.at(edited), "mine").unwrap();
    let said = ends(&mut it.install(&[]), 1);
    assert!(said.contains(edited), "{said}");
    let said = done(&mut it.uninstall(&[]));
    assert!(said.contains("was changed since, and stays"), "{said}");
    let left = files(&it.home.user());
    assert_eq!(left, [Path::new(".local").join(edited)]);
}

#[test]
fn in_a_folder_of_the_machines_every_user_is_asked() {
    let test = "in_a_folder_of_the_machines_every_user_is_asked";
    let Some(machine) = needs(test, Machine::start(&["getent"])) else {
        return;
    };
    let it = Unpacked::new();
    let open = fs::Permissions::from_mode(0o755);
    fs::set_permissions(it.folder.parent().unwrap(), open).unwrap();
    let install = it.folder.join("install.sh").display().to_string();
    let root = |argv: &[&str]| machine.command(By::Root, argv);
    done(&mut root(&[&install, "--prefix", "/usr/local"]));
    let cursor = ".cursor/mcp.json";
    machine.write(cursor, &behind("/usr/local/bin/aip", "notes"));
    let uninstall = ["/usr/local/libexec/aip/uninstall.sh"];
    let said = ends(&mut root(&uninstall), 1);
    let named = format!("  {USER}: {}", machine.home().join(cursor).display());
    assert!(said.contains(&named), "{said}");
    assert!(said.contains("nothing was removed"), "{said}");
    machine.write(cursor, "{}");
    done(&mut root(&uninstall));
    let written = machine.written();
    let ours = |it: &&PathBuf| it.starts_with("usr/local");
    assert_eq!(written.iter().find(ours), None, "{written:?}");
}

#[test]
fn a_later_version_takes_out_what_only_the_earlier_one_had() {
    let it = Unpacked::new();
    let sums = it.folder.join("SHA256SUMS");
    let now = fs::read_to_string(&sums).unwrap();
    let old = it.folder.join("share/old");
    fs::write(&old, "of before").unwrap();
    let sum = sha256(&old);
    fs::write(&sums, format!("{now}{sum}  share/old\n")).unwrap();
    done(&mut it.install(&[]));
    assert!(it.at("share/old").is_file());
    fs::write(&sums, now).unwrap();
    let said = done(&mut it.install(&[]));
    assert!(said.contains("of an earlier version, removed: 1"), "{said}");
    assert!(!it.at("share/old").exists());
}

#[test]
fn a_damaged_archive_and_a_wrong_word_change_nothing() {
    let it = Unpacked::new();
    let said = ends(&mut it.install(&["--perfix=/x"]), 1);
    assert!(said.contains("unknown word `--perfix=/x`"), "{said}");
    let sums = it.folder.join("SHA256SUMS");
    let now = fs::read_to_string(&sums).unwrap();
    let aipctl = it.folder.join("bin/aipctl");
    let good = sha256(&aipctl);
    fs::write(&aipctl, "of another machine").unwrap();
    fs::write(&sums, now.replace(&good, &sha256(&aipctl))).unwrap();
    let said = ends(&mut it.install(&[]), 1);
    assert!(said.contains("is for another kind of machine"), "{said}");
    fs::write(it.folder.join("share/doc/aip/LICENSE"), "cut").unwrap();
    let said = ends(&mut it.install(&[]), 1);
    assert!(
        said.contains("unpack it anew. Nothing was changed"),
        "{said}"
    );
    assert_eq!(files(&it.home.user()), Vec::<PathBuf>::new());
}

#[test]
fn the_scripts_are_sound_shell() {
    let test = "the_scripts_are_sound_shell";
    if needs(test, tool("sh")).is_none() {
        return;
    }
    let packaging = e2e::programs::workspace().join("packaging");
    let mut scripts = 0;
    for path in files(&packaging) {
        let text = fs::read_to_string(packaging.join(&path)).unwrap();
        let shell = match text.lines().next() {
            Some("#!/bin/sh") => "sh",
            Some("#!/usr/bin/env bash") => "bash",
            _ => continue,
        };
        scripts += 1;
        done(Command::new(shell).arg("-n").arg(packaging.join(&path)));
    }
    assert!(scripts >= 7, "{scripts}");
}
