//! Tables for a screen: columns without lines, the head plain, long cells wrapped or cut.

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Row, Table};

use crate::context::Screen;
use crate::text::visible;

/// Used where the screen's width is not known.
pub const WIDTH: u16 = 160;

/// One cell: what it says, and whether it is to be noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    text: String,
    tone: Tone,
}

/// How much a cell is to be noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Like any other.
    Plain,
    /// Something passed.
    Good,
    /// Something to look at.
    Warn,
    /// Something was refused.
    Bad,
}

impl Field {
    /// A cell of some tone, made safe to show.
    #[must_use]
    pub fn toned(text: &str, tone: Tone) -> Self {
        Self {
            text: visible(text),
            tone,
        }
    }

    fn cell(&self, colour: bool) -> Cell {
        let cell = Cell::new(&self.text);
        match self.tone {
            Tone::Good if colour => cell.fg(Color::Green),
            Tone::Warn if colour => cell.fg(Color::Yellow),
            Tone::Bad if colour => cell.fg(Color::Red).add_attribute(Attribute::Bold),
            Tone::Plain | Tone::Good | Tone::Warn | Tone::Bad => cell,
        }
    }
}

impl<T: AsRef<str>> From<T> for Field {
    fn from(text: T) -> Self {
        Self::toned(text.as_ref(), Tone::Plain)
    }
}

/// Renders a table, each line ended.
#[must_use]
pub fn render<const N: usize>(screen: Screen, head: [&str; N], rows: &[[Field; N]]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(screen.width.unwrap_or(WIDTH));
    if screen.colour {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table.set_header(head);
    for row in rows {
        table.add_row(Row::from(row.iter().map(|field| field.cell(screen.colour))));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    // The first column is what one copies from: an id or a time, never broken.
    if let Some(first) = table.column_mut(0) {
        first.set_constraint(ColumnConstraint::ContentWidth);
    }
    let mut text: String = table
        .lines()
        .flat_map(|line| [line.trim_end().to_owned(), "\n".to_owned()])
        .collect();
    if text.is_empty() {
        text.push('\n');
    }
    text
}

/// The screen's width in columns, where standard output is one.
#[must_use]
pub fn screen_width() -> Option<u16> {
    Table::new().width().filter(|width| *width >= 40)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_fits_the_screen_and_shows_controls_written_out() {
        let screen = Screen {
            width: Some(48),
            ..Screen::default()
        };
        let rows = [
            [
                Field::from("read_file"),
                Field::toned("ALLOW", Tone::Good),
                Field::from(""),
            ],
            [
                Field::from("\u{1b}[2Jrm"),
                Field::toned("BLOCK", Tone::Bad),
                Field::from("Tool not in allowed_tools list, and some more words"),
            ],
        ];
        insta::assert_snapshot!(render(screen, ["tool", "decision", "why"], &rows));
    }

    #[test]
    fn colours_are_only_used_where_they_are_wanted() {
        let rows = [[Field::toned("BLOCK", Tone::Bad)]];
        let plain = Screen {
            width: Some(48),
            ..Screen::default()
        };
        assert!(!render(plain, ["x"], &rows).contains('\u{1b}'));
        assert!(
            render(
                Screen {
                    colour: true,
                    ..plain
                },
                ["x"],
                &rows
            )
            .contains('\u{1b}')
        );
    }
}
