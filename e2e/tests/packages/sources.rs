//! What is built from source: the formula, and that the same source gives the same packages.

use std::fs;
use std::process::Command;

use e2e::needs::{needs, tool};

use super::{Packages, done};

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
    let second = Packages::made_by(&mut other, "all");
    assert_eq!(first.names(), second.names());
    assert_eq!(first.names().len(), 5, "{:?}", first.names());
    for name in first.names().iter().filter(|it| *it != "aip.rb") {
        let of = |it: &Packages| fs::read(it.0.path().join(name)).unwrap();
        assert!(of(&first) == of(&second), "{name} is another each time");
    }
    done(
        Command::new("sha256sum")
            .args(["-c", "SHA256SUMS"])
            .current_dir(first.0.path()),
    );
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
    let sum = done(Command::new("sha256sum").arg(&source));
    let sum = sum.split(' ').next().unwrap();
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
