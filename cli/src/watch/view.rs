//! Draws the screen: what waits first, then what is decided.

use jiff::Timestamp;
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::{Color, Modifier, Style};
use ratatui_core::text::{Line, Span};

use super::asks::Ask;
use super::state::{Drawn, Link, State, View};
use super::wrapped::{Look, Row, Wrapped, fitted, legible};
use crate::asking;
use crate::record::Brief;
use crate::table::Tone;
use crate::text::shortened;

/// From this height on the feed has rows of its own whatever waits.
const TALL: usize = 14;
/// From this width on keys are named in full.
const WIDE: u16 = 74;
/// Below this width nothing can be read well enough to be allowed.
const READABLE: u16 = 16;
/// The most rows a notice takes.
const NOTICE: usize = 6;
/// The most of the arguments in a list, in characters: they tell calls of one tool apart.
const GLANCE: usize = 200;
/// The most calls listed at once.
const LISTED: usize = 8;

const HELP: [&str; 12] = [
    "a            allow the call that is shown, once",
    "d            deny it",
    "e            more time for it, once",
    "Enter        all of it, and back",
    "up, k        the call above; in a call, a line up",
    "down, j      the call below; in a call, a line down",
    "PgUp, PgDn   in a call, a page up or down",
    "g, G         to the beginning, to the end",
    "Esc          back",
    "?            this, and back",
    "q, Ctrl-C    quit: what waits goes on waiting",
    "A key answers only what has been on the screen for half a second.",
];

/// How the screen is filled: line by line, from the top.
struct Page<'b> {
    buffer: &'b mut Buffer,
    area: Rect,
    row: u16,
    colour: bool,
}

/// Draws all of it; says what was drawn of the selected call.
pub fn draw(
    state: &State,
    colour: bool,
    now: Timestamp,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Drawn> {
    let mut page = Page {
        buffer,
        area,
        row: 0,
        colour,
    };
    page.title(state);
    let drawn = match (state.view(), state.selected(), state.body()) {
        (View::Help, _, _) => {
            for line in HELP {
                page.line(line, Style::new());
            }
            None
        }
        (View::Details(first), Some(ask), Some(body)) => {
            page.details(state, (ask, body), first, now)
        }
        (View::List, Some(ask), Some(body)) => page.list(state, ask, body, now),
        (View::List | View::Details(_), _, _) => {
            if *state.link() == Link::Up {
                page.line("No call waits for an answer.", Style::new());
            }
            None
        }
    };
    let below = page.below(state);
    if state.view() == View::List {
        page.feed(state, page.room().saturating_sub(below));
    }
    page.foot(state, below);
    drawn
}

impl Page<'_> {
    /// Rows that are free.
    fn room(&self) -> usize {
        usize::from(self.area.height.saturating_sub(self.row))
    }

    fn put(&mut self, line: &Line<'_>) {
        if self.row < self.area.height {
            let (x, y) = (self.area.x, self.area.y + self.row);
            self.buffer.set_line(x, y, line, self.area.width);
            self.row += 1;
        }
    }

    fn line(&mut self, text: &str, style: Style) {
        let text = fitted(text, self.area.width);
        self.put(&Line::styled(text, style));
    }

    fn row(&mut self, row: Row<'_>, style: Style) {
        let gutter = Span::raw(row.gutter);
        self.put(&Line::from(vec![gutter, Span::styled(row.text, style)]));
    }

    fn rule(&mut self, words: &str) {
        let width = usize::from(self.area.width);
        let line = format!("── {words} {}", "─".repeat(width));
        let line: String = line.chars().take(width).collect();
        self.put(&Line::styled(
            line,
            Style::new().add_modifier(Modifier::DIM),
        ));
    }

    fn tone(&self, tone: Tone) -> Style {
        let style = Style::new();
        match tone {
            Tone::Bad if self.colour => style.fg(Color::Red).add_modifier(Modifier::BOLD),
            Tone::Warn if self.colour => style.fg(Color::Yellow),
            Tone::Good if self.colour => style.fg(Color::Green),
            Tone::Bad => style.add_modifier(Modifier::BOLD),
            Tone::Plain | Tone::Warn | Tone::Good => style,
        }
    }

    fn title(&mut self, state: &State) {
        let (words, tone) = match (state.link(), state.asks().len()) {
            (Link::Lost(why), _) => (format!("aip: trying again: {}", legible(why)), Tone::Bad),
            (Link::Up, 0) => ("aip: watching".to_owned(), Tone::Plain),
            (Link::Up, 1) => ("aip: 1 call waits for you".to_owned(), Tone::Warn),
            (Link::Up, more) => (format!("aip: {more} calls wait for you"), Tone::Warn),
        };
        let style = self.tone(tone).add_modifier(Modifier::REVERSED);
        let row = Rect {
            height: 1.min(self.area.height),
            ..self.area
        };
        self.line(&format!(" {words}"), style);
        self.buffer.set_style(row, style);
    }

    fn list(&mut self, state: &State, ask: &Ask, body: &Wrapped, now: Timestamp) -> Option<Drawn> {
        let below = self.below(state);
        let room = self.room().saturating_sub(below);
        let listed = state.asks().len().min((room / 3).clamp(1, LISTED));
        let chosen = |it: &Ask| it.approval.id == ask.approval.id;
        let at = state.asks().iter().position(chosen).unwrap_or(0);
        let first = (at + 1).saturating_sub(listed);
        for it in state.asks().iter().skip(first).take(listed) {
            self.row_of(it, chosen(it), now);
        }
        let more = match state.asks().len() - listed {
            0 => String::new(),
            more => format!("and {more} more; "),
        };
        let left = asking::left(&ask.approval.deadline, now).unwrap_or_default();
        self.rule(&format!("{more}it denies itself in {left}"));
        let room = room.saturating_sub(listed + 1);
        // The feed makes room where that lets all of the call be seen.
        let page = match self.area.height.into() {
            height @ TALL.. if body.len() > room => room.saturating_sub(height / 4),
            _ => room,
        };
        self.body(ask, body, 0, page)
    }

    fn details(
        &mut self,
        state: &State,
        (ask, body): (&Ask, &Wrapped),
        first: usize,
        now: Timestamp,
    ) -> Option<Drawn> {
        self.row_of(ask, true, now);
        let page = self.room().saturating_sub(1 + self.below(state));
        let first = first.min(body.len().saturating_sub(page));
        let last = body.len().min(first + page);
        self.rule(&format!("lines {} to {last} of {}", first + 1, body.len()));
        let drawn = self.body(ask, body, first, page);
        let readable = self.area.width >= READABLE;
        drawn.map(|it| Drawn { readable, ..it })
    }

    /// As many lines of a call as the page takes; where that is not all, the last says so.
    fn body(&mut self, ask: &Ask, body: &Wrapped, first: usize, page: usize) -> Option<Drawn> {
        let left = body.len().saturating_sub(first);
        let shown = if left > page && first == 0 {
            page.saturating_sub(1)
        } else {
            page
        };
        for row in body.from(first).take(shown) {
            let style = match row.look {
                Look::Sentence => Style::new().add_modifier(Modifier::BOLD),
                Look::Fact => Style::new(),
                Look::Arguments if self.colour => Style::new().fg(Color::Cyan),
                Look::Arguments => Style::new(),
            };
            self.row(row, style);
        }
        if left > shown && first == 0 {
            let more = left - shown;
            let words = format!("… {more} more lines: Enter, then down");
            self.line(&words, self.tone(Tone::Warn));
        }
        (page > 0).then(|| Drawn {
            id: ask.approval.id.clone(),
            print: ask.print,
            readable: left <= shown && self.area.width >= READABLE,
            first,
            page,
        })
    }

    fn row_of(&mut self, ask: &Ask, chosen: bool, now: Timestamp) {
        let it = &ask.approval;
        let left = asking::left(&it.deadline, now).unwrap_or_default();
        let mark = if chosen { '>' } else { ' ' };
        let more = match (ask.said, it.extended) {
            (true, _) => " (being answered)",
            (false, true) => " (extended)",
            (false, false) => "",
        };
        let call = legible(&asking::call(it));
        let arguments = legible(&shortened(&it.args, GLANCE));
        let words = format!("{mark} {left:>5}{more}  {call}  {arguments}");
        let style = if chosen {
            Style::new().add_modifier(Modifier::BOLD)
        } else {
            Style::new()
        };
        self.line(&words, style);
    }

    fn feed(&mut self, state: &State, rows: usize) {
        if rows < 2 {
            return;
        }
        self.rule("decisions");
        let skipped = state.feed().len().saturating_sub(rows - 1);
        for brief in state.feed().iter().skip(skipped) {
            self.decision(brief);
        }
    }

    fn decision(&mut self, brief: &Brief) {
        let head = format!("{} ", brief.time);
        let decision = fitted(&legible(&brief.decision), 13);
        let taken = u16::try_from(head.len() + decision.len() + 1).unwrap_or(u16::MAX);
        let rest = self.area.width.saturating_sub(taken);
        let line = Line::from(vec![
            Span::raw(head),
            Span::styled(decision, self.tone(brief.tone)),
            Span::raw(" "),
            Span::raw(fitted(&legible(&brief.rest), rest)),
        ]);
        self.put(&line);
    }

    /// Rows taken at the foot.
    fn below(&self, state: &State) -> usize {
        1 + self.notice(state).map_or(0, |it| it.len().min(NOTICE))
    }

    fn notice(&self, state: &State) -> Option<Wrapped> {
        let words = (Look::Sentence, state.notice()?);
        Some(Wrapped::new(&[words], self.area.width))
    }

    fn foot(&mut self, state: &State, rows: usize) {
        let rows = u16::try_from(rows).unwrap_or(u16::MAX);
        self.row = self.area.height.saturating_sub(rows).max(self.row);
        if let Some(notice) = self.notice(state) {
            let style = self.tone(Tone::Warn).add_modifier(Modifier::BOLD);
            for row in notice.from(0).take(NOTICE) {
                self.row(row, style);
            }
        }
        let wide = self.area.width >= WIDE;
        let words = match (state.view(), state.selected().is_some(), wide) {
            (View::Help, _, _) => "? back   q quit",
            (View::List | View::Details(_), false, _) => "? help   q quit",
            (View::List, true, true) => {
                "d deny   a allow once   e more time   Enter all of it   ? help   q quit"
            }
            (View::Details(_), true, true) => {
                "d deny   a allow once   e more time   Esc back   ? help   q quit"
            }
            (View::List, true, false) => "d deny  a allow  e more  Enter  ?  q",
            (View::Details(_), true, false) => "d deny  a allow  e more  Esc  ?  q",
        };
        self.line(words, Style::new().add_modifier(Modifier::DIM));
    }
}

#[cfg(test)]
mod tests;
