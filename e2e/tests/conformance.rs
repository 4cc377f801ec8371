//! The repository's own conformance vectors, at the engine and through the real shim and daemon.

use e2e::home::Home;
use e2e::programs::workspace;

/// Fewer cases than this means that vectors were lost, not that all is well.
const AT_LEAST: usize = 200;

#[test]
fn every_vector_passes_at_the_engine() {
    check(&[]);
}

#[test]
fn every_vector_passes_on_the_wire() {
    check(&["--wire"]);
}

fn check(more: &[&str]) {
    let home = Home::new();
    let vectors = workspace().join("e2e/conformance");
    let mut args = vec!["conformance"];
    let vectors = vectors.to_string_lossy();
    args.push(&vectors);
    args.extend(more);
    let output = home.ctl(&args);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let passed = text
        .lines()
        .filter(|line| line.starts_with("passed "))
        .count();
    assert!(passed >= AT_LEAST, "only {passed} cases passed: {text}");
}
