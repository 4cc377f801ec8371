//! `dashboard`: opens it in the person's browser.

use std::fs;
use std::io::Write;
use std::path::Path;

use clap::Args;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use wire::control::{DashboardCode, DashboardOpened, DashboardToken, Request};

use crate::client::{self, ClientError};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::visible;

mod browser;

/// Opens the dashboard in your browser.
#[derive(Debug, Args)]
pub struct Dashboard {
    /// Only print the address, which is good once and for 30 seconds
    #[arg(long, conflicts_with_all = ["token", "revoke"])]
    print: bool,
    /// Print a token for scripts and Prometheus: it can look and change nothing, for 7 days
    #[arg(long, conflicts_with = "revoke")]
    token: bool,
    /// End every token: pages that are open can do nothing any more
    #[arg(long)]
    revoke: bool,
}

/// What the page that hands over is called in the folder of sockets.
const PREFIX: &str = "dashboard-";
const SUFFIX: &str = ".html";

impl Dashboard {
    /// Does it, starting a daemon where none runs.
    ///
    /// # Errors
    /// When there is no dashboard, this is no person's terminal, or no browser came.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        if self.revoke {
            let ended: Value = context.ask(&Request::DashboardRevoke)?.end()?;
            let count = ended.get("revoked").and_then(Value::as_u64).unwrap_or(0);
            writeln!(context.out, "Ended {count} of the dashboard's tokens.")?;
            return Ok(Exit::Done);
        }
        if self.token {
            let made: DashboardToken = context.ask(&Request::DashboardToken)?.end()?;
            context.print_json(&json!({
                "url": made.url,
                "token": made.token,
                "expires": made.expires,
            }))?;
            return Ok(Exit::Done);
        }
        hand_over(context, self.print)
    }
}

/// Why no more of the answer is waited for.
enum Ended {
    Printed,
    Failed(Failure),
}

impl From<ClientError> for Ended {
    fn from(error: ClientError) -> Self {
        Self::Failed(error.into())
    }
}

fn hand_over(context: &mut Context<'_>, print: bool) -> Result<Exit, Failure> {
    // A first question that costs nothing, so that a daemon runs.
    context.ask(&Request::Status)?;
    let folders = context.folders()?;
    let (socket, runtime) = (folders.control_socket(), folders.runtime.clone());
    let _agent = context.agent(&socket);
    let mut page = None;
    let each = |item: &RawValue| {
        let code = serde_json::from_str(item.get()).map_err(ClientError::Form)?;
        if print {
            writeln!(context.out, "{}", address(&code))
                .map_err(|error| Ended::Failed(error.into()))?;
            return Err(Ended::Printed);
        }
        page = open(context, &runtime, &code).map_err(Ended::Failed)?;
        Ok(())
    };
    let end = match client::follow(&socket, &Request::DashboardCode, each) {
        Ok(end) => end,
        Err(Ended::Printed) => return Ok(Exit::Done),
        Err(Ended::Failed(failure)) => return Err(failure),
    };
    drop(page);
    let end: DashboardOpened = serde_json::from_str(end.get()).map_err(Failure::Answer)?;
    if end.opened {
        writeln!(context.out, "The dashboard is open.")?;
        return Ok(Exit::Done);
    }
    Err(Failure::Usage(
        "no browser has come within 30 seconds; `aipctl dashboard --print` prints an address to open \
         in one, and `aipctl status` tells if one was refused"
            .to_owned(),
    ))
}

fn address(code: &DashboardCode) -> String {
    visible(&format!("{}#code={}", code.url, code.code))
}

/// Opens it where there is a browser to be opened, and says so. The page that hands over is there as
/// long as what this gives.
fn open(
    context: &mut Context<'_>,
    runtime: &Path,
    code: &DashboardCode,
) -> Result<Option<tempfile::TempPath>, Failure> {
    let address = address(code);
    let Some(browser) = browser::find() else {
        writeln!(
            context.out,
            "There is no desktop here to open a browser on. Within 30 seconds, open on this machine:"
        )?;
        writeln!(context.out, "{address}")?;
        context.out.flush()?;
        return Ok(None);
    };
    let page = write_page(runtime, &address).map_err(|source| Failure::File {
        doing: "write",
        path: runtime.to_owned(),
        source,
    })?;
    let started = browser::open(&browser, &page);
    let told = match &started {
        Ok(()) => {
            "Opening the dashboard. If no browser shows it, open within 30 seconds:".to_owned()
        }
        Err(error) => format!(
            "`{}` can't be run ({error}). Within 30 seconds, open in a browser:",
            browser.display()
        ),
    };
    writeln!(context.out, "{told}\n{address}")?;
    context.out.flush()?;
    Ok(Some(page))
}

/// A page that leads to the dashboard. The code is in a file of ours and not in an argument: everybody
/// can read arguments.
fn write_page(runtime: &Path, address: &str) -> std::io::Result<tempfile::TempPath> {
    remove_left_over(runtime);
    // Readable by its owner alone, and never one that was there.
    let mut page = tempfile::Builder::new()
        .prefix(PREFIX)
        .suffix(SUFFIX)
        .tempfile_in(runtime)?;
    write!(
        page,
        "<!doctype html>\n<meta charset=\"utf-8\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta http-equiv=\"refresh\" content=\"0;url={address}\">\n<title>aip</title>\n\
         <p><a href=\"{address}\">Open the dashboard</a></p>\n"
    )?;
    page.flush()?;
    Ok(page.into_temp_path())
}

/// What a command that was killed has left: its code is over.
fn remove_left_over(runtime: &Path) {
    let entries = fs::read_dir(runtime).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let ours = name
            .to_str()
            .is_some_and(|it| it.starts_with(PREFIX) && it.ends_with(SUFFIX));
        let old = entry
            .metadata()
            .and_then(|it| it.modified())
            .is_ok_and(|it| it.elapsed().is_ok_and(|age| age.as_secs() > 60));
        if ours && old {
            let _gone = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_page_is_its_owners_alone_and_goes_with_the_command() {
        let folder = tempfile::tempdir().unwrap();
        let address = "http://127.0.0.1:20123/#code=ab12";
        let page = write_page(folder.path(), address).unwrap();
        let mode = fs::metadata(&page).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = fs::read_to_string(&page).unwrap();
        assert!(text.contains(&format!("0;url={address}\"")), "{text}");
        drop(page);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_a_killed_command_left_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let old = std::time::SystemTime::now() - std::time::Duration::from_secs(120);
        for name in ["dashboard-old.html", "control.sock", "dashboard-new.html"] {
            let file = fs::File::create(at(name)).unwrap();
            if name != "dashboard-new.html" {
                file.set_modified(old).unwrap();
            }
        }
        remove_left_over(folder.path());
        assert!(!at("dashboard-old.html").exists());
        assert!(at("dashboard-new.html").exists() && at("control.sock").exists());
    }
}
