//! What the screen knows, and what a key does by it. Pure: time comes in, actions go out.
//!
//! An answer is to what the person saw: the call that was on the screen when the key came, as it
//! was shown, and only once it had been there long enough to be seen.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use wire::control::Approval;

use super::asks::{Ask, Asks};
use super::keys::{Key, Said, Step};
use super::wrapped::{Look, Wrapped};
use crate::asking;
use crate::record::Brief;
use crate::text::visible;
use crate::when;

/// How long a call must have been on the screen before a key answers it. A key that answers is
/// deaf for as long after it was pressed, so that one held down answers once.
pub const SETTLE: Duration = Duration::from_millis(500);
/// Decisions kept for the feed.
const FEED: usize = 500;

/// What is on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The calls that wait, the beginning of one of them, and the feed.
    List,
    /// All of one call, from some line on.
    Details(usize),
    /// What the keys do.
    Help,
}

/// What was drawn of the selected call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// Its id.
    pub id: String,
    /// As in [`Ask`].
    pub print: u64,
    /// All of it can be seen, here or by scrolling.
    pub readable: bool,
    /// The first of its lines that is seen.
    pub first: usize,
    /// How many lines are seen at once.
    pub page: usize,
}

/// What is to be done for the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Hands on to the daemon what was said to a call.
    Say {
        /// Its id.
        id: String,
        /// What.
        said: Said,
    },
    /// Ends.
    Quit,
}

/// Whether the daemon is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// It is.
    Up,
    /// It is not, or says no; in its words.
    Lost(String),
}

#[derive(Clone, Debug)]
struct Shown {
    drawn: Drawn,
    since: Instant,
}

/// The text of the selected call, cut for a width.
#[derive(Clone, Debug)]
struct Body {
    print: u64,
    width: u16,
    text: Wrapped,
}

/// The whole.
#[derive(Debug)]
pub struct State {
    asks: Asks,
    selected: Option<String>,
    view: View,
    feed: VecDeque<Brief>,
    notice: Option<String>,
    link: Link,
    shown: Option<Shown>,
    pressed: Option<Instant>,
    body: Option<Body>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            asks: Asks::default(),
            selected: None,
            view: View::List,
            feed: VecDeque::new(),
            notice: None,
            link: Link::Up,
            shown: None,
            pressed: None,
            body: None,
        }
    }
}

impl State {
    /// A call begins to wait, waits longer, or ends.
    pub fn handle_ask(&mut self, approval: Approval) {
        if matches!(approval.state.as_str(), "waiting" | "") {
            self.asks.put(approval);
            self.select_near(0);
            return;
        }
        let place = self.asks.place(&approval.id);
        let Some(ask) = self.asks.take(&approval.id) else {
            return;
        };
        if !ask.said {
            let call = asking::call(&ask.approval);
            let state = visible(&approval.state);
            self.notice = Some(format!("{call} waits no more: {state}."));
        }
        self.select_near(place.unwrap_or(0));
    }

    /// A decision was recorded.
    pub fn handle_record(&mut self, brief: Brief) {
        while self.feed.len() >= FEED {
            self.feed.pop_front();
        }
        self.feed.push_back(brief);
    }

    /// The daemon came or went. What waited is told anew when it is back.
    pub fn handle_link(&mut self, link: Link) {
        if link != Link::Up {
            self.asks.clear();
            self.select_near(0);
        }
        self.link = link;
    }

    /// What the daemon made of what was said to a call. One that is answered is not answered
    /// again, though it is still listed for a moment.
    pub fn handle_outcome(&mut self, id: &str, said: Said, outcome: Result<Approval, String>) {
        if outcome.is_err() || said == Said::Extend {
            self.asks.said(id, false);
        }
        self.notice = Some(match outcome {
            Ok(approval) => told(said, &approval),
            Err(why) => visible(&why),
        });
    }

    /// This is what the screen shows since `at`, for all that is known.
    pub fn handle_drawn(&mut self, drawn: Option<Drawn>, at: Instant) {
        if let (View::Details(first), Some(drawn)) = (&mut self.view, &drawn) {
            *first = drawn.first;
        }
        let before = self.shown.take();
        self.shown = drawn.map(|drawn| {
            let same = |it: &Shown| it.drawn.id == drawn.id && it.drawn.print == drawn.print;
            let since = before.filter(same).map_or(at, |it| it.since);
            Shown { drawn, since }
        });
    }

    /// A key that was pressed at `at`.
    pub fn handle_key(&mut self, key: Key, at: Instant) -> Option<Action> {
        self.notice = None;
        match key {
            Key::Quit => return Some(Action::Quit),
            Key::Say(said) => match self.say(said, at) {
                Ok(id) => return Some(Action::Say { id, said }),
                Err(why) => self.notice = Some(why.to_owned()),
            },
            Key::Help if self.view == View::Help => self.view = View::List,
            Key::Help => self.view = View::Help,
            Key::Back => self.view = View::List,
            Key::Details => {
                self.view = match self.view {
                    View::List if self.selected.is_some() => View::Details(0),
                    View::List | View::Details(_) | View::Help => View::List,
                }
            }
            Key::Go(step) => self.go(step),
            Key::Other => {}
        }
        None
    }

    /// The id of the call it is said to, or why nothing is said.
    fn say(&mut self, said: Said, at: Instant) -> Result<String, &'static str> {
        let settled = |since: Instant| at.saturating_duration_since(since) >= SETTLE;
        let rested = self.pressed.replace(at).is_none_or(settled);
        let shown = self.shown.as_ref().ok_or("No call is shown to answer.")?;
        let drawn = &shown.drawn;
        let ask = self
            .asks
            .get(&drawn.id)
            .filter(|it| it.print == drawn.print);
        let ask = ask.ok_or("It waits no more: nothing was done.")?;
        if !settled(shown.since) || self.selected.as_ref() != Some(&drawn.id) {
            return Err("It had only just appeared: nothing was done. Look, then press again.");
        }
        if !rested {
            return Err("That was too soon after the last answer: nothing was done.");
        }
        if ask.said {
            return Err("It is being answered.");
        }
        match said {
            Said::Extend if ask.approval.extended => {
                return Err("It was given more time already, which can be done once.");
            }
            Said::Allow if !ask.held => {
                return Err("Its arguments are not here, so it can't be allowed here.");
            }
            Said::Allow if !drawn.readable => {
                return Err("Not all of it is on the screen: Enter shows the rest, then allow.");
            }
            Said::Allow | Said::Deny | Said::Extend => {}
        }
        let id = drawn.id.clone();
        self.asks.said(&id, true);
        Ok(id)
    }

    fn go(&mut self, step: Step) {
        let page = self.shown.as_ref().map_or(1, |it| it.drawn.page.max(1));
        let (here, page) = match self.view {
            View::Details(first) => (first, page),
            View::List => {
                let selected = self.selected.as_deref();
                (selected.and_then(|id| self.asks.place(id)).unwrap_or(0), 1)
            }
            View::Help => return,
        };
        let there = match step {
            Step::Up => here.saturating_sub(1),
            Step::PageUp => here.saturating_sub(page),
            Step::Down => here.saturating_add(1),
            Step::PageDown => here.saturating_add(page),
            Step::First => 0,
            Step::Last => usize::MAX,
        };
        match &mut self.view {
            View::Details(first) => *first = there,
            View::List => self.selected = self.asks.near(there).map(|it| it.approval.id.clone()),
            View::Help => {}
        }
    }

    /// Keeps the selection, or takes what stands where it was.
    fn select_near(&mut self, place: usize) {
        let selected = self.selected.as_deref();
        if selected.is_some_and(|id| self.asks.get(id).is_some()) {
            return;
        }
        self.selected = self.asks.near(place).map(|it| it.approval.id.clone());
        if matches!(self.view, View::Details(_)) {
            self.view = View::List;
        }
    }

    /// Cuts the selected call's text for a screen of this width.
    pub fn prepare(&mut self, width: u16) {
        let Some(ask) = self.selected() else {
            self.body = None;
            return;
        };
        let print = ask.print;
        let same = |it: &Body| it.print == print && it.width == width;
        if !self.body.as_ref().is_some_and(same) {
            let text = text(ask, width);
            self.body = Some(Body { print, width, text });
        }
    }

    /// The selected call.
    #[must_use]
    pub fn selected(&self) -> Option<&Ask> {
        self.asks.get(self.selected.as_deref()?)
    }

    /// Its text, once it is prepared.
    #[must_use]
    pub fn body(&self) -> Option<&Wrapped> {
        Some(&self.body.as_ref()?.text)
    }

    /// The calls that wait, the oldest first.
    #[must_use]
    pub fn asks(&self) -> &[Ask] {
        self.asks.all()
    }

    /// What is on the screen.
    #[must_use]
    pub fn view(&self) -> View {
        self.view
    }

    /// Decisions, the oldest first.
    #[must_use]
    pub fn feed(&self) -> &VecDeque<Brief> {
        &self.feed
    }

    /// What is to be said to the person.
    #[must_use]
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// Whether the daemon is there.
    #[must_use]
    pub fn link(&self) -> &Link {
        &self.link
    }
}

fn text(ask: &Ask, width: u16) -> Wrapped {
    let it = &ask.approval;
    let sentence = asking::sentence(it);
    let because = format!("Asked because: {}", it.because);
    let asked = when::short(&it.asked);
    let named = format!("Asked {asked} UTC under the id {}.", it.id);
    let (length, id) = (ask.length, &it.id);
    let arguments = if ask.held {
        format!("Arguments, {length} bytes:")
    } else {
        format!("Arguments: {length} bytes, too many to be held here. Read: aipctl approvals {id}")
    };
    let met = it.before.as_ref().map(asking::met);
    let mut paragraphs = vec![
        (Look::Sentence, sentence.as_str()),
        (Look::Fact, &because),
        (Look::Fact, &named),
    ];
    paragraphs.extend(met.iter().map(|met| (Look::Fact, met.as_str())));
    paragraphs.push((Look::Fact, &arguments));
    paragraphs.push((Look::Arguments, &it.args));
    Wrapped::new(&paragraphs, width)
}

fn told(said: Said, approval: &Approval) -> String {
    let call = asking::call(approval);
    match (said, approval.state.as_str()) {
        (Said::Allow, "allowed") => format!("Allowed once: {call}"),
        (Said::Deny, "denied") => format!("Denied: {call}"),
        (Said::Extend, "waiting") => format!("More time for {call}"),
        (Said::Allow, "banked") => format!(
            "The client has given up on {call}: nothing was forwarded. Its very same call goes \
             through once within 5 minutes."
        ),
        (Said::Allow | Said::Deny | Said::Extend, state) => format!(
            "{call} no longer waits, it is {}; your answer changed nothing.",
            visible(state)
        ),
    }
}

#[cfg(test)]
mod tests;
