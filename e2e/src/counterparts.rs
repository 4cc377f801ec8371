//! The real servers and clients that `e2e/install.sh` puts into `e2e/.deps`.

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

/// The command of a PyPI server on the newest SDK, such as `mcp-server-git`.
///
/// # Errors
/// When it is not installed.
pub fn pypi_server(name: &str) -> Result<Vec<String>, String> {
    Ok(vec![installed(&format!("mcp2/bin/{name}"))?])
}

/// A script of `e2e/drivers`.
#[must_use]
pub fn driver(name: &str) -> String {
    let drivers = Path::new(env!("CARGO_MANIFEST_DIR")).join("drivers");
    drivers.join(name).to_string_lossy().into_owned()
}

/// The whole path of something in `.deps`.
///
/// # Errors
/// When it is not there.
pub fn installed(path: &str) -> Result<String, String> {
    let whole = folder().join(path);
    if whole.exists() {
        Ok(whole.to_string_lossy().into_owned())
    } else {
        Err(format!("`{path}` is not in e2e/.deps; run e2e/install.sh"))
    }
}
