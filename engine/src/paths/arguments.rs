//! All that arguments could name: under each home folder, and through links that are there.

use std::path::{Component, Path, PathBuf};

use super::{Candidate, Ground, Reach, candidates};
use crate::node::Node;

/// What the paths in arguments are read against.
pub struct Reading<'a> {
    /// The client's working folder and roots.
    pub bases: &'a [PathBuf],
    /// The client's home folder, and the daemon's: a client may have been given another one, and
    /// `~` is protected in both.
    pub homes: [Option<&'a Path>; 2],
    /// The home folder of another user.
    pub user_homes: &'a dyn Fn(&str) -> Option<PathBuf>,
    /// Where a path with globs leads through links that are there; `None` for too much to tell.
    pub through_links: &'a dyn Fn(&Path) -> Option<Vec<PathBuf>>,
}

impl Reading<'_> {
    /// Every path the arguments could name.
    pub fn of(&self, arguments: &Node<'_>) -> Vec<Candidate> {
        let under = |home| {
            let ground = Ground {
                home,
                bases: self.bases,
                user_homes: self.user_homes,
            };
            candidates(arguments, &ground)
        };
        let [home, other] = self.homes;
        let mut found = under(home);
        if other.is_some() && other != home {
            found.extend(under(other));
        }
        for named in &mut found {
            if wanders(named) {
                named.reach = Reach::Anything;
            }
        }
        let mut linked = Vec::new();
        for named in found.iter_mut().filter(|it| it.reach == Reach::Pattern) {
            match (self.through_links)(&named.path) {
                None => named.reach = Reach::Anything,
                Some(places) => linked.extend(places.into_iter().map(|path| Candidate {
                    path,
                    ..named.clone()
                })),
            }
        }
        found.extend(linked);
        found
    }
}

/// A path that climbs, or guesses, from where the kernel shows a process to itself: what the
/// server would reach by it can't be told from here.
fn wanders(named: &Candidate) -> bool {
    let below = |tops: [&str; 2]| tops.iter().any(|top| named.path.starts_with(top));
    let climbs = named
        .path
        .components()
        .any(|part| part == Component::ParentDir);
    (climbs && below(["/proc", "/dev"]))
        || (named.reach != Reach::Exact && below(["/proc", "/dev/fd"]))
}
