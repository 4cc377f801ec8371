//! A definition by its hashes.

use engine::node::{HashKind, Node, Numbers, canonical, definition_hash, sha256_hex};
use serde::{Deserialize, Serialize};

/// Hexadecimal digits kept of a member's hash.
const SHORT: usize = 16;
/// The longest name of a member that is told apart, in bytes.
const MAX_NAME: usize = 64;
/// The most members that are told apart; behind them only the whole is.
const MAX_MEMBERS: usize = 64;

/// The hashes of one definition, of all that the server said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Print {
    /// SHA-256 of the whole, as canonical JSON with numbers as written.
    pub hash: String,
    /// Bytes of the text that is kept.
    pub bytes: usize,
    /// A short one of each member, by its name.
    pub members: Vec<(String, String)>,
    /// Its `schema_hash` by each algorithm, where the text that is kept does not have it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub schema: Vec<String>,
}

impl Print {
    /// Of a definition; `redacted` says that it is not kept as it was.
    #[must_use]
    pub fn of(definition: &Node<'_>, redacted: bool) -> Self {
        let hash = |node: &Node<'_>| sha256_hex(canonical(node, Numbers::AsWritten).as_bytes());
        let members = match definition {
            Node::Object(members) => members.as_slice(),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) | Node::Array(_) => &[],
        };
        let short = |(name, value): &(std::borrow::Cow<'_, str>, Node<'_>)| {
            let mut digest = hash(value);
            digest.truncate(SHORT);
            (name.clone().into_owned(), digest)
        };
        Self {
            hash: hash(definition),
            members: members
                .iter()
                .filter(|(name, _)| name.len() <= MAX_NAME)
                .take(MAX_MEMBERS)
                .map(short)
                .collect(),
            bytes: 0,
            schema: if redacted {
                schema_hashes(definition)
            } else {
                Vec::new()
            },
        }
    }

    /// The names of the members in which two definitions differ.
    #[must_use]
    pub fn differs_in<'p>(&'p self, other: &'p Self) -> Vec<&'p str> {
        let of = |print: &'p Self, name: &str| {
            let found = print.members.iter().find(|(it, _)| it == name);
            found.map(|(_, hash)| hash)
        };
        let mut names: Vec<&str> = [self, other]
            .iter()
            .flat_map(|print| print.members.iter().map(|(name, _)| name.as_str()))
            .filter(|name| of(self, name) != of(other, name))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// What a policy's `schema_hash` may say of the definition a print and the text kept are of.
#[must_use]
pub fn schema_hashes_of(print: &Print, text: &str) -> Vec<String> {
    if !print.schema.is_empty() {
        return print.schema.clone();
    }
    let parsed = wire::json::parse(text.as_bytes());
    parsed.map_or_else(
        |_| Vec::new(),
        |parsed| schema_hashes(&crate::session::node::node(&parsed.value)),
    )
}

fn schema_hashes(definition: &Node<'_>) -> Vec<String> {
    [HashKind::Sha256, HashKind::Sha384, HashKind::Sha512]
        .map(|kind| definition_hash(definition, kind))
        .to_vec()
}
