//! One record and what belongs to it. Nothing but the session is looked up by an index: records of
//! one call stand near each other among those of their session.

use rusqlite::{Connection, params};

use super::query::{self, Stored, field};

/// Records of the session that are looked through on either side.
const NEAR: u32 = 4000;
/// Records that are shown as related.
const MOST: usize = 100;

/// A record and its company.
pub struct Story {
    /// The record.
    pub record: Stored,
    /// What became of its call.
    pub outcome: Option<Stored>,
    /// Others of its call or approval, oldest first.
    pub related: Vec<Stored>,
}

/// What binds records together.
#[derive(Clone, Default)]
struct Ties {
    calls: Vec<String>,
    approvals: Vec<String>,
}

/// The story of a record; `None` where there is no such record.
///
/// # Errors
/// SQLite's.
pub fn story(store: &Connection, seq: u64) -> rusqlite::Result<Option<Story>> {
    let Some(record) = query::stored(store, seq)? else {
        return Ok(None);
    };
    let mut ties = Ties::default();
    ties.learn(&record);
    let (mut outcome, mut related) = (None, Vec::new());
    let session = record.text("session_id").map(|it| it.into_owned());
    if let Some(session) = session.filter(|_| !ties.is_empty()) {
        for seq in tied(near(store, &session, seq)?, &mut ties) {
            let Some(one) = query::stored(store, seq)? else {
                continue;
            };
            let is_outcome = one.text("kind").as_deref() == Some("outcome");
            if is_outcome && outcome.is_none() && ties.is_same_call(&record, &one) {
                outcome = Some(one);
            } else if related.len() < MOST {
                related.push(one);
            }
        }
    }
    Ok(Some(Story {
        record,
        outcome,
        related,
    }))
}

/// Numbers and texts of the session's records around one, oldest first.
fn near(store: &Connection, session: &str, seq: u64) -> rusqlite::Result<Vec<(u64, String)>> {
    let side = |comparison: &str, order: &str| {
        let sql = format!(
            "SELECT seq, CAST(text AS TEXT) FROM record WHERE {} = ?1 AND seq {comparison} ?2 \
             ORDER BY seq {order} LIMIT {NEAR}",
            field("session_id")
        );
        let mut statement = store.prepare_cached(&sql)?;
        let rows =
            statement.query_map(params![session, seq], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    };
    let mut all = side("<", "DESC")?;
    all.reverse();
    all.extend(side(">", "ASC")?);
    Ok(all)
}

/// Those that share a call or an approval, with the record or with one that does.
fn tied(near: Vec<(u64, String)>, ties: &mut Ties) -> Vec<u64> {
    let mut found = Vec::new();
    let mut rest = near;
    loop {
        let before = (ties.calls.len(), ties.approvals.len());
        let known = ties.clone();
        rest.retain(|(seq, text)| {
            // Most texts need not be read for it.
            let may_be = known.all().any(|id| text.contains(id));
            let Some(fields) = may_be.then(|| Fields::read(text)).flatten() else {
                return true;
            };
            if !known.hold(&fields) {
                return true;
            }
            ties.take(fields);
            found.push(*seq);
            false
        });
        if before == (ties.calls.len(), ties.approvals.len()) {
            found.sort_unstable();
            return found;
        }
    }
}

/// What a record says of calls and approvals.
#[derive(serde::Deserialize)]
struct Fields {
    call_id: Option<String>,
    approval_id: Option<String>,
    approval: Option<Approval>,
}

#[derive(serde::Deserialize)]
struct Approval {
    id: Option<String>,
}

impl Fields {
    fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    fn approvals(&self) -> impl Iterator<Item = &String> {
        let within = self.approval.as_ref().and_then(|it| it.id.as_ref());
        self.approval_id.iter().chain(within)
    }
}

impl Ties {
    fn learn(&mut self, record: &Stored) {
        if let Some(fields) = Fields::read(record.as_text()) {
            self.take(fields);
        }
    }

    fn take(&mut self, fields: Fields) {
        for id in fields.approvals() {
            if !self.approvals.contains(id) {
                self.approvals.push(id.clone());
            }
        }
        let new = |id: &String| !id.is_empty() && !self.calls.contains(id);
        if let Some(id) = fields.call_id.filter(new) {
            self.calls.push(id);
        }
    }

    fn hold(&self, fields: &Fields) -> bool {
        let call = fields.call_id.as_ref();
        call.is_some_and(|id| self.calls.contains(id))
            || fields.approvals().any(|id| self.approvals.contains(id))
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        let all = self.calls.iter().chain(&self.approvals);
        all.map(String::as_str)
    }

    fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.approvals.is_empty()
    }

    fn is_same_call(&self, record: &Stored, outcome: &Stored) -> bool {
        let own = record.text("call_id");
        own.is_none() || own == outcome.text("call_id")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::NewRecord;
    use crate::audit::chain::Chain;
    use crate::audit::store;

    fn filled(records: impl IntoIterator<Item = NewRecord>) -> (tempfile::TempDir, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let store = store::open(&folder.path().join("audit.db")).unwrap();
        let mut chain = Chain::load(&store).unwrap();
        for record in records {
            let mut record = record.set("session_id", "s");
            chain.append(&store, &mut record, 0).unwrap();
        }
        (folder, store)
    }

    fn decision(call: &str) -> NewRecord {
        NewRecord::decision(0, "upstream", "ALLOW").set("call_id", call)
    }

    fn told(store: &Connection, seq: u64) -> (u64, Option<u64>, Vec<u64>) {
        let story = story(store, seq).unwrap().unwrap();
        let related = story.related.iter().map(|it| it.seq).collect();
        (story.record.seq, story.outcome.map(|it| it.seq), related)
    }

    #[test]
    fn a_calls_records_are_found_by_call_and_approval() {
        let approval = serde_json::json!({"id": "q7", "answer": "allow"});
        let (_folder, store) = filled([
            NewRecord::event(0, "APPROVAL_ASKED")
                .set("approval_id", "q7")
                .set("call_id", "c1"),
            decision("c2"),
            NewRecord::event(0, "APPROVAL_ANSWERED").set("approval_id", "q7"),
            decision("c1").set("approval", approval),
            NewRecord::event(0, "DLP_TRIGGERED").set("call_id", "c1"),
            NewRecord::outcome(0, "c2", "answered"),
            NewRecord::outcome(0, "c1", "answered"),
            NewRecord::event(0, "APPROVAL_ANSWERED").set("approval_id", "other"),
            // Its text has the id, but it is not of that call.
            decision("c3").set("reason", "c1 and q7"),
        ]);
        assert_eq!(told(&store, 4), (4, Some(7), vec![1, 3, 5]));
        // Over the one that was asked about, whose call is told by another record.
        assert_eq!(told(&store, 3), (3, Some(7), vec![1, 4, 5]));
        assert_eq!(told(&store, 2), (2, Some(6), vec![]));
        assert_eq!(told(&store, 7), (7, None, vec![1, 3, 4, 5]));
        assert_eq!(told(&store, 8), (8, None, vec![]));
        assert!(story(&store, 10).unwrap().is_none());
        assert!(story(&store, u64::MAX).unwrap().is_none());
    }

    #[test]
    fn records_of_other_sessions_and_far_away_are_not_looked_at() {
        let far = usize::try_from(NEAR).unwrap();
        let records = (0..far + 2).map(|n| decision(&format!("call-{n}")));
        let end = [NewRecord::outcome(0, "call-0", "answered")];
        let (_folder, store) = filled(records.chain(end));
        assert_eq!(told(&store, 1), (1, None, vec![]), "too far");
        let mut chain = Chain::load(&store).unwrap();
        let mut other = decision("call-0").set("session_id", "other");
        chain.append(&store, &mut other, 0).unwrap();
        assert_eq!(told(&store, 1), (1, None, vec![]));
        assert_eq!(told(&store, NEAR.into()).1, None);
    }
}
