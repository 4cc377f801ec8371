//! What an install would do, and how it is shown.

use std::fmt::Write;
use std::path::Path;

use clients::{At, Command, Entry, Front, Kind, masked};
use wire::control::EditedFile;

use super::found::{Found, hindrance};
use crate::text::visible;

/// What is wished.
#[derive(Debug, Default)]
pub struct Wish {
    /// Only these clients; all where there is none.
    pub clients: Vec<String>,
    /// Only these servers; all where there is none.
    pub servers: Vec<String>,
    /// Files of a project too.
    pub project: bool,
}

/// One file, and what is to be done in it.
#[derive(Debug)]
pub struct Planned<'a> {
    /// Which.
    pub found: &'a Found,
    /// The entries aip is to be put in front of.
    pub at: Vec<At>,
    /// What is said of it.
    pub lines: String,
}

impl Planned<'_> {
    /// As the daemon is told.
    #[must_use]
    pub fn edited(&self) -> EditedFile {
        EditedFile {
            client: self.found.place.client.id.clone(),
            file: self.found.place.path.to_string_lossy().into_owned(),
            servers: self.at.iter().map(|at| at.0.clone()).collect(),
        }
    }
}

/// What is to be done in a file.
#[must_use]
pub fn plan<'a>(found: &'a Found, wish: &Wish, front: &Front<'_>) -> Planned<'a> {
    let place = &found.place;
    let mut lines = String::new();
    let shown = visible(&place.path.to_string_lossy());
    let link = match found.target == place.path {
        true => String::new(),
        false => format!(" (a link to {})", visible(&found.target.to_string_lossy())),
    };
    let _ = writeln!(lines, "{}  {shown}{link}", place.client.name);
    let mut at = Vec::new();
    match &found.read {
        Err(unread) => {
            let _ = writeln!(lines, "  left as it is: {unread}");
        }
        Ok(read) => {
            let hindered = held_back(found, wish);
            let wanted: Vec<_> = read
                .entries
                .iter()
                .filter(|it| is_wanted(it, wish))
                .collect();
            let bare: Vec<At> = wanted
                .iter()
                .filter(|it| is_bare(it))
                .map(|it| it.at.clone())
                .collect();
            // One by one only where not all can be: each reads the whole text again.
            let together = clients::wrap(&read.text, place.shape, &bare, front).is_ok();
            for entry in wanted {
                let refused = || match &hindered {
                    Some(why) => Some(why.clone()),
                    None if together => None,
                    None => {
                        let at = std::slice::from_ref(&entry.at);
                        let tried = clients::wrap(&read.text, place.shape, at, front);
                        tried.err().map(|error| error.to_string())
                    }
                };
                let put = one(entry, front, refused, &mut lines);
                at.extend(put.then(|| entry.at.clone()));
            }
            if read.entries.is_empty() {
                let _ = writeln!(lines, "  no servers");
            }
        }
    }
    Planned { found, at, lines }
}

fn is_wanted(entry: &Entry, wish: &Wish) -> bool {
    wish.servers.is_empty() || wish.servers.iter().any(|it| it == entry.at.server())
}

fn is_bare(entry: &Entry) -> bool {
    matches!(entry.kind, Kind::Stdio { wrapped: false, .. })
}

/// Why nothing is written into this file.
fn held_back(found: &Found, wish: &Wish) -> Option<String> {
    if found.place.managed {
        return Some("it is an administrator's file".to_owned());
    }
    if found.place.project && !wish.project {
        let why = "it is the project's file, others may share it; with --project it is edited too";
        return Some(why.to_owned());
    }
    hindrance(&found.target)
}

/// Tells of one entry; whether aip is to be put in front.
fn one(
    entry: &Entry,
    front: &Front<'_>,
    refused: impl FnOnce() -> Option<String>,
    lines: &mut String,
) -> bool {
    let off = if entry.enabled { "" } else { " (off)" };
    let folder = entry.at.folder().map(|it| format!(" in {}", visible(it)));
    let name = format!(
        "{}{}{off}",
        visible(entry.at.server()),
        folder.unwrap_or_default()
    );
    let command = match &entry.kind {
        Kind::Stdio {
            wrapped: false,
            command,
        } => command,
        Kind::Stdio {
            wrapped: true,
            command,
        } => {
            let program = command.0.first().map_or("", String::as_str);
            let _ = match is_this(program, front.aip) {
                true => writeln!(lines, "  {name}: runs through aip already"),
                false => writeln!(
                    lines,
                    "  {name}: runs another program called aip, {}; left as it is: look at it, and \
                     edit it by hand",
                    visible(program)
                ),
            };
            return false;
        }
        Kind::Remote => {
            let _ = writeln!(lines, "  {name}: reached by a URL, not covered");
            return false;
        }
        Kind::Own => {
            let _ = writeln!(lines, "  {name}: the client's own, not covered");
            return false;
        }
        Kind::Broken(broken) => {
            let _ = writeln!(lines, "  {name}: left as it is: {broken}");
            return false;
        }
    };
    if let Some(why) = refused() {
        let _ = writeln!(
            lines,
            "  {name}: runs unwrapped; left as it is: {}",
            visible(&why)
        );
        return false;
    }
    let _ = writeln!(
        lines,
        "  {name}\n{}",
        diff(entry.at.server(), command, front)
    );
    true
}

/// Whether a program called aip is this one. By its bare name it is what the client finds; where there
/// is no such file nothing runs.
fn is_this(program: &str, aip: &str) -> bool {
    let path = Path::new(program);
    if !path.is_absolute() {
        return !program.contains(['/', '\\']);
    }
    let Ok(real) = path.canonicalize() else {
        return true;
    };
    Path::new(aip).canonicalize().is_ok_and(|it| it == real)
}

fn diff(server: &str, command: &Command, front: &Front<'_>) -> String {
    let shown = masked(&command.0);
    let old = words(&shown);
    let options = ["--policy", front.policy, "--name", server, "--"].map(str::to_owned);
    let aip = front.aip.to_owned();
    let new: Vec<String> = std::iter::once(aip).chain(options).chain(shown).collect();
    format!("  - {old}\n  + {}", words(&new))
}

/// A command line as it would be typed, one that hides nothing.
fn words(words: &[String]) -> String {
    let quoted = |it: &String| match it.is_empty() || it.contains([' ', '"', '\'']) {
        true => shell_words::quote(it).into_owned(),
        false => it.clone(),
    };
    let shown: Vec<String> = words.iter().map(|it| visible(&quoted(it))).collect();
    shown.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_path_is_not_this_program() {
        // The tests' own folder has no such file, and need not have.
        check("aip", true);
        check("./tools/aip", false);
        check("~/aip", false);
        check("${workspaceFolder}/aip", false);
        check("/nowhere/aip", true);
        fn check(program: &str, is: bool) {
            assert_eq!(is_this(program, "/usr/bin/aip"), is, "{program}");
        }
    }
}
