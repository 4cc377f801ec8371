//! One run: a client drives a server, and everything either side could see is kept.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::home::Home;
use e2e::programs::program;
use e2e::witness::{Testimony, testimonies};
use regex::Regex;
use serde_json::Value;

use crate::servers::Server;

/// What the client printed and how it ended.
#[derive(Debug, PartialEq)]
pub(crate) struct Seen {
    /// Outcome by outcome.
    pub(crate) transcript: Value,
    /// Its standard error, which the server's and aip's go to as well; sorted, since nothing
    /// orders what three programs write.
    pub(crate) stderr: Vec<String>,
}

/// Runs of one client with one server, all at the same paths.
pub(crate) struct Runs<'a> {
    pub(crate) home: &'a Home,
    pub(crate) server: &'a Server,
    pub(crate) driver: &'a [String],
    pub(crate) steps: &'a Value,
}

impl Runs<'_> {
    /// Lets the client drive this command as its server.
    pub(crate) fn drive(&self, command: &[String]) -> Seen {
        let script = self.script(command);
        let (program, args) = self.driver.split_first().expect("a driver has a command");
        let mut command = Command::new(program);
        command.args(args).arg(self.steps.to_string()).arg(script);
        self.home.dress(&mut command);
        let output = command.output().expect("the driver can be run");
        let text = |bytes: &[u8]| self.without_clock(&String::from_utf8_lossy(bytes));
        let stderr = text(&output.stderr);
        assert!(output.status.success(), "{:?}: {stderr}", self.driver);
        Seen {
            transcript: serde_json::from_str(&text(&output.stdout))
                .unwrap_or_else(|_| panic!("{output:?}")),
            stderr: sorted(stderr.lines()),
        }
    }

    /// A witness's folder, and this command with the witness in its place.
    pub(crate) fn witnessed(&self, name: &str, command: &[String]) -> (PathBuf, Vec<String>) {
        let folder = self.home.work().join(name);
        fs::create_dir(&folder).unwrap();
        let mut words = vec![text(&program("aip-witness")), text(&folder)];
        words.extend_from_slice(command);
        (folder, words)
    }

    /// What a witness kept, with the lines sorted: two directions have no common order, and of
    /// what a server sends unasked nobody says when.
    pub(crate) fn testimonies(&self, folder: &Path) -> Vec<Testimony> {
        let lines = |lines: &[String]| {
            let lines = lines.iter().map(|line| self.without_clock(&readable(line)));
            sorted(lines.collect::<Vec<_>>().iter().map(String::as_str))
        };
        testimonies(folder)
            .into_iter()
            .map(|it| Testimony {
                told: lines(&it.told),
                said: lines(&it.said),
                stderr: self.without_clock(&it.stderr),
                end: it.end,
            })
            .collect()
    }

    /// One program without arguments, since the Inspector takes flags meant for its target.
    fn script(&self, command: &[String]) -> PathBuf {
        let mut lines = vec!["#!/bin/sh".to_owned()];
        // The Inspector 2.12 hands over but a few variables.
        let home = ("AIP_HOME", text(self.home.path()));
        for (name, value) in self.server.env.iter().chain([&home]) {
            lines.push(format!("export {name}={}", quoted(value)));
        }
        let words: Vec<String> = command.iter().map(|word| quoted(word)).collect();
        lines.push(format!("exec {}\n", words.join(" ")));
        let path = self.home.work().join("server");
        fs::write(&path, lines.join("\n")).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
        path
    }

    fn without_clock(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (pattern, stands_for) in self.server.clock {
            let pattern = Regex::new(pattern).expect("a pattern of the table");
            text = pattern.replace_all(&text, *stands_for).into_owned();
        }
        text
    }
}

/// Aip passes a line on byte by byte, unless it holds what is read in more than one way: then it
/// writes the message anew, and what it says is compared.
fn readable(line: &str) -> String {
    if !ODD.iter().any(|odd| line.contains(odd)) {
        return line.to_owned();
    }
    serde_json::from_str::<Value>(line).map_or_else(|_| line.to_owned(), |it| it.to_string())
}

/// Characters that some readers take for the end of a line or drop, as such and escaped.
const ODD: [&str; 8] = [
    "\u{7f}", "\u{85}", "\u{2028}", "\u{2029}", r"\u007f", r"\u0085", r"\u2028", r"\u2029",
];

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn sorted<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut lines: Vec<String> = lines.map(str::to_owned).collect();
    lines.sort();
    lines
}
