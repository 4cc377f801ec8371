//! A server's command line out of the catalog and what was given. Pure.

use std::fmt;
use std::path::PathBuf;

use super::{Argument, Server};

/// What has to be known of the machine.
pub struct Surroundings<'a> {
    /// Where a program is that a command line begins with.
    pub program: &'a dyn Fn(&str) -> Option<PathBuf>,
    /// Whether a variable of the environment has a value.
    pub is_set: &'a dyn Fn(&str) -> bool,
}

impl fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings").finish_non_exhaustive()
    }
}

/// A command line that is ready.
#[derive(PartialEq, Eq)]
pub struct Launch {
    /// The command and its arguments.
    pub command: Vec<String>,
    /// Where the command was found.
    pub found: Option<PathBuf>,
    /// Which of the words are paths of the user's.
    pub paths: Vec<usize>,
}

impl fmt::Debug for Launch {
    /// Arguments may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Launch")
            .field("found", &self.found)
            .finish_non_exhaustive()
    }
}

/// What is missing.
#[derive(Debug, PartialEq, Eq)]
pub enum LaunchError {
    /// An argument.
    Argument {
        /// The server.
        server: String,
        /// Its name.
        name: String,
        /// What it is.
        what: String,
        /// An option stands where it should be.
        instead: Option<String>,
    },
    /// Variables of the environment: each with its name and what it holds.
    Environment {
        /// The server.
        server: String,
        /// Names and what they hold.
        missing: Vec<(String, String)>,
    },
}

impl fmt::Display for LaunchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument {
                server,
                name,
                what,
                instead,
            } => {
                write!(f, "`{server}` needs {name} ({what})")?;
                if let Some(instead) = instead {
                    write!(f, " before `{}`", crate::text::visible(instead))?;
                }
                write!(f, "; give it after `--`: `aip wrap {server} -- {name}`")
            }
            Self::Environment { server, missing } => {
                let missing: Vec<_> = missing
                    .iter()
                    .map(|(name, what)| format!("{name} ({what})"))
                    .collect();
                write!(
                    f,
                    "`{server}` needs {} in its environment; set it in the client's `env` of this \
                     server, or export it",
                    missing.join(" and ")
                )
            }
        }
    }
}

impl std::error::Error for LaunchError {}

/// Each argument with its words, and the words that are left.
type Given<'a> = (Vec<(&'a Argument, &'a [String])>, &'a [String]);

impl Server {
    /// Its command line with these words of the user's: first what it needs, then whatever more.
    ///
    /// # Errors
    /// When something it needs is not among them.
    pub fn launch(
        &self,
        words: &[String],
        around: &Surroundings<'_>,
    ) -> Result<Launch, LaunchError> {
        let (given, more) = self.given(words)?;
        let found = |line: &Vec<String>| line.first().and_then(|it| (around.program)(it));
        let there = self
            .launch
            .iter()
            .find_map(|it| Some((it, Some(found(it)?))));
        // Where none is there the last is shown: it is the one that can fetch the server.
        let (line, found) = match there {
            Some((line, found)) => (line.as_slice(), found),
            None => (
                self.launch.last().map(Vec::as_slice).unwrap_or_default(),
                None,
            ),
        };
        let mut launch = Launch {
            command: Vec::new(),
            found,
            paths: Vec::new(),
        };
        for word in line {
            let place = given
                .iter()
                .find(|(it, _)| *word == format!("{{{}}}", it.name));
            match place {
                Some((argument, values)) => {
                    for value in *values {
                        if argument.path {
                            launch.paths.push(launch.command.len());
                        }
                        launch.command.push(value.clone());
                    }
                }
                None => launch.command.push(word.clone()),
            }
        }
        launch.command.extend(more.iter().cloned());
        Ok(launch)
    }

    fn given<'a>(&'a self, mut words: &'a [String]) -> Result<Given<'a>, LaunchError> {
        let mut given = Vec::new();
        for argument in &self.arguments {
            let fits = words
                .iter()
                .take_while(|it| !it.starts_with('-') && !it.is_empty());
            let count = fits
                .count()
                .min(if argument.several { usize::MAX } else { 1 });
            if count == 0 {
                return Err(LaunchError::Argument {
                    server: self.name.clone(),
                    name: argument.name.clone(),
                    what: argument.what.clone(),
                    instead: words.first().cloned(),
                });
            }
            let (taken, rest) = words.split_at_checked(count).unwrap_or((words, &[]));
            given.push((argument, taken));
            words = rest;
        }
        Ok((given, words))
    }

    /// Refuses an environment that lacks what the server needs.
    ///
    /// # Errors
    /// When it does.
    pub fn has_environment(&self, around: &Surroundings<'_>) -> Result<(), LaunchError> {
        let needed = self.environment.iter().filter(|it| !it.optional);
        let missing: Vec<_> = needed
            .filter(|it| !it.names().any(around.is_set))
            .map(|it| {
                let names: Vec<_> = it.names().map(|name| format!("`{name}`")).collect();
                (names.join(" or "), it.what.clone())
            })
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(LaunchError::Environment {
            server: self.name.clone(),
            missing,
        })
    }
}

#[cfg(test)]
mod tests;
