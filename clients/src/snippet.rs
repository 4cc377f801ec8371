//! A new entry for a server, in each client's own form, to be pasted into its file.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::table::{Client, Format};

mod toml;
mod yaml;

/// A server as a client is to start it.
#[derive(Clone, Copy)]
pub struct Server<'a> {
    /// Its name in the client.
    pub name: &'a str,
    /// Its command and arguments.
    pub command: &'a [String],
    /// What the client is to set in its environment.
    pub env: &'a [(String, String)],
}

impl std::fmt::Debug for Server<'_> {
    /// Arguments and environment may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A value with its members in the order a person expects.
pub(crate) enum Plain {
    Text(String),
    /// A number or a flag.
    Other(serde_json::Value),
    List(Vec<Plain>),
    Map(Vec<(String, Plain)>),
}

impl Serialize for Plain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Other(value) => value.serialize(serializer),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

/// The text to be put into the client's file: the whole of it where the file is new.
#[must_use]
pub fn snippet(client: &Client, server: &Server<'_>) -> String {
    let Some(files) = client.files.first() else {
        return String::new();
    };
    let path = files
        .shape
        .at
        .first()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut document = entry(client, &files.shape.command, server);
    if client.snippet.list {
        document = Plain::List(vec![document]);
    } else {
        document = Plain::Map(vec![(server.name.to_owned(), document)]);
    }
    for step in path.iter().rev() {
        document = Plain::Map(vec![(step.clone(), document)]);
    }
    match files.shape.format {
        Format::Json | Format::Jsonc => {
            // What is made of texts, flags and numbers can be written.
            serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
        }
        Format::Toml => toml::written(&document),
        Format::Yaml => yaml::written(&document),
    }
}

fn entry(client: &Client, command: &str, server: &Server<'_>) -> Plain {
    let manner = &client.snippet;
    let mut members = Vec::new();
    if manner.list || manner.named {
        members.push(("name".to_owned(), Plain::Text(server.name.to_owned())));
    }
    for (key, value) in &manner.extra {
        members.push((key.clone(), plain(value)));
    }
    let texts = |words: &[String]| Plain::List(words.iter().cloned().map(Plain::Text).collect());
    if manner.whole {
        members.push((command.to_owned(), texts(server.command)));
    } else if let Some((program, args)) = server.command.split_first() {
        members.push((command.to_owned(), Plain::Text(program.clone())));
        members.push(("args".to_owned(), texts(args)));
    }
    if !server.env.is_empty() {
        let name = manner.env.as_deref().unwrap_or("env");
        let env = server.env.iter();
        let env = env.map(|(name, value)| (name.clone(), Plain::Text(value.clone())));
        members.push((name.to_owned(), Plain::Map(env.collect())));
    }
    Plain::Map(members)
}

pub(crate) fn as_json(plain: &Plain) -> String {
    // As above.
    serde_json::to_string(plain).unwrap_or_default()
}

fn plain(value: &serde_json::Value) -> Plain {
    match value {
        serde_json::Value::String(text) => Plain::Text(text.clone()),
        serde_json::Value::Array(items) => Plain::List(items.iter().map(plain).collect()),
        serde_json::Value::Object(members) => {
            let members = members.iter();
            Plain::Map(members.map(|(key, it)| (key.clone(), plain(it))).collect())
        }
        other @ (serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)) => Plain::Other(other.clone()),
    }
}

#[cfg(test)]
mod tests;
