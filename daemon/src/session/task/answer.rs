//! What a person says to a call that waits.

use super::{Answer, Answered, Decided, Signal, Task};
use crate::approval::{Said, Settled, failure};
use crate::session::state::{By, Planned};
use wire::control::{Approval, Failure, GrantWish};

impl Task {
    pub(super) async fn answer(&mut self, answered: Answered) {
        let Answered { id, said, done } = answered;
        let settled = match said {
            Said::Plan(wish) => self.planned(&id, &wish),
            Said::Extend(by) => self.extend(&id, &by).await,
            Said::Answer(answer, None) => self.answered(&id, &answer, None).await,
            // What can't be granted answers nothing.
            Said::Answer(answer, Some(wish)) => match self.plan(&id, &wish) {
                Ok(planned) => self.answered(&id, &answer, Some(planned)).await,
                Err(failure) => Err(failure),
            },
        };
        let _nobody = done.send(settled);
    }

    fn plan(&mut self, id: &str, wish: &GrantWish) -> Result<Planned, Failure> {
        self.with_context(0, |state, ctx| state.plan_grant(ctx, id, wish))
    }

    fn planned(&mut self, id: &str, wish: &GrantWish) -> Result<Settled, Failure> {
        let planned = self.plan(id, wish)?;
        let approval = self.daemon.approvals.get(id).ok_or_else(|| gone(id))?;
        let approval = Approval::clone(&approval);
        Ok(Settled {
            approval,
            grant: Some(planned),
        })
    }

    async fn answered(
        &mut self,
        id: &str,
        answer: &Answer,
        planned: Option<Planned>,
    ) -> Result<Settled, Failure> {
        let judged = self.with_context(0, |state, ctx| {
            let mut judged = state.ask_ends(ctx, id, answer)?;
            if let (Some(planned), Answer::Allow(by)) = (&planned, answer) {
                let by: &By = by;
                state.grant_made(ctx, &mut judged, planned.grant.clone(), by);
            }
            Some(judged)
        });
        let Some(mut judged) = judged else {
            return self.banked(id, answer, planned.is_some()).await;
        };
        let ended = judged.signals.iter().find_map(|signal| match signal {
            Signal::AskEnded { state, .. } => Some(*state),
            Signal::Asked(_) | Signal::Granted(_) => None,
        });
        // How it ended is said below.
        judged
            .signals
            .retain(|signal| matches!(signal, Signal::Granted(_)));
        let one = Decided {
            frame: None,
            judged,
        };
        let recorded = self.decide(vec![one]).await;
        let approval = self
            .daemon
            .approvals
            .ended(id, ended.unwrap_or("withdrawn"));
        if !recorded {
            return Err(unrecorded());
        }
        let made = ended == Some("allowed");
        Ok(Settled {
            approval: approval.ok_or_else(|| gone(id))?,
            grant: planned.filter(|_| made),
        })
    }
}

impl Task {
    /// The answer came when the call had ended unanswered: a yes lets the next try through.
    async fn banked(
        &mut self,
        id: &str,
        answer: &Answer,
        grants: bool,
    ) -> Result<Settled, Failure> {
        let Answer::Allow(by) = answer else {
            return Err(gone(id));
        };
        let judged = self.with_context(0, |state, ctx| state.banks(ctx, id, by));
        let judged = judged.filter(|_| !grants).ok_or_else(|| gone(id))?;
        let one = Decided {
            frame: None,
            judged,
        };
        if !self.decide(vec![one]).await {
            return Err(unrecorded());
        }
        let approval = self.daemon.approvals.banked(id).ok_or_else(|| gone(id))?;
        Ok(Settled {
            approval,
            grant: None,
        })
    }
}

fn gone(id: &str) -> Failure {
    failure("conflict", format!("approval `{id}` no longer waits"))
}

fn unrecorded() -> Failure {
    let message = "your answer can't be recorded, so the call was not made; see `aipctl status`";
    failure("unavailable", message.to_owned())
}
