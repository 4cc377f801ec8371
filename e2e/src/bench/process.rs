//! What `/proc` tells of a process: processor time, memory, switches, and where it may run.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

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
        sum += nanos(&task)?;
    }
    Ok(sum)
}

fn nanos(task: &Path) -> io::Result<u64> {
    let text = fs::read_to_string(task.join("schedstat"))?;
    let first = text.split_whitespace().next().unwrap_or_default();
    first.parse().map_err(io::Error::other)
}

/// What the threads of some processes have done so far.
#[derive(Clone, Debug, Default)]
pub struct Activity {
    /// A thread's folder to its switches and its nanoseconds of processor time.
    threads: BTreeMap<PathBuf, (u64, u64)>,
}

impl Activity {
    /// Of all threads these processes have now.
    ///
    /// # Errors
    /// When one is gone.
    pub fn of(pids: &[u32]) -> io::Result<Self> {
        let mut threads = BTreeMap::new();
        for task in pids
            .iter()
            .map(|pid| tasks(*pid))
            .collect::<io::Result<Vec<_>>>()?
            .concat()
        {
            let text = fs::read_to_string(task.join("status"))?;
            let switches = number(&text, "voluntary_ctxt_switches")?
                + number(&text, "nonvoluntary_ctxt_switches")?;
            let nanos = nanos(&task)?;
            threads.insert(task, (switches, nanos));
        }
        Ok(Self { threads })
    }

    /// How often a thread was switched away from since then, each time standing for a wake-up, and
    /// nanoseconds. A thread that has ended has woken up once for it; its time is not known.
    #[must_use]
    pub fn since(&self, before: &Self) -> (u64, u64) {
        let ended = before
            .threads
            .keys()
            .filter(|it| !self.threads.contains_key(*it));
        let mut sum = (ended.count() as u64, 0);
        for (thread, now) in &self.threads {
            let then = before.threads.get(thread).copied().unwrap_or_default();
            sum.0 += now.0.saturating_sub(then.0);
            sum.1 += now.1.saturating_sub(then.1);
        }
        sum
    }
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

impl Memory {
    /// Of each figure the larger.
    #[must_use]
    pub fn most(self, other: Self) -> Self {
        Self {
            rss: self.rss.max(other.rss),
            pss: self.pss.max(other.pss),
            private: self.private.max(other.private),
        }
    }
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
