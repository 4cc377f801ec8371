//! What is pinned of every server's tools, shared by all sessions. Hashes only: the definitions
//! are in the store, which is the truth; this is the store as it stands, to be asked at each call.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use engine::decide::Held;
use engine::node::sha256_hex;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

mod compare;
mod print;
mod swap;

pub use compare::{Change, Listed};
pub use print::{Print, schema_hashes_of};
pub use swap::{begins, make_room};

/// The most servers whose tools are kept pinned; the one not listed for longest goes.
pub const MAX_SERVERS: usize = 256;
/// The most tools kept of one server.
pub const MAX_TOOLS: usize = 4096;
/// The longest name of a tool that is kept, in bytes.
const MAX_NAME: usize = 512;
/// The most bytes of definitions kept of one server; of what is more only hashes are.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;
/// Approvals a session may lag behind; past it, it takes one for its own.
const APPROVALS: usize = 64;
/// How long the first listing may take, in ms: what is listed later is new, whether or not the
/// server ever came to the end of its list.
const FIRST_LISTING: i64 = 10 * 60 * 1000;

/// A finding of the scan, as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// What.
    pub kind: String,
    /// Where.
    pub place: String,
}

/// What is known of a server beside its tools.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// `--name`, or the command's base name.
    pub label: String,
    /// The label was given.
    pub named: bool,
    /// Base name of the program.
    pub program: String,
    /// When a session of it first began, ms since 1970.
    pub first_ms: i64,
    /// When one last did.
    pub started_ms: i64,
    /// When it first listed tools.
    pub first_listed_ms: Option<i64>,
    /// When it last did.
    pub listed_ms: Option<i64>,
    /// Its first listing is over: tools that come are new.
    pub closed: bool,
    /// It took the place of another command under the same name.
    pub instead_of: Option<InsteadOf>,
    /// SHA-256 of its instructions, as they were looked at.
    pub instructions: Option<String>,
    /// What is suspicious in them.
    pub findings: Vec<Found>,
}

/// The command that a name stood for before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InsteadOf {
    /// Its identity.
    pub server: String,
    /// Base name of its program.
    pub program: String,
    /// When the other one came, ms since 1970.
    pub at_ms: i64,
}

/// A server's tools.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// What is known of it beside them.
    pub about: About,
    /// By name.
    pub tools: BTreeMap<String, Pin>,
}

/// One tool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pin {
    /// Its name's normal form.
    pub normal: String,
    /// What its name looks like.
    pub looks: String,
    /// The definition that was approved, by a person or at first sight; `None` for a new tool.
    pub approved: Option<Print>,
    /// The definition last listed; `None` once the tool is listed no more.
    pub listed: Option<Print>,
    /// When it was first listed, ms since 1970.
    pub first_ms: i64,
    /// When its definition last changed.
    pub last_ms: i64,
    /// What is suspicious in the definition last listed.
    pub findings: Vec<Found>,
}

impl Pin {
    /// How the definition last listed differs from the one approved.
    #[must_use]
    pub fn held(&self) -> Option<Held> {
        match (&self.approved, &self.listed) {
            (Some(approved), Some(listed)) => {
                (approved.hash != listed.hash).then_some(Held::Changed)
            }
            (None, _) => Some(Held::New),
            (Some(_), None) => Some(Held::Removed),
        }
    }
}

impl Server {
    /// How a definition that a session was shown differs from the one approved.
    #[must_use]
    pub fn shown(&self, tool: &str, hash: &str) -> Option<Held> {
        match self.tools.get(tool) {
            None => (self.about.closed || self.is_full(tool)).then_some(Held::New),
            Some(Pin { approved: None, .. }) => Some(Held::New),
            Some(Pin {
                approved: Some(approved),
                ..
            }) => (approved.hash != hash).then_some(Held::Changed),
        }
    }

    /// The same for a session that was shown nothing yet: by what was last listed anywhere.
    #[must_use]
    pub fn last_known(&self, normal: &str) -> Option<Held> {
        let (listed, gone): (Vec<&Pin>, _) =
            self.named(normal).partition(|pin| pin.listed.is_some());
        let of = |pins: Vec<&Pin>| pins.into_iter().filter_map(Pin::held).max();
        if listed.is_empty() && gone.is_empty() {
            self.never_listed()
        } else if listed.is_empty() {
            of(gone)
        } else {
            of(listed)
        }
    }

    /// The same for a tool that is not in the whole list a session was shown.
    #[must_use]
    pub fn not_shown(&self, normal: &str) -> Option<Held> {
        let mut pinned = self.named(normal).filter(|pin| pin.approved.is_some());
        let removed = pinned.next().map(|_| Held::Removed);
        removed.or_else(|| self.never_listed())
    }

    /// How a tool stands that is not kept at all: once the first listing is over it is new, though
    /// the server may run it without ever listing it.
    fn never_listed(&self) -> Option<Held> {
        self.about.closed.then_some(Held::New)
    }

    /// Whether there is no room for one more tool of this name: it is not kept, and stays new.
    fn is_full(&self, name: &str) -> bool {
        self.tools.len() >= MAX_TOOLS || name.len() > MAX_NAME
    }

    /// Bytes of the definitions that are kept.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let prints = self.tools.values();
        let prints = prints.flat_map(|pin| [&pin.approved, &pin.listed]);
        prints.flatten().map(|print| print.bytes).sum()
    }

    fn named<'s>(&'s self, normal: &'s str) -> impl Iterator<Item = &'s Pin> {
        self.tools.values().filter(move |pin| pin.normal == normal)
    }
}

/// All servers, by client and identity.
pub type Book = HashMap<String, HashMap<String, Server>>;

/// The book behind its lock.
#[derive(Debug)]
pub struct Pins {
    book: Mutex<Book>,
    approved: broadcast::Sender<(String, String)>,
}

impl Default for Pins {
    fn default() -> Self {
        let (approved, _) = broadcast::channel(APPROVALS);
        Self {
            book: Mutex::default(),
            approved,
        }
    }
}

impl Pins {
    /// Opens it, to be read or written in one go.
    pub fn open(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks something of one server, where it is known.
    pub fn of<T>(
        &self,
        client: &str,
        server: &str,
        ask: impl FnOnce(&Server) -> Option<T>,
    ) -> Option<T> {
        ask(self.open().get(client)?.get(server)?)
    }

    /// Hears of each approval: the client and the server.
    #[must_use]
    pub fn approvals(&self) -> broadcast::Receiver<(String, String)> {
        self.approved.subscribe()
    }

    /// Tells sessions that a person has approved tools of a server.
    pub fn approved(&self, client: String, server: String) {
        // Without sessions there is nobody to tell.
        let _nobody = self.approved.send((client, server));
    }

    /// Puts a server back as it was; `None` for one that was not known.
    pub fn put_back(&self, client: &str, server: &str, before: Option<Server>) {
        let mut book = self.open();
        let servers = book.entry(client.to_owned()).or_default();
        match before {
            Some(before) => drop(servers.insert(server.to_owned(), before)),
            None => drop(servers.remove(server)),
        }
    }
}

/// A short name for a server under a client, for a person to type.
#[must_use]
pub fn id(client: &str, server: &str) -> String {
    let mut id = sha256_hex(format!("{}\0{client}\0{server}", client.len()).as_bytes());
    id.truncate(12);
    id
}

/// How many tools are not as they were approved, and the servers that came in another's place.
#[must_use]
pub fn attention(book: &Book) -> Vec<String> {
    let servers = || book.values().flat_map(HashMap::values);
    let held = servers()
        .flat_map(|it| it.tools.values())
        .filter(|pin| pin.held().is_some())
        .count();
    let mut lines = Vec::new();
    if held > 0 {
        let tools = if held == 1 { "tool is" } else { "tools are" };
        lines.push(format!(
            "{held} {tools} not as approved; look with: aipctl tools diff"
        ));
    }
    for about in servers().map(|it| &it.about) {
        if let Some(before) = &about.instead_of {
            lines.push(format!(
                "`{}` is run by another command than before ({} before, {} now); look with: \
                 aipctl tools",
                about.label, before.program, about.program
            ));
        }
    }
    lines
}

#[cfg(test)]
mod tests;
