//! What came of each case, and of all together.

use std::io::{self, Write};

use serde::Serialize;

use super::expected::{Observed, differences};
use super::{Case, Vector};
use crate::exit::Exit;
use crate::text::visible;

/// What came of a run.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Each case, in order.
    pub cases: Vec<Outcome>,
    /// How many are as they must be.
    pub passed: usize,
    /// How many are not.
    pub failed: usize,
    /// How many could not be run.
    pub errors: usize,
}

/// What came of a case.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// The file, from the folder given.
    pub file: String,
    /// The case's id.
    pub id: String,
    /// `passed`, `failed`, or `error`: it could not be run.
    pub outcome: &'static str,
    /// Every difference, or why it could not be run.
    pub problems: Vec<String>,
}

impl Report {
    /// Runs every case through one door.
    pub fn of(vectors: &[Vector], mut run: impl FnMut(&Case) -> Result<Observed, String>) -> Self {
        let mut report = Self::default();
        for vector in vectors {
            let (outcome, problems) = match vector.case.as_ref().map_err(Clone::clone) {
                Ok(case) => match run(case).map(|seen| differences(&case.expected, &seen)) {
                    Ok(problems) if problems.is_empty() => ("passed", problems),
                    Ok(problems) => ("failed", problems),
                    Err(reason) => ("error", vec![reason]),
                },
                Err(reason) => ("error", vec![reason]),
            };
            match outcome {
                "passed" => report.passed += 1,
                "failed" => report.failed += 1,
                _ => report.errors += 1,
            }
            let (file, id) = (vector.file.clone(), vector.id.clone());
            report.cases.push(Outcome {
                file,
                id,
                outcome,
                problems,
            });
        }
        report
    }

    /// As text: a line a case, what is wrong below it, a summary.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for case in &self.cases {
            let (file, id) = (visible(&case.file), visible(&case.id));
            writeln!(out, "{:<6}  {file}  {id}", case.outcome)?;
            for line in case.problems.iter().flat_map(|problem| problem.lines()) {
                writeln!(out, "          {}", visible(line))?;
            }
        }
        let Self {
            passed,
            failed,
            errors,
            cases,
        } = self;
        write!(
            out,
            "{} cases: {passed} passed, {failed} failed",
            cases.len()
        )?;
        match errors {
            0 => writeln!(out),
            _ => writeln!(out, ", {errors} could not be run"),
        }
    }

    /// Whether all is as it must be.
    #[must_use]
    pub fn exit(&self) -> Exit {
        if self.failed + self.errors == 0 {
            Exit::Done
        } else {
            Exit::No
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::expected::Word;
    use super::super::vectors::read;
    use super::*;

    #[test]
    fn every_case_is_named_and_counted() {
        let text = "tests:\n  - {id: one, input: {method: ping}, expected: {decision: ALLOW}}\n  \
                    - {id: two, input: {method: ping}, expected: {decision: BLOCK}}\n  \
                    - {id: three, input: {method: ping}, expected: {colour: red}}\n";
        let report = Report::of(&read("basic/x.yaml", text), |_| {
            Ok(Observed {
                decision: Some(Word::Allow),
                ..Observed::default()
            })
        });
        assert_eq!(report.exit(), Exit::No);
        let mut shown = Vec::new();
        report.write(&mut shown).unwrap();
        insta::assert_snapshot!(String::from_utf8(shown).unwrap());
    }
}
