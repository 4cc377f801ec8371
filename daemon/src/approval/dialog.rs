//! A window that asks: the desktop's own dialog program, started by its absolute path, with what
//! is shown handed over as data.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::shown::Shown;

mod kdialog;
mod osascript;
mod powershell;
mod zenity;

/// What a person did with the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Pressed the button that allows this once.
    Allow,
    /// Pressed the button that denies.
    Deny,
    /// Closed it, which says nothing.
    Closed,
}

/// A dialog program we know how to ask with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// GNOME's.
    Zenity,
    /// KDE's.
    Kdialog,
    /// macOS's.
    Osascript,
    /// Windows's.
    PowerShell,
}

/// What to start.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Invocation {
    args: Vec<OsString>,
    /// Written to its standard input.
    input: Option<String>,
}

const ALLOW: &str = "Allow once";
const DENY: &str = "Deny";
const TITLE: &str = "aip: may this call be made?";

/// The programs, and where each is if it is there at all. A desktop's own comes first.
const PLACES: [(Program, &str); 6] = [
    (Program::Osascript, "/usr/bin/osascript"),
    (Program::Kdialog, "/usr/bin/kdialog"),
    (Program::Zenity, "/usr/bin/zenity"),
    (Program::Zenity, "/usr/local/bin/zenity"),
    (Program::Kdialog, "/usr/local/bin/kdialog"),
    (
        Program::PowerShell,
        r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe",
    ),
];

impl Program {
    /// The program to ask with on this desktop (`XDG_CURRENT_DESKTOP`), and its path.
    #[must_use]
    pub fn find(desktop: &str, there: impl Fn(&Path) -> bool) -> Option<(Self, PathBuf)> {
        let kde = desktop.to_ascii_lowercase().contains("kde");
        let found = || {
            PLACES
                .iter()
                .filter(|(_, path)| there(Path::new(path)))
                .map(|(program, path)| (*program, PathBuf::from(path)))
        };
        let other = if kde { Self::Zenity } else { Self::Kdialog };
        found()
            .find(|(it, _)| *it != other)
            .or_else(|| found().next())
    }

    fn invocation(self, shown: &Shown) -> Invocation {
        match self {
            Self::Zenity => zenity::invocation(shown),
            Self::Kdialog => kdialog::invocation(shown),
            Self::Osascript => osascript::invocation(shown),
            Self::PowerShell => powershell::invocation(shown),
        }
    }
}

/// By the button's own words, whatever the exit code: programs end with the same codes when they
/// lose their display. Anything else is no answer.
fn by_word(said: &str) -> Choice {
    match said.trim() {
        ALLOW => Choice::Allow,
        DENY => Choice::Deny,
        _ => Choice::Closed,
    }
}

/// How a window came out.
#[derive(Debug)]
pub struct Asked {
    /// What the person did.
    pub choice: Choice,
    /// The window's process.
    pub pid: Option<u32>,
    /// What it said on standard error where it was closed: perhaps it never was on a screen.
    pub complaint: String,
}

/// Opens the window and waits for the person. The window goes when this is dropped.
///
/// # Errors
/// When the program can't be started.
pub async fn ask(
    (program, path): &(Program, PathBuf),
    environment: &[(String, String)],
    shown: &Shown,
) -> std::io::Result<Asked> {
    let Invocation { args, input } = program.invocation(shown);
    let stdin = if input.is_some() {
        Stdio::piped()
    } else {
        Stdio::null()
    };
    let mut child = Command::new(path)
        .args(args)
        .env_clear()
        .envs(environment.iter().cloned())
        .current_dir("/")
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let pid = child.id();
    if let (Some(text), Some(mut stdin)) = (input, child.stdin.take()) {
        use tokio::io::AsyncWriteExt;
        stdin.write_all(text.as_bytes()).await?;
    }
    let ended = child.wait_with_output().await?;
    let said = String::from_utf8_lossy(&ended.stdout);
    let complaint = String::from_utf8_lossy(&ended.stderr);
    Ok(Asked {
        choice: by_word(&said),
        pid,
        complaint: first_line(&complaint).to_owned(),
    })
}

/// The first that says anything: GTK begins with an empty one.
fn first_line(text: &str) -> &str {
    let mut lines = text.lines().map(str::trim);
    lines.find(|line| !line.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_desktops_own_program_comes_first() {
        check(
            "KDE",
            &["/usr/bin/zenity", "/usr/bin/kdialog"],
            Some(Program::Kdialog),
        );
        check(
            "ubuntu:GNOME",
            &["/usr/bin/zenity", "/usr/bin/kdialog"],
            Some(Program::Zenity),
        );
        check(
            "",
            &["/usr/bin/zenity", "/usr/bin/kdialog"],
            Some(Program::Zenity),
        );
        check("GNOME", &["/usr/bin/kdialog"], Some(Program::Kdialog));
        check("KDE", &["/usr/local/bin/zenity"], Some(Program::Zenity));
        check("", &["/usr/bin/osascript"], Some(Program::Osascript));
        check("GNOME", &[], None);
    }

    #[test]
    fn only_a_buttons_own_words_are_an_answer() {
        assert_eq!(by_word("Allow once\n"), Choice::Allow);
        assert_eq!(by_word("Deny\n"), Choice::Deny);
        assert_eq!(by_word(""), Choice::Closed);
        assert_eq!(by_word("Allow once and more"), Choice::Closed);
    }

    fn check(desktop: &str, there: &[&str], wanted: Option<Program>) {
        let found = Program::find(desktop, |path| there.iter().any(|it| Path::new(it) == path));
        assert_eq!(
            found.map(|(program, _)| program),
            wanted,
            "{desktop} {there:?}"
        );
    }
}
