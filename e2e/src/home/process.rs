//! Processes as the kernel's `/proc` shows them.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The processes of this program whose environment has this `AIP_HOME`.
pub(super) fn with_home(program: &str, home: &Path) -> Vec<u32> {
    let wanted = [b"AIP_HOME=", home.as_os_str().as_bytes()].concat();
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| is_program(*pid, program) && alive(*pid))
        .filter(|pid| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment
                .split(|byte| *byte == 0)
                .any(|variable| variable == wanted)
        })
        .collect()
}

fn is_program(pid: u32, name: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim_end() == name)
}

/// Whether a process is there and not just waiting to be reaped. It is there until the last of its threads
/// has ended: until then its sockets can be open, whatever has become of the first.
#[must_use]
pub fn alive(pid: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task"));
    let mut threads = threads.into_iter().flatten().flatten();
    threads.any(|thread| {
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        let state = stat.rsplit_once(") ").map(|(_, rest)| rest);
        state.is_some_and(|it| !it.starts_with(['Z', 'X']))
    })
}

/// The most memory a process has had resident so far, in KiB.
///
/// # Panics
/// When the process is gone.
#[must_use]
pub fn resident_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process is there");
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
        .expect("the kernel tells the peak")
}

/// The memory that is a process's own, without the pages of its program's file, in KiB.
///
/// # Panics
/// When the process is gone.
#[must_use]
pub fn own_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process is there");
    let of = |name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
            .expect("the kernel tells it")
    };
    of("RssAnon:") + of("RssShmem:")
}

/// Processor time a process has used, in the kernel's ticks of a hundredth of a second.
///
/// # Panics
/// When the process is gone.
#[must_use]
pub fn ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process is there");
    let (_, rest) = stat.rsplit_once(") ").expect("stat has a name");
    let fields = rest.split(' ').skip(11).take(2);
    fields.filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}
