//! The ways a person can be asked on this machine.

use std::path::Path;

use wire::control::Status;

use super::{Finding, Health};
use crate::context::Context;

/// As the daemon looks for them.
const DIALOGS: [&str; 3] = [
    "/usr/bin/kdialog",
    "/usr/bin/zenity",
    "/usr/local/bin/zenity",
];
/// Where polkit has its actions.
const ACTION: &str = "/usr/share/polkit-1/actions/dev.aip.aipd.policy";

pub(super) fn look(context: &Context<'_>, status: Option<&Status>) -> Vec<Finding> {
    let mut all = vec![windows(context)];
    if status.is_some_and(|it| it.needs_password) && !Path::new(ACTION).is_file() {
        let found = format!("`approval_auth: system` is set, and {ACTION} is not there");
        all.push(Finding::new("asking", Health::Problem, found).next(
            "install the action as docs/approvals.md says; until then nothing can be allowed",
        ));
    }
    all
}

fn windows(context: &Context<'_>) -> Finding {
    let set = |name: &str| context.variables.get(name).is_some_and(|it| !it.is_empty());
    let program = DIALOGS.iter().find(|it| Path::new(it).is_file());
    let always = "`aipctl approvals`, `aipctl watch` and the dashboard are always there";
    if cfg!(target_os = "macos") {
        return Finding::good("asking", "osascript asks by a window");
    }
    if !(set("DISPLAY") || set("WAYLAND_DISPLAY")) {
        let found = format!("no desktop is to be seen from here; {always}");
        return Finding::new("asking", Health::Note, found);
    }
    match program {
        Some(program) => Finding::good("asking", format!("{program} asks by a window")),
        None => {
            let found =
                format!("no window can ask: neither zenity nor kdialog is installed; {always}");
            Finding::new("asking", Health::Warning, found).next("install zenity or kdialog")
        }
    }
}
