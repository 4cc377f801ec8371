//! `uninstall`: takes aip away from where `install` put it.

use std::io::ErrorKind;
use std::path::PathBuf;

use clap::Args;
use clients::{Put, Wrapped};
use wire::control::{EditedFile, Request};

use super::install::{counted, known, names};
use crate::context::{Context, read_text};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::install::found::{hindrance, place_of};
use crate::install::record::{Installed, InstalledFile, Store, hash};
use crate::install::write::replace;
use crate::text::visible;

/// Which servers.
#[derive(Debug, Args)]
pub struct Uninstall {
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Only this client, by its short name: cursor, claude-code, ...
    #[arg(long, value_name = "NAME")]
    client: Vec<String>,
    /// Only this server, by its name in the client
    #[arg(long, value_name = "NAME")]
    server: Vec<String>,
    /// Don't ask
    #[arg(long)]
    yes: bool,
    /// Only tell what still starts aip: exit code 0 where nothing does, 1 where something does
    #[arg(long, conflicts_with_all = ["dry_run", "client", "server", "yes"])]
    check: bool,
}

/// What is to be done in one file.
struct Step {
    /// Which of those installed.
    nth: usize,
    /// The file itself, as it is found now.
    path: PathBuf,
    /// What it says now.
    text: String,
    /// What it is to say; `None` where nothing is to be written.
    new: Option<String>,
    /// The entries that are over with it.
    over: Vec<Wrapped>,
    /// What is said of it.
    said: String,
}

impl Uninstall {
    /// Shows what would be put back, asks, and does it.
    ///
    /// # Errors
    /// When nothing can be done; what can't be done in one file is said, and keeps no other.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        if self.check {
            return check::check(context);
        }
        known(&self.client)?;
        let store = Store::open(&context.folders()?.installs())?;
        let installed = store.load()?;
        let (steps, refused) = self.steps(&store, &installed, context)?;
        let left = if refused { Exit::Refused } else { Exit::Done };
        if steps.is_empty() {
            writeln!(context.out, "There is nothing to take aip away from.")?;
            return Ok(left);
        }
        if self.dry_run {
            writeln!(context.out, "Nothing was changed.")?;
            return Ok(left);
        }
        let edited = |it: &Step| edited(installed.files.get(it.nth)?, it);
        let files: Vec<EditedFile> = steps.iter().filter_map(edited).collect();
        if !files.is_empty() {
            let question = format!("Put {} back?", counted(files.len(), "file"));
            if !self.yes && !context.confirm(&question)? {
                writeln!(context.out, "Nothing was changed.")?;
                return Ok(Exit::No);
            }
            context.ask(&Request::ClientsUnwrap { files })?;
        }
        let failed = carry_out(context, &store, installed, steps)?;
        Ok(if failed { Exit::Refused } else { left })
    }

    /// What is to be done, said file by file, and whether one has to be left.
    fn steps(
        &self,
        store: &Store,
        installed: &Installed,
        context: &mut Context<'_>,
    ) -> Result<(Vec<Step>, bool), Failure> {
        let (mut steps, mut refused) = (Vec::new(), false);
        for (nth, file) in installed.files.iter().enumerate() {
            let shown = visible(&file.file.to_string_lossy());
            match self.step(store, nth, file, installed) {
                Ok(None) => {}
                Ok(Some(step)) => {
                    writeln!(context.out, "{shown}: {}", step.said)?;
                    steps.push(step);
                }
                Err(why) => {
                    refused = true;
                    left_as_it_is(context, file, &why)?;
                }
            }
        }
        Ok((steps, refused))
    }

    fn step(
        &self,
        store: &Store,
        nth: usize,
        file: &InstalledFile,
        installed: &Installed,
    ) -> Result<Option<Step>, String> {
        if !(self.client.is_empty() || self.client.contains(&file.client)) {
            return Ok(None);
        }
        let wanted = |it: &&Wrapped| {
            self.server.is_empty() || self.server.iter().any(|name| name == it.at.server())
        };
        let over: Vec<Wrapped> = file.entries.iter().filter(wanted).cloned().collect();
        if over.is_empty() {
            return Ok(None);
        }
        let path = real(file, installed)?;
        let moved = path != file.target;
        let text = match read_text(&path, clients::MAX_CONFIG) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let said = "the file is not there any more".to_owned();
                return Ok(Some(Step::nothing(nth, over, said)));
            }
            Err(error) => return Err(error.to_string()),
        };
        let now = hash(&text);
        if now == file.before {
            let said = "is as it was before already".to_owned();
            return Ok(Some(Step::nothing(nth, over, said)));
        }
        if let Some(why) = hindrance(&path) {
            return Err(why);
        }
        let whole = !moved && over.len() == file.entries.len() && now == file.after;
        if whole && let Some(before) = store.backup(file) {
            let said = format!(
                "put back as it was ({})",
                names(over.iter().map(|it| &it.at))
            );
            return Ok(Some(Step {
                nth,
                path,
                text,
                new: Some(before),
                over,
                said,
            }));
        }
        let place = place_of(&file.client, &file.file).ok_or("its client is not known any more")?;
        let (new, puts) =
            clients::unwrap(&text, place.shape, &over).map_err(|error| error.to_string())?;
        let mut said = said(&over, &puts);
        if moved {
            let old = visible(&file.target.to_string_lossy());
            said.push_str(&format!("; {old}, where it was before, is left as it is"));
        }
        let new = (new != text).then_some(new);
        Ok(Some(Step {
            nth,
            path,
            text,
            new,
            over,
            said,
        }))
    }
}

/// The file that the client reads now. A link may have become a file since, or a file a link. What
/// another install has a record of is left to that one.
fn real(file: &InstalledFile, installed: &Installed) -> Result<PathBuf, String> {
    let path = match file.file.canonicalize() {
        Ok(path) => path,
        Err(error) if error.kind() == ErrorKind::NotFound => file.target.clone(),
        Err(error) => return Err(error.to_string()),
    };
    let others = installed.files.iter().filter(|it| it.target != file.target);
    let known = others.into_iter().any(|it| it.target == path);
    Ok(if known { file.target.clone() } else { path })
}

/// Does it all, and whether a file had to be left.
fn carry_out(
    context: &mut Context<'_>,
    store: &Store,
    mut installed: Installed,
    steps: Vec<Step>,
) -> Result<bool, Failure> {
    let (mut failed, mut wrote) = (false, false);
    for step in steps {
        let Some(file) = installed.files.get_mut(step.nth) else {
            continue;
        };
        let writes = step.new.is_some();
        match step.carry_out(file) {
            Ok(()) => wrote |= writes,
            Err(why) => {
                failed = true;
                left_as_it_is(context, file, &why.to_string())?;
            }
        }
    }
    installed.files.retain(|it| !it.entries.is_empty());
    store.save(&installed)?;
    if wrote {
        writeln!(
            context.out,
            "Done. Clients that run keep the servers they have started until they are restarted."
        )?;
    }
    Ok(failed)
}

fn left_as_it_is(
    context: &mut Context<'_>,
    file: &InstalledFile,
    why: &str,
) -> Result<(), Failure> {
    let shown = visible(&file.file.to_string_lossy());
    let why = visible(why);
    writeln!(context.err, "Error: {shown} is left as it is: {why}")?;
    Ok(())
}

fn said(over: &[Wrapped], puts: &[Put]) -> String {
    let with = |put: Put| {
        let those = over.iter().zip(puts).filter(move |(_, it)| **it == put);
        names(those.map(|(it, _)| &it.at))
    };
    let parts = [
        (
            "put back, what else was changed since stays",
            with(Put::Back),
        ),
        ("changed by others since and left", with(Put::Changed)),
        ("not there any more", with(Put::Gone)),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| format!("{names}: {what}"))
        .collect();
    parts.join("; ")
}

fn edited(file: &InstalledFile, step: &Step) -> Option<EditedFile> {
    step.new.as_ref()?;
    Some(EditedFile {
        client: file.client.clone(),
        file: file.file.to_string_lossy().into_owned(),
        servers: step.over.iter().map(|it| it.at.0.clone()).collect(),
    })
}

impl Step {
    fn nothing(nth: usize, over: Vec<Wrapped>, said: String) -> Self {
        Self {
            nth,
            path: PathBuf::new(),
            text: String::new(),
            new: None,
            over,
            said,
        }
    }

    /// Writes the file, and notes what is left of what was installed.
    fn carry_out(self, file: &mut InstalledFile) -> std::io::Result<()> {
        if let Some(new) = &self.new {
            replace(&self.path, &self.text, new)?;
            // Where others have edited it the backup is not what it is without aip: a hash that no
            // text has keeps it from being put back.
            file.after = match hash(&self.text) == file.after {
                true => hash(new),
                false => String::new(),
            };
        }
        file.entries
            .retain(|it| !self.over.iter().any(|over| over.at == it.at));
        Ok(())
    }
}

mod check;
#[cfg(test)]
mod tests;
