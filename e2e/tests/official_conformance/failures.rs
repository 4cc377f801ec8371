//! The failures that are expected, each with its reason, held against those that happened.

use std::collections::BTreeMap;

/// What fails where the policy says nothing of methods.
pub(crate) const LISTED: &str =
    include_str!("../../official-conformance/default-methods-failures.txt");

/// Whether just what is listed failed, and said what it is listed with.
///
/// # Errors
/// What is different, line by line.
pub(crate) fn compare(listed: &str, failed: &BTreeMap<String, String>) -> Result<(), String> {
    let listed = parse(listed)?;
    let mut different = Vec::new();
    for (check, says) in &listed {
        match failed.get(*check) {
            None => different.push(format!("`{check}` is listed, but did not fail")),
            Some(said) if !said.contains(says) => {
                different.push(format!("`{check}` failed without saying `{says}`: {said}"));
            }
            Some(_) => {}
        }
    }
    for (check, said) in failed {
        if !listed.contains_key(check.as_str()) {
            different.push(format!("`{check}` failed, but is not listed: {said}"));
        }
    }
    if different.is_empty() {
        Ok(())
    } else {
        Err(different.join("\n"))
    }
}

/// Lines of `CHECK | WHAT ITS FAILURE SAYS | WHY`.
fn parse(text: &str) -> Result<BTreeMap<&str, &str>, String> {
    let mut listed = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let &[check, says, why] = cells.as_slice() else {
            return Err(format!("not three cells: {line}"));
        };
        if [check, says, why].contains(&"") {
            return Err(format!("an empty cell: {line}"));
        }
        if listed.insert(check, says).is_some() {
            return Err(format!("listed twice: {line}"));
        }
    }
    Ok(listed)
}

#[test]
fn what_is_listed_and_fails_as_listed_is_expected() {
    check("# a\na | -32006 | denied", &[("a", "error -32006")], "");
}

#[test]
fn a_listed_check_that_passes_is_told() {
    check("a | no | denied", &[], "`a` is listed, but did not fail");
}

#[test]
fn a_failure_that_is_not_listed_is_told() {
    check("", &[("a", "no")], "`a` failed, but is not listed: no");
}

#[test]
fn a_listed_check_that_fails_otherwise_is_told() {
    let otherwise = "`a` failed without saying `-32006`: timeout";
    check("a | -32006 | denied", &[("a", "timeout")], otherwise);
}

#[test]
fn a_line_without_a_reason_is_told() {
    check("a | no |", &[("a", "no")], "an empty cell: a | no |");
    check("a | no", &[("a", "no")], "not three cells: a | no");
    let twice = "a | no | x\na | no | y";
    check(twice, &[("a", "no")], "listed twice: a | no | y");
}

fn check(listed: &str, failed: &[(&str, &str)], difference: &str) {
    let failed = failed.iter().map(|&(id, said)| (id.into(), said.into()));
    let outcome = compare(listed, &failed.collect());
    assert_eq!(outcome.err().unwrap_or_default(), difference);
}
