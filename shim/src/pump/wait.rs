//! The one place that waits: which descriptors, for what, and until when.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use wire::link::Stream;

use super::Pump;
use super::streams::{is_waiting, source};
use crate::connection::Connection;
use crate::failure::Failure;
use crate::output::Output;

/// What can wake the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Signals,
    Daemon,
    Read(Stream),
    /// Written by the next round; only the loss of a reader is acted on.
    ClientOut,
    Out,
}

/// As many as there can be of either.
const MOST: usize = 8;

type Interest<'a> = (Source, BorrowedFd<'a>, PollFlags);

/// What has become ready, in the order it is acted on.
pub(super) type Ready = [Option<(Source, PollFlags)>; MOST];

impl Pump {
    /// Waits until something can be done.
    ///
    /// # Errors
    /// When poll(2) itself fails.
    pub(super) fn wait(&self, now: Instant) -> Result<Ready, Failure> {
        let interests = self.interests();
        // Arrays, because this runs several times for every call.
        let spare = |_| PollFd::from_borrowed_fd(self.signals.wake_fd(), PollFlags::empty());
        let mut fds: [PollFd<'_>; MOST] = std::array::from_fn(spare);
        let mut count = 0;
        for ((_, fd, flags), slot) in interests.iter().flatten().zip(&mut fds) {
            *slot = PollFd::from_borrowed_fd(*fd, *flags);
            count += 1;
        }
        let fds = fds.get_mut(..count).unwrap_or_default();
        let timeout = self
            .deadline(now)
            .map(|at| timespec(at.saturating_duration_since(now)));
        match rustix::event::poll(fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(Failure::System("waiting failed", error.into())),
        }
        let mut ready = [None; MOST];
        let watched = interests.iter().flatten().zip(fds);
        for (slot, ((source, ..), fd)) in ready.iter_mut().zip(watched) {
            *slot = Some((*source, fd.revents())).filter(|(_, flags)| !flags.is_empty());
        }
        Ok(ready)
    }

    fn interests(&self) -> [Option<Interest<'_>>; MOST] {
        let out_if = |wanted| {
            if wanted {
                PollFlags::OUT
            } else {
                PollFlags::empty()
            }
        };
        let read = |stream| {
            let fd = source(stream, &self.client, self.server.as_ref())?;
            let interest = (Source::Read(stream), fd, PollFlags::IN);
            self.wants(stream).then_some(interest)
        };
        let input = self.server.as_ref().map(|server| &server.input);
        [
            Some((Source::Signals, self.signals.wake_fd(), PollFlags::IN)),
            self.connection.as_ref().map(|connection| {
                let flags = PollFlags::IN | out_if(connection.has_unsent());
                (Source::Daemon, connection.fd(), flags)
            }),
            read(Stream::Client).filter(|_| self.client_open),
            // Watched even with nothing to write: it tells when the reader goes.
            self.client_out
                .fd()
                .map(|fd| (Source::ClientOut, fd, out_if(is_waiting(&self.client_out)))),
            write(&self.person_out),
            input.and_then(write),
            read(Stream::Server),
            read(Stream::Stderr),
        ]
    }

    fn deadline(&self, now: Instant) -> Option<Instant> {
        let children = &self.children;
        let group_left = || children.group_left();
        let lifetime = self.lifetime.deadline(now, &self.view(&group_left));
        // What the socket does not take now is sent when it does.
        let free = |link: &Connection| link.is_welcomed() && !link.has_unsent();
        let notes = self
            .notes_due
            .filter(|_| self.connection.as_ref().is_some_and(free));
        [lifetime, self.reach.deadline(), notes]
            .into_iter()
            .flatten()
            .min()
    }

    /// Acts on what has become ready.
    ///
    /// # Errors
    /// When the session can't begin.
    pub(super) fn handle(&mut self, now: Instant, ready: Ready) -> Result<(), Failure> {
        for (source, flags) in ready.into_iter().flatten() {
            match source {
                Source::Signals => self.read_signals(now),
                Source::Daemon if flags.intersects(readable()) => self.read_daemon(now)?,
                Source::Read(stream) => self.read_stream(now, stream),
                Source::ClientOut if flags.intersects(PollFlags::ERR | PollFlags::HUP) => {
                    self.client_is_gone();
                }
                Source::Daemon | Source::ClientOut | Source::Out => {}
            }
        }
        Ok(())
    }
}

fn write(output: &Output) -> Option<Interest<'_>> {
    let fd = output.fd().filter(|_| is_waiting(output))?;
    Some((Source::Out, fd, PollFlags::OUT))
}

fn readable() -> PollFlags {
    PollFlags::IN | PollFlags::HUP | PollFlags::ERR
}

fn timespec(wait: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: wait.subsec_nanos().into(),
    }
}
