//! The demonstration: three calls through the real programs, what the client got, and what the
//! audit says. Every line shown has been checked first.

use std::fs;
use std::io::{self, Write};

use serde_json::{Value, json};

use crate::client::Client;
use crate::home::Home;
use crate::programs::{program, shipped_policy};

/// The key in the demonstration's note: Amazon's own example, valid nowhere.
const KEY: &str = "AKIAIOSFODNN7EXAMPLE";

/// The notes the server has.
const NOTES: [(&str, &str); 3] = [
    ("groceries", "Bread, lemons, coffee."),
    ("plan", "Ship the first slice. Then sleep."),
    (
        "servers",
        "Staging runs in eu-central-1.\nIts access key is AKIAIOSFODNN7EXAMPLE.\n",
    ),
];

/// One of the demonstration's calls.
struct Scene {
    title: &'static str,
    tool: &'static str,
    args: Value,
    /// What the client must see.
    sees: &'static str,
    /// What its decision in the audit must be.
    decision: &'static str,
    /// Whether a redaction must have been recorded.
    redacted: bool,
}

/// What was not as promised.
#[derive(Debug)]
pub enum DemoError {
    /// Showing or preparing it failed.
    Io(io::Error),
    /// The programs did something else.
    Broken(String),
}

impl std::fmt::Display for DemoError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the demonstration could not be shown: {error}"),
            Self::Broken(what) => write!(f, "not as promised: {what}"),
        }
    }
}

impl std::error::Error for DemoError {}

impl From<io::Error> for DemoError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The running demonstration, in a home of its own that goes away with it.
#[derive(Debug)]
pub struct Demo {
    client: Client,
    home: Home,
}

impl Demo {
    /// Writes the notes and starts the wrapped server.
    ///
    /// # Errors
    /// When the notes can't be written.
    pub fn start() -> Result<Self, DemoError> {
        let home = Home::with_config("");
        let notes = home.work().join("notes");
        fs::create_dir(&notes)?;
        for (name, text) in NOTES {
            fs::write(notes.join(format!("{name}.md")), text)?;
        }
        let server = [program("aip-notes"), notes].map(|it| it.to_string_lossy().into_owned());
        let command = home.aip(&shipped_policy("demo.yaml"), &["--name", "notes"], &server);
        let mut client = Client::start(command);
        client.initialize();
        Ok(Self { client, home })
    }

    /// Plays every scene.
    ///
    /// # Errors
    /// When anything is not as promised.
    pub fn run(&mut self, out: &mut impl Write) -> Result<(), DemoError> {
        writeln!(
            out,
            "The client runs: aip --policy policies/demo.yaml -- aip-notes NOTES"
        )?;
        for (number, scene) in scenes().iter().enumerate() {
            self.play(number + 1, scene, out)?;
        }
        self.check_effects()?;
        let verified = self.home.verifies();
        if !verified.status.success() {
            return Err(DemoError::Broken(format!("audit verify: {verified:?}")));
        }
        let words = String::from_utf8_lossy(&verified.stdout);
        writeln!(out, "\n$ aipctl audit verify\n{}", words.trim_end())?;
        writeln!(
            out,
            "\nThe note is still there, and the key never reached the client."
        )?;
        Ok(())
    }

    fn play(
        &mut self,
        number: usize,
        scene: &Scene,
        out: &mut impl Write,
    ) -> Result<(), DemoError> {
        let answer = self.client.call(scene.tool, &scene.args);
        let shown = shown(&answer);
        if !shown.contains(scene.sees) || answer.to_string().contains(KEY) {
            return Err(DemoError::Broken(format!(
                "`{}` was answered {answer}",
                scene.tool
            )));
        }
        let records = self.records(scene)?;
        writeln!(
            out,
            "\n{number}. {}\n   call    {} {}",
            scene.title, scene.tool, scene.args
        )?;
        for line in shown.lines() {
            writeln!(out, "   answer  {line}")?;
        }
        for record in records {
            writeln!(out, "   record  {}", brief(&record))?;
        }
        Ok(())
    }

    /// The records of this scene's call, as `aipctl logs` tells them, checked.
    fn records(&self, scene: &Scene) -> Result<Vec<Value>, DemoError> {
        let lines = self
            .home
            .ctl_lines(&["logs", "--json", "--events", "--limit", "100"]);
        let decision = lines.iter().rposition(|line| line["tool"] == scene.tool);
        let records: Vec<Value> = decision
            .and_then(|place| lines.get(place..))
            .unwrap_or_default()
            .iter()
            .filter(|line| line.get("decision").is_some() || line["event"] == "DLP_TRIGGERED")
            .cloned()
            .collect();
        let decided = records
            .first()
            .is_some_and(|line| line["decision"] == scene.decision);
        let redacted = records.iter().any(|line| line["event"] == "DLP_TRIGGERED");
        if !decided || redacted != scene.redacted {
            return Err(DemoError::Broken(format!(
                "`{}` was recorded {lines:?}",
                scene.tool
            )));
        }
        Ok(records)
    }

    /// The blocked call must have had no effect on the files.
    fn check_effects(&self) -> Result<(), DemoError> {
        let kept = self.home.work().join("notes/plan.md").is_file();
        if kept {
            Ok(())
        } else {
            Err(DemoError::Broken("the blocked call ran".to_owned()))
        }
    }
}

fn scenes() -> [Scene; 3] {
    [
        Scene {
            title: "Allowed: searching is on the policy's list",
            tool: "search_notes",
            args: json!({"query": "coffee"}),
            sees: "groceries:1: Bread, lemons, coffee.",
            decision: "ALLOW",
            redacted: false,
        },
        Scene {
            title: "Redacted: the note holds an access key, the answer does not",
            tool: "read_note",
            args: json!({"name": "servers"}),
            sees: "[REDACTED:AWS Key]",
            decision: "ALLOW",
            redacted: true,
        },
        Scene {
            title: "Blocked: the server never hears of it",
            tool: "delete_note",
            args: json!({"name": "plan"}),
            sees: "-32001 Forbidden",
            decision: "BLOCK",
            redacted: false,
        },
    ]
}

/// An answer as a person reads it.
fn shown(answer: &Value) -> String {
    if let Some(error) = answer.get("error") {
        let (message, reason) = (&error["message"], &error["data"]["reason"]);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        return format!(
            "error {} {}: {}",
            error["code"],
            text(message),
            text(reason)
        );
    }
    answer["result"]["content"][0]["text"]
        .as_str()
        .unwrap_or_default()
        .trim_end()
        .to_owned()
}

/// A record with what matters here, in the export's own words.
fn brief(record: &Value) -> Value {
    const SHOWN: [&str; 9] = [
        "timestamp",
        "decision",
        "event",
        "tool",
        "args",
        "error_code",
        "reason",
        "dlp_rule",
        "dlp_match_count",
    ];
    let members = record.as_object().into_iter().flatten();
    members
        .filter(|(name, _)| SHOWN.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
