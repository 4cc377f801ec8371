//! Why a policy can't be used, in words for the person.

use engine::diagnostic::{Diagnostics, Severity};

use super::file::FileError;
use crate::audit::AuditError;

/// Why a policy can't be used.
#[derive(Debug)]
pub enum PolicyError {
    /// The file can't be read as the shim read it.
    File(FileError),
    /// It has errors; rendered for the person.
    Invalid(String),
    /// What came of it could not be recorded.
    Audit(AuditError),
    /// The file holds another version than the person was shown.
    NotAsShown(String),
    /// No such policy is known.
    Unknown(String),
    /// A session names a layer as its own policy.
    IsLayer(String),
    /// A layer can't be used, and why.
    Layer(String, String),
    /// The session's working folder is not known, so its layers aren't either.
    NoFolder,
}

impl std::fmt::Display for PolicyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(error) => write!(f, "failed to load policy: {error}"),
            Self::Invalid(rendered) => write!(f, "failed to load policy: {rendered}"),
            Self::Audit(error) => write!(f, "the policy can't be put in force: {error}"),
            Self::NotAsShown(path) => write!(
                f,
                "`{path}` has changed since it was shown; look at it again: aipctl policy trust {path}"
            ),
            Self::Unknown(path) => write!(
                f,
                "no session has used the policy `{path}` yet; there is nothing to trust"
            ),
            Self::IsLayer(path) => write!(
                f,
                "`{path}` is a layer, which stands beside every policy by itself; give --policy a file of another name"
            ),
            Self::NoFolder => f.write_str(
                "the working folder is gone, not UTF-8 or over 4096 bytes, so the project's layer can't be looked for; start the client in another folder",
            ),
            Self::Layer(path, why) => write!(
                f,
                "the layer `{path}` stands beside every policy here and can't be used, so nothing may pass: {why}"
            ),
        }
    }
}

impl std::error::Error for PolicyError {}

impl PolicyError {
    /// Without the words it begins with.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::File(error) => error.to_string(),
            Self::Invalid(rendered) => rendered.clone(),
            Self::Audit(_)
            | Self::NotAsShown(_)
            | Self::Unknown(_)
            | Self::IsLayer(_)
            | Self::Layer(..)
            | Self::NoFolder => self.to_string(),
        }
    }

    /// It is of a base that another policy extends.
    pub(super) fn of_base(self, base: &str, child: &str) -> Self {
        if matches!(self, Self::Audit(_)) {
            return self;
        }
        Self::Invalid(format!(
            "the base `{base}` of `{child}` can't be used: {}",
            self.reason()
        ))
    }
}

impl From<AuditError> for PolicyError {
    fn from(error: AuditError) -> Self {
        Self::Audit(error)
    }
}

/// The first error in the guide's words, then all of them with their places. A wrong version
/// comes first: it explains the others.
pub(super) fn headed(errors: &Diagnostics, name: &str) -> String {
    let mut found = errors.0.iter().filter(|it| it.severity == Severity::Error);
    let version = found
        .clone()
        .find(|it| it.message.starts_with("invalid apiVersion"));
    let head = version.or_else(|| found.next());
    let head = head.map_or("it has errors", |it| it.message.as_str());
    format!("{head}\n{}", errors.render(name))
}
