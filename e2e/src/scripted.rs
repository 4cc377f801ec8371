//! A fake MCP server that says what its script tells: what no SDK sends, byte by byte. It keeps
//! what it received, as the recorder does.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, Write};
use std::path::Path;

use serde_json::Value;

/// What stands in a script for the id of the request that is answered.
const ID: &str = "\"$id\"";

/// The running server. Its script is an object: under a method the turns, each a list of lines to
/// say; the first request of the method gets the first turn, and the last turn is for all others.
#[derive(Debug)]
pub struct Scripted {
    record: File,
    script: Value,
    turns: HashMap<String, usize>,
}

impl Scripted {
    /// Opens the record and reads the script.
    ///
    /// # Errors
    /// When either can't be, or the script is not JSON.
    pub fn start(record: &Path, script: &Path) -> io::Result<Self> {
        Ok(Self {
            record: OpenOptions::new().append(true).create(true).open(record)?,
            script: serde_json::from_slice(&std::fs::read(script)?)?,
            turns: HashMap::new(),
        })
    }

    /// Keeps and answers line by line until the input ends.
    ///
    /// # Errors
    /// When the record or the output can't be written.
    pub fn serve(mut self, input: impl BufRead, mut output: impl Write) -> io::Result<()> {
        for line in input.split(b'\n') {
            let mut line = line?;
            line.push(b'\n');
            self.record.write_all(&line)?;
            let read: Value = serde_json::from_slice(&line)?;
            let messages = read.as_array().cloned().unwrap_or_else(|| vec![read]);
            for message in &messages {
                for line in self.says(message) {
                    writeln!(output, "{line}")?;
                }
            }
            output.flush()?;
        }
        Ok(())
    }

    /// A line written as text goes out as it is, but for the id.
    fn says(&mut self, message: &Value) -> Vec<String> {
        let Some(method) = message["method"].as_str() else {
            return Vec::new();
        };
        let turns = self.script[method].as_array().cloned().unwrap_or_default();
        let turn = self.turns.entry(method.to_owned()).or_default();
        let lines = turns.get(*turn).or(turns.last());
        *turn += 1;
        let lines = lines.and_then(Value::as_array).cloned().unwrap_or_default();
        let id = message["id"].to_string();
        lines
            .iter()
            .map(|line| {
                line.as_str()
                    .map_or_else(|| line.to_string(), str::to_owned)
            })
            .map(|line| line.replace(ID, &id))
            .collect()
    }
}
