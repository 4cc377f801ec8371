//! The table of clients, as data: `clients.json`.

use std::sync::LazyLock;

use serde::Deserialize;

/// A client and where it keeps its servers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// A word for command lines.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What of its own it gives a model, none of which aip sees.
    #[serde(default)]
    pub own_tools: Option<String>,
    /// How an entry of its files is written anew.
    #[serde(default)]
    pub(crate) snippet: Manner,
    /// Files of the user's.
    pub files: Vec<Files>,
    /// Files of a project, by paths below its folder.
    #[serde(default)]
    pub project: Vec<Files>,
}

impl Client {
    /// The syntax of its own file.
    #[must_use]
    pub fn format(&self) -> Option<Format> {
        self.files.first().map(|it| it.shape.format)
    }
}

/// What a new entry has beside a command, arguments and environment.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Manner {
    /// Members every entry has, as they are.
    pub(crate) extra: serde_json::Map<String, serde_json::Value>,
    /// The member that holds the environment, where it is not `env`.
    pub(crate) env: Option<String>,
    /// The servers are a list, each with its name.
    pub(crate) list: bool,
    /// The name stands in the entry too.
    pub(crate) named: bool,
    /// The command and its arguments are one list.
    pub(crate) whole: bool,
}

/// Files of one form.
#[derive(Debug, Deserialize)]
pub struct Files {
    #[serde(flatten)]
    pub(crate) shape: Shape,
    pub(crate) paths: Paths,
    /// An administrator's: read, and never written.
    #[serde(default)]
    pub(crate) managed: bool,
}

/// How a file holds servers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Shape {
    /// Its syntax.
    pub format: Format,
    /// The members that lead to the servers; `*` stands for every member.
    pub at: Vec<Vec<String>>,
    /// The member that holds a server's command, where it is not `command`.
    #[serde(default = "command")]
    pub command: String,
}

fn command() -> String {
    "command".to_owned()
}

/// A syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// JSON alone.
    Json,
    /// JSON with comments and commas at the end of lists.
    Jsonc,
    /// TOML.
    Toml,
    /// YAML.
    Yaml,
}

/// A system, as far as places differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Os {
    /// Linux and what is like it.
    Linux,
    /// macOS.
    Macos,
    /// Windows.
    Windows,
}

impl Os {
    /// The one this is built for.
    pub const HERE: Self = if cfg!(target_os = "macos") {
        Self::Macos
    } else if cfg!(windows) {
        Self::Windows
    } else {
        Self::Linux
    };
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Paths {
    all: Vec<String>,
    linux: Vec<String>,
    macos: Vec<String>,
    windows: Vec<String>,
}

impl Paths {
    pub(crate) fn on(&self, os: Os) -> impl Iterator<Item = &str> {
        let own = match os {
            Os::Linux => &self.linux,
            Os::Macos => &self.macos,
            Os::Windows => &self.windows,
        };
        self.all.iter().chain(own).map(String::as_str)
    }
}

static CLIENTS: LazyLock<Vec<Client>> = LazyLock::new(|| {
    // A test holds that it is read whole.
    serde_json::from_str(include_str!("clients.json")).unwrap_or_default()
});

/// Every client that is known.
#[must_use]
pub fn clients() -> &'static [Client] {
    &CLIENTS
}

/// The client of this id.
#[must_use]
pub fn client(id: &str) -> Option<&'static Client> {
    clients().iter().find(|it| it.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_table_is_read_whole_and_says_something_of_every_client() {
        let read: Result<Vec<Client>, _> = serde_json::from_str(include_str!("clients.json"));
        let read = read.unwrap();
        assert_eq!(read.len(), clients().len());
        let ids: BTreeSet<_> = read.iter().map(|it| &it.id).collect();
        assert_eq!(ids.len(), read.len(), "an id stands for one client");
        for client in &read {
            assert!(!client.files.is_empty(), "{}", client.id);
            for files in client.files.iter().chain(&client.project) {
                assert!(!files.shape.at.is_empty(), "{}", client.id);
                for os in [Os::Linux, Os::Macos, Os::Windows] {
                    assert!(files.paths.on(os).count() > 0, "{} {os:?}", client.id);
                    for path in files.paths.on(os) {
                        let rooted = path.starts_with(['~', '$', '/']);
                        let project = client.project.iter().any(|it| std::ptr::eq(it, files));
                        assert_eq!(rooted, !project, "{path}");
                    }
                }
            }
        }
        assert!(client("cursor").is_some() && client("Cursor").is_none());
    }
}
