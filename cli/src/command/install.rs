//! `install`: puts aip in front of the servers that clients start.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;
use clients::{At, Front, Wrapped};
use wire::control::Request;

use super::generate_cursor_config::{absolute, is_valid};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::install::found::{self, Found};
use crate::install::plan::{Planned, Wish, plan};
use crate::install::record::{Installed, InstalledFile, Store, hash};
use crate::install::stable::stable;
use crate::install::write::replace;
use crate::launch;
use crate::text::visible;
use crate::wrap::starter::write_once;

/// What a first install begins with.
const FIRST: &str = include_str!("../../../policies/first.yaml");

/// Which servers, and under which policy.
#[derive(Debug, Args)]
pub struct Install {
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Only this client, by its short name: cursor, claude-code, ...
    #[arg(long, value_name = "NAME")]
    client: Vec<String>,
    /// Only this server, by its name in the client
    #[arg(long, value_name = "NAME")]
    server: Vec<String>,
    /// The policy; without it one that lets everything pass and records it
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Edit the files of the project in this folder too, such as .mcp.json
    #[arg(long)]
    project: bool,
    /// Don't ask
    #[arg(long)]
    yes: bool,
}

impl Install {
    /// Shows what is there and what would change, asks, and does it.
    ///
    /// # Errors
    /// When nothing can be done; what can't be done in one file is said, and keeps no other.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        known(&self.client)?;
        let program = launch::program("aip", &context.running)?;
        let search = context.variables.get("PATH").map(OsString::as_os_str);
        let aip = absolute(&stable(&program, search))?;
        let file = match &self.policy {
            Some(file) => file.clone(),
            None => context.folders()?.first_policy(),
        };
        let policy = absolute(&file)?;
        if (self.policy.is_some() || file.exists()) && !is_valid(&file, context)? {
            return Ok(Exit::No);
        }
        let front = Front {
            aip: &aip,
            policy: &policy,
        };
        let found = found::find(context)?;
        let planned = self.planned(&found, &front);
        show(context, &planned)?;
        let planned: Vec<_> = planned.into_iter().filter(|it| !it.at.is_empty()).collect();
        if planned.is_empty() {
            writeln!(context.out, "There is nothing to put aip in front of.")?;
            return Ok(Exit::Done);
        }
        let first = self.policy.is_none();
        if first {
            tell_policy(context, &file)?;
        }
        if let Some(exit) = self.keeps_from(context, &planned)? {
            writeln!(context.out, "Nothing was changed.")?;
            return Ok(exit);
        }
        let store = Store::open(&context.folders()?.installs())?;
        if first {
            first_policy(&file)?;
        }
        let files = planned.iter().map(Planned::edited).collect();
        let aip = aip.clone();
        context.ask(&Request::ClientsWrap { aip, files })?;
        install(context, &store, &planned, &front)
    }

    /// How it ends where nothing is to be done: a dry run, or a person who does not want it.
    fn keeps_from(
        &self,
        context: &mut Context<'_>,
        planned: &[Planned<'_>],
    ) -> Result<Option<Exit>, Failure> {
        if self.dry_run {
            return Ok(Some(Exit::Done));
        }
        let question = format!(
            "Put aip in front of {}?",
            counted(servers(planned), "server")
        );
        let goes_on = self.yes || context.confirm(&question)?;
        Ok((!goes_on).then_some(Exit::No))
    }

    fn planned<'a>(&self, found: &'a [Found], front: &Front<'_>) -> Vec<Planned<'a>> {
        let wish = Wish {
            clients: self.client.clone(),
            servers: self.server.clone(),
            project: self.project,
        };
        let wanted = found
            .iter()
            .filter(|it| wish.clients.is_empty() || wish.clients.contains(&it.place.client.id));
        wanted.map(|it| plan(it, &wish, front)).collect()
    }
}

/// Refuses a client that isn't in the table.
pub(super) fn known(named: &[String]) -> Result<(), Failure> {
    match named.iter().find(|it| clients::client(it).is_none()) {
        None => Ok(()),
        Some(unknown) => {
            let all: Vec<_> = clients::clients().iter().map(|it| it.id.as_str()).collect();
            Err(Failure::Usage(format!(
                "no client is called `{}`; there are {}",
                visible(unknown),
                all.join(", ")
            )))
        }
    }
}

pub(super) fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        more => format!("{more} {what}s"),
    }
}

fn show(context: &mut Context<'_>, planned: &[Planned<'_>]) -> Result<(), Failure> {
    if planned.is_empty() {
        writeln!(context.out, "No AI client's configuration was found.")?;
    }
    for file in planned {
        writeln!(context.out, "{}", file.lines)?;
    }
    let mut told = Vec::new();
    for client in planned.iter().map(|it| it.found.place.client) {
        if let Some(own) = &client.own_tools
            && !told.contains(&&client.id)
        {
            writeln!(context.out, "Not covered: {}, {own}.", client.name)?;
            told.push(&client.id);
        }
    }
    Ok(())
}

fn tell_policy(context: &mut Context<'_>, file: &Path) -> Result<(), Failure> {
    let shown = visible(&file.to_string_lossy());
    if file.exists() {
        writeln!(context.out, "The policy is {shown}, as it stands.")?;
    } else {
        writeln!(
            context.out,
            "The policy will be {shown}: everything passes, nothing is asked, all is recorded."
        )?;
    }
    Ok(())
}

fn servers(planned: &[Planned<'_>]) -> usize {
    planned.iter().map(|it| it.at.len()).sum()
}

/// Writes the first policy, unless there is one.
fn first_policy(file: &Path) -> Result<(), Failure> {
    let wrote = write_once(file, FIRST).map_err(|source| Failure::File {
        doing: "write",
        path: file.to_path_buf(),
        source,
    });
    wrote.map(drop)
}

/// Does it, file by file.
fn install(
    context: &mut Context<'_>,
    store: &Store,
    planned: &[Planned<'_>],
    front: &Front<'_>,
) -> Result<Exit, Failure> {
    let mut installed = store.load()?;
    let (mut put, mut failed) = (0, 0);
    for file in planned {
        let shown = visible(&file.found.place.path.to_string_lossy());
        match one(store, &mut installed, file, front) {
            Ok(()) => put += file.at.len(),
            Err(why) => {
                failed += 1;
                writeln!(
                    context.err,
                    "Error: {shown} is left as it is: {}",
                    visible(&why)
                )?;
            }
        }
    }
    writeln!(
        context.out,
        "aip is in front of {} now. Restart the clients, so that they start it.\n\
         `aipctl status` shows what runs, `aipctl logs --follow` what is decided; \
         `aipctl uninstall` puts everything back.",
        counted(put, "server")
    )?;
    Ok(if failed == 0 {
        Exit::Done
    } else {
        Exit::Refused
    })
}

/// One file: what undoes it is written down before it is done.
fn one(
    store: &Store,
    installed: &mut Installed,
    planned: &Planned<'_>,
    front: &Front<'_>,
) -> Result<(), String> {
    let found = planned.found;
    let read = found.read.as_ref().map_err(ToString::to_string)?;
    let shape = found.place.shape;
    let at = installed
        .files
        .iter()
        .position(|it| it.target == found.target);
    let old = at.and_then(|at| installed.files.get(at));
    let base = base(store, old, found, &read.text)?;
    let (new, entries) =
        clients::wrap(&read.text, shape, &planned.at, front).map_err(|it| it.to_string())?;
    let mut all: Vec<Wrapped> = old.map(|it| it.entries.clone()).unwrap_or_default();
    let again = |it: &Wrapped| entries.iter().any(|new: &Wrapped| new.at == it.at);
    all.retain(|it| !again(it));
    all.extend(entries);
    let file = InstalledFile::new(found, &base, &new, all);
    store.back_up(&file, &base).map_err(|it| it.to_string())?;
    match at.and_then(|at| installed.files.get_mut(at)) {
        Some(place) => *place = file,
        None => installed.files.push(file),
    }
    store.save(installed).map_err(|it| it.to_string())?;
    replace(&found.target, &read.text, &new).map_err(|it| it.to_string())
}

/// The file without anything of ours: as it was, or as it is where aip was never in it.
fn base(
    store: &Store,
    old: Option<&InstalledFile>,
    found: &Found,
    text: &str,
) -> Result<String, String> {
    let Some(old) = old else {
        return Ok(text.to_owned());
    };
    if hash(text) == old.after
        && let Some(before) = store.backup(old)
    {
        return Ok(before);
    }
    let put_back = clients::unwrap(text, found.place.shape, &old.entries);
    put_back.map(|(text, _)| text).map_err(|it| it.to_string())
}

/// The names of entries, for a sentence.
pub(super) fn names<'a>(at: impl Iterator<Item = &'a At>) -> String {
    let names: Vec<_> = at.map(|it| visible(it.server())).collect();
    names.join(", ")
}
