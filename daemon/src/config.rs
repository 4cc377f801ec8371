//! `config.yaml`: what belongs to the daemon and never to a policy.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use crate::audit::retention::Retention;

mod dashboard;

/// When a policy file's version is put in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyTrust {
    /// The first sight of a path counts; a later change only when provably tighter.
    #[default]
    FirstUse,
    /// The first sight is asked about too.
    Ask,
    /// Any valid version counts at once (tests, CI).
    Off,
}

/// What stands behind what only a person may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalAuth {
    /// The terminal it was typed in.
    #[default]
    Terminal,
    /// The password that the system asks the person for.
    System,
    /// Nothing: any program of the user counts (tests, CI).
    Off,
}

/// The ways a person is asked beside `aipctl`. One that the machine has not is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channels {
    /// A window of the desktop's dialog program.
    pub dialog: bool,
    /// Notifications of the desktop, by D-Bus.
    pub notification: bool,
}

impl Channels {
    fn of(listed: Vec<WrittenChannel>) -> Self {
        Self {
            dialog: listed.contains(&WrittenChannel::Dialog),
            notification: listed.contains(&WrittenChannel::Notification),
        }
    }
}

/// Whether there is a dashboard, and where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dashboard {
    /// There is none.
    Off,
    /// At a port of its own choice, which it keeps.
    #[default]
    Kept,
    /// At this port.
    At(u16),
}

/// The daemon's configuration as it works with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// See [`PolicyTrust`].
    pub policy_trust: PolicyTrust,
    /// How long a call waits for a person where the policy names no time.
    pub ask_timeout: Duration,
    /// How often a session may ask a person in a minute; past it calls are refused.
    pub prompts_per_minute: usize,
    /// The ways a person is asked beside `aipctl`.
    pub channels: Channels,
    /// Whether a notification also has a button that allows.
    pub notification_allow: bool,
    /// See [`ApprovalAuth`].
    pub approval_auth: ApprovalAuth,
    /// What the audit store keeps.
    pub retention: Retention,
    /// How long a socket-activated daemon stays without use; `None` is for ever.
    pub idle_exit: Option<Duration>,
    /// See [`Dashboard`].
    pub dashboard: Dashboard,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            policy_trust: PolicyTrust::default(),
            ask_timeout: Duration::from_secs(60),
            prompts_per_minute: 10,
            channels: Channels {
                dialog: true,
                notification: true,
            },
            notification_allow: false,
            approval_auth: ApprovalAuth::default(),
            retention: Retention::default(),
            idle_exit: Some(Duration::from_secs(300)),
            dashboard: Dashboard::default(),
        }
    }
}

/// As written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    policy_trust: PolicyTrust,
    ask_timeout: Option<u64>,
    prompts_per_minute: Option<usize>,
    channels: Option<Vec<WrittenChannel>>,
    notification_allow: bool,
    approval_auth: ApprovalAuth,
    retention: WrittenRetention,
    idle_exit: Option<u64>,
    dashboard: Option<dashboard::Written>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenChannel {
    Dialog,
    Notification,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenRetention {
    days: Option<u32>,
    megabytes: Option<u64>,
    body_days: Option<u32>,
}

/// The configuration can't be used; the message names the file, the place and the reason.
#[derive(Debug)]
pub struct ConfigError(String);

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

/// The longest wait for a person, in seconds.
const MAX_ASK_TIMEOUT: u64 = 3600;
/// The longest stay without use, in seconds.
const MAX_IDLE_EXIT: u64 = 7 * 24 * 3600;
/// The largest configuration file, in bytes.
const MAX_SIZE: u64 = 64 * 1024;

impl Config {
    /// Reads the file; one that doesn't exist means the defaults.
    ///
    /// # Errors
    /// When it can't be read or holds anything unknown.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let failed = |reason: String| {
            ConfigError(format!(
                "can't use the configuration `{}`: {reason}",
                path.display()
            ))
        };
        match std::fs::metadata(path) {
            Ok(it) if it.len() > MAX_SIZE => {
                return Err(failed(format!("it is over {MAX_SIZE} bytes")));
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(failed(error.to_string())),
        }
        let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        Self::parse(&text).map_err(failed)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let written: Written = if text.trim().is_empty() {
            Written::default()
        } else {
            serde_saphyr::from_str(text).map_err(|error| error.to_string())?
        };
        let default = Self::default();
        let ask_timeout = match written.ask_timeout {
            None => default.ask_timeout,
            Some(seconds @ 1..=MAX_ASK_TIMEOUT) => Duration::from_secs(seconds),
            Some(other) => {
                return Err(format!(
                    "`ask_timeout` is {other}; give seconds from 1 to {MAX_ASK_TIMEOUT}"
                ));
            }
        };
        let idle_exit = match written.idle_exit {
            None => default.idle_exit,
            Some(0) => None,
            Some(seconds @ 1..=MAX_IDLE_EXIT) => Some(Duration::from_secs(seconds)),
            Some(other) => {
                return Err(format!(
                    "`idle_exit` is {other}; give seconds up to {MAX_IDLE_EXIT}, or 0 for never"
                ));
            }
        };
        let kept = default.retention;
        Ok(Self {
            policy_trust: written.policy_trust,
            ask_timeout,
            prompts_per_minute: written
                .prompts_per_minute
                .unwrap_or(default.prompts_per_minute),
            channels: written.channels.map_or(default.channels, Channels::of),
            notification_allow: written.notification_allow,
            approval_auth: written.approval_auth,
            retention: Retention {
                days: written.retention.days.unwrap_or(kept.days),
                bytes: written
                    .retention
                    .megabytes
                    .map_or(kept.bytes, |it| it << 20),
                body_days: written.retention.body_days.unwrap_or(kept.body_days),
            },
            idle_exit,
            dashboard: written.dashboard.map_or(default.dashboard, |it| it.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = Config::parse("policy_turst: off\n").unwrap_err();
        assert!(error.contains("policy_turst"), "{error}");
    }

    #[test]
    fn an_empty_file_means_the_defaults() {
        assert_eq!(Config::parse("\n").unwrap(), Config::default());
    }

    #[test]
    fn a_way_to_confirm_that_there_is_not_is_refused() {
        let error = Config::parse("approval_auth: passphrase\n").unwrap_err();
        assert!(error.contains("passphrase"), "{error}");
    }

    #[test]
    fn a_wait_of_nothing_is_refused() {
        assert!(
            Config::parse("ask_timeout: 0\n")
                .unwrap_err()
                .contains("1 to 3600")
        );
    }

    #[test]
    fn an_idle_exit_of_nothing_is_never_and_a_month_is_refused() {
        assert_eq!(Config::parse("idle_exit: 0\n").unwrap().idle_exit, None);
        let error = Config::parse("idle_exit: 2592000\n").unwrap_err();
        assert!(error.contains("0 for never"), "{error}");
    }

    #[test]
    fn every_field_is_read() {
        let config = Config::parse(
            "policy_trust: 'off'\nask_timeout: 2\nprompts_per_minute: 5\nchannels: [notification]\nnotification_allow: true\napproval_auth: system\nidle_exit: 9\nretention: {days: 1, megabytes: 2, body_days: 3}\ndashboard: {port: 4711}\n",
        )
        .unwrap();
        assert_eq!(config.policy_trust, PolicyTrust::Off);
        assert_eq!(config.ask_timeout, Duration::from_secs(2));
        assert_eq!(config.prompts_per_minute, 5);
        assert_eq!(
            config.channels,
            Channels {
                dialog: false,
                notification: true
            }
        );
        assert!(config.notification_allow);
        assert_eq!(config.approval_auth, ApprovalAuth::System);
        assert_eq!(config.idle_exit, Some(Duration::from_secs(9)));
        assert_eq!(config.dashboard, Dashboard::At(4711));
        assert_eq!(
            config.retention,
            Retention {
                days: 1,
                bytes: 2 << 20,
                body_days: 3
            }
        );
    }
}
