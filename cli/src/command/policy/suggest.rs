//! `policy suggest`: the tightest policy that admits the calls that passed, for a person to read.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use wire::control::{Request, SuggestQuery, Suggested};

use super::validate::MAX_POLICY;
use super::{absolute, states};
use crate::context::Context;
use crate::diff;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::{visible, visible_lines};
use crate::when::{When, rfc3339};

/// Which calls it is made of.
#[derive(Debug, Args)]
pub struct Suggest {
    /// Only calls of this server: its name or its command
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// Not before this: 15m, 2h, 3d, a date (UTC), or RFC 3339
    #[arg(long, value_name = "WHEN", default_value = "30d")]
    since: When,
    /// Not after this: 15m, 2h, 3d, a date (UTC), or RFC 3339
    #[arg(long, value_name = "WHEN")]
    until: Option<When>,
    /// Only calls of sessions under this policy file; `--diff` compares with it
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Calls that a policy in monitor mode let through, also against its rules; without it, those that
    /// were allowed
    #[arg(long, value_enum)]
    from: Option<From>,
    /// Show what would change in the policy in force for these calls, in place of the policy
    #[arg(long)]
    diff: bool,
}

/// Where calls are taken from besides those that were allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum From {
    /// Policies in monitor mode.
    Monitor,
}

impl Suggest {
    /// Makes it and prints it. Ends with "no" where there is no call to make it of.
    ///
    /// # Errors
    /// When the daemon can't be asked, or there is no policy to compare with.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let file = self.policy.as_deref().map(absolute).transpose()?;
        let query = SuggestQuery {
            since: Some(rfc3339(self.since.at(context.now))),
            until: self.until.map(|it| rfc3339(it.at(context.now))),
            server: self.server,
            policy: file.as_ref().map(|it| it.to_string_lossy().into_owned()),
            monitor: self.from == Some(From::Monitor),
        };
        let made: Suggested = context.ask(&Request::PolicySuggest(query))?.end()?;
        if made.calls == 0 {
            writeln!(context.err, "{}", nothing(&made))?;
            return Ok(Exit::No);
        }
        if self.diff {
            let present = present(context, file, &made)?;
            write!(context.out, "{}", diff::render(&present, &made.yaml))?;
        } else {
            write!(context.out, "{}", visible_lines(&made.yaml))?;
        }
        if made.reopened > 0 {
            writeln!(
                context.err,
                "Take care: it would let pass {} calls that were refused.",
                made.reopened
            )?;
        }
        let (calls, tools) = (made.calls, made.tools);
        writeln!(
            context.err,
            "Made of {calls} recorded calls, {tools} tools in it. Read it before you use it; `aipctl policy replay \
             FILE` tells what it would change."
        )?;
        Ok(Exit::Done)
    }
}

fn nothing(made: &Suggested) -> String {
    if made.left_out > 0 {
        let calls = made.left_out;
        return format!("{calls} calls passed, and a policy can name the tool of none of them.");
    }
    "No call fits. `aipctl logs --decision allow` shows those there are; `--from monitor` takes what a \
     policy in monitor mode let through."
        .to_owned()
}

/// The text it is compared with.
fn present(
    context: &mut Context<'_>,
    file: Option<PathBuf>,
    made: &Suggested,
) -> Result<String, Failure> {
    if let Some(file) = file {
        return context.read_text(&file, MAX_POLICY);
    }
    let none = || {
        let message = "these calls were made under no policy that is still known; name one to compare \
                       with: --policy FILE";
        Failure::Usage(message.to_owned())
    };
    let path = made.policy.as_ref().ok_or_else(none)?;
    let known = states(context, None)?;
    let state = known.into_iter().find(|it| it.path == *path);
    let state = state.ok_or_else(none)?;
    if made.servers.len() > 1 {
        let path = visible(path);
        writeln!(context.err, "Compared with {path}, the newest call's.")?;
    }
    Ok(state.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::is_hidden;

    #[test]
    fn showing_a_policy_changes_nothing_in_it() {
        for character in ('\u{0}'..=char::MAX).filter(|it| is_hidden(*it)) {
            let yaml = format!("a: {}\n", engine::yaml_text::quoted(&character.to_string()));
            assert_eq!(visible_lines(&yaml), yaml, "{character:?}");
        }
    }

    #[test]
    fn nothing_to_learn_from_says_what_to_do() {
        assert!(nothing(&Suggested::default()).contains("--from monitor"));
        let unnamed = Suggested {
            left_out: 2,
            ..Suggested::default()
        };
        assert!(nothing(&unnamed).starts_with("2 calls passed"));
    }
}
