//! `policy explain`: how a call that nobody made would be decided, step by step.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::Value;
use wire::control::{ExplainQuery, Explained, PolicyDiagnostic, Request};

use super::absolute;
use super::validate::MAX_POLICY;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::visible;

/// Which policy and which call.
#[derive(Debug, Args)]
pub struct Explain {
    /// The policy file, as it is now, in force or not
    file: PathBuf,
    /// The tool that is called
    #[arg(long, required_unless_present = "method")]
    tool: Option<String>,
    /// The call's arguments as a JSON object; for another method its params
    #[arg(long, value_name = "JSON", value_parser = object)]
    args: Option<Value>,
    /// Another method than tools/call, as resources/read
    #[arg(long, conflicts_with = "tool")]
    method: Option<String>,
    /// The folder that relative paths are read against [default: this one]
    #[arg(long, value_name = "FOLDER")]
    cwd: Option<PathBuf>,
    /// Print a JSON object for a program to read
    #[arg(long)]
    json: bool,
}

fn object(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err("it has to be a JSON object, as {\"path\": \"/tmp\"}".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

impl Explain {
    /// Tries the call and tells each step. Ends with "no" where it would be refused.
    ///
    /// # Errors
    /// When the file can't be read or the daemon can't be asked.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let path = absolute(&self.file)?;
        let folder = self.cwd.as_deref().unwrap_or(std::path::Path::new("."));
        let query = ExplainQuery {
            text: Some(context.read_text(&path, MAX_POLICY)?),
            path: Some(path.to_string_lossy().into_owned()),
            cwd: Some(absolute(folder)?.to_string_lossy().into_owned()),
            method: self.method,
            tool: self.tool,
            arguments: self.args,
        };
        let told: Explained = context.ask(&Request::PolicyExplain(query))?.end()?;
        if self.json {
            context.print_json(&told)?;
        } else {
            let name = self.file.to_string_lossy();
            write!(context.out, "{}", sentences(&told, &name))?;
        }
        Ok(match told.decision.as_deref() {
            Some("ALLOW" | "ASK" | "ALLOW_MONITOR") => Exit::Done,
            Some(_) | None => Exit::No,
        })
    }
}

/// What is wrong with the policy, or the steps and where they led.
fn sentences(told: &Explained, file: &str) -> String {
    let mut text = String::new();
    // A String takes every write.
    for found in &told.diagnostics {
        let _ = writeln!(text, "{}", diagnostic(found, file));
    }
    for line in &told.trace {
        let _ = writeln!(text, "{}", visible(line));
    }
    if let Some(line) = told.line {
        let file = told.layer.as_deref().unwrap_or(file);
        let _ = writeln!(text, "By {}, line {line}.", visible(file));
    }
    if let Some(reason) = &told.reason {
        let code = told.error_code.unwrap_or_default();
        let _ = writeln!(
            text,
            "The client would be told: {} ({code})",
            visible(reason)
        );
    }
    for note in &told.notes {
        let _ = writeln!(text, "Note: {}", visible(note));
    }
    text
}

pub(super) fn diagnostic(found: &PolicyDiagnostic, file: &str) -> String {
    let place = match (found.line, found.column) {
        (Some(line), Some(column)) => format!(":{line}:{column}"),
        (Some(line), None) => format!(":{line}"),
        (None, _) => String::new(),
    };
    let help = found.help.as_ref().map(|it| format!("\nhelp: {it}"));
    let (severity, message) = (&found.severity, &found.message);
    let text = format!(
        "{severity}: {file}{place}: {message}{}",
        help.unwrap_or_default()
    );
    crate::text::visible_lines(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_told_with_the_line_that_decides() {
        let told = Explained {
            decision: Some("BLOCK".to_owned()),
            error_code: Some(-32001),
            reason: Some("argument `path` is not allowed".to_owned()),
            line: Some(12),
            trace: vec!["[DEBUG] Request: tools/call -> read\u{1b}".to_owned()],
            notes: vec!["rates already spent are not looked at".to_owned()],
            ..Explained::default()
        };
        insta::assert_snapshot!(sentences(&told, "agent.yaml"));
    }

    #[test]
    fn what_is_wrong_with_the_policy_is_told_with_its_place() {
        let found = PolicyDiagnostic {
            severity: "error".to_owned(),
            line: Some(3),
            column: Some(5),
            message: "unknown key `alowed_tools`".to_owned(),
            help: Some("did you mean `allowed_tools`?".to_owned()),
        };
        let told = Explained {
            diagnostics: vec![found],
            ..Explained::default()
        };
        insta::assert_snapshot!(sentences(&told, "agent.yaml"));
    }

    #[test]
    fn arguments_are_an_object() {
        assert!(object("{\"a\": 1}").is_ok());
        assert!(object("[1]").unwrap_err().contains("JSON object"));
        assert!(object("{").is_err());
    }
}
