//! Searches the audit records, page by page until enough are found.

use serde_json::value::RawValue;
use wire::control::{MAX_PAGE, RecordPage, RecordQuery, Request};

use crate::context::Context;
use crate::failure::Failure;

/// The newest records that fit, at most `most`, oldest first.
pub(super) fn found(
    context: &Context<'_>,
    mut query: RecordQuery,
    most: u64,
) -> Result<Vec<Box<RawValue>>, Failure> {
    let mut found = Vec::new();
    let mut left = most;
    while left > 0 {
        query.limit = Some(left.min(MAX_PAGE));
        let answer = context.ask(&Request::Records(query.clone()))?;
        let page: RecordPage = answer.end()?;
        left = left.saturating_sub(answer.items.len() as u64);
        found.extend(answer.items);
        match page.next {
            Some(next) => query.before = Some(next),
            None => break,
        }
    }
    found.reverse();
    Ok(found)
}
