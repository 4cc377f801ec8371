//! Whether a new version of a policy is provably only tighter than the one in force, so that it
//! may be used before its owner has seen it.
//!
//! Only what can be proven from the two documents counts; doubt is false. Proven is: under the
//! override in force `none` or `deny_all`, no call that the old version refuses passes under the
//! new one, none that it asks about passes unasked, nothing it redacts is let out, and nothing
//! it records is left out, nor does a list show a tool it did not. The override `monitor` is a person's own choice to let refusals
//! pass: a call that changes from asked or counted to refused passes with them while it lasts.
//! A client's variant of a name counts as the name itself, which is what would be forwarded.

mod blocks;
mod named;
mod tools;

use crate::{
    name::Glob,
    policy::{MethodLists, Mode, Policy},
};

/// Whether `new` is provably only tighter than `old`, or the same.
pub fn only_tighter(old: &Policy, new: &Policy) -> bool {
    if old.is_none() || new.is_none() {
        return old.is_none() && new.is_none();
    }
    if old.hash() == new.hash() {
        return true;
    }
    match (old.stack(), new.stack()) {
        (Some(old), Some(new)) => match old.pairs(new) {
            Some(mut pairs) => return pairs.all(|(old, new)| only_tighter(old, new)),
            None => return false,
        },
        (None, None) => {}
        (Some(_), None) | (None, Some(_)) => return false,
    }
    // The name is what a person sees when asked: under another one an answer means less.
    old.name() == new.name()
        && old.role() == new.role()
        && old.extends() == new.extends()
        && mode_is_tighter(old.mode(), new.mode())
        && tools::are_tighter(old, new)
        && methods_are_tighter(old.methods(), new.methods())
        && methods_are_tighter(old.server_methods(), new.server_methods())
        && named::are_tighter(old.named(), new.named())
        && paths_are_tighter(old, new)
        && new.list_filter() >= old.list_filter()
        && timeout_is_tighter(old, new)
        // A client may answer for its user.
        && (old.ask_in_client() || !new.ask_in_client())
        && new.pinning() >= old.pinning()
        && old.said_for_bases() == new.said_for_bases()
        && blocks::audit_is_tighter(old.audit(), new.audit())
        && blocks::dlp_is_tighter(old.dlp().spec(), new.dlp().spec())
}

/// In a policy that has no opinion where it is silent, any time is one.
fn timeout_is_tighter(old: &Policy, new: &Policy) -> bool {
    let (before, now) = (old.ask_timeout(), new.ask_timeout());
    (old.is_open() && before.is_none()) || blocks::timeout_is_tighter(before, now)
}

fn mode_is_tighter(old: Mode, new: Mode) -> bool {
    match (old, new) {
        (Mode::Enforce | Mode::Monitor, Mode::Enforce) | (Mode::Monitor, Mode::Monitor) => true,
        (Mode::Enforce, Mode::Monitor) => false,
    }
}

fn paths_are_tighter(old: &Policy, new: &Policy) -> bool {
    let (old, new) = (old.paths(), new.paths());
    let own = old
        .own()
        .iter()
        .all(|path| new.own().iter().any(|it| path.starts_with(it)));
    let relative = old
        .relative()
        .iter()
        .all(|path| new.relative().contains(path));
    own && relative
}

/// Nothing is allowed that was not, and what was denied still is, or is allowed no more.
fn methods_are_tighter(old: &MethodLists, new: &MethodLists) -> bool {
    let denied = |glob: &Glob| covered(glob, &new.denied);
    let allowed = |glob: &Glob| covered(glob, &old.allowed) || denied(glob);
    let gone = |glob: &Glob| glob.is_exact() && !new.allows(glob.normal());
    let tasks = !new.known_tasks || old.known_tasks;
    tasks
        && new.allowed.iter().all(allowed)
        && old.denied.iter().all(|glob| denied(glob) || gone(glob))
}

fn covered(glob: &Glob, by: &[Glob]) -> bool {
    by.iter().any(|it| it.covers(glob))
}

#[cfg(test)]
mod tests;
