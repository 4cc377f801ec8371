//! `path`: where aip keeps its files, one line for a script.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use clap::{Args, ValueEnum};

use super::status::folders;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Which place.
#[derive(Debug, Args)]
pub struct PathOf {
    /// Which place; without it, all of them
    what: Option<Place>,
}

/// A place aip uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Place {
    /// The folder that holds aip-audit.jsonl, the live copy of the audit records
    Audit,
    /// The audit store, a file; read it through `aipctl`, not directly
    Store,
    /// The folder of the store, the live audit records and the daemon's log
    State,
    /// The daemon's configuration, a file
    Config,
    /// The folder of the sockets
    Runtime,
    /// The daemon's own log, a file
    Log,
    /// The two sockets, one a line: the shims' and people's
    Sockets,
}

impl PathOf {
    /// Prints it, whether or not it is there.
    ///
    /// # Errors
    /// When the environment names no place for files.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let Some(place) = self.what else {
            let folders = folders(context.folders()?);
            for (name, path) in [
                ("config ", folders.config),
                ("state  ", folders.state),
                ("runtime", folders.runtime),
            ] {
                writeln!(context.out, "{name}  {}", crate::text::visible(&path))?;
            }
            return Ok(Exit::Done);
        };
        let folders = context.folders()?.clone();
        let mut print = |path: &Path| -> Result<(), Failure> {
            context.out.write_all(path.as_os_str().as_bytes())?;
            Ok(context.out.write_all(b"\n")?)
        };
        match place {
            Place::Audit => print(folders.live_audit().parent().unwrap_or(&folders.state))?,
            Place::Store => print(&folders.store())?,
            Place::State => print(&folders.state)?,
            Place::Config => print(&folders.config_file())?,
            Place::Runtime => print(&folders.runtime)?,
            Place::Log => print(&folders.log())?,
            Place::Sockets => {
                print(&folders.shim_socket())?;
                print(&folders.control_socket())?;
            }
        }
        Ok(Exit::Done)
    }
}
