//! URIs of resources: every way a server could read one, and the patterns a policy writes for them.
//!
//! A server may decode a URI, lower-case parts of it, resolve `..` or drop what it has no use for before
//! it looks for the resource. Which of that it does is not known, so a URI stands for all of its readings.

mod origin;
mod pattern;
mod readings;
mod steps;

pub use origin::origin;
pub(crate) use pattern::{UriPattern, literal_start};
pub(crate) use readings::Readings;

/// The longest URI that is read, in bytes: a longer one is in doubt.
pub(crate) const LONGEST: usize = 4096;

#[cfg(test)]
mod tests;
