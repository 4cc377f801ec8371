//! The live copy for `jq` and `tail`.

use std::os::unix::fs::PermissionsExt;

use crate::shelf::{Shelf, decision, records};

fn tools(shelf: &Shelf) -> Vec<String> {
    let parse = |line: &String| serde_json::from_str::<serde_json::Value>(line);
    let lines = shelf.lines();
    let each = lines.iter().map(|line| {
        let value = parse(line).unwrap_or_else(|error| panic!("{error} in {line:?}"));
        value["tool"].as_str().unwrap_or_default().to_owned()
    });
    each.collect()
}

#[test]
fn each_decision_is_a_line_in_a_private_file() {
    let shelf = Shelf::with(3);
    assert_eq!(tools(&shelf), ["tool0", "tool1", "tool2"]);
    let mode = shelf.live().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn hostile_names_stay_on_one_line() {
    let shelf = Shelf::new();
    let hostile = "a\n{\"decision\":\"ALLOW\"}\r\u{1b}[2J\u{0}\"";
    let record = decision(0).set("tool", hostile).set("reason", hostile);
    shelf.commit(records([record])).unwrap();
    assert_eq!(tools(&shelf), [hostile]);
    assert_eq!(
        std::fs::read_to_string(shelf.live())
            .unwrap()
            .lines()
            .count(),
        1
    );
}

#[test]
fn a_line_that_was_committed_but_not_copied_is_caught_up() {
    let shelf = Shelf::with(5);
    let text = std::fs::read_to_string(shelf.live()).unwrap();
    let folder = shelf.close();
    let kept: Vec<_> = text.lines().take(3).collect();
    std::fs::write(
        folder.path().join("aip-audit.jsonl"),
        kept.join("\n") + "\n",
    )
    .unwrap();
    let shelf = Shelf::over(folder, |_| {});
    assert_eq!(tools(&shelf), ["tool0", "tool1", "tool2", "tool3", "tool4"]);
}

/// The daemon was killed, or the disk was full, in the middle of a line.
#[test]
fn a_torn_last_line_does_not_spoil_the_next() {
    let shelf = Shelf::with(3);
    let text = std::fs::read_to_string(shelf.live()).unwrap();
    let folder = shelf.close();
    let torn: String = text.chars().take(text.len() - 20).collect();
    std::fs::write(folder.path().join("aip-audit.jsonl"), torn).unwrap();
    let shelf = Shelf::over(folder, |_| {});
    shelf.commit(records([decision(3)])).unwrap();
    let whole: Vec<_> = shelf
        .lines()
        .iter()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|line| line["tool"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(whole, ["tool0", "tool1", "tool2", "tool3"]);
}

/// As after a long time without room on the disk.
#[test]
fn many_missed_lines_are_made_good_in_their_order() {
    let shelf = Shelf::with(1);
    std::fs::remove_file(shelf.live()).unwrap();
    std::fs::create_dir(shelf.live()).unwrap();
    shelf.commit(records((1..3000).map(decision))).unwrap();
    std::fs::remove_dir(shelf.live()).unwrap();
    shelf.commit(records([decision(3000)])).unwrap();
    let begun = std::time::Instant::now();
    while shelf.lines().len() < 3000 && begun.elapsed().as_secs() < 10 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let wanted: Vec<_> = (1..=3000).map(|n| format!("tool{n}")).collect();
    assert_eq!(tools(&shelf), wanted);
}

#[test]
fn a_pipe_in_its_place_makes_nobody_wait() {
    let shelf = Shelf::with(1);
    std::fs::remove_file(shelf.live()).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(shelf.live())
        .status();
    assert!(made.unwrap().success());
    assert!(shelf.commit(records([decision(1)])).is_ok());
}

#[test]
fn a_file_moved_away_is_begun_anew() {
    let shelf = Shelf::with(2);
    let moved = shelf.folder.path().join("moved.jsonl");
    std::fs::rename(shelf.live(), &moved).unwrap();
    shelf.commit(records([decision(7)])).unwrap();
    assert_eq!(tools(&shelf), ["tool7"]);
    assert_eq!(std::fs::read_to_string(moved).unwrap().lines().count(), 2);
    let mode = shelf.live().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_copy_that_can_not_be_written_stops_no_call_and_is_made_good() {
    let shelf = Shelf::with(1);
    std::fs::remove_file(shelf.live()).unwrap();
    std::fs::create_dir(shelf.live()).unwrap();
    assert!(shelf.commit(records([decision(1)])).is_ok());
    std::fs::remove_dir(shelf.live()).unwrap();
    shelf.commit(records([decision(2)])).unwrap();
    let seen = tools(&shelf);
    assert!(
        seen.contains(&"tool1".to_owned()),
        "the missed line: {seen:?}"
    );
    assert!(seen.contains(&"tool2".to_owned()));
}

#[test]
fn a_link_in_its_place_is_not_followed() {
    let shelf = Shelf::with(1);
    let target = shelf.folder.path().join("victim");
    std::fs::write(&target, "").unwrap();
    std::fs::remove_file(shelf.live()).unwrap();
    std::os::unix::fs::symlink(&target, shelf.live()).unwrap();
    assert!(shelf.commit(records([decision(1)])).is_ok());
    assert_eq!(std::fs::read_to_string(target).unwrap(), "");
}

#[test]
fn outcomes_are_left_out() {
    let shelf = Shelf::new();
    let outcome = aipd::audit::NewRecord::outcome(0, "c", "answered");
    let written = shelf.commit(records([decision(0), outcome])).unwrap();
    assert_eq!(written.iter().filter(|it| it.line.is_some()).count(), 1);
    assert_eq!(shelf.lines().len(), 1);
}
