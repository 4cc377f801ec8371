//! The path under which aip stays to be found. A package manager keeps a program in a folder of
//! its version and links to it from one that stays.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The name in `search` (a `PATH`) that leads to this very file; the file's own where there is none.
#[must_use]
pub fn stable(program: &Path, search: Option<&OsStr>) -> PathBuf {
    let Ok(real) = program.canonicalize() else {
        return program.to_path_buf();
    };
    let name = program.file_name().unwrap_or_default();
    let folders = search.into_iter().flat_map(std::env::split_paths);
    folders
        .filter(|it| it.is_absolute())
        .map(|it| it.join(name))
        .find(|it| it.canonicalize().is_ok_and(|it| it == real))
        .unwrap_or_else(|| program.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_link_that_stays_is_taken_before_the_folder_of_a_version() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["Cellar/aip/1.2/bin", "bin", "other"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        fs::write(at("Cellar/aip/1.2/bin/aip"), "real").unwrap();
        fs::write(at("other/aip"), "another").unwrap();
        symlink("../Cellar/aip/1.2/bin/aip", at("bin/aip")).unwrap();
        let program = at("Cellar/aip/1.2/bin/aip");
        let search = std::env::join_paths([at("other"), at("nowhere"), at("bin")]).unwrap();
        assert_eq!(stable(&program, Some(&search)), at("bin/aip"));
        assert_eq!(stable(&program, None), program);
        assert_eq!(stable(&program, Some(OsStr::new("relative"))), program);
    }
}
