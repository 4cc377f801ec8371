//! Lists of resources and prompts, entry by entry.

use crate::policy::NamedLists;

/// Whatever passes under the new lists passed under the old.
pub(super) fn are_tighter(old: &NamedLists, new: &NamedLists) -> bool {
    let resources = match (&old.allowed_resources, &new.allowed_resources) {
        (None, None | Some(_)) => true,
        (Some(_), None) => false,
        (Some(old), Some(new)) => each_is_covered(&new.entries, &old.entries, |new, old| {
            old.pattern.covers(&new.pattern)
        }),
    };
    let denied = match (&old.denied_resources, &new.denied_resources) {
        (None, None | Some(_)) => true,
        (Some(_), None) => false,
        (Some(old), Some(new)) => each_is_covered(&old.entries, &new.entries, |old, new| {
            new.pattern.covers_denial(&old.pattern)
        }),
    };
    let prompts = match (&old.allowed_prompts, &new.allowed_prompts) {
        (None, None | Some(_)) => true,
        (Some(_), None) => false,
        (Some(old), Some(new)) => {
            each_is_covered(&new.entries, &old.entries, |new, old| old.covers(new))
        }
    };
    resources && denied && prompts
}

fn each_is_covered<T>(entries: &[T], by: &[T], covers: impl Fn(&T, &T) -> bool) -> bool {
    entries
        .iter()
        .all(|entry| by.iter().any(|other| covers(entry, other)))
}
