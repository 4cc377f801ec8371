//! The one place that waits: which descriptors, for what, and until when.

use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use wire::link::Stream;

use super::Pump;
use super::streams::is_waiting;
use crate::connection::Connection;
use crate::failure::Failure;

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

type Interest<'a> = (Source, BorrowedFd<'a>, PollFlags);

impl Pump {
    /// Waits until something can be done.
    ///
    /// # Errors
    /// When poll(2) itself fails.
    pub(super) fn wait(&self, now: Instant) -> Result<Vec<(Source, PollFlags)>, Failure> {
        let interests = self.interests();
        let mut fds: Vec<PollFd<'_>> = interests
            .iter()
            .map(|(_, fd, flags)| PollFd::from_borrowed_fd(*fd, *flags))
            .collect();
        let timeout = self
            .deadline(now)
            .map(|at| timespec(at.saturating_duration_since(now)));
        match rustix::event::poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(Failure::System("waiting failed", error.into())),
        }
        let ready = interests
            .iter()
            .zip(&fds)
            .map(|((source, ..), fd)| (*source, fd.revents()));
        Ok(ready.filter(|(_, flags)| !flags.is_empty()).collect())
    }

    fn interests(&self) -> Vec<Interest<'_>> {
        let out_if = |wanted| {
            if wanted {
                PollFlags::OUT
            } else {
                PollFlags::empty()
            }
        };
        let mut all = vec![(Source::Signals, self.signals.wake_fd(), PollFlags::IN)];
        if let Some(connection) = &self.connection {
            let flags = PollFlags::IN | out_if(connection.has_unsent());
            all.push((Source::Daemon, connection.fd(), flags));
        }
        if self.client_open && self.wants(Stream::Client) {
            all.push((
                Source::Read(Stream::Client),
                self.client.as_fd(),
                PollFlags::IN,
            ));
        }
        // Watched even with nothing to write: it tells when the reader goes.
        if let Some(fd) = self.client_out.fd() {
            all.push((Source::ClientOut, fd, out_if(is_waiting(&self.client_out))));
        }
        if let Some(fd) = self
            .person_out
            .fd()
            .filter(|_| is_waiting(&self.person_out))
        {
            all.push((Source::Out, fd, PollFlags::OUT));
        }
        if let Some(server) = &self.server {
            let input = server.input.fd().filter(|_| is_waiting(&server.input));
            all.extend(input.map(|fd| (Source::Out, fd, PollFlags::OUT)));
            let output = server
                .output
                .as_ref()
                .filter(|_| self.wants(Stream::Server));
            all.extend(output.map(|fd| (Source::Read(Stream::Server), fd.as_fd(), PollFlags::IN)));
            let errors = server
                .errors
                .as_ref()
                .filter(|_| self.wants(Stream::Stderr));
            all.extend(errors.map(|fd| (Source::Read(Stream::Stderr), fd.as_fd(), PollFlags::IN)));
        }
        all
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
    pub(super) fn handle(
        &mut self,
        now: Instant,
        ready: &[(Source, PollFlags)],
    ) -> Result<(), Failure> {
        for (source, flags) in ready {
            match source {
                Source::Signals => self.read_signals(now),
                Source::Daemon if flags.intersects(readable()) => self.read_daemon(now)?,
                Source::Read(stream) => self.read_stream(now, *stream),
                Source::ClientOut if flags.intersects(PollFlags::ERR | PollFlags::HUP) => {
                    self.client_is_gone();
                }
                Source::Daemon | Source::ClientOut | Source::Out => {}
            }
        }
        Ok(())
    }
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
