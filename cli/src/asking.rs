//! A call that waits, in words: who wants what, and how much time is left.

use jiff::Timestamp;
use wire::control::Approval;

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
