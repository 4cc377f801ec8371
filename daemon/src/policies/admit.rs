//! The one door by which a version of a policy comes into force, or is held until a person says
//! so (SPEC section 1, the trust rule).

use std::sync::Arc;

use engine::compare::only_tighter;
use engine::policy::Policy;
use wire::control::PendingPolicy;

use super::slot::{Slot, SlotState, in_force, slot};
use super::{Door, News, Opened, Policies, PolicyError};
use crate::audit::batch::PolicyRow;
use crate::audit::{Batch, NewRecord, StateOp, Sync};
use crate::config::PolicyTrust;
use crate::grants::{Why, ended};

impl Policies {
    pub(super) async fn admit_alone(
        &self,
        path: &str,
        text: &str,
        door: Door,
        base: Option<Arc<Slot>>,
    ) -> Result<Opened, PolicyError> {
        let mut slots = self.slots.lock().await;
        let known = slots.get(path).map(Arc::clone);
        if let Some(slot) = known.as_ref().filter(|slot| slot.read().text == text) {
            self.settle(slot).await?;
            slot.base_is(base);
            return Ok(Opened {
                slot: Arc::clone(slot),
                notices: Vec::new(),
            });
        }
        let (policy, warnings) = self.compile(path, text)?;
        let Some(slot) = known else {
            let slot = Arc::new(slot(
                path.to_owned(),
                Policy::none(),
                &self.place,
                self.buckets(path).await?,
                &self.pulse,
            ));
            slots.insert(path.to_owned(), Arc::clone(&slot));
            self.known.send_replace(());
            if self.trust == PolicyTrust::Ask && door == Door::Rule {
                let why = "it has not been trusted yet";
                return self.hold(slot, &policy, text, why, warnings).await;
            }
            let stored = self.put(&slot, policy, (text, base), "POLICY_LOADED").await;
            if stored.is_err() {
                slots.remove(path);
            }
            return stored.map(|()| Opened {
                slot,
                notices: warnings,
            });
        };
        let tighter =
            !slot.read().text.is_empty() && only_tighter(&slot.in_force().policy, &policy);
        if door == Door::Person || self.trust == PolicyTrust::Off || tighter {
            let event = if door == Door::Person {
                "POLICY_TRUSTED"
            } else {
                "POLICY_CHANGED"
            };
            self.put(&slot, policy, (text, base), event).await?;
            return Ok(Opened {
                slot,
                notices: warnings,
            });
        }
        let why = "the change is not provably tighter";
        self.hold(slot, &policy, text, why, warnings).await
    }

    /// The file is again what is in force: nothing waits any more.
    async fn settle(&self, slot: &Arc<Slot>) -> Result<(), PolicyError> {
        if slot.read().pending.is_some() {
            let row = slot.row(None);
            self.write(
                NewRecord::event(crate::time::now_ms(), "POLICY_REVERTED"),
                row,
            )
            .await?;
            slot.write().pending = None;
        }
        Ok(())
    }

    async fn put(
        &self,
        slot: &Arc<Slot>,
        policy: Policy,
        (text, base): (&str, Option<Arc<Slot>>),
        event: &'static str,
    ) -> Result<(), PolicyError> {
        let now = crate::time::now_ms();
        let since = crate::time::rfc3339(now);
        let before = slot.in_force().policy.hash().to_owned();
        let record = NewRecord::event(now, event)
            .set("policy_path", slot.path.clone())
            .set("policy_name", policy.name())
            .set("policy_hash", policy.hash())
            .set_some(
                "policy_hash_before",
                (event != "POLICY_LOADED").then_some(before),
            );
        let row = PolicyRow {
            path: slot.path.clone(),
            text: text.to_owned(),
            since: since.clone(),
            pending: None,
            why: None,
        };
        self.write_ending_grants(record, row, (slot, &policy), now)
            .await?;
        let in_force = Arc::new(in_force(
            slot.path.clone(),
            policy,
            &self.place,
            &slot.buckets,
        ));
        slot.put(SlotState {
            in_force,
            text: text.to_owned(),
            since,
            pending: None,
            base,
            forgotten: false,
        });
        Ok(())
    }

    /// The version in force stays; this one waits for a person.
    async fn hold(
        &self,
        slot: Arc<Slot>,
        policy: &Policy,
        text: &str,
        why: &str,
        mut notices: Vec<String>,
    ) -> Result<Opened, PolicyError> {
        let news = slot
            .read()
            .pending
            .as_ref()
            .is_none_or(|pending| pending.text != text);
        if news {
            let pending = PendingPolicy {
                hash: policy.hash().to_owned(),
                text: text.to_owned(),
                why: why.to_owned(),
            };
            let record = NewRecord::event(crate::time::now_ms(), "POLICY_PENDING")
                .set("policy_path", slot.path.clone())
                .set("policy_hash", slot.in_force().policy.hash().to_owned())
                .set("policy_hash_pending", pending.hash.clone())
                .set("reason", why);
            self.write(record, slot.row(Some(&pending))).await?;
            self.pending(&slot, pending);
        }
        notices.extend(slot.notice());
        Ok(Opened { slot, notices })
    }

    pub(super) async fn keep(&self, path: &str, why: &str) {
        let Some(slot) = self.slots.lock().await.get(path).map(Arc::clone) else {
            return;
        };
        if slot
            .read()
            .pending
            .as_ref()
            .is_some_and(|pending| pending.why == why)
        {
            return;
        }
        let pending = PendingPolicy {
            hash: String::new(),
            text: String::new(),
            why: why.to_owned(),
        };
        let record = NewRecord::event(crate::time::now_ms(), "POLICY_REFUSED")
            .set("policy_path", path)
            .set("reason", why.lines().next().unwrap_or_default());
        if let Err(error) = self.write(record, slot.row(Some(&pending))).await {
            tracing::error!(%error, path, "a refused policy could not be recorded");
        }
        self.pending(&slot, pending);
    }

    /// A person is told: on the desktop, and in the shim of every session under it.
    fn pending(&self, slot: &Slot, pending: PendingPolicy) {
        let news = News {
            path: slot.path.clone(),
            why: pending.why.clone(),
            waits: !pending.hash.is_empty(),
        };
        slot.wait(pending);
        let _nobody = self.news.send(news);
    }

    /// Grants under a rule that is another one now end with the same batch.
    async fn write_ending_grants(
        &self,
        record: NewRecord,
        row: PolicyRow,
        (slot, policy): (&Slot, &Policy),
        now_ms: i64,
    ) -> Result<(), PolicyError> {
        let before = slot.in_force();
        let judged = self.judged_by(slot);
        let over = self.grants.take(|grant| {
            let bound = &grant.bound;
            let (old, new) = (&before.policy, policy.rule_hash(&bound.tool));
            let other = || new.as_ref() != Some(&bound.rule) && new != old.rule_hash(&bound.tool);
            let ours = bound.policy == row.path || judged.contains(&bound.policy);
            (ours && other()).then_some(Why::RuleChanged)
        });
        let mut batch = Batch {
            records: vec![record],
            ops: vec![StateOp::Policy(row)],
            sync: Sync::Full,
        };
        batch.append(ended(&over, now_ms, |it| it));
        if let Err(error) = self.audit.commit(batch).await {
            for (grant, _) in over {
                self.grants.add(grant);
            }
            return Err(error.into());
        }
        Ok(())
    }

    async fn write(&self, record: NewRecord, row: PolicyRow) -> Result<(), PolicyError> {
        let record = record.set("policy_path", row.path.clone());
        let ops = vec![StateOp::Policy(row)];
        self.audit
            .commit(Batch {
                records: vec![record],
                ops,
                sync: Sync::Full,
            })
            .await?;
        Ok(())
    }
}
