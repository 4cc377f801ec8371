//! Who is on the other end, as the kernel sees it. Where it can't be seen, nothing is known, and
//! what the peer says of itself is recorded as a claim.

#[cfg(target_os = "linux")]
use std::io::Read;
use std::path::PathBuf;

/// Room for a process's line in `/proc`, in bytes, so that it is read at once.
#[cfg(target_os = "linux")]
const STAT: usize = 1024;

/// A process by pid and start time, so that a recycled pid is not taken for it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Process {
    /// Process id.
    pub pid: u32,
    /// Its parent.
    pub parent: u32,
    /// Its process group.
    pub group: u32,
    /// When it started, in clock ticks since boot.
    pub start: u64,
    /// The program it runs, where that can be read.
    pub program: Option<PathBuf>,
}

impl Process {
    /// Looks at a process; `None` where it is gone or the system doesn't tell.
    #[must_use]
    #[cfg(target_os = "linux")]
    pub fn observe(pid: u32) -> Option<Self> {
        let mut stat = String::with_capacity(STAT);
        std::fs::File::open(format!("/proc/{pid}/stat"))
            .and_then(|mut file| file.read_to_string(&mut stat))
            .ok()?;
        let (parent, group, start) = parse_stat(&stat)?;
        let program = std::fs::read_link(format!("/proc/{pid}/exe")).ok();
        Some(Self {
            pid,
            parent,
            group,
            start,
            program,
        })
    }

    /// Looks at a process; here only whether it is there can be told, so a recycled pid is taken
    /// for it, and no parent, group or program is known.
    #[must_use]
    #[cfg(not(target_os = "linux"))]
    pub fn observe(pid: u32) -> Option<Self> {
        let raw = rustix::process::Pid::from_raw(i32::try_from(pid).ok()?)?;
        rustix::process::test_kill_process(raw).ok()?;
        Some(Self {
            pid,
            parent: 0,
            group: 0,
            start: 0,
            program: None,
        })
    }

    /// Whether this very process still runs.
    #[must_use]
    pub fn alive(&self) -> bool {
        Self::observe(self.pid).is_some_and(|now| now.start == self.start)
    }

    /// Whether the other is this very process.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        (self.pid, self.start) == (other.pid, other.start)
    }
}

/// Parent, group and start time out of `/proc/PID/stat` (proc(5)): the name in parentheses may
/// itself hold spaces and parentheses, so the fields are counted from the last one. A process that
/// has ended and was not waited for yet counts as gone.
#[cfg(any(test, target_os = "linux"))]
fn parse_stat(stat: &str) -> Option<(u32, u32, u64)> {
    let (_, fields) = stat.rsplit_once(')')?;
    let field = |n: usize| fields.split_ascii_whitespace().nth(n - 3);
    if matches!(field(3)?, "Z" | "X") {
        return None;
    }
    Some((
        field(4)?.parse().ok()?,
        field(5)?.parse().ok()?,
        field(22)?.parse().ok()?,
    ))
}

/// Processes of a group that started no earlier than `since`.
#[must_use]
pub fn group_members(group: u32, since: u64) -> Vec<Process> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(Process::observe)
        .filter(|it| it.group == group && it.start >= since)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let stat = "42 (a) b (c)) S 7 8 9 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 12345 1 1";
        assert_eq!(parse_stat(stat), Some((7, 8, 12345)));
    }

    #[test]
    fn a_zombie_is_gone() {
        let stat = "42 (a) Z 7 8 9 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 12345 1 1";
        assert_eq!(parse_stat(stat), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn we_are_observed_alive() {
        let me = Process::observe(std::process::id()).unwrap();
        assert!(me.alive() && me.program.is_some());
    }
}
