//! Finds the server's program as execvp(3) will, so that a wrong name is told before anything
//! is started.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::Access;

/// Where execvp(3) looks when there is no `PATH`.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// The server's program can't be run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TargetError {
    NotFound(String),
    NotExecutable(PathBuf),
}

impl TargetError {
    /// The codes shells use.
    pub(crate) fn exit_code(&self) -> i32 {
        match self {
            Self::NotFound(_) => 127,
            Self::NotExecutable(_) => 126,
        }
    }
}

impl std::fmt::Display for TargetError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            // These words stand in the user's guide.
            Self::NotFound(command) => write!(
                f,
                "target command not found: {command}; give its full path, or add its folder to PATH"
            ),
            Self::NotExecutable(path) => write!(
                f,
                "target command is not executable: `{}`; make it so with chmod +x",
                path.display()
            ),
        }
    }
}

impl std::error::Error for TargetError {}

/// Finds the program that `argv` starts with.
///
/// # Errors
/// When it is in no folder of `PATH`, or nothing found under its name may be executed.
pub(crate) fn find(
    argv: &[OsString],
    var: impl Fn(&str) -> Option<OsString>,
) -> Result<PathBuf, TargetError> {
    let command = argv.first().map(OsString::as_os_str).unwrap_or_default();
    let mut refused = None;
    for place in places(command, var("PATH")) {
        if executable(&place) {
            return Ok(place);
        }
        if place.exists() {
            refused.get_or_insert(place);
        }
    }
    Err(match refused {
        Some(place) => TargetError::NotExecutable(place),
        None => TargetError::NotFound(command.to_string_lossy().into_owned()),
    })
}

fn places(command: &OsStr, path: Option<OsString>) -> Vec<PathBuf> {
    if command.as_bytes().contains(&b'/') {
        return vec![PathBuf::from(command)];
    }
    let path = path.unwrap_or_else(|| DEFAULT_PATH.into());
    std::env::split_paths(&path)
        .map(|folder| folder.join(command))
        .collect()
}

fn executable(place: &Path) -> bool {
    place.is_file() && rustix::fs::access(place, Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn names_are_found_by_path_and_paths_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let (bad, good) = (folder.path().join("bad"), folder.path().join("good"));
        for (place, mode) in [(&bad, 0o644), (&good, 0o755)] {
            std::fs::create_dir(place).unwrap();
            std::fs::write(place.join("srv"), "#!/bin/sh\n").unwrap();
            std::fs::set_permissions(place.join("srv"), PermissionsExt::from_mode(mode)).unwrap();
        }
        let both = std::env::join_paths([&bad, &good]).unwrap();
        check("srv", &both, Ok(good.join("srv")));
        check(
            "srv",
            bad.as_os_str(),
            Err(TargetError::NotExecutable(bad.join("srv"))),
        );
        check(
            "nosuch",
            &both,
            Err(TargetError::NotFound("nosuch".to_owned())),
        );
        let whole = good.join("srv");
        check(whole.to_str().unwrap(), bad.as_os_str(), Ok(whole.clone()));
        let dir = good.to_str().unwrap();
        check(
            dir,
            bad.as_os_str(),
            Err(TargetError::NotExecutable(good.clone())),
        );
        check(
            "FOO=1",
            &both,
            Err(TargetError::NotFound("FOO=1".to_owned())),
        );
    }

    fn check(command: &str, path: &OsStr, want: Result<PathBuf, TargetError>) {
        assert_eq!(
            find(&[command.into()], |_| Some(path.to_owned())),
            want,
            "{command}"
        );
    }
}
