//! `doctor`: what is wrong with aip on this machine, and what to do about it.

use clap::Args;

use crate::context::Context;
use crate::doctor::{self, Finding, Health, repair::repair};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::table::{self, Field};
use crate::text::visible;

/// How it is told, and whether anything is done.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Do what is safe to do: make aip's folders, close them to others, start the daemon
    #[arg(long)]
    fix: bool,
    /// Print a JSON array for a program to read
    #[arg(long)]
    json: bool,
}

impl Doctor {
    /// Looks at everything; with `--fix` again after what was done.
    ///
    /// # Errors
    /// When the output can't be written.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let mut found = doctor::look(context);
        if self.fix && fix(&found, context)? {
            found = doctor::look(context);
        }
        if self.json {
            context.print_json(&found)?;
        } else {
            show(&found, context)?;
        }
        let well = found.iter().all(|it| it.health != Health::Problem);
        Ok(if well { Exit::Done } else { Exit::No })
    }
}

/// Whether anything was done. It is told on standard error: standard output is what is found.
fn fix(found: &[Finding], context: &mut Context<'_>) -> Result<bool, Failure> {
    let mut done = false;
    for fix in found.iter().filter_map(|it| it.fix.as_ref()) {
        match repair(fix, context) {
            Ok(what) => {
                done = true;
                writeln!(context.err, "fixed: {what}")?;
            }
            Err(why) => writeln!(context.err, "not fixed: {}", visible(&why))?,
        }
    }
    Ok(done)
}

const HEAD: [&str; 3] = ["how", "check", "found, and what to do"];

fn rows(finding: &Finding) -> impl Iterator<Item = [Field; 3]> {
    let (mark, tone) = finding.health.mark();
    let first = [
        Field::toned(mark, tone),
        Field::from(finding.check),
        Field::from(&finding.found),
    ];
    let next = finding.next.as_ref().map(|next| {
        let next = format!("-> {next}");
        [Field::from(""), Field::from(""), Field::from(next)]
    });
    [first].into_iter().chain(next)
}

fn show(found: &[Finding], context: &mut Context<'_>) -> Result<(), Failure> {
    let rows: Vec<_> = found.iter().flat_map(rows).collect();
    let table = table::render(context.screen, HEAD, &rows);
    write!(context.out, "{table}")?;
    let count = |health| found.iter().filter(|it| it.health == health).count();
    let (problems, warnings) = (count(Health::Problem), count(Health::Warning));
    let line = match (problems, warnings) {
        (0, 0) => "All is well.".to_owned(),
        (0, warnings) => format!("It works; worth a look: {warnings}."),
        (problems, warnings) => format!("Problems: {problems}; worth a look: {warnings}."),
    };
    writeln!(context.out, "\n{line}")?;
    Ok(())
}
