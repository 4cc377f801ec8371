//! Catches the signals the loop acts on and wakes it; what was ignored when we started stays so.

use std::io::Read as _;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Signal;

use crate::failure::Failure;

/// Signals that ask us to end, and that the server is sent in its turn.
const ENDING: [Signal; 3] = [Signal::TERM, Signal::INT, Signal::HUP];

/// Room for `/proc/self/status`, in bytes, so that it is read at once.
const STATUS: usize = 4096;

/// Caught signals, behind a descriptor that poll(2) can wait on.
#[derive(Debug)]
pub(crate) struct Signals {
    wake: UnixStream,
    ending: Vec<(Signal, Arc<AtomicBool>)>,
}

impl Signals {
    /// Begins to catch.
    ///
    /// # Errors
    /// When the operating system refuses a handler or a descriptor.
    pub(crate) fn catch() -> Result<Self, Failure> {
        let failed = |error| Failure::System("signals can't be caught", error);
        let (wake, waker) = UnixStream::pair().map_err(failed)?;
        wake.set_nonblocking(true).map_err(failed)?;
        waker.set_nonblocking(true).map_err(failed)?;
        let ignored = ignored_signals();
        let mut ending = Vec::new();
        for signal in ENDING
            .into_iter()
            .filter(|signal| !ignored.contains(signal))
        {
            let flag = Arc::new(AtomicBool::new(false));
            signal_hook::flag::register(signal.as_raw(), Arc::clone(&flag)).map_err(failed)?;
            ending.push((signal, flag));
        }
        let caught = ending
            .iter()
            .map(|(signal, _)| *signal)
            .chain([Signal::CHILD]);
        for signal in caught {
            let waker = waker.try_clone().map_err(failed)?;
            signal_hook::low_level::pipe::register(signal.as_raw(), waker).map_err(failed)?;
        }
        Ok(Self { wake, ending })
    }

    /// Readable once a signal has come.
    pub(crate) fn wake_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Forgets the wake-ups so far; called before looking at what has happened.
    pub(crate) fn quiet(&mut self) {
        let mut bytes = [0; 64];
        while matches!(self.wake.read(&mut bytes), Ok(count) if count == bytes.len()) {}
    }

    /// The signals that have asked us to end since the last call.
    pub(crate) fn take_ending(&self) -> impl Iterator<Item = Signal> + use<'_> {
        let came = |flag: &AtomicBool| flag.swap(false, Ordering::SeqCst);
        self.ending
            .iter()
            .filter(move |(_, flag)| came(flag))
            .map(|(signal, _)| *signal)
    }
}

/// The signals of ours that the client (nohup, for one) has us ignore: catching one would turn
/// it on again, for the server too.
fn ignored_signals() -> Vec<Signal> {
    let mut status = String::with_capacity(STATUS);
    // Where it can't be read, nothing is known to be ignored.
    let _unread = std::fs::File::open("/proc/self/status")
        .and_then(|mut file| file.read_to_string(&mut status));
    ignored_in(&status)
}

fn ignored_in(status: &str) -> Vec<Signal> {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    let is_ignored = |signal: &Signal| mask >> (signal.as_raw() - 1) & 1 == 1;
    ENDING.into_iter().filter(is_ignored).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read_from_the_kernels_mask() {
        check("Name:\taip\nSigIgn:\t0000000000001001\n", &[Signal::HUP]);
        check(
            "SigIgn:\t0000000000004003\n",
            &[Signal::TERM, Signal::INT, Signal::HUP],
        );
        check("SigIgn:\t0000000000000000\n", &[]);
        check("", &[]);
    }

    fn check(status: &str, want: &[Signal]) {
        assert_eq!(ignored_in(status), want);
    }
}
