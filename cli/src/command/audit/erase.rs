//! `audit erase`: removes what records hold beyond the fact that they are there.

use clap::Args;
use serde::Deserialize;
use wire::control::{EraseQuery, Request};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::when::{When, rfc3339};

/// Erases bodies of records. All that is given must fit.
#[derive(Debug, Args)]
pub struct Erase {
    #[command(flatten)]
    which: Which,
    /// Don't ask
    #[arg(long)]
    yes: bool,
}

/// Which records.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Which {
    /// Records from before this: 15m, 2h, 3d, a date (UTC), or RFC 3339
    #[arg(long, value_name = "WHEN")]
    before: Option<When>,
    /// Records of this session
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// The record of this number
    #[arg(long, value_name = "N")]
    seq: Option<u64>,
}

#[derive(Deserialize)]
struct Erased {
    erased: u64,
}

impl Erase {
    /// Erases them.
    ///
    /// # Errors
    /// When it is not confirmed, or the daemon refuses.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let question = "Erase the arguments these records hold? They can't be brought back.";
        if !self.yes && !context.confirm(question)? {
            writeln!(context.out, "Nothing was erased.")?;
            return Ok(Exit::No);
        }
        let query = EraseQuery {
            before: self.which.before.map(|when| rfc3339(when.at(context.now))),
            session: self.which.session,
            seq: self.which.seq,
        };
        let Erased { erased } = context.ask(&Request::AuditErase(query))?.end()?;
        match erased {
            0 => writeln!(context.out, "No record that fits holds anything to erase.")?,
            1 => writeln!(
                context.out,
                "Erased what 1 record held; the record itself stays."
            )?,
            more => writeln!(
                context.out,
                "Erased what {more} records held; the records themselves stay."
            )?,
        }
        Ok(Exit::Done)
    }
}
