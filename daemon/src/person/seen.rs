//! Processes as the kernel shows them.

use std::path::PathBuf;

/// A process, as far as it matters who started it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Process id.
    pub pid: u32,
    /// Its parent, which may have taken it in when its own was gone.
    pub parent: u32,
    /// Its session's leader.
    pub session: u32,
    /// It has a controlling terminal.
    pub terminal: bool,
    /// When it started, in clock ticks since boot.
    pub start: u64,
    /// The program it runs, where that can be read.
    pub program: Option<PathBuf>,
    /// Its control group, where that tells it from others: not the root's.
    pub cgroup: Option<String>,
}

/// A way to look at processes.
pub trait Look {
    /// The process; `None` where it is gone or can't be seen.
    fn see(&self, pid: u32) -> Option<Seen>;
}

/// The processes of this system. Where it does not show them, none is seen.
#[derive(Clone, Copy, Debug)]
pub struct System;

impl Look for System {
    #[cfg(target_os = "linux")]
    fn see(&self, pid: u32) -> Option<Seen> {
        let folder = PathBuf::from(format!("/proc/{pid}"));
        let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
        let groups = std::fs::read_to_string(folder.join("cgroup")).unwrap_or_default();
        let mut seen = parse_stat(pid, &stat)?;
        seen.program = std::fs::read_link(folder.join("exe")).ok();
        seen.cgroup = parse_cgroup(&groups);
        Some(seen)
    }

    #[cfg(not(target_os = "linux"))]
    fn see(&self, _: u32) -> Option<Seen> {
        None
    }
}

/// `/proc/PID/stat` (proc(5)); the name in parentheses may hold spaces and parentheses itself.
#[cfg(any(test, target_os = "linux"))]
fn parse_stat(pid: u32, stat: &str) -> Option<Seen> {
    let (_, fields) = stat.rsplit_once(')')?;
    let field = |n: usize| fields.split_ascii_whitespace().nth(n - 3);
    if matches!(field(3)?, "Z" | "X") {
        return None;
    }
    Some(Seen {
        pid,
        parent: field(4)?.parse().ok()?,
        session: field(6)?.parse().ok()?,
        terminal: field(7)? != "0",
        start: field(22)?.parse().ok()?,
        ..Seen::default()
    })
}

/// The group in the unified hierarchy, or else in systemd's own (cgroups(7)).
#[cfg(any(test, target_os = "linux"))]
fn parse_cgroup(groups: &str) -> Option<String> {
    let of = |prefix: &str| {
        groups
            .lines()
            .find_map(|line| line.split_once(prefix).map(|(_, path)| path.to_owned()))
            .filter(|path| path != "/")
    };
    of("0::").or_else(|| of(":name=systemd:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_and_the_terminal_are_read_behind_any_name() {
        let stat = "42 (a) b (c)) S 7 8 9 34816 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 12345 1 1";
        let seen = parse_stat(42, stat).unwrap();
        assert_eq!(
            (seen.parent, seen.session, seen.terminal, seen.start),
            (7, 9, true, 12345)
        );
        assert!(
            !parse_stat(42, &stat.replace("34816", "0"))
                .unwrap()
                .terminal
        );
        assert_eq!(parse_stat(42, &stat.replace(" S ", " Z ")), None);
    }

    #[test]
    fn only_a_group_that_tells_processes_apart_counts() {
        let scope = "/user.slice/user-1000.slice/session-3.scope";
        assert_eq!(
            parse_cgroup(&format!("0::{scope}\n")),
            Some(scope.to_owned())
        );
        assert_eq!(parse_cgroup("8:pids:/\n0::/\n"), None);
        let hybrid = format!("9:name=systemd:{scope}\n0::/\n");
        assert_eq!(parse_cgroup(&hybrid), Some(scope.to_owned()));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn we_see_ourselves() {
        let me = System.see(std::process::id()).unwrap();
        assert!(me.program.is_some() && me.start > 0);
        // Of a session whose leader is outside our own pid namespace the kernel tells 0.
        let mut told = std::fs::read_to_string("/proc/self/stat").unwrap();
        told.replace_range(..=told.rfind(')').unwrap(), "");
        let session = told.split_whitespace().nth(3).unwrap();
        assert_eq!(me.session.to_string(), session);
    }
}
