//! The command lines of all three programs, for manual pages and completions.
//!
//! `aipctl`'s is its own definition. The others' are read from the very texts their `--help`
//! prints, so a page can't say anything else; a line that isn't understood fails a test.

use clap::builder::{Str, StyledStr, ValueHint};
use clap::{Arg, ArgAction, Command, CommandFactory, ValueEnum};

use crate::args::Args;

const AIP: &str = include_str!("../../shim/src/help.txt");
const AIPD: &str = include_str!("../../daemon/src/help.txt");

/// A program of aip's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Program {
    /// What a client starts in the server's place
    Aip,
    /// The daemon
    Aipd,
    /// This command
    Aipctl,
}

impl Program {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Aip, Self::Aipd, Self::Aipctl];

    /// The program's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Aip => "aip",
            Self::Aipd => "aipd",
            Self::Aipctl => "aipctl",
        }
    }

    /// Its command line, without what `--help` hides.
    #[must_use]
    pub fn command(self) -> Command {
        match self {
            Self::Aip => of_help(self.name(), AIP),
            Self::Aipd => of_help(self.name(), AIPD),
            Self::Aipctl => shown(self.name(), &Args::command()),
        }
    }
}

/// The same command line without what is hidden, which completions would show.
fn shown(name: &'static str, whole: &Command) -> Command {
    let mut copy = Command::new(name)
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .subcommands(
            whole
                .get_subcommands()
                .filter(|it| !it.is_hide_set())
                .cloned(),
        );
    let styled = |text: Option<&StyledStr>| text.cloned().unwrap_or_default();
    copy = copy.about(styled(whole.get_about()));
    copy = copy.long_about(styled(whole.get_long_about()));
    copy.after_help(styled(whole.get_after_help()))
}

/// A help text: what the program is for, `Usage:`, `Options:`, and what else is to be said, with
/// an empty line between them.
fn of_help(name: &'static str, help: &'static str) -> Command {
    let mut command = Command::new(name)
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_flag(true)
        .disable_version_flag(true);
    let mut after = Vec::new();
    for (nth, part) in help.trim_end().split("\n\n").enumerate() {
        if let Some(lines) = part.strip_prefix("Usage:\n") {
            let lines: Vec<_> = lines.lines().map(str::trim).collect();
            command = command.override_usage(lines.join("\n       "));
            if part.contains(" -- COMMAND") {
                command = command.arg(server());
            }
        } else if let Some(lines) = part.strip_prefix("Options:\n") {
            command = command.args(lines.lines().filter_map(option));
        } else if nth == 0 {
            command = command.about(part);
        } else {
            after.push(part);
        }
    }
    command.after_help(after.join("\n\n"))
}

/// `  --name VALUE  what it does`.
fn option(line: &'static str) -> Option<Arg> {
    let (written, does) = line.trim().split_once("  ")?;
    let name = written.strip_prefix("--")?;
    let (name, value) = name.split_once(' ').unwrap_or((name, ""));
    let arg = Arg::new(name).long(name).help(does.trim());
    let arg = match name {
        "help" => arg.short('h'),
        "version" => arg.short('V'),
        _ => arg,
    };
    Some(match value {
        "" => arg.action(ArgAction::SetTrue),
        value => arg
            .value_name(Str::from(value.trim_matches('"')))
            .value_hint(hint(value)),
    })
}

fn hint(value: &str) -> ValueHint {
    match value {
        "FILE" => ValueHint::FilePath,
        value if value.contains("COMMAND") => ValueHint::CommandString,
        _ => ValueHint::Other,
    }
}

/// What stands after `--`.
fn server() -> Arg {
    Arg::new("COMMAND")
        .last(true)
        .num_args(1..)
        .value_hint(ValueHint::CommandWithArguments)
        .help("the server's command and arguments")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_help_texts_is_read() {
        check(AIP, Program::Aip);
        check(AIPD, Program::Aipd);
        fn check(help: &str, program: Program) {
            let command = program.command();
            command.clone().debug_assert();
            let options = help.lines().filter(|line| line.starts_with("  --"));
            let known: Vec<_> = command.get_arguments().filter_map(Arg::get_long).collect();
            let words: Vec<_> = options
                .filter_map(|line| line.trim().strip_prefix("--")?.split(' ').next())
                .collect();
            assert_eq!(known, words);
            assert!(words.len() > 2, "{help}");
            let mut rendered = Vec::new();
            clap_mangen::Man::new(command)
                .render(&mut rendered)
                .unwrap();
            let page = String::from_utf8(rendered).unwrap().replace('\\', "");
            let page = page.replace("*(Aq", "'");
            for word in help.split([' ', '\n']).filter(|it| it.len() > 3) {
                let plain = word.trim_matches(|it: char| !it.is_alphanumeric());
                let heading = ["Usage:", "Options:"].contains(&word);
                assert!(page.contains(plain) || heading, "`{word}` is not in {page}");
            }
        }
    }

    #[test]
    fn what_help_hides_is_not_shown() {
        let command = Program::Aipctl.command();
        command.clone().debug_assert();
        let names: Vec<_> = command.get_subcommands().map(Command::get_name).collect();
        assert!(
            names.contains(&"status") && names.contains(&"man"),
            "{names:?}"
        );
        assert!(!names.contains(&"conformance-server"));
    }
}
