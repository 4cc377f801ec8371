//! Reads clients' configurations. Nothing of a file comes out but servers' names and places.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use clients::{At, Broken, Entry, Finds, Kind, MAX_CONFIG, Os, Place, Shape, is_aip};
use wire::control::{ClientServer, EditedFile, ServerState};
use wire::folders::program_places;

/// Names looked at in one folder.
const NAMES: usize = 1024;

/// Where to look.
pub(super) struct Files {
    pub(super) home: PathBuf,
    pub(super) projects: Vec<PathBuf>,
    /// A client and a file of it that is elsewhere.
    pub(super) more: Vec<(String, PathBuf)>,
    /// Where aip is, as entries name it.
    pub(super) aips: Vec<String>,
}

/// A server that was found.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) at: At,
    /// What it starts is aip.
    pub(super) through: bool,
    pub(super) starts: bool,
    pub(super) server: ClientServer,
}

impl Seen {
    /// It starts a program.
    pub(super) fn starts(&self) -> bool {
        self.starts
    }
}

/// What was read of files that have not changed since.
pub(super) type Cache = HashMap<PathBuf, (Stamp, Result<Vec<Entry>, Broken>)>;

/// By what a file is told from what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    changed: (i64, i64),
}

/// Looks at all of them.
pub(super) fn look(files: &Files, mut before: Cache) -> (Vec<Seen>, Cache) {
    let mut cache = Cache::new();
    let mut seen = Vec::new();
    let aips = Aips::find(&files.aips);
    for place in all(files) {
        // A file that two names lead to is one.
        let path = std::fs::canonicalize(&place.path).unwrap_or_else(|_| place.path.clone());
        if cache.contains_key(&path) {
            continue;
        }
        let Some(stamp) = stamp(&path) else { continue };
        let read = match before.remove(&path) {
            Some((old, read)) if old == stamp => read,
            Some(_) | None => read(&path, place.shape),
        };
        match &read {
            Ok(entries) => {
                let servers = entries.iter().map(|it| found(&place, it, &aips));
                seen.extend(servers);
            }
            Err(broken) => seen.push(unreadable(&place, broken)),
        }
        cache.insert(path, (stamp, read));
    }
    (seen, cache)
}

fn all(files: &Files) -> Vec<Place> {
    let variable = |name: &str| std::env::var_os(name);
    let names = |folder: &Path| -> Vec<_> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.take(NAMES).map(|it| it.file_name()).collect()
    };
    let finds = Finds {
        os: Os::HERE,
        home: &files.home,
        variable: &variable,
        names: &names,
    };
    let mut places = clients::places(&finds);
    for project in &files.projects {
        places.extend(clients::project_places(&finds, project));
    }
    for (client, path) in &files.more {
        places.extend(clients::place_of(&finds, client, path));
    }
    places
}

/// Whether what is said to be edited can be a client's file: no other is ever read.
#[must_use]
pub fn fits(file: &EditedFile) -> bool {
    let path = Path::new(&file.file);
    path.is_absolute() && clients::is_named_as(&file.client, path)
}

fn stamp(path: &Path) -> Option<Stamp> {
    let about = std::fs::metadata(path)
        .ok()
        .filter(std::fs::Metadata::is_file)?;
    Some(Stamp {
        device: about.dev(),
        inode: about.ino(),
        length: about.len(),
        changed: (about.ctime(), about.ctime_nsec()),
    })
}

fn read(path: &Path, shape: &Shape) -> Result<Vec<Entry>, Broken> {
    let unreadable = |why| Broken {
        line: 0,
        column: 0,
        why,
    };
    let file = File::open(path).map_err(|_| unreadable("it can't be opened"))?;
    let mut text = String::new();
    let length = file.take(MAX_CONFIG + 1).read_to_string(&mut text);
    match length {
        Ok(length) if length as u64 > MAX_CONFIG => Err(unreadable("it is longer than 16 MiB")),
        Ok(_) => clients::entries(&text, shape),
        Err(_) => Err(unreadable("it is no UTF-8 text")),
    }
}

/// Where aip is.
struct Aips<'a> {
    named: &'a [String],
    own: Vec<PathBuf>,
}

impl<'a> Aips<'a> {
    fn find(named: &'a [String]) -> Self {
        let running = std::env::current_exe().unwrap_or_default();
        let own = program_places("aip", &running, option_env!("AIP_LIBEXEC"));
        let own = own.iter().filter_map(|it| it.canonicalize().ok()).collect();
        Self { named, own }
    }

    /// Whether this command is aip: by its name where the client looks for it, else by the file,
    /// unless it was put there as it stands. Where there is no such file nothing runs.
    fn has(&self, command: &str) -> bool {
        let path = Path::new(command);
        is_aip(command)
            && (!path.is_absolute() // a bare name
                || self.named.iter().any(|it| it == command)
                || path
                    .canonicalize()
                    .map_or(true, |it| self.own.contains(&it)))
    }
}

fn found(place: &Place, entry: &Entry, aips: &Aips<'_>) -> Seen {
    let (through, starts, state, why) = match &entry.kind {
        Kind::Stdio { command, wrapped } => {
            let through = *wrapped && command.0.first().is_some_and(|it| aips.has(it));
            let state = match (entry.enabled, through) {
                (false, _) => ServerState::Disabled,
                (true, true) => ServerState::Wrapped,
                (true, false) => ServerState::Unwrapped,
            };
            (through, true, state, None)
        }
        Kind::Remote => (false, false, ServerState::Remote, None),
        Kind::Own => (false, false, ServerState::Own, None),
        Kind::Broken(broken) => (false, false, ServerState::Broken, Some(broken.to_string())),
    };
    Seen {
        at: entry.at.clone(),
        through,
        starts,
        server: ClientServer {
            server: entry.at.server().to_owned(),
            folder: entry.at.folder().map(str::to_owned),
            state,
            why,
            ..about(place)
        },
    }
}

fn unreadable(place: &Place, broken: &Broken) -> Seen {
    Seen {
        at: At(Vec::new()),
        through: false,
        starts: false,
        server: ClientServer {
            state: ServerState::Broken,
            why: Some(broken.to_string()),
            ..about(place)
        },
    }
}

fn about(place: &Place) -> ClientServer {
    ClientServer {
        client: place.client.id.clone(),
        client_name: place.client.name.clone(),
        file: place.path.to_string_lossy().into_owned(),
        project: place.project,
        ..ClientServer::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn files(home: &Path) -> Files {
        Files {
            home: home.to_path_buf(),
            projects: Vec::new(),
            more: Vec::new(),
            aips: Vec::new(),
        }
    }

    #[test]
    fn another_program_of_that_name_is_not_aip() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name).to_string_lossy().into_owned();
        fs::create_dir(home.path().join("evil")).unwrap();
        fs::write(home.path().join("evil/aip"), "").unwrap();
        let named = [at("mine/aip")];
        let aips = Aips::find(&named);
        check(&aips, "aip", true);
        check(&aips, &at("mine/aip"), true);
        check(&aips, &at("nowhere/aip"), true);
        check(&aips, &at("evil/aip"), false);
        check(&aips, &at("evil/other"), false);
        check(&aips, "./tools/aip", false);
        check(&aips, "~/aip", false);
        check(&aips, "${workspaceFolder}/aip", false);
        fn check(aips: &Aips<'_>, command: &str, is: bool) {
            assert_eq!(aips.has(command), is, "{command}");
        }
    }

    #[test]
    fn a_name_that_the_entrys_own_path_leads_elsewhere_is_not_aip() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".cursor");
        fs::create_dir(&folder).unwrap();
        let text = r#"{"mcpServers":{
            "a":{"command":"aip"},
            "b":{"command":"aip","env":{"PATH":"/evil"}},
            "c":{"command":"./aip"}}}"#;
        fs::write(folder.join("mcp.json"), text).unwrap();
        let (seen, _) = look(&files(home.path()), Cache::new());
        let through: Vec<_> = seen.iter().map(|it| it.through).collect();
        assert_eq!(through, [true, false, false]);
    }

    #[test]
    fn only_files_named_as_the_clients_are_read() {
        check("cursor", "/elsewhere/mcp.json", true);
        check("cursor", "/etc/shadow", false);
        check("cursor", "mcp.json", false);
        check("nobody", "/elsewhere/mcp.json", false);
        fn check(client: &str, file: &str, is: bool) {
            let file = EditedFile {
                client: client.to_owned(),
                file: file.to_owned(),
                servers: Vec::new(),
            };
            assert_eq!(fits(&file), is, "{file:?}");
        }
    }

    #[test]
    fn a_file_is_read_again_only_when_it_has_changed() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".cursor");
        fs::create_dir(&folder).unwrap();
        let write = |text: &str| fs::write(folder.join("mcp.json"), text).unwrap();
        write(r#"{"mcpServers":{"a":{"command":"x"},"b":{"url":"y"}}}"#);
        let (seen, cache) = look(&files(home.path()), Cache::new());
        let states: Vec<_> = seen.iter().map(|it| it.server.state).collect();
        assert_eq!(states, [ServerState::Unwrapped, ServerState::Remote]);
        let (path, (stamp, _)) = cache.into_iter().next().unwrap();
        // What is remembered counts as long as the file is the same.
        let empty = Cache::from([(path, (stamp, Ok(Vec::new())))]);
        let (seen, cache) = look(&files(home.path()), empty);
        assert!(seen.is_empty());
        write("{ broken SECRET");
        let (seen, _) = look(&files(home.path()), cache);
        assert_eq!(seen[0].server.state, ServerState::Broken);
        let why = seen[0].server.why.clone().unwrap();
        assert_eq!(
            why,
            "line 1, column 3: it is no JSON, not even with comments"
        );
    }
}
