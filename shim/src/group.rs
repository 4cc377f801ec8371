//! Who is left in the server's process group. Looked up only while the group is being ended.

use rustix::process::Pid;

/// Whether a process other than a zombie is in the group. When that can't be known, it is said
/// to be: the signals that follow reach nobody then.
#[cfg(target_os = "linux")]
pub(crate) fn has_members(group: Pid) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return true;
    };
    processes
        .filter_map(Result::ok)
        .filter(|entry| {
            entry
                .file_name()
                .as_encoded_bytes()
                .iter()
                .all(u8::is_ascii_digit)
        })
        .filter_map(|entry| std::fs::read(entry.path().join("stat")).ok())
        .filter_map(|stat| Stat::parse(&String::from_utf8_lossy(&stat)))
        .any(|stat| stat.group == group.as_raw_pid() && !stat.dead)
}

/// Whether anyone in the group can be signalled; a group of zombies can't.
#[cfg(not(target_os = "linux"))]
pub(crate) fn has_members(group: Pid) -> bool {
    rustix::process::test_kill_process_group(group).is_ok()
}

/// When a process started, in clock ticks since boot; 0 where the kernel doesn't say.
pub(crate) fn start_of(pid: Pid) -> u64 {
    let path = format!("/proc/{}/stat", pid.as_raw_pid());
    std::fs::read_to_string(path)
        .ok()
        .and_then(|stat| Stat::parse(&stat))
        .map_or(0, |stat| stat.start)
}

/// The fields of `/proc/PID/stat` that matter here.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    dead: bool,
    group: i32,
    start: u64,
}

impl Stat {
    fn parse(line: &str) -> Option<Self> {
        // The second field is the program's name and may hold anything, brackets too.
        let (_, rest) = line.rsplit_once(')')?;
        let mut fields = rest.split_ascii_whitespace();
        let state = fields.next()?;
        let group = fields.nth(1)?.parse().ok()?;
        let start = fields.nth(16)?.parse().ok()?;
        Some(Self {
            dead: matches!(state, "Z" | "X" | "x"),
            group,
            start,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_line_is_read_whatever_the_program_is_called() {
        let tail = "S 1 77 77 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456 9 9";
        let want = Stat {
            dead: false,
            group: 77,
            start: 123_456,
        };
        check(&format!("42 (cat) {tail}"), Some(&want));
        check(&format!("42 (a) Z 1 5 (b) {tail}"), Some(&want));
        check(
            &format!("42 (cat) {}", tail.replacen('S', "Z", 1)),
            Some(&Stat { dead: true, ..want }),
        );
        check("42 (cat", None);
        check("42 (cat) S 1", None);
    }

    #[test]
    fn our_own_group_has_a_member() {
        assert!(has_members(rustix::process::getpgrp()));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_kernel_says_when_we_started() {
        assert!(start_of(rustix::process::getpid()) > 0);
    }

    fn check(line: &str, want: Option<&Stat>) {
        assert_eq!(Stat::parse(line).as_ref(), want, "{line}");
    }
}
