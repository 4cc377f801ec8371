//! `audit verify`: whether the records are as they were written.

use std::fmt::Write;

use clap::Args;
use wire::control::{Request, Verified};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::visible;

/// Checks the chain.
#[derive(Debug, Args)]
pub struct Verify {
    /// A checkpoint noted earlier: this record must still be there and unchanged
    #[arg(long, value_name = "SEQ:HASH")]
    checkpoint: Option<String>,
    /// Print JSON for a program to read
    #[arg(long)]
    json: bool,
}

impl Verify {
    /// Checks it and prints the head as a checkpoint.
    ///
    /// # Errors
    /// When the daemon can't be asked.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let with_checkpoint = self.checkpoint.is_some();
        let verified: Verified = context
            .ask(&Request::AuditVerify {
                checkpoint: self.checkpoint,
            })?
            .end()?;
        if self.json {
            context.print_json(&verified)?;
        } else {
            write!(context.out, "{}", sentences(&verified, with_checkpoint))?;
        }
        Ok(if verified.intact {
            Exit::Done
        } else {
            Exit::No
        })
    }
}

fn sentences(verified: &Verified, with_checkpoint: bool) -> String {
    let mut text = String::new();
    let head = visible(&verified.head);
    if !verified.intact {
        let _ = writeln!(
            text,
            "The audit chain is BROKEN ({} records walked):",
            verified.records
        );
        for problem in &verified.problems {
            let _ = writeln!(text, "  {}", visible(problem));
        }
        let _ = writeln!(
            text,
            "Keep a copy of the store (`aipctl path store`) before going on."
        );
        return text;
    }
    let _ = writeln!(
        text,
        "The audit chain is intact: {} records.",
        verified.records
    );
    if with_checkpoint {
        let _ = writeln!(text, "The checkpoint's record is there and unchanged.");
    }
    if !head.is_empty() {
        let _ = writeln!(
            text,
            "Checkpoint: {head}\nKept outside this account, it also proves later that nothing up \
             to here was cut off or made anew:\n  aipctl audit verify --checkpoint {head}"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_is_offered_as_a_checkpoint_and_breaks_are_listed() {
        let intact = Verified {
            intact: true,
            records: 12,
            head: "12:ab34".to_owned(),
            problems: Vec::new(),
        };
        insta::assert_snapshot!(sentences(&intact, true));
        let broken = Verified {
            intact: false,
            records: 12,
            head: "12:ab34".to_owned(),
            problems: vec!["record 7: its hash does not fit".to_owned()],
        };
        insta::assert_snapshot!(sentences(&broken, false));
    }
}
