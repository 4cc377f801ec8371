//! Gives a person more time: recorded first, then in force.

use wire::control::Failure;

use super::Task;
use crate::approval::{Settled, failure};
use crate::session::state::{By, NotExtended};

impl Task {
    pub(super) async fn extend(&mut self, id: &str, by: &By) -> Result<Settled, Failure> {
        let over = || failure("conflict", format!("approval `{id}` no longer waits"));
        let extension = self.with_context(0, |state, ctx| state.extension(ctx, id, by));
        let extension = extension.map_err(|why| match why {
            NotExtended::Over => over(),
            NotExtended::Before => failure(
                "conflict",
                format!("approval `{id}` was given more time already, which can be done once"),
            ),
        })?;
        let written = self.daemon.audit.commit(extension.batch).await;
        let written = written.map_err(|error| {
            tracing::error!(%error, "more time could not be recorded");
            let message = "it could not be recorded, so there is no more time".to_owned();
            failure("unavailable", message)
        })?;
        self.mirror(&written);
        self.state.extended(id, extension.deadline_ms);
        let deadline = crate::time::rfc3339(extension.deadline_ms);
        let extended = self.daemon.approvals.extended(id, deadline);
        let approval = extended.ok_or_else(over)?;
        let grant = None;
        Ok(Settled { approval, grant })
    }
}
