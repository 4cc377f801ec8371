//! Where aip keeps its files. Pure: the environment comes in as an argument.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The folders and files of one user's aip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// `AIP_HOME`, where it is in effect.
    pub home_override: Option<PathBuf>,
    /// Holds `config.yaml`.
    pub config: PathBuf,
    /// Holds the store, the live audit log, the lock and the daemon's log.
    pub state: PathBuf,
    /// Holds the two sockets; mode 0700.
    pub runtime: PathBuf,
}

/// A layer's name in its folder.
const LAYER: &str = "policy.yaml";

/// A project's folder for aip.
const PROJECT: &str = ".aip";

/// The environment names no place to keep files in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoHome;

impl std::fmt::Display for NoHome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "neither `AIP_HOME` nor `HOME` names an absolute folder; set one of them"
        )
    }
}

impl std::error::Error for NoHome {}

impl Folders {
    /// Finds the folders from the environment: `AIP_HOME` puts all under one folder, otherwise
    /// the XDG base directories (Linux) or `~/Library/Application Support` (macOS) are used.
    ///
    /// # Errors
    /// When neither `AIP_HOME` nor `HOME` is an absolute path.
    pub fn find(var: impl Fn(&str) -> Option<OsString>) -> Result<Self, NoHome> {
        let absolute = |name: &str| {
            var(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        if let Some(home) = absolute("AIP_HOME") {
            return Ok(Self {
                config: home.clone(),
                state: home.clone(),
                runtime: home.join("run"),
                home_override: Some(home),
            });
        }
        let home = absolute("HOME").ok_or(NoHome)?;
        if cfg!(target_os = "macos") {
            let base = home.join("Library/Application Support/aip");
            return Ok(Self {
                home_override: None,
                config: base.clone(),
                runtime: base.join("run"),
                state: base,
            });
        }
        let under = |name: &str, fallback: &str| {
            absolute(name)
                .unwrap_or_else(|| home.join(fallback))
                .join("aip")
        };
        let state = under("XDG_STATE_HOME", ".local/state");
        Ok(Self {
            home_override: None,
            config: under("XDG_CONFIG_HOME", ".config"),
            runtime: absolute("XDG_RUNTIME_DIR")
                .map_or_else(|| state.join("run"), |runtime| runtime.join("aip")),
            state,
        })
    }

    /// The machine's layer: a policy that stands beside every session's own.
    #[must_use]
    pub fn system_layer() -> PathBuf {
        PathBuf::from(if cfg!(target_os = "macos") {
            "/Library/Application Support/aip/policy.yaml"
        } else {
            "/etc/aip/policy.yaml"
        })
    }

    /// The user's own layer.
    #[must_use]
    pub fn user_layer(&self) -> PathBuf {
        self.config.join(LAYER)
    }

    /// The layer of a project's folder.
    #[must_use]
    pub fn project_layer(folder: &Path) -> PathBuf {
        folder.join(PROJECT).join(LAYER)
    }

    /// Whether a policy file is a layer: its path says so.
    #[must_use]
    pub fn is_layer(&self, path: &Path) -> bool {
        let folder = path.parent().and_then(Path::parent);
        folder.is_some_and(|it| Self::project_layer(it) == path)
            || path == Self::system_layer()
            || path == self.user_layer()
    }

    /// The socket shims speak on.
    #[must_use]
    pub fn shim_socket(&self) -> PathBuf {
        self.runtime.join("shim.sock")
    }

    /// The socket people's commands speak on.
    #[must_use]
    pub fn control_socket(&self) -> PathBuf {
        self.runtime.join("control.sock")
    }

    /// The daemon's configuration.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.yaml")
    }

    /// The audit store.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.state.join("audit.db")
    }

    /// The live copy of the audit records, one JSON object a line.
    #[must_use]
    pub fn live_audit(&self) -> PathBuf {
        self.state.join("aip-audit.jsonl")
    }

    /// What `aipctl install` has edited, and what stood there before.
    #[must_use]
    pub fn installs(&self) -> PathBuf {
        self.state.join("installs")
    }

    /// The policy that `aipctl install` begins with.
    #[must_use]
    pub fn first_policy(&self) -> PathBuf {
        self.config.join("first.yaml")
    }

    /// The policies that `aip wrap` begins with, one for each server.
    #[must_use]
    pub fn policies(&self) -> PathBuf {
        self.config.join("policies")
    }

    /// Held for the daemon's life.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.state.join("aipd.lock")
    }

    /// The daemon's own log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.state.join("aipd.log")
    }
}

/// Environment variables a daemon needs to find the same folders as its starter.
pub const FOLDER_VARIABLES: [&str; 5] = [
    "HOME",
    "AIP_HOME",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "XDG_RUNTIME_DIR",
];

/// The places one of aip's programs may be found in, in order: beside the running program, then
/// the folder compiled in, where there is one. Never `PATH`.
#[must_use]
pub fn program_places(name: &str, running: &Path, compiled_in: Option<&str>) -> Vec<PathBuf> {
    running
        .parent()
        .map(|folder| folder.join(name))
        .into_iter()
        .chain(compiled_in.map(|folder| Path::new(folder).join(name)))
        .collect()
}
