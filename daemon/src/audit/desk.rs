//! Where batches are handed in. Whoever finds the writer free writes all that lies there, in one
//! transaction, on its own thread: a call waits for no other thread to be woken.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Batch;
use super::writer::{Ack, Job, Writer};

/// How many batches one transaction takes at the most.
const GROUP: usize = 512;

pub(super) struct Desk {
    writer: Mutex<Writer>,
    jobs: Mutex<VecDeque<Job>>,
    /// Something is left to do that nobody waits for.
    left_over: AtomicBool,
    /// No handle is left.
    closed: Mutex<bool>,
    bell: Condvar,
}

impl Desk {
    pub(super) fn new(writer: Writer) -> Self {
        Self {
            writer: Mutex::new(writer),
            jobs: Mutex::default(),
            left_over: AtomicBool::new(false),
            closed: Mutex::new(false),
            bell: Condvar::new(),
        }
    }

    /// Puts a batch behind those that lie there. What nobody waits for is one batch.
    pub(super) fn hand_in(&self, batch: Batch, ack: Option<Ack>) {
        let mut jobs = lock(&self.jobs);
        match jobs.back_mut() {
            Some(last) if ack.is_none() && last.ack.is_none() => last.batch.append(batch),
            Some(_) | None => jobs.push_back(Job { batch, ack }),
        }
        let unattended = jobs.back().is_some_and(|job| job.ack.is_none());
        drop(jobs);
        if unattended {
            self.ring();
        }
    }

    /// Writes what lies there if anybody waits for it, unless somebody is at it: who leaves looks
    /// once more. What nobody waits for begins no transaction of its own.
    pub(super) fn work(&self) {
        while self.is_waited_for() {
            let mut writer = match self.writer.try_lock() {
                Ok(writer) => writer,
                Err(std::sync::TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(std::sync::TryLockError::WouldBlock) => return,
            };
            self.write(&mut writer);
        }
    }

    /// Writes what lies there, waited for or not.
    pub(super) fn clear(&self) {
        self.with_writer(|writer| self.write(writer));
    }

    fn is_waited_for(&self) -> bool {
        lock(&self.jobs).iter().any(|job| job.ack.is_some())
    }

    /// One transaction for what lies there.
    fn write(&self, writer: &mut Writer) {
        let mut group = self.take();
        if group.iter().any(Job::takes_long) {
            blocking(|| writer.write_group(&mut group));
        } else if !group.is_empty() {
            writer.write_group(&mut group);
        }
        if writer.left_over() {
            self.ring();
        }
    }

    fn take(&self) -> Vec<Job> {
        let mut jobs = lock(&self.jobs);
        let count = jobs.len().min(GROUP);
        jobs.drain(..count).collect()
    }

    /// Has the writer do something else, then what was handed in meanwhile: those who found it
    /// taken wait for that.
    pub(super) fn with_writer<T>(&self, act: impl FnOnce(&mut Writer) -> T) -> T {
        let done = act(&mut lock(&self.writer));
        self.work();
        done
    }

    /// Nothing more will be handed in.
    pub(super) fn close(&self) {
        *lock(&self.closed) = true;
        self.bell.notify_all();
    }

    /// Has the keeper look, soon.
    fn ring(&self) {
        if !self.left_over.swap(true, Ordering::AcqRel) {
            // Taken so that it is not rung between the keeper's look and its sleep.
            drop(lock(&self.closed));
            self.bell.notify_all();
        }
    }

    /// Waits until something is left to do and a little longer, so that it is done together.
    /// False when nothing more will come.
    pub(super) fn wait(&self, linger: Duration) -> bool {
        let idle = |closed: &mut bool| !*closed && !self.left_over.load(Ordering::Acquire);
        let closed = self.bell.wait_while(lock(&self.closed), idle);
        let closed = closed.unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .bell
            .wait_timeout_while(closed, linger, |closed| !*closed);
        let (closed, _) = waited.unwrap_or_else(PoisonError::into_inner);
        self.left_over.store(false, Ordering::Release);
        !*closed
    }
}

/// Tells the runtime, where there is one with other threads, that this one will be away.
pub(super) fn blocking<T>(work: impl FnOnce() -> T) -> T {
    let flavor = tokio::runtime::Handle::try_current().map(|handle| handle.runtime_flavor());
    match flavor {
        Ok(tokio::runtime::RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        Ok(_) | Err(_) => work(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
