//! A call that waits, in words: who wants what, and how much time is left.

use jiff::Timestamp;
use wire::control::{Approval, Before};

use crate::text::visible;

/// Who wants what, in one line.
#[must_use]
pub fn sentence(approval: &Approval) -> String {
    let project = match approval.project.as_str() {
        "" => String::new(),
        project => format!(" (project {})", visible(project)),
    };
    format!(
        "{}{project} wants {}",
        visible(&approval.client),
        call(approval)
    )
}

/// What is wanted.
#[must_use]
pub fn call(approval: &Approval) -> String {
    format!("{}: {}", visible(&approval.server), visible(&approval.tool))
}

/// The time until it denies itself, as minutes and seconds; `None` where that is not known.
#[must_use]
pub fn left(deadline: &str, now: Timestamp) -> Option<String> {
    let deadline = deadline.parse::<Timestamp>().ok()?;
    let seconds = deadline.duration_since(now).as_secs().max(0);
    Some(format!("{}:{:02}", seconds / 60, seconds % 60))
}

/// Whether the tool is met for the first time.
#[must_use]
pub fn met(before: &Before) -> String {
    let last = visible(before.last.as_deref().unwrap_or_default());
    match before.times {
        0 => "first time: you have not allowed this tool of this server before".to_owned(),
        1 => format!("you have allowed this tool once before, at {last}"),
        times => format!("you have allowed this tool {times} times before, last at {last}"),
    }
}
