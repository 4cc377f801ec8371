//! `approve`: lets a waiting call through, once, or with what a person allows beyond it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use wire::control::{Approval, Channel, Grant, GrantPlan, GrantWish, Lasts, Request, What};

use super::deny::answer;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::grant::{lasting, past, which, yaml};
use crate::text::visible;
use crate::when::end_of_day;

/// Which call, and what else.
#[derive(Debug, Args)]
pub struct Approve {
    /// The call's id from `aipctl approvals`, or enough of its start
    id: String,
    /// Allow more than this one call, for so long; without it, the call once
    #[arg(long = "for", value_name = "TIME")]
    lasts: Option<Time>,
    /// Which calls of this tool to allow: the very same one, or any
    #[arg(
        long,
        default_value = "call",
        requires = "lasts",
        conflicts_with = "argument"
    )]
    what: Kind,
    /// Calls of this tool with the same value of this argument, or as the next three say
    #[arg(long = "arg", value_name = "NAME", requires = "lasts")]
    argument: Option<String>,
    /// ... that names a path in this folder
    #[arg(long, value_name = "PATH", requires = "argument", group = "limit")]
    folder: Option<PathBuf>,
    /// ... that is an address at the same host
    #[arg(long, requires = "argument", group = "limit")]
    host: bool,
    /// ... that begins with this text
    #[arg(long, value_name = "TEXT", requires = "argument", group = "limit")]
    prefix: Option<String>,
    /// Don't ask before `--for always`
    #[arg(long, requires = "lasts")]
    yes: bool,
}

/// For how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Time {
    /// Until the client ends the session
    Session,
    /// For an hour
    #[value(name = "1h")]
    Hour,
    /// Until midnight
    Today,
    /// Until it is revoked; shows first what it is and what it would have allowed
    Always,
}

/// Which calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// With the very same arguments
    Call,
    /// Any call of this tool
    Tool,
}

impl Approve {
    /// Answers it.
    ///
    /// # Errors
    /// When no such call waits, or the answer is not taken.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let Some(lasts) = self.lasts else {
            return answer(self.id, true, context);
        };
        let mut wish = GrantWish {
            what: self.what()?,
            lasts: self::lasts(lasts, context)?,
            shown: None,
        };
        if lasts == Time::Always {
            let request = Request::GrantPlan {
                id: self.id.clone(),
                grant: wish.clone(),
            };
            let plan: GrantPlan = context.ask(&request)?.end()?;
            show(context, &plan)?;
            if !self.yes && !context.confirm("\nAllow this always, and the call that waits?")? {
                writeln!(context.out, "Nothing was answered; the call still waits.")?;
                return Ok(Exit::No);
            }
            wish.shown = Some(plan.grant.print);
        }
        let request = Request::Answer {
            id: self.id,
            allow: true,
            channel: Channel::Control,
            grant: Some(wish),
        };
        let answered: Approval = context.ask(&request)?.end()?;
        said(context, &answered)
    }

    fn what(&self) -> Result<What, Failure> {
        let Some(argument) = self.argument.clone() else {
            return Ok(match self.what {
                Kind::Call => What::Call,
                Kind::Tool => What::Tool,
            });
        };
        if let Some(folder) = &self.folder {
            let absolute = std::path::absolute(folder)
                .map_err(|_| Failure::Usage("`--folder` needs a path".to_owned()))?;
            let folder = absolute.to_str().map(str::to_owned).ok_or_else(|| {
                Failure::Usage("`--folder` takes a path that is UTF-8".to_owned())
            })?;
            return Ok(What::Folder { argument, folder });
        }
        Ok(match self.prefix.clone() {
            Some(prefix) => What::Prefix { argument, prefix },
            None if self.host => What::Host { argument },
            None => What::Value { argument },
        })
    }
}

fn lasts(time: Time, context: &Context<'_>) -> Result<Lasts, Failure> {
    Ok(match time {
        Time::Session => Lasts::Session,
        Time::Hour => Lasts::Hour,
        Time::Always => Lasts::Always,
        Time::Today => {
            let end = end_of_day(context.now, &TimeZone::system());
            let end = end.ok_or_else(|| Failure::Usage("today has no end".to_owned()))?;
            Lasts::Until {
                until: end.to_string(),
            }
        }
    })
}

/// What would be added, and what it would have allowed.
fn show(context: &mut Context<'_>, plan: &GrantPlan) -> Result<(), Failure> {
    writeln!(context.out, "This would be added:\n")?;
    write!(context.out, "{}", yaml(std::slice::from_ref(&plan.grant)))?;
    write!(context.out, "\n{}", past(plan))?;
    Ok(())
}

fn said(context: &mut Context<'_>, answered: &Approval) -> Result<Exit, Failure> {
    let call = format!("{}: {}", visible(&answered.server), visible(&answered.tool));
    if answered.state != "allowed" {
        writeln!(
            context.out,
            "{call} no longer waits, it is {}; your answer changed nothing.",
            visible(&answered.state)
        )?;
        return Ok(Exit::Refused);
    }
    let Some(grant) = &answered.grant else {
        writeln!(
            context.out,
            "Allowed once: {call}; nothing more was granted."
        )?;
        return Ok(Exit::Refused);
    };
    writeln!(context.out, "Allowed: {call}")?;
    writeln!(context.out, "{}", granted(grant))?;
    Ok(Exit::Done)
}

fn granted(grant: &Grant) -> String {
    format!(
        "Not asked about again {}: {}. `aipctl grants revoke {}` takes it back.",
        lasting(grant),
        which(grant),
        visible(&grant.id)
    )
}
