//! What is built from source: the formula, and that the same source gives the same packages.

use std::fs;
use std::path::Path;
use std::process::Command;

use e2e::needs::{needs, tool};
use e2e::programs::workspace;

use super::{Packages, done, make, sha256};

#[test]
fn the_same_source_gives_the_same_packages_whoever_builds_them_and_where() {
    let test = "the_same_source_gives_the_same_packages_whoever_builds_them_and_where";
    let tools = ["git", "dpkg-deb", "setpriv"].map(tool);
    if needs(test, tools.into_iter().collect::<Result<Vec<()>, _>>()).is_none() {
        return;
    }
    let first = Packages::of("all");
    let mut other = Command::new("sh");
    other
        .args(["-c", "umask 077; exec packaging/build.sh \"$@\"", "sh"])
        .env("TZ", "Asia/Tokyo")
        .env("LC_ALL", "C.UTF-8");
    let folder = tempfile::tempdir().unwrap();
    make(&mut other, "all", folder.path());
    let second = Packages(folder.path().to_path_buf());
    assert_eq!(first.names(), second.names());
    assert_eq!(first.names().len(), 5, "{:?}", first.names());
    for name in first.names().iter().filter(|it| *it != "aip.rb") {
        let of = |it: &Packages| fs::read(it.0.join(name)).unwrap();
        assert!(of(&first) == of(&second), "{name} is another each time");
    }
    done(
        Command::new("sha256sum")
            .args(["-c", "SHA256SUMS"])
            .current_dir(&first.0),
    );
}

#[test]
fn cargo_installs_the_program_that_clients_start() {
    cargo_installs("shim", "aip");
}

#[test]
#[ignore = "compiles nearly everything anew with the features of one program: minutes"]
fn cargo_installs_the_other_two() {
    cargo_installs("daemon", "aipd");
    cargo_installs("cli", "aipctl");
}

/// As docs/install.md says, but what is compiled already is used, and no program of the tests' is replaced.
fn cargo_installs(package: &str, program: &str) {
    let root = tempfile::tempdir().unwrap();
    let compiled = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["install", "--locked", "--offline", "--debug", "--path"])
        .arg(package)
        .arg("--root")
        .arg(root.path())
        .arg("--target-dir")
        .arg(root.path().join("target"))
        .current_dir(workspace())
        .env("CARGO_BUILD_BUILD_DIR", compiled.unwrap());
    done(&mut cargo);
    let version = done(Command::new(root.path().join("bin").join(program)).arg("--version"));
    assert!(version.starts_with(&format!("{program} ")), "{version}");
}

#[test]
fn the_formula_is_ruby_and_names_the_very_source() {
    let test = "the_formula_is_ruby_and_names_the_very_source";
    let tools = ["git", "ruby"].map(tool);
    if needs(test, tools.into_iter().collect::<Result<Vec<()>, _>>()).is_none() {
        return;
    }
    let packages = Packages::of("source");
    let formula = packages.file("aip.rb");
    done(Command::new("ruby").arg("-wc").arg(&formula));
    let text = fs::read_to_string(&formula).unwrap();
    let source = packages.file(".tar.gz");
    let sum = sha256(&source);
    for line in [
        format!("  url \"file://{}\"\n", source.display()),
        format!("  sha256 \"{sum}\"\n"),
    ] {
        assert!(text.contains(&line), "{line}: {text}");
    }
    assert!(!text.contains('@') || !text.contains("@URL@"), "{text}");
    let listed = done(Command::new("tar").arg("-tzf").arg(&source));
    for name in ["shim", "daemon", "cli"] {
        let manifest = format!("/{name}/Cargo.toml\n");
        assert!(listed.contains(&manifest), "{manifest}");
    }
}
