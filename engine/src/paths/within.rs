//! Whether a call stays in a folder: the other way round than a protected path, so that here it is
//! doubt that says no.

use std::path::{Component, Path};

use super::{Candidate, Found, Reach, readings};

/// An argument with more words than this is no single path.
const MOST_WORDS: usize = 16;

/// Whether one argument, by its JSON pointer, surely names a path below `folder`, and no argument
/// surely or possibly names one elsewhere. `folder` is absolute, its links resolved.
///
/// Every reading of the argument counts, with its links resolved; a reading that could be more than
/// one path is elsewhere. Of other arguments only words that have the look of a path count: a plain
/// word could always be a file's name.
pub fn all_within(folder: &Path, argument: &str, found: &Found<'_>) -> bool {
    if found.resolved.len() < found.candidates.len() || !is_settled(folder) {
        return false;
    }
    let mut named = false;
    let all = found
        .candidates
        .iter()
        .zip(found.resolved)
        .all(|(one, real)| {
            let own = is_at(argument, &one.pointer);
            let counts = own || one.reach != Reach::Exact || looks_like_path(one);
            let inside = one.reach == Reach::Exact
                && is_settled(real)
                && real.starts_with(folder)
                && !(own && is_text(&one.text))
                && !is_odd(&one.path);
            named |= own && inside;
            !counts || inside
        });
    named && all
}

/// Whether one argument, by its JSON pointer, surely names paths below one of the folders and none
/// elsewhere, whatever other arguments name. Folders are absolute, both as written and with their
/// links resolved.
pub fn named_within(folders: &[std::path::PathBuf], argument: &str, found: &Found<'_>) -> bool {
    if found.resolved.len() < found.candidates.len() {
        return false;
    }
    let own = found
        .candidates
        .iter()
        .zip(found.resolved)
        .filter(|(one, _)| is_at(argument, &one.pointer));
    let mut named = false;
    let all = own.into_iter().all(|(one, real)| {
        named = true;
        one.reach == Reach::Exact
            && is_settled(real)
            && folders
                .iter()
                .any(|folder| is_settled(folder) && real.starts_with(folder))
            && !is_text(&one.text)
            && !is_odd(&one.path)
    });
    named && all
}

fn is_at(argument: &str, pointer: &str) -> bool {
    pointer
        .strip_prefix(argument)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn looks_like_path(one: &Candidate) -> bool {
    let mut forms = readings::decoded(&one.text).into_iter();
    forms.any(|form| form.contains(['/', '\\', '~', '$']) || form.contains(".."))
}

/// So many words may have been read as prose, in which a path could stand.
fn is_text(text: &str) -> bool {
    text.split_whitespace().nth(MOST_WORDS).is_some()
}

/// `~name` of somebody whose home is not known could still be expanded by the server; at a control
/// character some readers end.
fn is_odd(path: &Path) -> bool {
    path.iter().any(|name| {
        let bytes = name.as_encoded_bytes();
        bytes.starts_with(b"~") || bytes.iter().any(u8::is_ascii_control)
    })
}

/// Whether nothing in a path still has to be looked up to know where it leads.
fn is_settled(path: &Path) -> bool {
    let plain = |part: Component<'_>| matches!(part, Component::RootDir | Component::Normal(_));
    path.is_absolute() && path.components().all(plain)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::node::Node;
    use crate::paths::{Ground, candidates};

    /// `/x/out` is a link to `/etc`, `/x/in` one to `/x/deep`.
    fn resolve(path: &Path) -> PathBuf {
        let links = [("/x/out", "/etc"), ("/x/in", "/x/deep"), ("/y", "/x")];
        let mut real = PathBuf::new();
        for part in path.components() {
            if part == Component::ParentDir {
                real.pop();
                continue;
            }
            real.push(part);
            if let Some((_, to)) = links.iter().find(|(from, _)| real == Path::new(from)) {
                real = PathBuf::from(to);
            }
        }
        real
    }

    fn within(args: &[(&str, &str)]) -> bool {
        named_within("/path", args)
    }

    fn named_within(argument: &str, args: &[(&str, &str)]) -> bool {
        let members = args
            .iter()
            .map(|(key, value)| ((*key).into(), Node::String((*value).into())));
        let bases = [PathBuf::from("/x/project"), PathBuf::from("/x/other")];
        let ground = Ground {
            home: Some(Path::new("/home/u")),
            bases: &bases,
            user_homes: &|_| None,
        };
        let found = candidates(&Node::Object(members.collect()), &ground);
        let resolved: Vec<PathBuf> = found.iter().map(|it| resolve(&it.path)).collect();
        let found = Found {
            candidates: &found,
            resolved: &resolved,
        };
        all_within(Path::new("/x"), argument, &found)
    }

    #[test]
    fn what_is_below_the_folder_by_every_reading_is_within() {
        for path in [
            "/x/a.txt",
            "/x",
            "/x//b/./c",
            "/x/b/../c",
            "file:///x/a.txt",
            "/x/in/a",
            "/y/a",
            "a.txt",
            "sub/a.txt",
            "/x/Größe.txt",
        ] {
            assert!(within(&[("path", path), ("mode", "fast")]), "{path}");
        }
        assert!(within(&[("path", "/x/a"), ("content", "see /etc/passwd")]));
        assert!(within(&[
            ("path", "/x/a"),
            ("to", "/x/b"),
            ("title", "Größe")
        ]));
    }

    #[test]
    fn what_could_be_elsewhere_by_any_reading_is_not() {
        for path in [
            "/xy/a",
            "/etc/passwd",
            "/x/../etc/passwd",
            "/x/b/../../etc/passwd",
            "../../etc/passwd",
            "/x/out/passwd",
            "/x/in/../../etc/passwd",
            "file:///etc/passwd",
            "file://host/etc/passwd",
            "/x/%2e%2e/etc/passwd",
            "/x/%252e%252e/etc/passwd",
            "/x/．．/etc/passwd",
            "\\x\\..\\etc\\passwd",
            "~/a",
            "~other/a",
            "$HOME/a",
            "${DIR}/a",
            "/x/*",
            "/x/a /etc/passwd",
            "/proc/self/root/etc/passwd",
            "/x/a\0/etc/passwd",
            "[\"/x/a\",\"/etc/passwd\"]",
            "",
        ] {
            assert!(!within(&[("path", path)]), "{path:?}");
        }
        let prose = format!("/x/a {} /etc/passwd", "plain words ".repeat(30));
        assert!(!named_within("/target", &[("target", &prose)]));
        assert!(named_within("/target", &[("target", "/x/a")]));
    }

    #[test]
    fn another_argument_may_not_name_a_path_elsewhere() {
        for other in [
            "a/../../../../etc/x",
            "/etc/passwd",
            "~/x",
            "../../../etc",
            "file:///etc/passwd",
            "/x/out/a",
            "/*",
        ] {
            assert!(!within(&[("path", "/x/a"), ("to", other)]), "{other}");
        }
        assert!(
            !within(&[("to", "/x/a")]),
            "the argument itself has to be there"
        );
        assert!(!within(&[("paths", "/x/a")]), "and by its own name");
    }

    #[test]
    fn what_was_not_resolved_is_in_doubt() {
        let one = Candidate {
            pointer: "/path".to_owned(),
            text: "/x/a".to_owned(),
            path: "/x/a".into(),
            reach: Reach::Exact,
        };
        let check = |resolved: &[PathBuf], folder: &str| {
            let found = Found {
                candidates: std::slice::from_ref(&one),
                resolved,
            };
            all_within(Path::new(folder), "/path", &found)
        };
        assert!(check(&["/x/a".into()], "/x"));
        assert!(!check(&[], "/x"));
        assert!(!check(&["/x/b/../a".into()], "/x"), "it climbs still");
        assert!(!check(&["/x/a".into()], "/x/../x"));
        assert!(!check(&["/x/a".into()], "x"));
    }
}
