//! The real servers and SDK clients that `e2e/install.sh` puts into `e2e/.deps`.

use std::path::{Path, PathBuf};

use crate::needs::tool;

/// The folder the counterparts are installed in.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(".deps")
}

/// The command of an npm server, such as `filesystem`.
///
/// # Errors
/// When Node or the package is missing.
pub fn npm_server(name: &str) -> Result<Vec<String>, String> {
    tool("node")?;
    let package = format!("node/node_modules/@modelcontextprotocol/server-{name}/dist/index.js");
    Ok(vec!["node".to_owned(), installed(&package)?])
}

/// The command of a PyPI server, such as `mcp-server-git`.
///
/// # Errors
/// When it is not installed.
pub fn pypi_server(name: &str) -> Result<Vec<String>, String> {
    Ok(vec![installed(&format!("mcp2/bin/{name}"))?])
}

/// An official SDK that can drive a server through a driver script of `e2e/drivers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sdk {
    /// Python, first series.
    Python1,
    /// Python, second series, by the older handshake.
    Python2,
    /// Python, second series, negotiating the newest revision both sides have.
    Python2Auto,
    /// TypeScript, first series.
    TypeScript1,
}

impl Sdk {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Python1,
        Self::Python2,
        Self::Python2Auto,
        Self::TypeScript1,
    ];

    /// The command of its driver.
    ///
    /// # Errors
    /// When the SDK is missing.
    pub fn driver(self) -> Result<Vec<String>, String> {
        let drivers = Path::new(env!("CARGO_MANIFEST_DIR")).join("drivers");
        let script = |name: &str| drivers.join(name).to_string_lossy().into_owned();
        match self {
            Self::Python1 => Ok(vec![installed("mcp1/bin/python")?, script("call.py")]),
            Self::Python2 => Ok(vec![installed("mcp2/bin/python")?, script("call.py")]),
            Self::Python2Auto => Ok(vec![
                installed("mcp2/bin/python")?,
                script("call.py"),
                "--auto".to_owned(),
            ]),
            Self::TypeScript1 => {
                tool("node")?;
                installed("node/node_modules/@modelcontextprotocol/sdk/package.json")?;
                Ok(vec!["node".to_owned(), script("call.mjs")])
            }
        }
    }
}

fn installed(path: &str) -> Result<String, String> {
    let whole = folder().join(path);
    if whole.exists() {
        Ok(whole.to_string_lossy().into_owned())
    } else {
        Err(format!("`{path}` is not in e2e/.deps; run e2e/install.sh"))
    }
}
