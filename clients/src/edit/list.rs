//! Words put at the beginning of a list, or taken away from there, in the way the list is written.

use super::Splice;
use crate::table::Format;
use crate::tree::{Member, Node, Value, dash, quoted};

const ODD: &str = "has arguments in a form that aip does not edit";

/// Puts words in front of the others.
pub(super) fn put(text: &str, list: &Node, words: &[String]) -> Result<Splice, &'static str> {
    let Some(items) = list.items() else {
        // `args: null`
        return Ok(Splice {
            range: list.span.clone(),
            text: whole(list, words),
        });
    };
    let Some(first) = items.first() else {
        let open = list.span.start + 1;
        return Ok(Splice {
            range: open..open,
            text: row(words),
        });
    };
    let begin = start(text, list, first).ok_or(ODD)?;
    let written = if is_flow(text, list) {
        let gap = lead(text, begin).unwrap_or_else(|| " ".to_owned());
        words
            .iter()
            .map(|it| format!("{},{gap}", quoted(it)))
            .collect()
    } else {
        let gap = indent(text, begin).ok_or(ODD)?;
        words
            .iter()
            .map(|it| format!("- {}{gap}", quoted(it)))
            .collect()
    };
    Ok(Splice {
        range: begin..begin,
        text: written,
    })
}

fn whole(null: &Node, words: &[String]) -> String {
    // Nothing behind the colon, in YAML.
    let gap = if null.span.is_empty() { " " } else { "" };
    format!("{gap}[{}]", row(words))
}

/// Takes this many words away from the front.
pub(super) fn take(text: &str, list: &Node, count: usize) -> Result<Splice, &'static str> {
    let items = list.items().ok_or(ODD)?;
    let Some(next) = items.get(count) else {
        return Ok(Splice {
            range: list.span.clone(),
            text: "[]".to_owned(),
        });
    };
    let first = items.first().ok_or(ODD)?;
    let begin = start(text, list, first).ok_or(ODD)?;
    let end = start(text, list, next).ok_or(ODD)?;
    Ok(Splice {
        range: begin..end,
        text: String::new(),
    })
}

/// A member `args` with these words, to stand in front of the command's.
pub(super) fn member(
    text: &str,
    format: Format,
    command: &Member,
    words: &[String],
) -> Result<String, &'static str> {
    let begin = command.key_span.start;
    let list = format!("[{}]", row(words));
    let alone = lead(text, begin);
    match format {
        Format::Json | Format::Jsonc => {
            let gap = alone.unwrap_or_else(|| " ".to_owned());
            Ok(format!("\"args\": {list},{gap}"))
        }
        Format::Toml => {
            let line = line(text, begin);
            // In an inline table the name comes after `{` or `,`.
            let inline = line.trim_end().ends_with(['{', ',']);
            if inline {
                return Ok(format!("args = {list}, "));
            }
            let gap = alone.unwrap_or_else(|| format!("{}{line}", newline(text)));
            Ok(format!("args = {list}{gap}"))
        }
        Format::Yaml => match indent(text, begin) {
            Some(gap) => Ok(format!("args: {list}{gap}")),
            None if line(text, begin).trim_end().ends_with(['{', ',']) => {
                Ok(format!("args: {list}, "))
            }
            None => Err("is written in a form that aip does not edit"),
        },
    }
}

fn row(words: &[String]) -> String {
    let words: Vec<_> = words.iter().map(|it| quoted(it)).collect();
    words.join(", ")
}

/// Where an item begins, its dash with it.
fn start(text: &str, list: &Node, item: &Node) -> Option<usize> {
    if is_flow(text, list) {
        return Some(item.span.start);
    }
    dash(text, item.span.start)
}

fn is_flow(text: &str, list: &Node) -> bool {
    debug_assert!(matches!(list.value, Value::List(_)), "a list");
    text.get(list.span.start..)
        .is_some_and(|it| it.starts_with('['))
}

/// What stands in front of this on its line.
fn line(text: &str, at: usize) -> &str {
    let before = text.get(..at).unwrap_or_default();
    let begin = before.rfind('\n').map_or(0, |it| it + 1);
    before.get(begin..).unwrap_or_default()
}

/// The line's end before this and the white space between, where there is nothing else.
fn lead(text: &str, at: usize) -> Option<String> {
    let line = line(text, at);
    let blank = line.chars().all(|it| matches!(it, ' ' | '\t'));
    let first = line.len() == at;
    (blank && !first).then(|| format!("{}{line}", newline_before(text, at - line.len())))
}

/// The same in YAML, where dashes may stand before it, and count as spaces.
fn indent(text: &str, at: usize) -> Option<String> {
    let line = line(text, at);
    let fits = line.chars().all(|it| matches!(it, ' ' | '-'));
    fits.then(|| {
        let newline = match line.len() == at {
            true => newline(text),
            false => newline_before(text, at - line.len()),
        };
        format!("{newline}{}", line.replace('-', " "))
    })
}

/// The line's end that stands right before this.
fn newline_before(text: &str, at: usize) -> &'static str {
    match text.get(..at) {
        Some(before) if before.ends_with("\r\n") => "\r\n",
        Some(_) | None => "\n",
    }
}

/// The line's end this text uses.
fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}
