//! Finds vector files, and the level each belongs to.

use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use super::{Level, Vector};
use crate::context::read_text;

mod fields;
mod read;

pub use read::read;

/// The longest file read, in bytes.
const MAX_FILE: u64 = 16 * 1024 * 1024;
/// How deep folders are looked through.
const MAX_FOLDERS: usize = 8;

/// The folder can't be read, or holds nothing to run.
#[derive(Debug)]
pub enum VectorsError {
    /// A file or folder.
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No vector is there, or none of the level asked for.
    Nothing {
        /// The folder.
        folder: PathBuf,
    },
}

impl fmt::Display for VectorsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, source } => {
                write!(f, "can't read `{}`: {source}", path.display())
            }
            Self::Nothing { folder } => write!(
                f,
                "`{}` holds no vectors of this level; give a folder with YAML files, or with \
                 `basic`, `full`, `extended` in it",
                folder.display()
            ),
        }
    }
}

impl std::error::Error for VectorsError {}

/// Reads every `*.yaml` under a folder that belongs to the level, in order of their names.
///
/// A file belongs to the level of the first folder of its path that is named like one, else to
/// the one a `# Level:` line at its head names; where neither says, to every level.
///
/// # Errors
/// When a file can't be read, or there is none.
pub fn collect(folder: &Path, level: Option<Level>) -> Result<Vec<Vector>, VectorsError> {
    let mut files = Vec::new();
    find(folder, 0, &mut files)?;
    files.sort();
    let mut vectors = Vec::new();
    for path in files {
        let name = path.strip_prefix(folder).unwrap_or(&path);
        let text = read_text(&path, MAX_FILE).map_err(|source| VectorsError::Read {
            path: path.clone(),
            source,
        })?;
        let belongs = level_of(name, &text);
        if level.is_none_or(|wanted| belongs.is_none_or(|it| it <= wanted)) {
            vectors.extend(read(&name.to_string_lossy(), &text));
        }
    }
    if vectors.is_empty() {
        return Err(VectorsError::Nothing {
            folder: folder.to_path_buf(),
        });
    }
    Ok(vectors)
}

fn find(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), VectorsError> {
    let failed = |source| VectorsError::Read {
        path: folder.to_path_buf(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let is_yaml = path
            .extension()
            .is_some_and(|it| it == "yaml" || it == "yml");
        if path.is_dir() && depth < MAX_FOLDERS {
            find(&path, depth + 1, files)?;
        } else if is_yaml && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

fn level_of(name: &Path, text: &str) -> Option<Level> {
    let folders = name.parent().into_iter().flat_map(Path::components);
    folders
        .filter_map(|it| Level::named(&it.as_os_str().to_string_lossy()))
        .next()
        .or_else(|| {
            text.lines()
                .take_while(|line| line.starts_with('#') || line.trim().is_empty())
                .find_map(|line| line.trim_start_matches('#').trim().strip_prefix("Level:"))
                .and_then(Level::named)
        })
}

#[cfg(test)]
mod tests;
