//! The daemon of a run, in a home of its own, and the control socket to it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;

use serde_json::Value;
use tempfile::TempDir;
use wire::control::{Approval, LogQuery, Request, Status};
use wire::folders::Folders;

use crate::client::{self, Answer};
use crate::launch;

/// The configuration of the run: any policy and any answer counts at once, and nobody is waited for
/// long.
const CONFIG: &str = "policy_trust: off\napproval_auth: off\nask_timeout: 2\n";

/// A daemon of its own, and what cases share.
pub struct Bench {
    folder: TempDir,
    folders: Folders,
    aip: PathBuf,
    aipctl: PathBuf,
    environment: Vec<(OsString, OsString)>,
    daemon: Child,
    pid: u32,
    cases: usize,
    ended: bool,
}

impl Bench {
    /// Starts the daemon. `running` is this program's file: the others are found beside it.
    ///
    /// # Errors
    /// When a program is missing or the daemon does not start.
    pub fn open(running: &Path) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("can't make a folder for the run: {error}");
        let folder = tempfile::Builder::new()
            .prefix("aip-conformance-")
            .tempdir()
            .map_err(failed)?;
        let home = folder.path().join("aip");
        for made in [
            &home,
            &folder.path().join("home"),
            &folder.path().join("cases"),
        ] {
            fs::create_dir(made).map_err(failed)?;
        }
        fs::write(home.join("config.yaml"), CONFIG).map_err(failed)?;
        let environment: Vec<(OsString, OsString)> = [
            (OsString::from("AIP_HOME"), home.into_os_string()),
            (
                OsString::from("HOME"),
                folder.path().join("home").into_os_string(),
            ),
        ]
        .into();
        let variable = |name: &str| {
            environment
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
        };
        let folders = Folders::find(variable).map_err(|error| error.to_string())?;
        let aip = launch::program("aip", running).map_err(|error| error.to_string())?;
        let daemon = launch::start(running, &folders, &environment)
            .map_err(|error| format!("{error}{}", log_of(&folders)))?;
        let aipctl = running.to_path_buf();
        let mut bench = Self {
            folder,
            folders,
            aip,
            aipctl,
            environment,
            daemon,
            pid: 0,
            cases: 0,
            ended: false,
        };
        bench.pid = bench.status()?.daemon.pid;
        Ok(bench)
    }

    fn status(&self) -> Result<Status, String> {
        self.ask(&Request::Status)?
            .end()
            .map_err(|error| error.to_string())
    }

    /// Asks the daemon.
    ///
    /// # Errors
    /// When it can't answer.
    pub fn ask(&self, request: &Request) -> Result<Answer, String> {
        client::ask(&self.folders.control_socket(), request).map_err(|error| error.to_string())
    }

    /// The call of this server that waits for a person.
    ///
    /// # Errors
    /// When the daemon can't be asked.
    pub fn waiting(&self, label: &str) -> Result<Option<Approval>, String> {
        let approvals: Vec<Approval> = self
            .ask(&Request::Approvals)?
            .items()
            .map_err(|error| error.to_string())?;
        Ok(approvals
            .into_iter()
            .find(|it| it.server == label && it.state == "waiting"))
    }

    /// What was recorded of this server.
    ///
    /// # Errors
    /// When the daemon can't be asked.
    pub fn records(&self, label: &str) -> Result<Vec<Value>, String> {
        let query = LogQuery {
            server: Some(label.to_owned()),
            events: true,
            ..LogQuery::default()
        };
        self.ask(&Request::Logs(query))?
            .items()
            .map_err(|error| error.to_string())
    }

    /// A name for the next case, and the folder for its files.
    pub(super) fn next_case(&mut self) -> (String, PathBuf) {
        self.cases += 1;
        (
            format!("case-{}", self.cases),
            self.folder.path().join("cases"),
        )
    }

    /// The shim, and this program.
    pub(super) fn programs(&self) -> (&Path, &Path) {
        (&self.aip, &self.aipctl)
    }

    /// What a shim's environment holds.
    pub(super) fn environment(&self) -> &[(OsString, OsString)] {
        &self.environment
    }

    /// Ends the daemon.
    ///
    /// # Errors
    /// When it does not end.
    pub fn close(mut self) -> Result<(), String> {
        self.ended = true;
        self.ask(&Request::Stop)?;
        launch::wait_until_gone(self.pid, Some(&mut self.daemon)).map_err(|error| error.to_string())
    }
}

/// No daemon is left behind, however the run ends.
impl Drop for Bench {
    fn drop(&mut self) {
        if !self.ended {
            let _ = self.ask(&Request::Stop);
            let _ = launch::wait_until_gone(self.pid, Some(&mut self.daemon));
        }
    }
}

fn log_of(folders: &Folders) -> String {
    match crate::context::read_text(&folders.log(), 1024 * 1024) {
        Ok(log) if !log.trim().is_empty() => format!("; its log:\n{}", log.trim_end()),
        Ok(_) | Err(_) => String::new(),
    }
}
