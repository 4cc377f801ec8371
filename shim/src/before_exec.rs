//! What must happen in a child between fork and exec, where std has no safe door. The only
//! `unsafe` of the workspace is the one block here.

use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::io::FdFlags;
use rustix::process::Pid;

/// What a child is to do before its program replaces ours.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Die with this process, even if it is killed: only the direct child is reached so.
    DieWith(Pid),
    /// Not pass these file descriptors on to the program.
    KeepBack(Vec<i32>),
}

impl Step {
    /// Has the child take this step.
    #[expect(
        unsafe_code,
        reason = "std has no safe way to act between fork and exec"
    )]
    pub(crate) fn before(self, command: &mut Command) {
        // SAFETY: `take` runs in the forked child and only makes system calls through rustix:
        // it allocates nothing, takes no lock and touches no state of this process. The
        // numbers borrowed there are only given to fcntl, which answers EBADF where one is not
        // open; none outlives the call.
        unsafe {
            command.pre_exec(move || self.take(|number| BorrowedFd::borrow_raw(number)));
        }
    }

    fn take(&self, borrow: impl Fn(i32) -> BorrowedFd<'static>) -> io::Result<()> {
        match self {
            Self::DieWith(parent) => die_with(*parent),
            Self::KeepBack(numbers) => {
                for number in numbers {
                    // One that was closed meanwhile is what is wanted.
                    let _ = rustix::io::fcntl_setfd(borrow(*number), FdFlags::CLOEXEC);
                }
                Ok(())
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn die_with(parent: Pid) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    // The parent may have died before the request was in place.
    if rustix::process::getppid() == Some(parent) {
        Ok(())
    } else {
        Err(io::Error::from(rustix::io::Errno::SRCH))
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with(_parent: Pid) -> io::Result<()> {
    Ok(())
}
