//! How a browser, and a program that only looks, come to their tokens.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a browser trades for its token, once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DashboardCode {
    /// Where the dashboard is, as `http://127.0.0.1:PORT/`.
    pub url: String,
    /// 128 random bits, hex.
    pub code: String,
    /// Until when it can be traded, RFC 3339.
    pub expires: String,
}

/// What became of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DashboardOpened {
    /// It was traded for a token.
    pub opened: bool,
}

/// A token that can look and change nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DashboardToken {
    /// As in [`DashboardCode`].
    pub url: String,
    /// 256 random bits, hex.
    pub token: String,
    /// Until when it counts, RFC 3339.
    pub expires: String,
}

impl fmt::Debug for DashboardCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DashboardCode")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for DashboardToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DashboardToken")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}
