//! What a command is given: where it writes, how wide the screen is, where aip's files are,
//! and what time it is. Commands look at nothing else, so tests can say all of it.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::Child;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use wire::control::Request;
use wire::folders::{Folders, NoHome};

use crate::agent::Agent;
use crate::client::{self, Answer, ClientError};
use crate::failure::Failure;
use crate::launch;

/// How a person would see the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Screen {
    /// A terminal, not a pipe or a file.
    pub terminal: bool,
    /// Colours are wanted.
    pub colour: bool,
    /// It can't move its cursor (`TERM=dumb`).
    pub dumb: bool,
    /// Columns, where they are known.
    pub width: Option<u16>,
}

/// Everything outside a command that it may use.
pub struct Context<'a> {
    /// For results.
    pub out: &'a mut dyn Write,
    /// For what goes wrong and what is only said.
    pub err: &'a mut dyn Write,
    /// How the output is seen.
    pub screen: Screen,
    /// Where aip's files are.
    pub folders: Result<Folders, NoHome>,
    /// The person's home folder.
    pub home: Option<PathBuf>,
    /// The folder it is run in.
    pub folder: Option<PathBuf>,
    /// Variables that say where programs and clients' files are.
    pub variables: HashMap<&'static str, OsString>,
    /// Whether a variable has a value. The value itself may be a secret and is not looked at.
    pub is_set: fn(&str) -> bool,
    /// This program's own file.
    pub running: PathBuf,
    /// What a started daemon's environment holds.
    pub environment: Vec<(OsString, OsString)>,
    /// The present moment.
    pub now: Timestamp,
}

impl<'a> Context<'a> {
    /// As this process finds it.
    pub fn of_this_process(
        out: &'a mut dyn Write,
        err: &'a mut dyn Write,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Self {
        let terminal = io::stdout().is_terminal();
        let dumb = variable("TERM").is_some_and(|value| value == "dumb");
        let plain = dumb || variable("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            out,
            err,
            screen: Screen {
                terminal,
                colour: terminal && !plain,
                dumb,
                width: terminal.then(crate::table::screen_width).flatten(),
            },
            folders: Folders::find(&variable),
            home: variable("HOME")
                .map(PathBuf::from)
                .filter(|path| path.is_absolute()),
            folder: std::env::current_dir().ok(),
            variables: clients::VARIABLES
                .into_iter()
                .chain(["PATH", "DISPLAY", "WAYLAND_DISPLAY"])
                .filter_map(|name| Some((name, variable(name)?)))
                .collect(),
            is_set: |name| std::env::var_os(name).is_some_and(|it| !it.is_empty()),
            running: std::env::current_exe().unwrap_or_default(),
            environment: launch::folder_environment(),
            now: Timestamp::now(),
        }
    }

    /// Where aip's files are.
    ///
    /// # Errors
    /// When the environment names no place.
    pub fn folders(&self) -> Result<&Folders, Failure> {
        self.folders
            .as_ref()
            .map_err(|error| Failure::NoHome(error.clone()))
    }

    /// Where `PATH` leads for this name: a file that may be run.
    #[must_use]
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        let folders = self.variables.get("PATH").map(std::env::split_paths);
        let mut places = folders.into_iter().flatten().map(|it| it.join(name));
        places
            .find(|it| it.is_file() && rustix::fs::access(it, rustix::fs::Access::EXEC_OK).is_ok())
    }

    /// Asks the daemon that runs.
    ///
    /// # Errors
    /// When none runs, or it refuses.
    pub fn ask_running(&self, request: &Request) -> Result<Answer, Failure> {
        let socket = self.folders()?.control_socket();
        let seen = client::is_a_persons(request);
        let _agent = seen.then(|| self.agent(&socket)).flatten();
        Ok(client::ask(&socket, request)?)
    }

    /// What asks for the password on this terminal, where one is needed and nothing else does.
    #[must_use]
    pub fn agent(&self, socket: &Path) -> Option<Agent> {
        self.screen.terminal.then(|| Agent::start(socket)).flatten()
    }

    /// Asks the daemon, starting one where none runs.
    ///
    /// # Errors
    /// When it can't be started, or refuses.
    pub fn ask(&self, request: &Request) -> Result<Answer, Failure> {
        match self.ask_running(request) {
            Err(Failure::Client(ClientError::NotRunning { .. })) => {
                self.start_daemon()?;
                self.ask_running(request)
            }
            answer => answer,
        }
    }

    /// Hands over the items of an answer as they come, starting a daemon where none runs.
    ///
    /// # Errors
    /// As [`Context::ask`], and whatever `each` returns.
    pub fn follow(
        &mut self,
        request: &Request,
        mut each: impl FnMut(&mut Self, &RawValue) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let socket = self.folders()?.control_socket();
        // A first question that costs nothing, so that no item can come twice.
        self.ask(&Request::Status)?;
        client::follow(&socket, request, |item| each(self, item))?;
        Ok(())
    }

    /// Starts a daemon and waits for it.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn start_daemon(&self) -> Result<Child, Failure> {
        Ok(launch::start(
            &self.running,
            self.folders()?,
            &self.environment,
        )?)
    }

    /// Prints a value for a program to read.
    ///
    /// # Errors
    /// When the output can't be written.
    pub fn print_json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let json = serde_json::to_string_pretty(value).map_err(Failure::Answer)?;
        writeln!(self.out, "{}", crate::text::safe_json(&json))?;
        Ok(())
    }

    /// Asks the person; only a plain yes is one.
    ///
    /// # Errors
    /// When nobody is there to be asked.
    pub fn confirm(&mut self, question: &str) -> Result<bool, Failure> {
        if !(io::stdin().is_terminal() && self.screen.terminal) {
            return Err(Failure::Usage(
                "there is no terminal to ask on; add `--yes` to go on without asking".to_owned(),
            ));
        }
        write!(self.out, "{question} [y/N] ")?;
        self.out.flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    /// Reads a text file, refusing one that is larger than any policy.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn read_text(&self, path: &Path, most: u64) -> Result<String, Failure> {
        read_text(path, most).map_err(|source| Failure::File {
            doing: "read",
            path: path.to_path_buf(),
            source,
        })
    }
}

/// Reads a text file of at most `most` bytes.
///
/// # Errors
/// When it can't be read, is longer, or is not UTF-8.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    use io::Read;
    let mut text = String::new();
    let length = std::fs::File::open(path)?
        .take(most + 1)
        .read_to_string(&mut text)?;
    if length as u64 > most {
        let message = format!("it is longer than {most} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(text)
}
