//! The servers that clients' configurations name.

use serde::{Deserialize, Serialize};

/// A server in a client's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientServer {
    /// The client, as `aipctl install --client` takes it.
    pub client: String,
    /// Its name.
    pub client_name: String,
    /// The file.
    pub file: String,
    /// The server's name; empty where the file can't be read.
    pub server: String,
    /// The folder it is for, where the file holds servers for several.
    pub folder: Option<String>,
    /// How it runs.
    pub state: ServerState,
    /// It ran through aip once, and its entry was changed since.
    pub lost: bool,
    /// The file is a project's.
    pub project: bool,
    /// Where and what is wrong, of one that is broken.
    pub why: Option<String>,
}

/// How a configured server runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerState {
    /// Through aip.
    Wrapped,
    /// Started by the client itself: nothing of it is judged.
    #[default]
    Unwrapped,
    /// Reached by a URL: not covered.
    Remote,
    /// Of the client's own: not covered.
    Own,
    /// Off.
    Disabled,
    /// The entry, or its file, does not have the form the client reads.
    Broken,
}

/// A server that a client starts without aip.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Unwrapped {
    /// As in [`ClientServer`].
    pub client: String,
    /// As in [`ClientServer`].
    pub client_name: String,
    /// As in [`ClientServer`].
    pub server: String,
    /// As in [`ClientServer`].
    pub file: String,
    /// The file is a project's.
    pub project: bool,
    /// It ran through aip once, and its entry was changed since.
    pub lost: bool,
}

/// A file that is to be edited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditedFile {
    /// As in [`ClientServer`].
    pub client: String,
    /// Absolute path.
    pub file: String,
    /// The entries: of each the members that lead to it, its name last.
    pub servers: Vec<Vec<String>>,
}
