//! `tools hash`: a definition's hash, as a policy's `schema_hash` takes it.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use engine::node::{HashKind, definition_hash};
use serde_json::json;
use wire::json::Value;

use super::pretty::node;
use super::{definitions, one, refused, servers};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::visible;

/// The longest file that is read, in bytes.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// An algorithm a policy may name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Algorithm {
    /// SHA-256
    #[default]
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

impl Algorithm {
    fn kind(self) -> HashKind {
        match self {
            Self::Sha256 => HashKind::Sha256,
            Self::Sha384 => HashKind::Sha384,
            Self::Sha512 => HashKind::Sha512,
        }
    }
}

/// Which definition.
#[derive(Debug, Args)]
pub struct Hash {
    /// The server: its label, or the beginning of its id
    #[arg(required_unless_present = "file", requires = "tool")]
    server: Option<String>,
    /// The tool, by the definition last listed
    tool: Option<String>,
    /// Read a definition, or a result of `tools/list`, from a JSON file instead
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    file: Option<PathBuf>,
    /// The algorithm
    #[arg(long, value_enum, default_value_t)]
    algorithm: Algorithm,
    /// Print a JSON array for a program to read
    #[arg(long)]
    json: bool,
}

impl Hash {
    /// Prints it; of a list, each tool's with its name behind it.
    ///
    /// # Errors
    /// When there is no such definition.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let kind = self.algorithm.kind();
        let (hashes, whole_list) = match (&self.file, &self.server, &self.tool) {
            (Some(file), _, _) => of_file(context, file, kind)?,
            (None, Some(server), Some(tool)) => (vec![listed(context, server, tool, kind)?], false),
            (None, _, _) => return Err(Failure::Usage("name a server and a tool".to_owned())),
        };
        if self.json {
            let all: Vec<_> = hashes
                .iter()
                .map(|(tool, hash)| json!({ "tool": tool, "schema_hash": hash }))
                .collect();
            context.print_json(&all)?;
            return Ok(Exit::Done);
        }
        for (tool, hash) in &hashes {
            if whole_list {
                writeln!(context.out, "{hash}  {}", visible(tool))?;
            } else {
                writeln!(context.out, "{hash}")?;
            }
        }
        Ok(Exit::Done)
    }
}

fn listed(
    context: &Context<'_>,
    server: &str,
    tool: &str,
    kind: HashKind,
) -> Result<(String, String), Failure> {
    let server = one(servers(context)?, server)?;
    let definition = definitions(context, &server, Some(tool))?
        .into_iter()
        .next();
    let hashes = definition.map(|it| it.schema_hashes).unwrap_or_default();
    let begins = format!("{}:", kind.word());
    let hash = hashes.into_iter().find(|hash| hash.starts_with(&begins));
    let hash = hash.ok_or_else(|| {
        let message = format!("`{}` is no longer listed", visible(tool));
        refused("not_found", message)
    })?;
    Ok((tool.to_owned(), hash))
}

/// Names and hashes, and whether the file holds a list.
fn of_file(
    context: &Context<'_>,
    file: &Path,
    kind: HashKind,
) -> Result<(Vec<(String, String)>, bool), Failure> {
    let text = context.read_text(file, MAX_FILE)?;
    let bad = |why: String| Failure::Usage(format!("`{}` {why}", file.display()));
    let parsed = wire::json::parse(text.trim().as_bytes());
    let value = parsed
        .map_err(|error| bad(format!("is no JSON: {error}")))?
        .value;
    let result = value.get("result").unwrap_or(&value);
    let list = result.get("tools").unwrap_or(result).as_array();
    let all = list.unwrap_or(std::slice::from_ref(result));
    let hash = |definition: &Value<'_>| {
        let name = definition.get("name").and_then(Value::as_str)?;
        Some((name.to_owned(), definition_hash(&node(definition), kind)))
    };
    let hashes: Option<Vec<_>> = all.iter().map(hash).collect();
    let hashes = hashes.filter(|it| !it.is_empty()).ok_or_else(|| {
        bad("holds no tool definition: an object with a `name`, or a list of such".to_owned())
    })?;
    Ok((hashes, list.is_some()))
}
