//! `uninstall --check`: what of this user's would still start aip. It reads and changes nothing, so a
//! package asks it before it is removed.

use std::path::{Path, PathBuf};

use clients::{Entry, Kind, is_aip};

use crate::command::install::names;
use crate::command::service::units_left;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::install::found::{self, Found};
use crate::install::record::{Installed, load};
use crate::launch;
use crate::text::visible;

/// What there is to do about what remains.
#[derive(Default)]
struct Todo {
    installed: bool,
    by_hand: bool,
    unread: bool,
}

/// Says it; the answer is no where something remains.
pub(super) fn check(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let installed = load(&context.folders()?.installs())?;
    let aip = Aip::of(context);
    let mut todo = Todo::default();
    for file in everywhere(context, &installed)? {
        for line in todo.lines(&file, &installed, &aip) {
            writeln!(context.out, "{line}")?;
        }
    }
    let units = units_left(context)?;
    for unit in &units {
        let shown = visible(&unit.to_string_lossy());
        writeln!(context.out, "{shown}: has systemd start aipd")?;
    }
    let next = todo.next(!units.is_empty());
    if next.is_empty() {
        writeln!(context.err, "Nothing of yours starts aip.")?;
    }
    for line in &next {
        writeln!(context.out, "-> {line}")?;
    }
    what_stays(context)?;
    Ok(match next.is_empty() {
        true => Exit::Done,
        false => Exit::No,
    })
}

/// The configurations there are, and those `install` has written elsewhere.
fn everywhere(context: &Context<'_>, installed: &Installed) -> Result<Vec<Found>, Failure> {
    let mut all = found::find(context)?;
    for file in &installed.files {
        if let Some(more) = found::at(&file.client, &file.file)
            && !all.iter().any(|it| it.target == more.target)
        {
            all.push(more);
        }
    }
    Ok(all)
}

fn what_stays(context: &mut Context<'_>) -> Result<(), Failure> {
    let folders = context.folders()?;
    let places = [
        ("policies and configuration stay in", folders.config.clone()),
        ("the audit stays in", folders.state.clone()),
    ];
    for (what, folder) in places {
        if folder.is_dir() {
            let shown = visible(&folder.to_string_lossy());
            writeln!(context.out, "{what} {shown}")?;
        }
    }
    Ok(())
}

impl Todo {
    fn lines(&mut self, file: &Found, installed: &Installed, aip: &Aip) -> Vec<String> {
        let shown = format!(
            "{} ({})",
            visible(&file.place.path.to_string_lossy()),
            file.place.client.name
        );
        let read = match &file.read {
            Ok(read) => read,
            Err(unread) => {
                self.unread = true;
                let why = visible(&unread.to_string());
                return vec![format!("{shown}: may start aip: {why}")];
            }
        };
        let of_install = |entry: &Entry| {
            let record = installed.files.iter().find(|it| it.target == file.target);
            record.is_some_and(|it| it.entries.iter().any(|it| it.at == entry.at))
        };
        let left = read.entries.iter().filter(|it| aip.starts(it));
        let (ours, others): (Vec<&Entry>, Vec<&Entry>) = left.partition(|it| of_install(it));
        self.installed |= !ours.is_empty();
        self.by_hand |= !others.is_empty();
        [(ours, "start aip"), (others, "start aip, written by hand")]
            .into_iter()
            .filter(|(entries, _)| !entries.is_empty())
            .map(|(entries, what)| {
                let names = names(entries.iter().map(|it| &it.at));
                format!("{shown}: {what}: {names}")
            })
            .collect()
    }

    fn next(&self, units: bool) -> Vec<&'static str> {
        [
            (
                self.installed,
                "`aipctl uninstall` puts back what `aipctl install` wrote",
            ),
            (
                self.by_hand,
                "what was written by hand is yours to edit: take aip and its options away",
            ),
            (
                self.unread,
                "put right what can't be read, or look for aip in it yourself",
            ),
            (
                units,
                "`aipctl service uninstall` takes its units away; \
                 `systemctl --user disable --now aipd.socket` those of a package",
            ),
        ]
        .into_iter()
        .filter_map(|(needed, what)| needed.then_some(what))
        .collect()
    }
}

/// The program that would be gone.
struct Aip(Option<PathBuf>);

impl Aip {
    fn of(context: &Context<'_>) -> Self {
        let beside = launch::program("aip", &context.running).ok();
        Self(beside.and_then(|it| it.canonicalize().ok()))
    }

    /// Whether an entry starts it, on or off. A bare name may, and so may a path that leads nowhere.
    fn starts(&self, entry: &Entry) -> bool {
        match &entry.kind {
            Kind::Stdio {
                command,
                wrapped: true,
            } => command.0.first().is_some_and(|it| self.is(it)),
            Kind::Stdio { wrapped: false, .. } | Kind::Remote | Kind::Own | Kind::Broken(_) => {
                false
            }
        }
    }

    fn is(&self, command: &str) -> bool {
        let path = Path::new(command);
        is_aip(command)
            && (!path.is_absolute()
                || path
                    .canonicalize()
                    .map_or(true, |it| self.0.as_ref().is_none_or(|aip| *aip == it)))
    }
}
