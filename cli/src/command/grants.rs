//! `grants`: what you have allowed beyond one call.

use clap::{Args, Subcommand};
use serde_json::Value;
use wire::control::{Grant, Request};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::grant::{lasting, which, yaml};
use crate::text::visible;

/// Grants.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Grants {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    list: List,
}

/// What can be done with them.
#[derive(Debug, Subcommand)]
enum What {
    /// List them
    List(List),
    /// Take one back, or all
    Revoke(Revoke),
    /// Print them as YAML
    Export,
}

/// All of them.
#[derive(Debug, Args)]
struct List {
    /// Print a JSON array for a program to read
    #[arg(long)]
    json: bool,
}

/// Which.
#[derive(Debug, Args)]
struct Revoke {
    /// The grant's id, or enough of its start
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    id: Option<String>,
    /// All grants
    #[arg(long)]
    all: bool,
}

impl Grants {
    /// Does it.
    ///
    /// # Errors
    /// When the daemon can't be asked, or refuses.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        match self.what {
            None => self.list.run(context),
            Some(What::List(it)) => it.run(context),
            Some(What::Revoke(it)) => it.run(context),
            Some(What::Export) => {
                let grants = grants(context)?;
                write!(context.out, "{}", yaml(&grants))?;
                Ok(Exit::Done)
            }
        }
    }
}

fn grants(context: &Context<'_>) -> Result<Vec<Grant>, Failure> {
    Ok(context.ask(&Request::Grants)?.items()?)
}

impl List {
    fn run(&self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let grants = grants(context)?;
        if self.json {
            context.print_json(&grants)?;
            return Ok(Exit::Done);
        }
        if grants.is_empty() {
            writeln!(
                context.out,
                "There are no grants. `aipctl approve ID --for session` makes one."
            )?;
        }
        for grant in &grants {
            write!(context.out, "{}", sentences(grant))?;
        }
        Ok(Exit::Done)
    }
}

fn sentences(grant: &Grant) -> String {
    let used = match (&grant.used, grant.uses) {
        (Some(used), 1) => format!("used once, at {}", visible(used)),
        (Some(used), uses) => format!("used {uses} times, last at {}", visible(used)),
        (None, _) => "not used yet".to_owned(),
    };
    let lasting = match &grant.session {
        Some(session) => format!("in session {}", visible(session)),
        None => lasting(grant),
    };
    format!(
        "{}  {}\n  for {}, {lasting}; {used}\n",
        visible(&grant.id),
        which(grant),
        visible(&grant.client),
    )
}

impl Revoke {
    fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let end: Value = context.ask(&Request::GrantRevoke { id: self.id })?.end()?;
        match end.get("revoked").and_then(Value::as_u64) {
            Some(1) => writeln!(context.out, "Revoked: its calls are asked about again.")?,
            Some(0) | None => writeln!(context.out, "There was nothing to revoke.")?,
            Some(count) => writeln!(
                context.out,
                "Revoked {count} grants: their calls are asked about again."
            )?,
        }
        Ok(Exit::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_what_it_allows_for_whom_and_how_it_was_used() {
        let grant = Grant {
            id: "3f2a9c1b4d5e".to_owned(),
            tool: "fetch".to_owned(),
            server: "web".to_owned(),
            client: "/opt/cursor".to_owned(),
            what: "host".to_owned(),
            argument: Some("url".to_owned()),
            is: Some("https://api.example.com".to_owned()),
            lasts: "time".to_owned(),
            until: Some("2026-11-22T11:00:00.000Z".to_owned()),
            ..Grant::default()
        };
        insta::assert_snapshot!(sentences(&grant));
        let used = Grant {
            until: None,
            lasts: "session".to_owned(),
            session: Some("0189".to_owned()),
            what: "tool".to_owned(),
            uses: 3,
            used: Some("2026-11-22T10:30:00.000Z".to_owned()),
            ..grant
        };
        insta::assert_snapshot!(sentences(&used));
    }
}
