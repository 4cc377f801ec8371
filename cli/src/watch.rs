//! The terminal screen of `aipctl watch`: the calls that wait, one key each, and a feed of
//! decisions.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use wire::control::Request;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

pub mod asks;
pub mod keys;
pub mod screen;
pub mod sources;
pub mod state;
pub mod view;
pub mod wrapped;

use screen::Screen;
use sources::Event;
use state::{Action, State};

/// Events that wait for the screen; a source with more to say waits itself.
const EVENTS: usize = 16;
/// How often the time left is drawn anew while something waits.
const TICK: Duration = Duration::from_secs(1);

/// Shows the screen until the person has enough of it.
///
/// # Errors
/// When no daemon can be started, or the terminal can't be used.
pub fn run(context: &Context<'_>) -> Result<Exit, Failure> {
    let socket = context.folders()?.control_socket();
    context.ask(&Request::Status)?;
    let (to, events) = sync_channel(EVENTS);
    sources::start(&socket, &to)?;
    let mut screen = Screen::enter()?;
    sources::listen(&to);
    show(&mut screen, &socket, &to, &events, context.screen.colour)
}

fn show(
    screen: &mut Screen,
    socket: &Path,
    to: &SyncSender<Event>,
    events: &Receiver<Event>,
    colour: bool,
) -> Result<Exit, Failure> {
    let mut state = State::default();
    loop {
        draw(screen, &mut state, colour)?;
        for event in some(events, !state.asks().is_empty()) {
            match handle(&mut state, event) {
                Some(Action::Quit) => return Ok(Exit::Done),
                Some(Action::Say { id, said }) => sources::say(socket, to, id, said),
                None => {}
            }
        }
    }
}

/// What has happened since, at least one thing unless time has to be drawn anew.
fn some(events: &Receiver<Event>, counting: bool) -> Vec<Event> {
    let patience = if counting { TICK } else { Duration::MAX };
    let first = match events.recv_timeout(patience) {
        Ok(event) => event,
        Err(RecvTimeoutError::Timeout) => return Vec::new(),
        Err(RecvTimeoutError::Disconnected) => Event::End,
    };
    let rest = events.try_iter().take(EVENTS);
    std::iter::once(first).chain(rest).collect()
}

fn handle(state: &mut State, event: Event) -> Option<Action> {
    match event {
        Event::Ask(approval) => state.handle_ask(*approval),
        Event::Record(brief) => state.handle_record(brief),
        Event::Link(link) => state.handle_link(link),
        Event::Key(key, at) => return state.handle_key(key, at),
        Event::Resized => {}
        Event::Outcome(it) => state.handle_outcome(&it.id, it.said, it.outcome),
        Event::End => return Some(Action::Quit),
    }
    None
}

fn draw(screen: &mut Screen, state: &mut State, colour: bool) -> Result<(), Failure> {
    let now = Timestamp::now();
    let mut drawn = None;
    screen.terminal().draw(|frame| {
        let area = frame.area();
        state.prepare(area.width);
        drawn = view::draw(state, colour, now, area, frame.buffer_mut());
    })?;
    state.handle_drawn(drawn, Instant::now());
    Ok(())
}
