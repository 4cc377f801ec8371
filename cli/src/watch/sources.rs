//! Where events come from: the daemon's two streams, the keyboard, signals, and the outcome of
//! what was asked of the daemon. Each is a thread of its own.

use std::io;
use std::path::Path;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::{Duration, Instant};

use ratatui_crossterm::crossterm::event::{self, Event as Typed};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use wire::control::{Approval, Channel, LogQuery, Request};

use super::keys::{Key, Said};
use super::state::Link;
use crate::client::{self, ClientError};
use crate::failure::Failure;
use crate::record::{self, Brief};

/// Between two attempts to reach the daemon.
const AGAIN: Duration = Duration::from_millis(500);
/// Decisions of the past that the feed begins with.
const PAST: u64 = 50;

/// Something the screen must know.
#[derive(Debug)]
pub enum Event {
    /// A call begins to wait, waits longer, or ends.
    Ask(Box<Approval>),
    /// A decision was recorded.
    Record(Brief),
    /// The daemon came or went.
    Link(Link),
    /// A key was pressed.
    Key(Key, Instant),
    /// The screen has another size.
    Resized,
    /// What the daemon made of an action on this call.
    Outcome(Box<Outcome>),
    /// It is over: a signal, or the terminal is gone.
    End,
}

/// What the daemon made of what was said.
#[derive(Debug)]
pub struct Outcome {
    /// The call's id.
    pub id: String,
    /// What was said to it.
    pub said: Said,
    /// The call as it is now, or why nothing came of it.
    pub outcome: Result<Approval, String>,
}

/// Nobody listens any more.
struct Gone;

/// Starts the sources.
///
/// # Errors
/// When signals can't be listened to.
pub fn start(socket: &Path, events: &SyncSender<Event>) -> io::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    let to = events.clone();
    thread::spawn(move || {
        for _ in signals.forever() {
            let _gone = to.send(Event::End);
        }
    });
    let (socket, to) = (socket.to_owned(), events.clone());
    thread::spawn({
        let (socket, to) = (socket.clone(), to.clone());
        move || while asks(&socket, &to).is_ok() {}
    });
    thread::spawn(move || {
        let mut seen = 0;
        while records(&socket, &to, &mut seen).is_ok() {
            thread::sleep(AGAIN);
        }
    });
    Ok(())
}

/// Listens to the keyboard. The terminal must be set up for it.
pub fn listen(events: &SyncSender<Event>) {
    let to = events.clone();
    thread::spawn(move || {
        loop {
            let event = match event::read() {
                Ok(Typed::Key(key)) => Event::Key(Key::of(key), Instant::now()),
                Ok(Typed::Resize(..)) => Event::Resized,
                // What is pasted is no answer, whatever letters it holds.
                Ok(Typed::Paste(_) | Typed::FocusGained | Typed::FocusLost | Typed::Mouse(_)) => {
                    continue;
                }
                Err(_) => Event::End,
            };
            let over = matches!(event, Event::End);
            if to.send(event).is_err() || over {
                return;
            }
        }
    });
}

/// Hands on what was said to a call. The daemon may take its time over it.
pub fn say(socket: &Path, events: &SyncSender<Event>, id: String, said: Said) {
    let channel = Channel::Watch;
    let request = match said {
        Said::Allow | Said::Deny => Request::Answer {
            id: id.clone(),
            allow: said == Said::Allow,
            channel,
            grant: None,
        },
        Said::Extend => Request::Extend {
            id: id.clone(),
            channel,
        },
    };
    let (socket, to) = (socket.to_owned(), events.clone());
    thread::spawn(move || {
        let outcome = client::ask(&socket, &request).and_then(|it| it.end());
        let outcome = outcome.map_err(|error| words(error.into()));
        let outcome = Box::new(Outcome { id, said, outcome });
        let _gone = to.send(Event::Outcome(outcome));
    });
}

/// One connection's worth of calls that wait.
fn asks(socket: &Path, to: &SyncSender<Event>) -> Result<(), Gone> {
    let send = |event| to.send(event).map_err(|_| Gone);
    // A question that is answered at once: a stream may have nothing to say for hours.
    let why = match client::ask(socket, &Request::Status) {
        Ok(_) => {
            send(Event::Link(Link::Up))?;
            follow(socket, &Request::ApprovalsWatch, |approval: Approval| {
                send(Event::Ask(Box::new(approval)))
            })?
        }
        Err(error) => words(error.into()),
    };
    send(Event::Link(Link::Lost(why)))?;
    thread::sleep(AGAIN);
    Ok(())
}

/// One connection's worth of decisions, those after `seen`.
fn records(socket: &Path, to: &SyncSender<Event>, seen: &mut u64) -> Result<(), Gone> {
    let query = LogQuery {
        follow: true,
        limit: Some(PAST),
        ..LogQuery::default()
    };
    follow(socket, &Request::Logs(query), |record: Value| {
        let seq = record
            .get("seq")
            .and_then(Value::as_u64)
            .unwrap_or(u64::MAX);
        if seq <= *seen {
            return Ok(());
        }
        *seen = seq;
        to.send(Event::Record(record::brief(&record)))
            .map_err(|_| Gone)
    })?;
    Ok(())
}

/// Why a stream ended.
enum Ended {
    Gone,
    Client(ClientError),
}

impl From<ClientError> for Ended {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

/// Hands on a stream's items until it ends; says why it did.
fn follow<T: DeserializeOwned>(
    socket: &Path,
    request: &Request,
    mut each: impl FnMut(T) -> Result<(), Gone>,
) -> Result<String, Gone> {
    let ended = client::follow(socket, request, |item: &RawValue| {
        let item = serde_json::from_str(item.get()).map_err(ClientError::Form)?;
        each(item).map_err(|Gone| Ended::Gone)
    });
    match ended {
        Ok(_) => Ok("aipd has ended".to_owned()),
        Err(Ended::Client(error)) => Ok(words(error.into())),
        Err(Ended::Gone) => Err(Gone),
    }
}

fn words(failure: Failure) -> String {
    failure.to_string()
}
