//! Commands in the mount namespace of another process.

use std::process::Command;

/// The same command where this process sees its files, as this user where one is named.
#[must_use]
pub fn enter(process: u32, user: Option<u32>, command: &Command) -> Command {
    let mut inside = Command::new("nsenter");
    inside.args(["--mount", "--target", &process.to_string()]);
    if let Some(user) = user {
        let (user, group) = (format!("--reuid={user}"), format!("--regid={user}"));
        inside.args(["setpriv", &user, &group, "--clear-groups"]);
    }
    inside.arg("env");
    if let Some(folder) = command.get_current_dir() {
        inside.arg("--chdir").arg(folder);
    }
    inside.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => inside.env(name, value),
            None => inside.env_remove(name),
        };
    }
    inside
}
