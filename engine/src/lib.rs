//! Decides: a policy document becomes a compiled policy, and a call becomes a decision; and DLP.
//!
//! Pure: no files, no sockets, no clock, no environment. Time, the tools a server listed, and
//! what paths resolve to come in as facts; decisions and redacted texts go out.

mod bytes;
pub mod cases;
pub mod compare;
mod constraint;
pub mod decide;
pub mod diagnostic;
pub mod dlp;
pub mod explain;
pub mod ideas;
pub mod lint;
pub mod method;
pub mod name;
pub mod node;
pub mod paths;
pub mod policy;
pub mod rate;
mod re2;
pub mod replay;
pub mod suggest;
pub mod suspicious;
pub mod trace;
pub mod uri;
pub mod yaml_text;

pub use decide::{
    Allow, Ask, Call, Code, Decision, Facts, Held, Listing, Named, Override, Refusal, Verdict,
    decide,
};
pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use method::method_spelling;
pub use node::{HashKind, Node, Numbers, canonical, definition_hash, sha256_hex};
pub use policy::{Loaded, Mode, Place, Policy};
