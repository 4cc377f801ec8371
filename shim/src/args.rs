//! The command line, as written and then as meant. Pure.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use lexopt::Arg;

/// What `--help` prints. `aipctl` makes the manual page and the completions of it.
pub(crate) const HELP: &str = include_str!("help.txt");

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Help,
    Version,
    /// Run `aipctl` with these arguments in this process's place.
    HandOver(Vec<OsString>),
    Serve(Options),
}

/// How to run a server.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// The server's command and arguments; never empty.
    pub(crate) argv: Vec<OsString>,
    pub(crate) policy: Option<PathBuf>,
    pub(crate) audit: Option<PathBuf>,
    pub(crate) name: Option<String>,
    pub(crate) verbose: bool,
}

impl std::fmt::Debug for Options {
    /// Arguments may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// A command line that can't be understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum UsageError {
    NoTarget,
    TwoTargets,
    BadQuoting,
    EmptyTarget,
    NotText(&'static str),
    Twice(&'static str),
    Empty(&'static str),
    Stray(String),
    NeedsPolicy,
    Other(String),
}

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoTarget => write!(
                f,
                "no server to run; give it as `--target \"COMMAND ARGS\"` or after `--`"
            ),
            Self::TwoTargets => {
                write!(
                    f,
                    "`--target` and `--` both name a server; use one of the two"
                )
            }
            Self::BadQuoting => {
                write!(
                    f,
                    "the value of `--target` has an open quote; close it, or use `--`"
                )
            }
            Self::EmptyTarget => {
                write!(
                    f,
                    "the server's command is empty; write for example `--target \"npx SERVER\"`"
                )
            }
            Self::NotText(option) => {
                write!(f, "the value of `{option}` is not UTF-8; write it in UTF-8")
            }
            Self::Twice(option) => write!(f, "`{option}` is given twice; give it once"),
            Self::Empty(option) => {
                write!(f, "`{option}` has an empty value; give one or leave it out")
            }
            Self::Stray(word) => write!(
                f,
                "unexpected argument `{word}`; the server's command goes into `--target` or after `--`"
            ),
            Self::NeedsPolicy => write!(f, "`--validate` needs a policy; add `--policy FILE`"),
            Self::Other(what) => write!(f, "{what}; see `aip --help`"),
        }
    }
}

impl std::error::Error for UsageError {}

impl From<lexopt::Error> for UsageError {
    fn from(error: lexopt::Error) -> Self {
        Self::Other(error.to_string().replace('\n', " "))
    }
}

/// The options as they stand on the command line.
#[derive(Default)]
struct Written {
    target: Option<OsString>,
    rest: Option<Vec<OsString>>,
    policy: Option<OsString>,
    audit: Option<OsString>,
    name: Option<OsString>,
    verbose: bool,
    validate: bool,
    /// The client whose configuration is wanted.
    config_for: Option<OsString>,
}

/// Reads a command line; its first item is the program's own name.
///
/// # Errors
/// When it can't be understood, or names no server.
pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Wanted, UsageError> {
    let mut arguments = arguments.into_iter().skip(1).peekable();
    if arguments.peek().is_some_and(|first| first == "wrap") {
        return Ok(Wanted::HandOver(arguments.collect()));
    }
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut written = Written::default();
    loop {
        if let Some(rest) = after_dashes(&mut parser) {
            written.rest = Some(rest);
            return written.meant();
        }
        let Some(argument) = parser.next()? else {
            return written.meant();
        };
        match argument {
            Arg::Long("help") | Arg::Short('h') => return Ok(Wanted::Help),
            Arg::Long("version") | Arg::Short('V') => return Ok(Wanted::Version),
            Arg::Long("verbose") => written.verbose = true,
            Arg::Long("validate") => written.validate = true,
            Arg::Long("generate-config") => {
                set(
                    &mut written.config_for,
                    "--generate-config",
                    parser.value()?,
                )?;
            }
            Arg::Long("generate-cursor-config") => {
                set(
                    &mut written.config_for,
                    "--generate-cursor-config",
                    "cursor".into(),
                )?;
            }
            Arg::Long("target") => set(&mut written.target, "--target", parser.value()?)?,
            Arg::Long("policy") => set(&mut written.policy, "--policy", parser.value()?)?,
            Arg::Long("audit") => set(&mut written.audit, "--audit", parser.value()?)?,
            Arg::Long("name") => set(&mut written.name, "--name", parser.value()?)?,
            Arg::Value(word) => return Err(UsageError::Stray(word.to_string_lossy().into_owned())),
            other @ (Arg::Long(_) | Arg::Short(_)) => return Err(other.unexpected().into()),
        }
    }
}

/// What stands after `--`, when that is what comes next.
fn after_dashes(parser: &mut lexopt::Parser) -> Option<Vec<OsString>> {
    let mut raw = parser.try_raw_args()?;
    raw.next_if(|next| next == OsStr::new("--"))?;
    Some(raw.collect())
}

fn set(
    place: &mut Option<OsString>,
    option: &'static str,
    value: OsString,
) -> Result<(), UsageError> {
    if value.is_empty() {
        return Err(UsageError::Empty(option));
    }
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(UsageError::Twice(option)),
    }
}

impl Written {
    fn meant(mut self) -> Result<Wanted, UsageError> {
        if self.validate {
            let policy = self.policy.ok_or(UsageError::NeedsPolicy)?;
            return Ok(Wanted::HandOver(vec![
                "policy".into(),
                "validate".into(),
                policy,
            ]));
        }
        if let Some(client) = self.config_for.take() {
            return Ok(Wanted::HandOver(self.config_arguments(client)?));
        }
        let argv = self.argv()?;
        let text = |value: OsString| {
            value
                .into_string()
                .map_err(|_| UsageError::NotText("--name"))
        };
        Ok(Wanted::Serve(Options {
            argv,
            policy: self.policy.map(PathBuf::from),
            audit: self.audit.map(PathBuf::from),
            name: self.name.map(text).transpose()?,
            verbose: self.verbose,
        }))
    }

    fn argv(&self) -> Result<Vec<OsString>, UsageError> {
        let argv = match (&self.target, &self.rest) {
            (Some(_), Some(_)) => return Err(UsageError::TwoTargets),
            (None, None) => return Err(UsageError::NoTarget),
            (None, Some(rest)) => rest.clone(),
            (Some(target), None) => split(target)?,
        };
        match argv.first() {
            Some(command) if !command.is_empty() => Ok(argv),
            Some(_) | None => Err(UsageError::EmptyTarget),
        }
    }

    /// The same options again for `aipctl`, which prints the configuration.
    fn config_arguments(self, client: OsString) -> Result<Vec<OsString>, UsageError> {
        let argv = self.argv()?;
        let mut arguments: Vec<OsString> = vec!["generate-config".into(), client];
        let options = [
            ("--policy", self.policy),
            ("--audit", self.audit),
            ("--name", self.name),
        ];
        for (option, value) in options {
            arguments.extend(value.into_iter().flat_map(|value| [option.into(), value]));
        }
        if self.verbose {
            arguments.push("--verbose".into());
        }
        arguments.push("--".into());
        arguments.extend(argv);
        Ok(arguments)
    }
}

/// Splits by the rules of a POSIX shell's words. What a shell would act on beyond that (`|`,
/// `;`, `$x`, `*`) stays in the words as it is.
fn split(target: &OsStr) -> Result<Vec<OsString>, UsageError> {
    let text = target.to_str().ok_or(UsageError::NotText("--target"))?;
    let words = shell_words::split(text).map_err(|_| UsageError::BadQuoting)?;
    Ok(words.into_iter().map(OsString::from).collect())
}

#[cfg(test)]
mod tests;
