//! Hashes of canonical JSON, as `schema_hash` and `policy_hash` write them.

use std::borrow::Cow;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::{Node, Numbers, canonical};

/// The members of a tool's definition that its hash speaks of.
const HASHED: [&str; 3] = ["name", "description", "inputSchema"];

/// A hash algorithm a policy may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashKind {
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

impl HashKind {
    /// The algorithm's name as a policy writes it, before the colon.
    pub fn word(self) -> &'static str {
        match self {
            HashKind::Sha256 => "sha256",
            HashKind::Sha384 => "sha384",
            HashKind::Sha512 => "sha512",
        }
    }

    /// How many hexadecimal digits its hash has.
    pub fn digits(self) -> usize {
        match self {
            HashKind::Sha256 => 64,
            HashKind::Sha384 => 96,
            HashKind::Sha512 => 128,
        }
    }

    fn hex(self, bytes: &[u8]) -> String {
        match self {
            HashKind::Sha256 => sha256_hex(bytes),
            HashKind::Sha384 => HEXLOWER.encode(&Sha384::digest(bytes)),
            HashKind::Sha512 => HEXLOWER.encode(&Sha512::digest(bytes)),
        }
    }
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

/// The hash of a tool's definition: `sha256:` and the hash of the canonical JSON of its name,
/// description and input schema. Members that are absent are left out.
pub fn definition_hash(definition: &Node<'_>, algorithm: HashKind) -> String {
    let members = HASHED
        .iter()
        .filter_map(|key| Some((Cow::Borrowed(*key), definition.member(key)?.clone())))
        .collect();
    let text = canonical(&Node::Object(members), Numbers::Es6);
    format!("{}:{}", algorithm.word(), algorithm.hex(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_covers_name_description_and_schema_and_nothing_else() {
        let bare = tool(&[("name", "t"), ("description", "d")]);
        let titled = tool(&[("title", "x"), ("description", "d"), ("name", "t")]);
        let changed = tool(&[("name", "t"), ("description", "e")]);
        let shorter = tool(&[("name", "t")]);
        let hash = |node: &Node<'_>| definition_hash(node, HashKind::Sha256);
        assert_eq!(hash(&bare), hash(&titled));
        assert_ne!(hash(&bare), hash(&changed));
        assert_ne!(hash(&bare), hash(&shorter));
    }

    #[test]
    fn every_algorithm_writes_its_word_and_its_length() {
        let node = tool(&[("name", "t")]);
        for kind in [HashKind::Sha256, HashKind::Sha384, HashKind::Sha512] {
            let hash = definition_hash(&node, kind);
            let (word, hex) = hash.split_once(':').unwrap();
            assert_eq!((word, hex.len()), (kind.word(), kind.digits()));
        }
    }

    #[test]
    fn the_hash_is_that_of_the_canonical_text() {
        let node = tool(&[("description", "d"), ("name", "t")]);
        let expected = sha256_hex(br#"{"description":"d","name":"t"}"#);
        assert_eq!(
            definition_hash(&node, HashKind::Sha256),
            format!("sha256:{expected}")
        );
        assert!(sha256_hex(b"abc").starts_with("ba7816bf8f01cfea"));
    }

    fn tool(members: &[(&'static str, &'static str)]) -> Node<'static> {
        let node = |text: &'static str| Node::String(text.into());
        Node::Object(
            members
                .iter()
                .map(|(k, v)| ((*k).into(), node(v)))
                .collect(),
        )
    }
}
