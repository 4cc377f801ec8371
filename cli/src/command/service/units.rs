//! The units of the user's service manager: what is in them and where they are.

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Context, Failure};

const SOCKET: &str = include_str!("../../../../systemd/aipd.socket");
const SERVICE: &str = include_str!("../../../../systemd/aipd.service");
/// How the units of the repository name the program.
const PLACEHOLDER: &str = "ExecStart=%h/.local/bin/aipd\n";
/// How a unit of ours begins; anything else is not replaced or removed.
const MARK: &[u8] = b"# aip: ";
/// Both units' names.
pub(super) const NAMES: [&str; 2] = ["aipd.socket", "aipd.service"];

/// A path that no line of a unit can hold.
#[derive(Debug)]
pub(super) struct Unwritable(PathBuf);

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = crate::text::visible(&self.0.to_string_lossy());
        write!(
            f,
            "`{path}` can't be written into a unit; move it to a path without control characters"
        )
    }
}

/// The text of both units for this program and these folders, in the order of [`NAMES`].
pub(super) fn texts(aipd: &Path, variables: &[(&str, &Path)]) -> Result<[String; 2], Unwritable> {
    let mut lines = format!("ExecStart={}\n", quoted("", aipd, true)?);
    for (name, value) in variables {
        let assignment = quoted(&format!("{name}="), value, false)?;
        lines.push_str(&format!("Environment={assignment}\n"));
    }
    Ok([SOCKET.to_owned(), SERVICE.replace(PLACEHOLDER, &lines)])
}

/// As systemd.syntax(7) quotes: `%` begins a specifier, and in a command `$` a variable.
fn quoted(before: &str, path: &Path, command: bool) -> Result<String, Unwritable> {
    let unwritable = || Unwritable(path.to_owned());
    let text = path.to_str().ok_or_else(unwritable)?;
    if text.chars().any(char::is_control) {
        return Err(unwritable());
    }
    let mut quoted = format!("\"{before}");
    for char in text.chars() {
        match char {
            '%' => quoted.push_str("%%"),
            '$' if command => quoted.push_str("$$"),
            '"' | '\\' => quoted.extend(['\\', char]),
            _ => quoted.push(char),
        }
    }
    quoted.push('"');
    Ok(quoted)
}

/// Whether a unit starts this very program.
pub(super) fn names_program(unit: &Path, aipd: &Path) -> bool {
    let Ok(text) = std::fs::read_to_string(unit) else {
        return false;
    };
    let quoted = quoted("", aipd, true).ok();
    let named = text.lines().filter_map(|it| it.strip_prefix("ExecStart="));
    named
        .into_iter()
        .any(|it| aipd.to_str() == Some(it) || quoted.as_deref() == Some(it))
}

/// Where the user's own units are.
pub(super) fn folder(context: &Context<'_>) -> Result<PathBuf, Failure> {
    let config = &context.folders()?.config;
    Ok(config.parent().unwrap_or(config).join("systemd/user"))
}

/// What is at a unit's path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    Ours,
    /// A link, or a file somebody else has written.
    Other,
}

pub(super) fn look(path: &Path) -> Result<Found, Failure> {
    let file = |source| Failure::File {
        doing: "read",
        path: path.to_owned(),
        source,
    };
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Found::Nothing),
        Err(error) => Err(file(error)),
        Ok(it) if !it.is_file() => Ok(Found::Other),
        Ok(_) if std::fs::read(path).map_err(file)?.starts_with(MARK) => Ok(Found::Ours),
        Ok(_) => Ok(Found::Other),
    }
}

/// Puts a unit in its place whole.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(path);
    let written = std::fs::create_dir_all(folder).and_then(|()| {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    });
    written.map_err(|source| Failure::File {
        doing: "write",
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_and_the_folders_are_written_as_systemd_reads_them() {
        check("/opt/aip/aipd", "ExecStart=\"/opt/aip/aipd\"\n");
        check("/a b/aipd", "ExecStart=\"/a b/aipd\"\n");
        check("/100%/$x/aipd", "ExecStart=\"/100%%/$$x/aipd\"\n");
        check(
            "/say \"hi\"\\/aipd",
            "ExecStart=\"/say \\\"hi\\\"\\\\/aipd\"\n",
        );
        fn check(aipd: &str, line: &str) {
            let state = Path::new("/50%/$s");
            let [socket, service] = texts(Path::new(aipd), &[("XDG_STATE_HOME", state)]).unwrap();
            assert!(service.contains(line), "{service}");
            assert!(
                service.contains("Environment=\"XDG_STATE_HOME=/50%%/$s\"\n"),
                "{service}"
            );
            assert!(!service.contains(PLACEHOLDER), "{service}");
            for text in [socket, service] {
                assert!(text.as_bytes().starts_with(MARK), "{text}");
            }
        }
    }

    #[test]
    fn a_path_with_a_line_break_is_refused() {
        let error = texts(Path::new("/a\nExecStartPre=/b"), &[]).unwrap_err();
        assert!(error.to_string().contains("control characters"), "{error}");
    }
}
