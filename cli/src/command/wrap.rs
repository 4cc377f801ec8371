//! `wrap`: shortcuts for well-known servers. On a terminal it prints what goes into a client's
//! file; started by a client it runs the server behind aip. What `aip wrap` hands over to.

use std::io::{self, IsTerminal};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use super::generate_cursor_config::{absolute, is_valid};
use crate::catalog::{Launch, Server, Surroundings, nearest, server, servers};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::launch;
use crate::text::visible;
use crate::wrap::starter::write_once;

mod fit;
mod list;
mod show;

/// Which server, and under which policy.
#[derive(Debug, Args)]
pub struct Wrap {
    /// The server, by its name in `--list`
    name: Option<String>,
    /// The policy; without it a starter policy, written once into aip's configuration folder
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Print the block for this client, by its short name; `all` for every one
    #[arg(long, value_name = "NAME", conflicts_with_all = ["fit", "list"])]
    client: Option<String>,
    /// Start the server once, alone, and write a starter policy for the tools it lists
    #[arg(long, conflicts_with = "list")]
    fit: bool,
    /// Append the session's audit records to this file
    #[arg(long, value_name = "FILE")]
    audit: Option<PathBuf>,
    /// Show each decision on standard error
    #[arg(long)]
    verbose: bool,
    /// List the servers there are
    #[arg(long, conflicts_with = "name")]
    list: bool,
    /// With --list, print a JSON array for a program to read
    #[arg(long, requires = "list")]
    json: bool,
    /// What the server needs, and more arguments for it
    #[arg(last = true)]
    arguments: Vec<String>,
}

impl Wrap {
    /// Lists, prints, fits a policy, or becomes `aip`.
    ///
    /// # Errors
    /// When there is no such server, or something it needs is missing.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        if self.list {
            return list::list(context, self.json);
        }
        let server = named(self.name.as_deref())?;
        if let Some(why) = &server.archived {
            writeln!(context.err, "aip: `{}`: {why}", server.name)?;
        }
        let launch = {
            let search = |name: &str| context.program(name);
            server.launch(&self.arguments, &around(context, &search))
        };
        let launch = launch.map_err(|it| Failure::Usage(it.to_string()))?;
        if self.fit {
            self.fits(context, server, &launch)
        } else if self.client.is_some() || context.screen.terminal {
            self.shows(context, server, &launch)
        } else {
            self.serves(context, server, &launch)
        }
    }

    /// Becomes `aip`, with this server behind it.
    fn serves(
        &self,
        context: &mut Context<'_>,
        server: &Server,
        launch: &Launch,
    ) -> Result<Exit, Failure> {
        has_environment(context, server)?;
        let (policy, _) = self.policy(context, server)?;
        if io::stdin().is_terminal() {
            // A person who sent the output elsewhere most likely wanted the block.
            writeln!(
                context.err,
                "aip: `{}` runs, and waits for a client's messages; `--client cursor` prints the block \
                 for a client's file instead",
                server.name
            )?;
        }
        let aip = launch::program("aip", &context.running)?;
        let mut command = Command::new(&aip);
        command.arg("--policy").arg(policy);
        command.args(["--name", &server.name]);
        if let Some(audit) = &self.audit {
            command.arg("--audit").arg(audit);
        }
        if self.verbose {
            command.arg("--verbose");
        }
        command.arg("--").args(&launch.command);
        context.out.flush()?;
        Err(Failure::File {
            doing: "run",
            source: command.exec(),
            path: aip,
        })
    }

    /// The policy's file, and whether it was written just now.
    fn policy(
        &self,
        context: &mut Context<'_>,
        server: &Server,
    ) -> Result<(PathBuf, bool), Failure> {
        match &self.policy {
            Some(file) => Ok((file.clone(), false)),
            None => {
                let file = starter(context, server)?;
                let wrote = write(&file, server.policy())?;
                if wrote {
                    let shown = visible(&file.to_string_lossy());
                    let name = &server.name;
                    writeln!(
                        context.err,
                        "aip: wrote a starter policy for `{name}`: {shown}; it is yours to edit, \
                         and is not written again"
                    )?;
                }
                Ok((file, wrote))
            }
        }
    }
}

fn named(name: Option<&str>) -> Result<&'static Server, Failure> {
    let Some(name) = name else {
        return Err(Failure::Usage(
            "which server? `aip wrap --list` shows them".to_owned(),
        ));
    };
    server(name).ok_or_else(|| {
        let shown = visible(name);
        let near = nearest(name).map(|it| format!("did you mean `{it}`? "));
        Failure::Usage(format!(
            "no server is called `{shown}`; {}`aip wrap --list` shows all {}, and any other runs as \
             `aip --policy FILE -- COMMAND ARGS`",
            near.unwrap_or_default(),
            servers().len()
        ))
    })
}

/// Where the starter policy of a server is.
fn starter(context: &Context<'_>, server: &Server) -> Result<PathBuf, Failure> {
    let folder = context.folders()?.policies();
    Ok(folder.join(format!("{}.yaml", server.name)))
}

fn write(file: &Path, text: &str) -> Result<bool, Failure> {
    write_once(file, text).map_err(|source| Failure::File {
        doing: "write",
        path: file.to_path_buf(),
        source,
    })
}

fn around<'a>(
    context: &'a Context<'_>,
    program: &'a dyn Fn(&str) -> Option<PathBuf>,
) -> Surroundings<'a> {
    Surroundings {
        program,
        is_set: &context.is_set,
    }
}

fn has_environment(context: &Context<'_>, server: &Server) -> Result<(), Failure> {
    let found = server.has_environment(&around(context, &|_| None));
    found.map_err(|it| Failure::Usage(it.to_string()))
}
