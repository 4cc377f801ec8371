//! The machine in words that name no machine: cores, processor, kernel, file system.

use std::fs;
use std::path::Path;

/// One line about the machine, and the file system below a folder.
#[must_use]
pub fn describe(folder: &Path) -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("processor unknown", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let total = cpuinfo
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    let release = read("/proc/sys/kernel/osrelease");
    let kernel: String = release
        .chars()
        .take_while(|it| it.is_ascii_digit() || *it == '.')
        .collect();
    format!(
        "{model}, {cores} of {total} cores, Linux {}, the store on {}",
        kernel.trim_end_matches('.'),
        file_system(folder)
    )
}

/// The type of the file system a folder is on.
#[must_use]
pub fn file_system(folder: &Path) -> String {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mut found = ("", "an unknown file system");
    for line in mounts.lines() {
        let mut words = line.split(' ').skip(1);
        let (Some(point), Some(kind)) = (words.next(), words.next()) else {
            continue;
        };
        if folder.starts_with(point) && point.len() >= found.0.len() {
            found = (point, kind);
        }
    }
    found.1.to_owned()
}
