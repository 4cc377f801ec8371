//! Which calls of its tool a grant covers. In doubt a call is not covered, and the person is asked.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use engine::name::normal_form;
use engine::node::{Node, Numbers, canonical, sha256_hex};
use engine::paths::{Candidate, Found, all_within, lexical};
use engine::uri::origin;
use serde::{Deserialize, Serialize};
use wire::control::What;

/// Which calls. It may hold what arguments hold, and is not to be printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Scope {
    /// Those with the very arguments.
    Call {
        /// SHA-256 of the arguments as canonical JSON.
        digest: String,
    },
    /// Every one.
    Tool,
    /// Those with this value of one argument.
    Value {
        /// The argument.
        argument: String,
        /// The value as canonical JSON.
        value: String,
    },
    /// Those that stay in a folder.
    Folder {
        /// The argument that names a path there.
        argument: String,
        /// The folder, absolute, its links resolved.
        folder: String,
    },
    /// Those with an address of this origin.
    Host {
        /// The argument.
        argument: String,
        /// See `engine::uri::origin`.
        origin: String,
    },
    /// Those with an argument that begins so.
    Prefix {
        /// The argument.
        argument: String,
        /// How it begins.
        prefix: String,
    },
}

impl std::fmt::Debug for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scope({})", self.kind())
    }
}

/// The paths that a call's arguments could name, and the same with their links resolved: looked
/// up once a call, however many grants want to know.
pub type Paths = Rc<(Vec<Candidate>, Vec<PathBuf>)>;

impl Scope {
    /// Of what a person wants, for a call with these arguments. Whether it covers the call itself
    /// is for the caller to see.
    ///
    /// # Errors
    /// Why there can be no such scope, for the person.
    pub fn of(
        what: &What,
        arguments: &Node<'_>,
        resolve: &dyn Fn(&Path) -> PathBuf,
    ) -> Result<Self, String> {
        Ok(match what {
            What::Call => Self::Call {
                digest: digest(arguments),
            },
            What::Tool => Self::Tool,
            What::Value { argument } => Self::Value {
                value: canonical(one(argument, arguments)?, Numbers::AsWritten),
                argument: argument.clone(),
            },
            What::Folder { argument, folder } => Self::Folder {
                folder: folder_of(folder, resolve)?,
                argument: argument.clone(),
            },
            What::Host { argument } => Self::Host {
                origin: origin(text(argument, arguments)?).ok_or_else(|| {
                    format!("argument `{argument}` is no plain http or https address")
                })?,
                argument: argument.clone(),
            },
            What::Prefix { argument, prefix } if prefix.is_empty() => {
                return Err(format!(
                    "an empty beginning of `{argument}` is the whole tool"
                ));
            }
            What::Prefix { argument, prefix } => Self::Prefix {
                argument: argument.clone(),
                prefix: prefix.clone(),
            },
        })
    }

    /// Whether a call with these arguments is covered.
    #[must_use]
    pub fn covers(&self, arguments: &Node<'_>, paths: &dyn Fn() -> Paths) -> bool {
        match self {
            Self::Call { digest } => *digest == self::digest(arguments),
            Self::Tool => true,
            Self::Value { argument, value } => {
                one(argument, arguments).is_ok_and(|it| canonical(it, Numbers::AsWritten) == *value)
            }
            Self::Folder { argument, folder } => {
                if text(argument, arguments).is_err() {
                    return false;
                }
                let paths = paths();
                let found = Found {
                    candidates: &paths.0,
                    resolved: &paths.1,
                };
                let pointer = argument.replace('~', "~0").replace('/', "~1");
                all_within(Path::new(folder), &format!("/{pointer}"), &found)
            }
            Self::Host {
                argument,
                origin: wanted,
            } => {
                let origin = text(argument, arguments).ok().and_then(origin);
                origin.as_deref() == Some(wanted)
            }
            Self::Prefix { argument, prefix } => {
                text(argument, arguments).is_ok_and(|it| it.starts_with(prefix.as_str()))
            }
        }
    }

    /// The word for it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Call { .. } => "call",
            Self::Tool => "tool",
            Self::Value { .. } => "value",
            Self::Folder { .. } => "folder",
            Self::Host { .. } => "host",
            Self::Prefix { .. } => "prefix",
        }
    }

    /// The argument it is about.
    #[must_use]
    pub fn argument(&self) -> Option<&str> {
        match self {
            Self::Call { .. } | Self::Tool => None,
            Self::Value { argument, .. }
            | Self::Folder { argument, .. }
            | Self::Host { argument, .. }
            | Self::Prefix { argument, .. } => Some(argument),
        }
    }

    /// What that has to be, or the digest of the whole.
    #[must_use]
    pub fn is(&self) -> Option<&str> {
        match self {
            Self::Tool => None,
            Self::Call { digest: it }
            | Self::Value { value: it, .. }
            | Self::Folder { folder: it, .. }
            | Self::Host { origin: it, .. }
            | Self::Prefix { prefix: it, .. } => Some(it),
        }
    }
}

fn digest(arguments: &Node<'_>) -> String {
    sha256_hex(canonical(arguments, Numbers::AsWritten).as_bytes())
}

/// The one argument of this name. Another one that a reader could take for it makes it doubtful.
fn one<'n, 'a>(name: &str, arguments: &'n Node<'a>) -> Result<&'n Node<'a>, String> {
    let Node::Object(members) = arguments else {
        return Err("the call has no arguments".to_owned());
    };
    let normal = normal_form(name);
    let mut alike = members.iter().filter(|(key, _)| normal_form(key) == normal);
    match (alike.next(), alike.next()) {
        (Some((key, value)), None) if key == name => Ok(value),
        (Some(_), Some(_)) => Err(format!("the call has several arguments like `{name}`")),
        (Some(_), None) | (None, _) => Err(format!("the call has no argument `{name}`")),
    }
}

fn text<'n>(name: &str, arguments: &'n Node<'_>) -> Result<&'n str, String> {
    match one(name, arguments)? {
        Node::String(text) => Ok(text),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Array(_) | Node::Object(_) => {
            Err(format!("argument `{name}` is no text"))
        }
    }
}

fn folder_of(folder: &str, resolve: &dyn Fn(&Path) -> PathBuf) -> Result<String, String> {
    if !folder.starts_with('/') || folder.chars().any(char::is_control) {
        return Err("a folder is given by its absolute path".to_owned());
    }
    let real = resolve(&lexical(&resolve(Path::new(folder))));
    match real.to_str() {
        Some("/") => Err("every path is below `/`: that is the whole tool".to_owned()),
        Some(real) => Ok(real.to_owned()),
        None => Err("the folder's name is not UTF-8".to_owned()),
    }
}
