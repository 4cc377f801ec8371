//! The audit: its chain, where a daemon is there to walk it.

use wire::control::{Request, Status, Verified};

use super::{Finding, Health};
use crate::context::Context;

pub(super) fn look(context: &Context<'_>, status: Option<&Status>) -> Option<Finding> {
    status?;
    let asked = context.ask_running(&Request::AuditVerify { checkpoint: None });
    let verified = asked.and_then(|it| Ok(it.end::<Verified>()?));
    Some(match verified {
        Ok(verified) if verified.intact => {
            let found = format!("the chain of {} records is intact", verified.records);
            Finding::good("audit", found)
        }
        Ok(verified) => {
            let first = verified.problems.first().map_or("", String::as_str);
            Finding::new(
                "audit",
                Health::Problem,
                format!("the chain is broken: {first}"),
            )
            .next(
                "keep a copy of the store (aipctl path store); aipctl audit verify tells all of it",
            )
        }
        Err(error) => Finding::new(
            "audit",
            Health::Problem,
            format!("it can't be checked: {error}"),
        )
        .next("see the daemon's log: aipctl path log"),
    })
}
