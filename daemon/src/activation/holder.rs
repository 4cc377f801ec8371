//! The daemon that holds the lock, found by the process id it wrote there.

use std::path::Path;

/// Asks the lock's holder to finish; gives its process id. `None` where it can't be made sure
/// that the process is an aipd of this user that has the lock file open.
#[cfg(target_os = "linux")]
pub(super) fn end(lock: &Path) -> Option<u32> {
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    let pid = crate::place::holder(lock)?;
    let raw = Pid::from_raw(i32::try_from(pid).ok()?)?;
    // Held open from before the checks, it can't come to mean another process after them.
    let process = pidfd_open(raw, PidfdFlags::empty()).ok()?;
    if pid == std::process::id() || !is_aipd(pid) || !has_open(pid, lock) {
        return None;
    }
    pidfd_send_signal(process, Signal::TERM).ok()?;
    Some(pid)
}

/// Elsewhere no service manager hands over sockets yet, so nothing is taken over.
#[cfg(not(target_os = "linux"))]
pub(super) fn end(_: &Path) -> Option<u32> {
    None
}

#[cfg(target_os = "linux")]
fn is_aipd(pid: u32) -> bool {
    let program = crate::peer::Process::observe(pid).and_then(|process| process.program);
    let name = program
        .as_deref()
        .and_then(|program| program.file_name()?.to_str());
    // An upgrade replaces the file under a running daemon, which the kernel marks.
    name.is_some_and(|name| name == "aipd" || name == "aipd (deleted)")
}

#[cfg(target_os = "linux")]
fn has_open(pid: u32, lock: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let Ok(wanted) = std::fs::symlink_metadata(lock) else {
        return false;
    };
    let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    entries
        .flatten()
        .filter_map(|entry| std::fs::metadata(entry.path()).ok())
        .any(|file| (file.dev(), file.ino()) == (wanted.dev(), wanted.ino()))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::fs::File;
    use std::process::{Command, Stdio};

    #[test]
    fn only_an_aipd_that_has_the_lock_open_is_told() {
        check("aipd", true, true);
        check("aipd", false, false);
        check("other", true, false);
        fn check(name: &str, opens: bool, told: bool) {
            let folder = tempfile::tempdir().unwrap();
            let program = folder.path().join(name);
            // A shell by that name, which waits for a line that never comes.
            std::fs::copy("/bin/sh", &program).unwrap();
            let lock = folder.path().join("aipd.lock");
            let file = File::create(&lock).unwrap();
            let output = if opens { file.into() } else { Stdio::null() };
            let mut child = Command::new(&program)
                .args(["-c", "read line"])
                .stdin(Stdio::piped())
                .stdout(output)
                .spawn()
                .unwrap();
            std::fs::write(&lock, format!("{} command\n", child.id())).unwrap();
            let wanted = told.then_some(child.id());
            assert_eq!(end(&lock), wanted, "{name}, lock open: {opens}");
            if !told {
                assert!(child.try_wait().unwrap().is_none(), "{name} was ended");
                child.kill().unwrap();
            }
            child.wait().unwrap();
        }
    }

    #[test]
    fn a_lock_without_a_holder_is_told_to_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join("aipd.lock");
        for text in ["", "x\n", "0\n", "-1\n", "4294967295 command\n"] {
            std::fs::write(&lock, text).unwrap();
            assert_eq!(end(&lock), None, "{text:?}");
        }
        assert_eq!(end(&folder.path().join("none")), None);
    }
}
