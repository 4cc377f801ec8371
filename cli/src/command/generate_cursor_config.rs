//! `generate-cursor-config`: the block that makes Cursor run a server through aip. What
//! `aip --generate-cursor-config` hands over to.
//!
//! Programs started from a desktop have a short `PATH` and a working folder of their own, so
//! every path in it is absolute. Standard output holds the block alone.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use clients::{Client, Server};

use super::policy::validate::{MAX_POLICY, refused, whole};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::launch;
use crate::snippet::{self, clients_of};
use crate::text::visible;

/// The guide's name for the server.
const SERVER: &str = "aip-protected-server";

/// What the block is to run.
#[derive(Debug, Args)]
pub struct GenerateCursorConfig {
    /// The policy file; without one every tool call is refused
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Append the sessions' audit records to this file
    #[arg(long, value_name = "FILE")]
    audit: Option<PathBuf>,
    /// A label for the server, in Cursor too
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    name: Option<String>,
    /// Show each decision on standard error
    #[arg(long)]
    verbose: bool,
    /// The server's command and arguments
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

impl GenerateCursorConfig {
    /// Prints it.
    ///
    /// # Errors
    /// When the command is empty or a path can't be written.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        self.print(context, &clients_of("cursor")?)
    }

    /// Prints the block of each of these clients.
    pub(super) fn print(
        self,
        context: &mut Context<'_>,
        clients: &[&'static Client],
    ) -> Result<Exit, Failure> {
        if self.command.first().is_none_or(String::is_empty) {
            return Err(Failure::Usage(
                "the server's command is empty; write it after `--`".to_owned(),
            ));
        }
        if let Some(policy) = &self.policy
            && !is_valid(policy, context)?
        {
            return Ok(Exit::No);
        }
        let aip = match launch::program("aip", &context.running) {
            Ok(aip) => aip,
            Err(error) => {
                writeln!(context.err, "Error: {error}; install it there")?;
                return Ok(Exit::Refused);
            }
        };
        if self.policy.is_none() {
            writeln!(
                context.err,
                "no --policy given: every tool call will be refused; add --policy FILE"
            )?;
        }
        let mut command = vec![absolute(&aip)?];
        command.extend(self.arguments()?);
        let server = Server {
            name: self.name.as_deref().unwrap_or(SERVER),
            command: &command,
            env: &[],
        };
        snippet::print(context, clients, &server)?;
        Ok(Exit::Done)
    }

    /// What `aip` is to be given, in the guide's order.
    fn arguments(&self) -> Result<Vec<String>, Failure> {
        let mut arguments = vec!["--target".to_owned(), target(&self.command)];
        for (option, path) in [("--policy", &self.policy), ("--audit", &self.audit)] {
            if let Some(path) = path {
                arguments.extend([option.to_owned(), absolute(path)?]);
            }
        }
        if let Some(name) = &self.name {
            arguments.extend(["--name".to_owned(), name.clone()]);
        }
        if self.verbose {
            arguments.push("--verbose".to_owned());
        }
        Ok(arguments)
    }
}

/// The command in one line, quoted only where `aip` would otherwise split it differently.
fn target(command: &[String]) -> String {
    let plain = command.join(" ");
    match shell_words::split(&plain) {
        Ok(words) if words == command => plain,
        Ok(_) | Err(_) => shell_words::join(command),
    }
}

/// Says what is wrong with the policy, or what it warns of. A block with a policy that is
/// refused would only make a server that does not start.
pub(super) fn is_valid(file: &Path, context: &mut Context<'_>) -> Result<bool, Failure> {
    let text = match context.read_text(file, MAX_POLICY) {
        Ok(text) => text,
        Err(failure) => {
            writeln!(context.err, "Error: failed to load policy: {failure}")?;
            return Ok(false);
        }
    };
    let name = file.to_string_lossy();
    match whole(file, &text, context) {
        Ok(loaded) => {
            let warnings = loaded.warnings.render(&name);
            write!(context.err, "{}", crate::text::visible_lines(&warnings))?;
            Ok(true)
        }
        Err((of, errors)) => {
            let name = of.map_or(name.into_owned(), |it| it.display().to_string());
            write!(context.err, "{}", refused(&name, &errors))?;
            Ok(false)
        }
    }
}

/// The path from the root on. Links stay: whoever made them may move what they lead to.
pub(super) fn absolute(path: &Path) -> Result<String, Failure> {
    let absolute = std::path::absolute(path).map_err(|source| Failure::File {
        doing: "find",
        path: path.to_path_buf(),
        source,
    })?;
    absolute.into_os_string().into_string().map_err(|path| {
        let path = visible(&path.to_string_lossy());
        Failure::Usage(format!(
            "the path `{path}` is not UTF-8, so the block can't hold it; move it to one that is"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_comes_first_and_is_quoted_only_where_it_must_be() {
        check(&["npx", "@mcp/server"], "npx @mcp/server");
        check(
            &["npx", "-y", "@scope/srv@latest", "--port=80"],
            "npx -y @scope/srv@latest --port=80",
        );
        check(&["srv", "a b", ""], "srv 'a b' ''");
        check(&["srv", "it's", "#", "a\\"], r"srv 'it'\''s' '#' 'a\'");
        fn check(command: &[&str], target: &str) {
            let arguments = asked(command).arguments().unwrap();
            assert_eq!(arguments, ["--target", target]);
            assert_eq!(shell_words::split(target).unwrap(), command);
        }
    }

    #[test]
    fn options_follow_in_the_guides_order_with_absolute_paths() {
        let arguments = GenerateCursorConfig {
            policy: Some("/etc/./agent.yaml".into()),
            audit: Some("/var/audit.jsonl".into()),
            name: Some("files".to_owned()),
            verbose: true,
            ..asked(&["srv"])
        }
        .arguments()
        .unwrap();
        assert_eq!(
            arguments.join(" "),
            "--target srv --policy /etc/agent.yaml --audit /var/audit.jsonl --name files --verbose"
        );
    }

    fn asked(command: &[&str]) -> GenerateCursorConfig {
        GenerateCursorConfig {
            policy: None,
            audit: None,
            name: None,
            verbose: false,
            command: command.iter().map(|word| (*word).to_owned()).collect(),
        }
    }
}
