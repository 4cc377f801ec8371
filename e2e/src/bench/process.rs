//! What `/proc` tells of a process: processor time, memory, switches, and where it may run.

use std::fs;
use std::io;
use std::path::PathBuf;

use rustix::thread::{CpuSet, sched_setaffinity};

/// Lets this thread, and all that is started from it, run on one core only.
///
/// # Errors
/// When there is no such core.
pub fn pin(core: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    if core >= CpuSet::MAX_CPU {
        return Err(io::Error::other(format!("there is no core {core}")));
    }
    set.set(core);
    sched_setaffinity(None, &set)
        .map_err(|error| io::Error::other(format!("can't run on core {core}: {error}")))
}

/// The cores a process may run on, as the kernel lists them: `0`, `0-1`.
///
/// # Errors
/// When the process is gone.
pub fn cores(pid: u32) -> io::Result<String> {
    status(pid, "Cpus_allowed_list")
}

/// Nanoseconds of processor time, user and system, of all threads that live.
///
/// # Errors
/// When the process is gone, or the kernel keeps no such figures.
pub fn cpu_nanos(pid: u32) -> io::Result<u64> {
    let mut sum = 0;
    for task in tasks(pid)? {
        let text = fs::read_to_string(task.join("schedstat"))?;
        let first = text.split_whitespace().next().unwrap_or_default();
        sum += first.parse::<u64>().map_err(io::Error::other)?;
    }
    Ok(sum)
}

/// How often all threads together were switched away from, of their own will or not: each stands
/// for a wake-up.
///
/// # Errors
/// When the process is gone.
pub fn switches(pid: u32) -> io::Result<u64> {
    let mut sum = 0;
    for task in tasks(pid)? {
        let text = fs::read_to_string(task.join("status"))?;
        for name in ["voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"] {
            sum += number(&text, name)?;
        }
    }
    Ok(sum)
}

/// Memory of a process, in KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Resident, what is shared with others counted in full.
    pub rss: u64,
    /// Resident, what is shared counted in parts.
    pub pss: u64,
    /// Its own alone.
    pub private: u64,
}

/// The memory of a process.
///
/// # Errors
/// When the process is gone.
pub fn memory(pid: u32) -> io::Result<Memory> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    Ok(Memory {
        rss: number(&text, "Rss")?,
        pss: number(&text, "Pss")?,
        private: number(&text, "Private_Clean")? + number(&text, "Private_Dirty")?,
    })
}

fn tasks(pid: u32) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(format!("/proc/{pid}/task"))?
        .map(|entry| Ok(entry?.path()))
        .collect()
}

fn status(pid: u32, name: &str) -> io::Result<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    field(&text, name).map(str::to_owned)
}

fn number(text: &str, name: &str) -> io::Result<u64> {
    let field = field(text, name)?;
    field
        .trim_end_matches(" kB")
        .parse()
        .map_err(io::Error::other)
}

fn field<'t>(text: &'t str, name: &str) -> io::Result<&'t str> {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .map(str::trim)
        .ok_or_else(|| io::Error::other(format!("the kernel tells no {name}")))
}
