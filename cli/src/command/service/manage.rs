//! `service install` and `service uninstall`: the daemon under the user's service manager.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::units::{self, Found, NAMES};
use super::{Context, Exit, Failure};
use crate::launch;
use crate::text::visible;

/// The variables a service manager may not know, which say where the files are.
const PLACES: [&str; 2] = ["XDG_CONFIG_HOME", "XDG_STATE_HOME"];

pub(super) fn install(context: &mut Context<'_>) -> Result<Exit, Failure> {
    usable(context)?;
    let aipd = launch::program("aipd", &context.running)?;
    let places: Vec<(&str, PathBuf)> = PLACES
        .iter()
        .filter_map(|name| {
            let (_, value) = context.environment.iter().find(|(set, _)| set == name)?;
            Some((*name, PathBuf::from(value)))
        })
        .filter(|(_, value)| value.is_absolute())
        .collect();
    let places: Vec<(&str, &Path)> = places.iter().map(|(n, v)| (*n, v.as_path())).collect();
    let texts = units::texts(&aipd, &places).map_err(|error| Failure::Usage(error.to_string()))?;
    let folder = units::folder(context)?;
    let paths = NAMES.map(|name| folder.join(name));
    for path in &paths {
        if units::look(path)? == Found::Other {
            return Err(not_ours(path));
        }
    }
    for (path, text) in paths.iter().zip(&texts) {
        units::write(path, text)?;
        writeln!(context.out, "Wrote {}", visible(&path.to_string_lossy()))?;
    }
    let steps: [&[&str]; 2] = [&["daemon-reload"], &["enable", "--now", "aipd.socket"]];
    if told(&steps) {
        writeln!(
            context.out,
            "The next connection starts aipd; one that runs already hands its sessions over."
        )?;
    } else {
        to_do(context, &steps)?;
    }
    Ok(Exit::Done)
}

pub(super) fn uninstall(context: &mut Context<'_>) -> Result<Exit, Failure> {
    usable(context)?;
    let folder = units::folder(context)?;
    let mut ours = Vec::new();
    for path in NAMES.map(|name| folder.join(name)) {
        match units::look(&path)? {
            Found::Nothing => {}
            Found::Ours => ours.push(path),
            Found::Other => return Err(not_ours(&path)),
        }
    }
    if ours.is_empty() {
        writeln!(context.out, "The service is not installed.")?;
        return Ok(Exit::Done);
    }
    // While the manager still has the units: it is to close its sockets before they are gone.
    let stop: [&[&str]; 1] = [&["disable", "--now", "aipd.socket", "aipd.service"]];
    let reload: [&[&str]; 1] = [&["daemon-reload"]];
    let stopped = told(&stop);
    for path in ours {
        std::fs::remove_file(&path).map_err(|source| Failure::File {
            doing: "remove",
            path: path.clone(),
            source,
        })?;
        writeln!(context.out, "Removed {}", visible(&path.to_string_lossy()))?;
    }
    if stopped && told(&reload) {
        writeln!(context.out, "Wrapped servers start aipd themselves again.")?;
    } else {
        let stop: [&[&str]; 2] = [&["stop", "aipd.socket", "aipd.service"], &["daemon-reload"]];
        to_do(context, &stop)?;
    }
    Ok(Exit::Done)
}

fn usable(context: &Context<'_>) -> Result<(), Failure> {
    if !cfg!(target_os = "linux") {
        return Err(Failure::Usage(
            "a service is for systemd; here the first wrapped server starts aipd".to_owned(),
        ));
    }
    if let Some(home) = &context.folders()?.home_override {
        return Err(Failure::Usage(format!(
            "the service serves the user's own folders, and `AIP_HOME` is in effect: `{}`; \
             unset it",
            visible(&home.to_string_lossy())
        )));
    }
    if context
        .folders()?
        .runtime
        .starts_with(&context.folders()?.state)
    {
        return Err(Failure::Usage(
            "`XDG_RUNTIME_DIR` is not set, so wrapped servers would not look where the service \
             listens; set it as a login does"
                .to_owned(),
        ));
    }
    Ok(())
}

fn not_ours(path: &Path) -> Failure {
    Failure::Usage(format!(
        "`{}` was not written by aipctl; move it away first",
        visible(&path.to_string_lossy())
    ))
}

/// Has the user's service manager take these steps; false where there is none or it can't.
fn told(steps: &[&[&str]]) -> bool {
    steps.iter().all(|step| {
        let status = Command::new("systemctl")
            .arg("--user")
            .args(*step)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    })
}

fn to_do(context: &mut Context<'_>, steps: &[&[&str]]) -> Result<(), Failure> {
    writeln!(
        context.out,
        "The user's service manager did not do its part; where it runs, say:"
    )?;
    for step in steps {
        writeln!(context.out, "  systemctl --user {}", step.join(" "))?;
    }
    Ok(())
}
