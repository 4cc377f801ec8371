//! `policy test`: cases kept beside a policy, each a call and what is to come of it. Decided by the
//! engine, with paths read as the daemon reads them; no daemon is needed, nothing is recorded.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use engine::cases::{Case, Played, cases, play};
use engine::diagnostic::Diagnostics;
use engine::paths::{Found, Reading};
use engine::policy::{Base, Layer, Policy, bases};

use super::absolute;
use super::validate::{MAX_POLICY, base_text, place, refused};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::links;
use crate::text::{visible, visible_lines};

/// Which policy and which cases.
#[derive(Debug, Args)]
pub struct Test {
    /// The policy file, as it is now, in force or not
    file: PathBuf,
    /// Files of cases [default: NAME.tests.yaml beside NAME.yaml]
    cases: Vec<PathBuf>,
    /// The folder that relative paths are read against [default: this one]
    #[arg(long, value_name = "FOLDER")]
    cwd: Option<PathBuf>,
}

impl Test {
    /// Plays each case. Ends with "no" where one doesn't hold, or a file is not valid.
    ///
    /// # Errors
    /// When a file can't be read.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let text = context.read_text(&self.file, MAX_POLICY)?;
        let name = self.file.to_string_lossy().into_owned();
        let policy = match with_bases(&self.file, &text, context) {
            Ok(policy) => policy,
            Err((of, errors)) => {
                let name = of.map_or(name, |it| it.to_string_lossy().into_owned());
                write!(context.err, "{}", refused(&name, &errors))?;
                return Ok(Exit::No);
            }
        };
        let folder = self.cwd.as_deref().unwrap_or(Path::new("."));
        let bases = [absolute(folder)?];
        let files = match self.cases.as_slice() {
            [] => vec![self.file.with_extension("tests.yaml")],
            given => given.to_vec(),
        };
        let mut all = Vec::new();
        for file in &files {
            let text = context.read_text(file, MAX_POLICY)?;
            let file = file.to_string_lossy();
            match cases(&text) {
                Ok(cases) => all.extend(cases.into_iter().map(|it| (file.to_string(), it))),
                Err(errors) => {
                    write!(context.err, "{}", no_cases(&file, &errors))?;
                    return Ok(Exit::No);
                }
            }
        }
        let now_ms = context.now.as_millisecond();
        let mut failed = 0;
        for (file, case) in &all {
            let played = judged(&policy, case, &bases, context.home.as_deref(), now_ms);
            failed += usize::from(!played.wrong.is_empty());
            write!(context.out, "{}", sentences(file, case, &played, &name))?;
        }
        writeln!(context.out, "{}", total(all.len(), failed))?;
        Ok(if failed == 0 { Exit::Done } else { Exit::No })
    }
}

/// The policy under those that it extends, as a session goes by it.
fn with_bases(
    file: &Path,
    text: &str,
    context: &Context<'_>,
) -> Result<Policy, (Option<PathBuf>, Diagnostics)> {
    let place = whole_place(file, context);
    let own = Policy::load(text, &place).map_err(|it| (None, it))?;
    let own = in_force(own.policy);
    if own.extends().is_none() {
        return Ok(own);
    }
    let real = place.protected.first().map_or(file, PathBuf::as_path);
    let found = bases(real, text, |base| base_text(base, context)).map_err(|it| (None, it))?;
    let layer = |Base { path, text }: Base| {
        let loaded = Policy::load(&text, &whole_place(&path, context));
        let loaded = loaded.map_err(|it| (Some(path.clone()), it))?;
        Ok(Layer {
            path: path.to_string_lossy().into(),
            base: true,
            policy: Arc::new(in_force(loaded.policy)),
        })
    };
    let layers = found.into_iter().map(layer);
    Ok(own.under(layers.collect::<Result<Vec<_>, _>>()?))
}

/// As the daemon reads the policy: its own folders are protected too.
fn whole_place(file: &Path, context: &Context<'_>) -> engine::Place {
    let mut place = place(file, context);
    if let Ok(folders) = context.folders() {
        let own = [&folders.config, &folders.state, &folders.runtime];
        place.protected.extend(own.map(Clone::clone));
    }
    place
}

/// The real places of what is protected are protected too.
fn in_force(mut policy: Policy) -> Policy {
    policy.resolve_folders(&links::resolve);
    let real: Vec<PathBuf> = policy
        .protected()
        .iter()
        .map(|it| links::resolve(it))
        .collect();
    policy.add_protected(real);
    policy
}

fn judged(
    policy: &Policy,
    case: &Case,
    bases: &[PathBuf],
    home: Option<&Path>,
    now_ms: i64,
) -> Played {
    let arguments = case.arguments();
    let reading = Reading {
        bases,
        homes: [home, None],
        user_homes: &links::home_of,
        through_links: &links::through_links,
    };
    let found = reading.of(&arguments);
    let resolved: Vec<PathBuf> = found.iter().map(|it| links::resolve(&it.path)).collect();
    let paths = Found {
        candidates: &found,
        resolved: &resolved,
    };
    play(policy, case, &arguments, paths, now_ms)
}

fn no_cases(file: &str, errors: &Diagnostics) -> String {
    visible_lines(&errors.render(file))
}

/// One line where the case holds; else what was expected, and how it was decided.
fn sentences(file: &str, case: &Case, played: &Played, policy: &str) -> String {
    let mut text = String::new();
    // A String takes every write.
    if played.wrong.is_empty() {
        let _ = writeln!(text, "ok    {}", visible(&case.name));
        return text;
    }
    let _ = writeln!(
        text,
        "FAIL  {} ({}:{})",
        visible(&case.name),
        visible(file),
        case.line
    );
    for line in played.wrong.iter().chain(&played.told.trace) {
        let _ = writeln!(text, "      {}", visible(line));
    }
    if let Some(line) = played.told.line {
        let _ = writeln!(text, "      By {}, line {line}.", visible(policy));
    }
    text
}

fn total(all: usize, failed: usize) -> String {
    let cases = if all == 1 { "case" } else { "cases" };
    match failed {
        0 => format!("{all} {cases}: all hold"),
        1 => format!("{all} {cases}: 1 does not hold"),
        _ => format!("{all} {cases}: {failed} do not hold"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata: {name: a}\nspec:\n  allowed_tools: [read]\n  protected_paths: [~/.ssh]\n";

    #[test]
    fn a_case_that_fails_is_told_with_how_it_was_decided() {
        let told = told("{name: \"a\\eb\", tool: write, expect: allow}");
        insta::assert_snapshot!(told);
    }

    #[test]
    fn paths_are_read_as_the_daemon_reads_them() {
        let case = |path| {
            format!("{{name: a, tool: read, args: {{p: '{path}'}}, expect: block(protected_path)}}")
        };
        for path in [
            "~/.ssh/id",
            "/home/me/x/../.ssh",
            "../.ssh/id",
            "file:///home/me/.ssh",
        ] {
            assert_eq!(told(&case(path)), "ok    a\n", "{path}");
        }
        assert!(told(&case("id")).starts_with("FAIL"));
    }

    fn told(case: &str) -> String {
        let place = engine::Place {
            home: Some(PathBuf::from("/home/me")),
            ..engine::Place::default()
        };
        let policy = Policy::load(POLICY, &place).unwrap().policy;
        let cases = cases(&format!("tests: [{case}]")).unwrap();
        let bases = [PathBuf::from("/home/me/project")];
        let of = |case| judged(&policy, case, &bases, Some(Path::new("/home/me")), 0);
        let told = cases
            .iter()
            .map(|it| sentences("a.tests.yaml", it, &of(it), "a.yaml"));
        told.collect()
    }
}
