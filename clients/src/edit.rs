//! aip put in front of a server, and taken away again, as splices of bytes.
//!
//! What an edit gives out has been read again: it says what the text before said, save the command
//! and the arguments of the entries that were meant.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::broken::Broken;
use crate::entries::{At, Form, Spot, form, is_wrapped, spots};
use crate::table::Shape;
use crate::tree::{Document, Node, quoted, read};

mod list;
mod meant;

/// What is put in front.
#[derive(Clone, Debug)]
pub struct Front<'a> {
    /// Absolute path of `aip`.
    pub aip: &'a str,
    /// Absolute path of the policy.
    pub policy: &'a str,
}

impl Front<'_> {
    /// What stands between `aip` and the server's own command line.
    fn options(&self, server: &str) -> Vec<String> {
        ["--policy", self.policy, "--name", server, "--"]
            .map(str::to_owned)
            .into()
    }
}

/// What was done to one entry: enough to undo it whatever else has changed since. It holds what may
/// be secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wrapped {
    /// Which.
    pub at: At,
    /// The command put in place: aip.
    aip: String,
    /// What was put in front of the arguments.
    front: Vec<String>,
    /// The command's bytes before; none where it is one list with its arguments.
    command: Option<String>,
    /// The bytes of the list, before and after.
    list: Option<(String, String)>,
    /// The bytes put in front of the command's name where there was no list.
    added: Option<String>,
}

impl fmt::Debug for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wrapped")
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// Why a text was not edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditError {
    /// It can't be read.
    Broken(Broken),
    /// The entry is not there, or starts no program, or is behind aip already.
    NotThere(At),
    /// The entry has a form that is read but not edited.
    Form(At, &'static str),
    /// The new text would not say what was meant.
    Unfaithful,
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(broken) => broken.fmt(f),
            Self::NotThere(at) => write!(
                f,
                "there is no server `{}` to put aip in front of",
                at.server()
            ),
            Self::Form(at, why) => {
                write!(f, "the entry of `{}` {why}; edit it by hand", at.server())
            }
            Self::Unfaithful => f.write_str(
                "aip can't edit it without changing more than is meant; edit it by hand",
            ),
        }
    }
}

impl std::error::Error for EditError {}

impl From<Broken> for EditError {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

/// What became of one entry that was to be put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// As it was before.
    Back,
    /// It is there and is not ours any more: left as it is.
    Changed,
    /// It is not there any more.
    Gone,
}

/// Bytes to be put in place of others.
pub(crate) struct Splice {
    range: Range<usize>,
    text: String,
}

/// Puts aip in front of these entries; gives the new text and how to undo it.
///
/// # Errors
/// When one of them can't be edited: nothing is then.
pub fn wrap(
    text: &str,
    shape: &Shape,
    at: &[At],
    front: &Front<'_>,
) -> Result<(String, Vec<Wrapped>), EditError> {
    let document = read(text, shape.format)?;
    let found = spots(text, &document, shape)?;
    let (mut splices, mut done) = (Vec::new(), Vec::new());
    let mut meant = document.clone();
    for at in at {
        let spot = found
            .iter()
            .find(|it| it.at == *at)
            .ok_or_else(|| EditError::NotThere(at.clone()))?;
        let form = form(text, spot, shape)?.ok_or_else(|| EditError::NotThere(at.clone()))?;
        if document.shared {
            return Err(EditError::Form(
                at.clone(),
                "is in a file with YAML aliases",
            ));
        }
        if is_wrapped(spot, &form) {
            return Err(EditError::NotThere(at.clone()));
        }
        let wrapped = put_in_front(text, shape, (at, &form), front, &mut splices)?;
        meant::wrapped(&mut meant, spot, &form, &wrapped);
        done.push(wrapped);
    }
    let mut new = spliced(text, splices)?;
    faithful(&new, shape, &meant)?;
    after(&mut new, shape, &mut done)?;
    Ok((new, done))
}

fn put_in_front(
    text: &str,
    shape: &Shape,
    (at, form): (&At, &Form<'_>),
    front: &Front<'_>,
    splices: &mut Vec<Splice>,
) -> Result<Wrapped, EditError> {
    let mut options = front.options(at.server());
    let bytes = |node: &Node| text.get(node.span.clone()).unwrap_or_default().to_owned();
    let refused = |why| EditError::Form(at.clone(), why);
    let mut wrapped = Wrapped {
        at: at.clone(),
        aip: front.aip.to_owned(),
        front: Vec::new(),
        command: None,
        list: None,
        added: None,
    };
    match form {
        Form::Whole(list) => {
            options.insert(0, front.aip.to_owned());
            splices.push(list::put(text, list, &options).map_err(refused)?);
            wrapped.list = Some((bytes(list), String::new()));
        }
        Form::Split { command, args, .. } => {
            options.push(command.node.text().unwrap_or_default().to_owned());
            splices.push(Splice {
                range: command.node.span.clone(),
                text: quoted(front.aip),
            });
            wrapped.command = Some(bytes(&command.node));
            match args {
                Some(list) => {
                    splices.push(list::put(text, list, &options).map_err(refused)?);
                    wrapped.list = Some((bytes(list), String::new()));
                }
                None => {
                    let added =
                        list::member(text, shape.format, command, &options).map_err(refused)?;
                    splices.push(Splice {
                        range: command.key_span.start..command.key_span.start,
                        text: added.clone(),
                    });
                    wrapped.added = Some(added);
                }
            }
        }
    }
    wrapped.front = options;
    Ok(wrapped)
}

/// Notes how the lists look now.
fn after(new: &mut str, shape: &Shape, done: &mut [Wrapped]) -> Result<(), EditError> {
    let document = read(new, shape.format)?;
    let found = spots(new, &document, shape)?;
    for wrapped in done {
        let spot = found
            .iter()
            .find(|it| it.at == wrapped.at)
            .ok_or(EditError::Unfaithful)?;
        let form = form(new, spot, shape)?.ok_or(EditError::Unfaithful)?;
        if let Some((_, after)) = &mut wrapped.list {
            let list = list_of(&form).ok_or(EditError::Unfaithful)?;
            new.get(list.span.clone())
                .unwrap_or_default()
                .clone_into(after);
        }
    }
    Ok(())
}

fn list_of<'a>(form: &Form<'a>) -> Option<&'a Node> {
    match form {
        Form::Split { args, .. } => *args,
        Form::Whole(list) => Some(list),
    }
}

/// Takes aip away again from these entries, as far as they are still ours; gives the new text and
/// what became of each.
///
/// # Errors
/// When the text can't be edited: nothing is then.
pub fn unwrap(
    text: &str,
    shape: &Shape,
    done: &[Wrapped],
) -> Result<(String, Vec<Put>), EditError> {
    let document = read(text, shape.format)?;
    let found = spots(text, &document, shape)?;
    let (mut splices, mut puts) = (Vec::new(), Vec::new());
    let mut meant = document.clone();
    for wrapped in done {
        let Some(spot) = found.iter().find(|it| it.at == wrapped.at) else {
            puts.push(Put::Gone);
            continue;
        };
        let form = match form(text, spot, shape) {
            Ok(Some(form)) if is_ours(&form, wrapped) => form,
            Ok(_) | Err(_) => {
                puts.push(Put::Changed);
                continue;
            }
        };
        if document.shared {
            return Err(EditError::Form(
                wrapped.at.clone(),
                "is in a file with YAML aliases",
            ));
        }
        let without = take_away(text, (spot, &form), wrapped, &mut splices)?;
        meant::unwrapped(&mut meant, spot, &form, wrapped, without);
        puts.push(Put::Back);
    }
    let new = spliced(text, splices)?;
    faithful(&new, shape, &meant)?;
    Ok((new, puts))
}

/// Whether the entry is as far ours as it can be put back.
fn is_ours(form: &Form<'_>, wrapped: &Wrapped) -> bool {
    let argv = form.argv();
    let whole = matches!(form, Form::Whole(_));
    let words = if whole {
        argv.as_slice()
    } else {
        argv.get(1..).unwrap_or_default()
    };
    whole == wrapped.command.is_none()
        && argv.first() == Some(&wrapped.aip)
        && words.starts_with(&wrapped.front)
}

/// Whether no list is left.
fn take_away(
    text: &str,
    (spot, form): (&Spot<'_>, &Form<'_>),
    wrapped: &Wrapped,
    splices: &mut Vec<Splice>,
) -> Result<bool, EditError> {
    if let (Form::Split { command, .. }, Some(before)) = (form, &wrapped.command) {
        splices.push(Splice {
            range: command.node.span.clone(),
            text: before.clone(),
        });
    }
    let Some(list) = list_of(form) else {
        return Err(EditError::Form(spot.at.clone(), "has no arguments"));
    };
    let now = text.get(list.span.clone()).unwrap_or_default();
    if let Some((before, after)) = &wrapped.list
        && now == after
    {
        // Where nothing stood behind YAML's colon, a space was put there too.
        let gap = usize::from(before.is_empty());
        splices.push(Splice {
            range: list.span.start.saturating_sub(gap)..list.span.end,
            text: before.clone(),
        });
        return Ok(false);
    }
    if let (Form::Split { command, .. }, Some(added)) = (form, &wrapped.added) {
        let end = command.key_span.start;
        let start = end.saturating_sub(added.len());
        if text.get(start..end) == Some(added) {
            splices.push(Splice {
                range: start..end,
                text: String::new(),
            });
            return Ok(true);
        }
    }
    let taken = list::take(text, list, wrapped.front.len());
    splices.push(taken.map_err(|why| EditError::Form(spot.at.clone(), why))?);
    Ok(false)
}

fn spliced(text: &str, mut splices: Vec<Splice>) -> Result<String, EditError> {
    splices.sort_by_key(|it| (it.range.start, it.range.end));
    let mut new = String::with_capacity(text.len() + 256 * splices.len());
    let mut from = 0;
    for splice in splices {
        let kept = text
            .get(from..splice.range.start)
            .ok_or(EditError::Unfaithful)?;
        new.push_str(kept);
        new.push_str(&splice.text);
        from = splice.range.end;
    }
    new.push_str(text.get(from..).ok_or(EditError::Unfaithful)?);
    Ok(new)
}

/// The new text must say what was meant, and nothing else.
fn faithful(new: &str, shape: &Shape, meant: &Document) -> Result<(), EditError> {
    let says = read(new, shape.format).map_err(|_| EditError::Unfaithful)?;
    match (&says.root, &meant.root) {
        (Some(says), Some(meant)) if says.same(meant) => Ok(()),
        (None, None) => Ok(()),
        (Some(_) | None, _) => Err(EditError::Unfaithful),
    }
}
