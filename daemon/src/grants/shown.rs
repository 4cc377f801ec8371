//! A grant as the control socket shows it.

use wire::control::Grant as Shown;

use super::Grant;
use crate::time::rfc3339;

impl Grant {
    /// As a person is shown it.
    #[must_use]
    pub fn shown(&self) -> Shown {
        let bound = &self.bound;
        let lasts = match (&self.session, self.until_ms) {
            (Some(_), _) => "session",
            (None, Some(_)) => "time",
            (None, None) => "always",
        };
        Shown {
            id: self.id.clone(),
            tool: self.tool.clone(),
            server: self.label.clone(),
            identity: bound.server.clone(),
            client: bound.client.clone(),
            what: self.scope.kind().to_owned(),
            argument: self.scope.argument().map(str::to_owned),
            is: self.scope.is().map(str::to_owned),
            lasts: lasts.to_owned(),
            session: self.session.clone(),
            until: self.until_ms.map(rfc3339),
            policy: bound.policy.clone(),
            rule: bound.rule.clone(),
            definition: bound.definition.clone(),
            approval: self.approval.clone(),
            made: rfc3339(self.made_ms),
            uses: self.uses,
            used: self.used_ms.map(rfc3339),
            print: self.print(),
        }
    }
}
