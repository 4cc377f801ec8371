//! The reference of the command lines, the manual pages and the completions say what the built
//! programs say.
#![expect(
    clippy::unwrap_used,
    reason = "what fails ends the test; helpers are no tests by themselves"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use e2e::needs::{needs, tool};
use e2e::programs::{program, workspace};

/// The line in the page above which a person writes.
const PRINTED: &str = "<!-- What follows is what the programs print;";

#[test]
fn the_page_holds_what_each_help_prints() {
    let page = workspace().join("docs/cli.md");
    let text = fs::read_to_string(&page).unwrap();
    let (written, rest) = text.split_once(PRINTED).unwrap();
    let (mark, _) = rest.split_once('\n').unwrap();
    let mut wanted = format!("{written}{PRINTED}{mark}\n");
    for command in commands() {
        let level = if command.len() > 1 { "###" } else { "##" };
        let (name, help) = (command.join(" "), help(&command));
        wanted += &format!("\n{level} {name}\n\n```text\n{}\n```\n", help.trim_end());
    }
    if std::env::var_os("AIP_UPDATE").is_some() {
        fs::write(&page, &wanted).unwrap();
    }
    assert!(
        text == wanted || std::env::var_os("AIP_UPDATE").is_some(),
        "docs/cli.md is out of date; run this test with AIP_UPDATE=1"
    );
}

#[test]
fn every_command_has_a_manual_page_that_man_can_show() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let output = run(Command::new(program("aipctl")).arg("man").arg(&pages));
    assert!(output.status.success(), "{output:?}");
    let made = fs::read_dir(&pages).unwrap();
    let made: BTreeSet<_> = made
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    let wanted = commands().into_iter();
    let wanted: BTreeSet<_> = wanted.map(|it| format!("{}.1", it.join("-"))).collect();
    assert_eq!(made, wanted);
    let name = "every_command_has_a_manual_page_that_man_can_show";
    if needs(name, tool("mandoc")).is_none() {
        return;
    }
    for command in commands() {
        let page = pages.join(format!("{}.1", command.join("-")));
        let mut lint = Command::new("mandoc");
        let lint = run(lint.args(["-T", "lint", "-W", "error"]).arg(&page));
        assert!(lint.status.success(), "{lint:?}");
        let shown = run(Command::new("mandoc").args(["-T", "ascii"]).arg(&page));
        // As a terminal shows it, bold letters are struck twice.
        let shown = text(&shown.stdout);
        let plain: Vec<&str> = shown.split('\u{8}').collect();
        let plain: String = plain.iter().map(|it| without_last(it)).collect();
        for option in options(&help(&command)) {
            assert!(
                plain.contains(&option),
                "no `{option}` in {command:?}: {plain}"
            );
        }
    }
}

#[test]
fn completions_complete_in_each_shell() {
    let folder = tempfile::tempdir().unwrap();
    let shells = [
        (
            "bash",
            "source {aip}; COMP_WORDS=(aip --po); COMP_CWORD=1; _aip aip --po aip; \
                  echo \"${COMPREPLY[@]}\"",
            "--policy",
        ),
        (
            "bash",
            "source {aipctl}; COMP_WORDS=(aipctl stop); COMP_CWORD=1; \
                  _aipctl aipctl stop aipctl; echo \"${COMPREPLY[@]}\"",
            "stop-all",
        ),
        ("fish", "source {aip}; complete -C 'aip --po'", "--policy"),
        (
            "fish",
            "source {aipctl}; complete -C 'aipctl stop'",
            "stop-all",
        ),
        (
            "zsh",
            "autoload -U compinit; compinit -u -D; source {aipctl}; source {aip}; \
                 echo $_comps[aipctl] $_comps[aip]",
            "_aipctl _aip",
        ),
    ];
    for (shell, script, wanted) in shells {
        let name = "completions_complete_in_each_shell";
        if needs(name, tool(shell)).is_none() {
            continue;
        }
        let mut script = script.to_owned();
        for name in ["aip", "aipctl"] {
            let made = run(Command::new(program("aipctl")).args(["completions", shell, name]));
            assert!(made.status.success(), "{made:?}");
            let file = folder.path().join(format!("{shell}.{name}"));
            fs::write(&file, &made.stdout).unwrap();
            script = script.replace(&format!("{{{name}}}"), file.to_str().unwrap());
        }
        let mut command = Command::new(shell);
        command.env("HOME", folder.path()).args(["-c", &script]);
        let said = run(&mut command);
        assert!(text(&said.stdout).contains(wanted), "{shell}: {said:?}");
    }
}

/// Every command that help shows, as it is typed.
fn commands() -> Vec<Vec<String>> {
    let programs = ["aip", "aipd", "aipctl"];
    let mut found = Vec::new();
    for name in programs {
        collect(vec![name.to_owned()], &mut found);
    }
    assert!(found.len() > 25, "{found:?}");
    found
}

fn collect(command: Vec<String>, found: &mut Vec<Vec<String>>) {
    let help = help(&command);
    found.push(command.clone());
    let Some((_, rest)) = help.split_once("\nCommands:\n") else {
        return;
    };
    let lines = rest.lines().take_while(|line| line.starts_with("  "));
    let named = lines.filter(|line| !line.starts_with("   "));
    for name in named.filter_map(|line| line.split_whitespace().next()) {
        if name != "help" {
            collect([&command[..], &[name.to_owned()]].concat(), found);
        }
    }
}

fn help(command: &[String]) -> String {
    let (name, words) = command.split_first().unwrap();
    let output = run(Command::new(program(name)).args(words).arg("--help"));
    assert!(output.status.success(), "{command:?}: {output:?}");
    text(&output.stdout)
}

/// The long options a help text lists.
fn options(help: &str) -> Vec<String> {
    let words = help.lines().filter(|line| line.trim().starts_with('-'));
    let words = words.flat_map(|line| line.split([' ', ',']).find(|it| it.starts_with("--")));
    words.map(str::to_owned).collect()
}

fn without_last(piece: &str) -> &str {
    let mut letters = piece.chars();
    letters.next_back();
    letters.as_str()
}

fn run(command: &mut Command) -> Output {
    let command = command.env_remove("COLUMNS").current_dir(Path::new("/"));
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
