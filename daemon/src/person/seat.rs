//! Whether a process can be told to be a person's own: it sits at a terminal, and neither an AI
//! client nor a server is behind it.
//!
//! Who started a process is known as long as everybody in between lives. One whose parent has
//! ended is taken in by the first of the parent's ancestors that asked for that, or by the system's
//! first process. So a process that a client has let loose (double fork, `setsid`, a terminal of its
//! own) hangs below an ancestor of the client, and is younger than the client. A session leader is
//! told apart from these by an ancestor, or itself, that is older than the client and is not the
//! client's ancestor; or by its control group, which is kept through any fork.

use std::fmt;
use std::path::Path;

use super::seen::{Look, Seen};
use crate::peer::Process;

/// One session's processes.
#[derive(Clone, Debug, Default)]
pub struct Side {
    /// The shim's parent.
    pub client: Option<Process>,
    /// The shim.
    pub shim: Option<Process>,
    /// The server, where it is the shim's own child.
    pub server: Option<Process>,
}

impl Side {
    /// Those of a session. A shim whose client is gone hangs below the system's first process.
    #[must_use]
    pub fn of(shim: Option<&Process>, server: Option<&Process>) -> Self {
        let parent = shim.map(|it| it.parent).filter(|it| *it > 1);
        Self {
            client: parent.and_then(Process::observe),
            shim: shim.cloned(),
            server: server.cloned(),
        }
    }
}

/// Why an answer does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The process is gone, or its terminal's first process.
    Unseen,
    /// It has no terminal.
    NoTerminal,
    /// It runs below a client, a shim or a server.
    Below(String),
    /// Its terminal is one a client, a shim or a server runs in.
    Shared(String),
    /// Nothing tells its terminal from one the client has opened.
    Untold(String),
    /// Nothing tells the program from one the client has let loose.
    Loose(String),
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unseen => f.write_str("the system does not show where it comes from"),
            Self::NoTerminal => f.write_str("it was not typed in a terminal"),
            Self::Below(who) => write!(f, "it was run by {who}"),
            Self::Shared(who) => write!(f, "{who} runs in the same terminal"),
            Self::Loose(who) => write!(f, "it could be one that {who} has started"),
            Self::Untold(who) => write!(f, "its terminal could be one that {who} has opened"),
        }
    }
}

/// The longest line of ancestors looked at.
const DEPTH: usize = 64;

/// Programs that run others and are nobody themselves.
const SHELLS: [&str; 9] = [
    "sh", "bash", "dash", "zsh", "fish", "ksh", "ash", "busybox", "env",
];

/// Whether this process is a person's.
///
/// # Errors
/// Why that can't be told.
pub fn judge(look: &impl Look, pid: u32, sides: &[Side]) -> Result<(), Doubt> {
    let peer = look.see(pid).ok_or(Doubt::Unseen)?;
    if !peer.terminal {
        return Err(Doubt::NoTerminal);
    }
    let leader = look.see(peer.session).ok_or(Doubt::Unseen)?;
    let above = [line(look, peer.pid), line(look, leader.pid)].concat();
    for side in sides {
        let Some(client) = in_front(look, side) else {
            continue;
        };
        let clients = roots(look, &client);
        for one in all(look, side, &clients) {
            if above.iter().any(|it| same(it, &one)) {
                return Err(Doubt::Below(name(&one)));
            }
            if one.session == leader.pid {
                return Err(Doubt::Shared(name(&one)));
            }
        }
        if !apart(look, &leader, &client, &clients) {
            return Err(Doubt::Untold(name(&client)));
        }
    }
    Ok(())
}

/// Whether a program of the desktop's that hands on what a person did, and so needs no terminal, can
/// be told to be nobody's of the clients and servers.
///
/// # Errors
/// Why that can't be told.
pub fn judge_service(look: &impl Look, pid: u32, sides: &[Side]) -> Result<(), Doubt> {
    let service = look.see(pid).ok_or(Doubt::Unseen)?;
    let above = line(look, service.pid);
    for side in sides {
        let Some(client) = in_front(look, side) else {
            continue;
        };
        let clients = roots(look, &client);
        let all = all(look, side, &clients);
        if let Some(one) = all.iter().find(|one| above.iter().any(|it| same(it, one))) {
            return Err(Doubt::Below(name(one)));
        }
        // Whoever the client itself was started by, the client has not started.
        let before = line(look, client.pid).iter().any(|it| same(it, &service));
        if !before && !apart(look, &service, &client, &clients) {
            return Err(Doubt::Loose(name(&client)));
        }
    }
    Ok(())
}

/// The client, or the shim where no client is known.
fn in_front(look: &impl Look, side: &Side) -> Option<Seen> {
    alive(look, side.client.as_ref()).or_else(|| alive(look, side.shim.as_ref()))
}

/// Everybody of a session's.
fn all(look: &impl Look, side: &Side, clients: &[Seen]) -> Vec<Seen> {
    let others = [&side.shim, &side.server];
    let others = others.map(|it| alive(look, it.as_ref()));
    clients
        .iter()
        .cloned()
        .chain(others.into_iter().flatten())
        .collect()
}

/// A process that is still the one it was.
fn alive(look: &impl Look, process: Option<&Process>) -> Option<Seen> {
    let process = process?;
    look.see(process.pid).filter(|it| it.start == process.start)
}

fn same(one: &Seen, other: &Seen) -> bool {
    (one.pid, one.start) == (other.pid, other.start)
}

/// The process and its ancestors, the system's first process left out.
fn line(look: &impl Look, pid: u32) -> Vec<Seen> {
    let mut line = Vec::new();
    let mut next = pid;
    while next > 1 && line.len() < DEPTH {
        let Some(seen) = look.see(next) else { break };
        next = seen.parent;
        line.push(seen);
    }
    line
}

/// The client, and what it is a part of: a window program starts shims and terminals from
/// processes of its own, and a shell may stand between.
fn roots(look: &impl Look, client: &Seen) -> Vec<Seen> {
    let mut roots = vec![client.clone()];
    for above in line(look, client.parent) {
        let Some(last) = roots.last() else { break };
        let part = above.program.is_some() && above.program == last.program;
        // One that leads a terminal is a person's, who tries aip by hand, and stands between nothing.
        let sits = last.terminal && last.session == last.pid;
        if !part && (sits || !is_shell(last.program.as_deref())) {
            break;
        }
        roots.push(above);
    }
    roots
}

/// Whether the program runs others and is nobody itself.
pub(super) fn is_shell(program: Option<&Path>) -> bool {
    let base = program.and_then(Path::file_name);
    base.is_some_and(|base| SHELLS.iter().any(|shell| *base == **shell))
}

/// Whether the terminal's first process can't come from the client.
fn apart(look: &impl Look, leader: &Seen, client: &Seen, clients: &[Seen]) -> bool {
    let above = line(look, client.pid);
    let began = clients.iter().map(|it| it.start).min().unwrap_or_default();
    let older = line(look, leader.pid)
        .iter()
        .take_while(|it| !above.iter().any(|above| same(it, above)))
        .any(|it| it.start < began);
    older || other_group(leader.cgroup.as_deref(), client.cgroup.as_deref())
}

/// Whether the groups tell the two apart. One made by `systemd-run` does not: a client can run it.
fn other_group(leader: Option<&str>, client: Option<&str>) -> bool {
    let (Some(leader), Some(client)) = (leader, client) else {
        return false;
    };
    let within = |one: &str, other: &str| {
        one.strip_prefix(other)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let run = leader.split('/').any(|part| part.starts_with("run-"));
    !run && !within(leader, client) && !within(client, leader)
}

fn name(seen: &Seen) -> String {
    let program = seen.program.as_deref().and_then(Path::file_name);
    let program = program.map_or("a program".into(), |it| it.to_string_lossy());
    format!("{program} (process {})", seen.pid)
}

#[cfg(test)]
mod tests;
