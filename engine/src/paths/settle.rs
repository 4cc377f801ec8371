//! Makes a path absolute and normal without touching a disk.

use std::path::{Component, Path, PathBuf};

/// Folders below which the whole file system appears once more.
const MIRRORS: [&[&str]; 1] = [&["System", "Volumes", "Data"]];

/// Resolves `.`, `..` and repeated slashes without touching a disk.
pub fn lexical(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {
                normal.push(component)
            }
        }
    }
    normal
}

/// Whether [`lexical`] surely leaves an absolute path as it is.
pub(super) fn is_lexical(path: &Path) -> bool {
    let bytes = path.as_os_str().as_encoded_bytes();
    let mut parts = bytes.split(|byte| *byte == b'/');
    let absolute = cfg!(unix) && parts.next() == Some(b"");
    absolute && parts.all(|part| !matches!(part, b"" | b"." | b".."))
}

/// The paths `text` means from `base`. `/proc/*/root` is `/`, and `/proc/*/cwd` is any of `bases`.
pub(super) fn settle(base: &Path, text: &str, bases: &[PathBuf]) -> Vec<PathBuf> {
    let mut stack: Vec<String> = if text.starts_with('/') {
        Vec::new()
    } else {
        parts(base)
    };
    let mut rest = text
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".");
    while let Some(part) = rest.next() {
        if part == ".." {
            stack.pop();
            continue;
        }
        stack.push(part.to_owned());
        match process_link(&stack) {
            Some("root") => stack.clear(),
            Some("cwd") => {
                let below: Vec<&str> = rest.collect();
                let from = |base: &PathBuf| lexical(&base.join(below.join("/")));
                return bases.iter().map(from).collect();
            }
            _ if MIRRORS.iter().any(|mirror| stack == *mirror) => stack.clear(),
            _ => {}
        }
    }
    vec![PathBuf::from(format!("/{}", stack.join("/")))]
}

fn parts(path: &Path) -> Vec<String> {
    let normal = lexical(path);
    let names = normal.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => {
            None
        }
    });
    names.collect()
}

/// The link of a process that the whole of `stack` is: `/proc/X/root`, `/proc/X/task/Y/cwd`.
fn process_link(stack: &[String]) -> Option<&str> {
    if stack.len() > 5 {
        return None;
    }
    let names: Vec<&str> = stack.iter().map(String::as_str).collect();
    match names.as_slice() {
        ["proc", _, link @ ("root" | "cwd")] | ["proc", _, "task", _, link @ ("root" | "cwd")] => {
            Some(if *link == "root" { "root" } else { "cwd" })
        }
        _ => None,
    }
}
