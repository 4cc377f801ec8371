//! The recorder's switches.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

/// How the recorder behaves. Every switch speaks of `tools/call` unless it says otherwise.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// Where every received line is kept.
    pub record: PathBuf,
    /// What `tools/list` shows; `echo` unless `--tools FILE` (a JSON list) says otherwise.
    pub tools: Value,
    /// `--tools-from FILE`: what `tools/list` shows, read anew each time: a list of tools, or an
    /// object whose `pages` are such lists.
    pub tools_from: Option<PathBuf>,
    /// `--tells METHOD`: a notification that comes before every answer to a call.
    pub tells: Option<String>,
    /// `--result FILE`, `--text TEXT`: what every call returns, instead of its own arguments.
    pub result: Option<Value>,
    /// `--delay MS`: how long an answer takes.
    pub delay: Duration,
    /// `--silent`: calls are never answered.
    pub silent: bool,
    /// `--junk`: a line that is not JSON-RPC comes before every answer.
    pub junk: bool,
    /// `--big BYTES`: a junk line of this length comes before every answer.
    pub big: Option<usize>,
    /// `--big-answer BYTES`: every call's answer is a text of this length.
    pub big_answer: Option<usize>,
    /// `--exit-after N`: ends once N calls were answered (or swallowed, with `--silent`).
    pub exit_after: Option<u64>,
    /// `--exit-code C`: the code it ends with.
    pub exit_code: u8,
    /// `--exit-signal S`: the signal it ends itself by.
    pub exit_signal: Option<i32>,
    /// `--last-words N`: notifications written just before `--exit-after` ends it.
    pub last_words: u64,
    /// `--unfinished`: the last of them has no newline.
    pub unfinished: bool,
    /// `--ignore-eof`: goes on when its input has ended.
    pub ignore_eof: bool,
    /// `--ignore-term`: SIGTERM does nothing.
    pub ignore_term: bool,
    /// `--grandchild FILE`: starts a process of its own and writes its id there.
    pub grandchild: Option<PathBuf>,
    /// `--asks METHOD`: the server asks this of the client before every answer.
    pub asks: Option<String>,
    /// `--stderr TEXT`: said on standard error at start.
    pub stderr: Option<String>,
}

/// Why the switches can't be followed.
#[derive(Debug)]
pub enum MannerError {
    /// An unknown switch, or one without its value.
    Args(lexopt::Error),
    /// A file a switch names is not JSON.
    File(PathBuf, String),
    /// The record file is not named.
    NoRecord,
}

impl std::fmt::Display for MannerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Args(error) => write!(f, "{error}"),
            Self::File(path, why) => write!(f, "`{}` can't be used: {why}", path.display()),
            Self::NoRecord => write!(f, "usage: aip-recorder FILE [switches]"),
        }
    }
}

impl std::error::Error for MannerError {}

impl From<lexopt::Error> for MannerError {
    fn from(error: lexopt::Error) -> Self {
        Self::Args(error)
    }
}

impl Manner {
    /// Reads the switches.
    ///
    /// # Errors
    /// When one is unknown, lacks its value, or names a file that is not JSON.
    pub fn from_args(args: impl IntoIterator<Item = OsString>) -> Result<Self, MannerError> {
        use lexopt::prelude::*;
        let mut manner = Self {
            tools: json!([tool("echo")]),
            ..Self::default()
        };
        let mut parser = lexopt::Parser::from_args(args);
        while let Some(arg) = parser.next()? {
            match arg {
                Value(path) if manner.record.as_os_str().is_empty() => manner.record = path.into(),
                Long("tools") => manner.tools = json_file(parser.value()?.into())?,
                Long("tools-from") => manner.tools_from = Some(parser.value()?.into()),
                Long("tells") => manner.tells = Some(parser.value()?.string()?),
                Long("result") => manner.result = Some(json_file(parser.value()?.into())?),
                Long("text") => {
                    let text = parser.value()?.string()?;
                    manner.result = Some(json!({"content": [{"type": "text", "text": text}]}));
                }
                Long("delay") => manner.delay = Duration::from_millis(parser.value()?.parse()?),
                Long("silent") => manner.silent = true,
                Long("junk") => manner.junk = true,
                Long("big") => manner.big = Some(parser.value()?.parse()?),
                Long("big-answer") => manner.big_answer = Some(parser.value()?.parse()?),
                Long("exit-after") => manner.exit_after = Some(parser.value()?.parse()?),
                Long("exit-code") => manner.exit_code = parser.value()?.parse()?,
                Long("exit-signal") => manner.exit_signal = Some(parser.value()?.parse()?),
                Long("last-words") => manner.last_words = parser.value()?.parse()?,
                Long("unfinished") => manner.unfinished = true,
                Long("ignore-eof") => manner.ignore_eof = true,
                Long("ignore-term") => manner.ignore_term = true,
                Long("grandchild") => manner.grandchild = Some(parser.value()?.into()),
                Long("asks") => manner.asks = Some(parser.value()?.string()?),
                Long("stderr") => manner.stderr = Some(parser.value()?.string()?),
                other @ (Short(_) | Long(_) | Value(_)) => return Err(other.unexpected().into()),
            }
        }
        if manner.record.as_os_str().is_empty() {
            return Err(MannerError::NoRecord);
        }
        Ok(manner)
    }
}

/// A tool's definition in a list that takes any arguments.
#[must_use]
pub(crate) fn tool(name: &str) -> Value {
    json!({
        "name": name,
        "description": format!("Says what it was given ({name})."),
        "inputSchema": {"type": "object"},
    })
}

pub(super) fn json_file(path: PathBuf) -> Result<Value, MannerError> {
    let text = std::fs::read_to_string(&path)
        .map_err(|error| MannerError::File(path.clone(), error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| MannerError::File(path, error.to_string()))
}
