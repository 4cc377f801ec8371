//! `conformance-server`: an MCP server that writes down every line it gets before it answers.
//! `conformance --wire` runs it to see what gets through.

use std::fs::OpenOptions;
use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// The longest line read, in bytes.
const MAX_LINE: u64 = 64 * 1024 * 1024;

/// Where it writes, and what it answers.
#[derive(Debug, Args)]
pub struct ConformanceServer {
    /// The file every line is appended to
    record: PathBuf,
    /// A file with the text every tool call is answered with
    #[arg(long)]
    content: Option<PathBuf>,
}

impl ConformanceServer {
    /// Serves until its input ends.
    ///
    /// # Errors
    /// When it can't write.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let failed = |doing: &'static str, path: &Path| {
            let path = path.to_path_buf();
            move |source| Failure::File {
                doing,
                path,
                source,
            }
        };
        let content = match &self.content {
            Some(path) => std::fs::read_to_string(path).map_err(failed("read", path))?,
            None => "done".to_owned(),
        };
        let open = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.record);
        let mut record = open.map_err(failed("open", &self.record))?;
        let mut input = io::stdin().lock();
        let mut line = Vec::new();
        loop {
            line.clear();
            if input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
                return Ok(Exit::Done);
            }
            record
                .write_all(&line)
                .map_err(failed("write to", &self.record))?;
            if let Some(answer) = answer(&line, &content) {
                writeln!(context.out, "{answer}")?;
                context.out.flush()?;
            }
        }
    }
}

fn answer(line: &[u8], content: &str) -> Option<Value> {
    let message: Value = serde_json::from_slice(line).ok()?;
    let id = message.get("id")?;
    let result = match message.get("method")?.as_str()? {
        "initialize" => json!({
            "protocolVersion": message.get("params")?.get("protocolVersion")?,
            "capabilities": { "tools": {}, "resources": {}, "prompts": {}, "logging": {} },
            "serverInfo": { "name": "conformance-server", "version": "1" }
        }),
        "tools/list" => json!({ "tools": [] }),
        "tools/call" => json!({ "content": [{ "type": "text", "text": content }] }),
        _ => json!({}),
    };
    Some(json!({ "jsonrpc": "2.0", "id": id, "result": result }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_answered_and_nothing_else_is() {
        check(
            r#"{"id":1,"method":"tools/call","params":{}}"#,
            r#""text":"hello""#,
        );
        check(r#"{"id":"a","method":"any/method"}"#, r#""id":"a""#);
        check(
            r#"{"id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}"#,
            r#""protocolVersion":"2025-06-18""#,
        );
        check(r#"{"method":"notifications/initialized"}"#, "");
        check(r#"{"id":1,"result":{}}"#, "");
        check("no json", "");
        fn check(line: &str, part: &str) {
            let got = answer(line.as_bytes(), "hello").map_or(String::new(), |it| it.to_string());
            assert!(
                got.contains(part) && got.is_empty() == part.is_empty(),
                "{line}: {got}"
            );
        }
    }
}
