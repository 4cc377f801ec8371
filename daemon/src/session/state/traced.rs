//! What `--verbose` tells beyond the engine's steps: DLP findings, and a refusal the engine had no
//! part in. Told from the records, so never more than they hold.

use engine::trace::{finding_line, refused_lines, unscanned_line};

use super::{Context, Judged, State};
use crate::audit::NewRecord;
use crate::audit::record::Kind;
use crate::session::redact;

impl State {
    /// Adds the lines to those of the decision, and takes out of all what the policy redacts.
    pub(super) fn traced(&self, ctx: &Context<'_>, mut judged: Judged) -> Judged {
        if !self.facts.verbose {
            return judged;
        }
        let found: Vec<_> = judged.batch.records.iter().filter_map(finding).collect();
        let told = judged.trace.last().is_some_and(|last| refuses(last));
        let refusal = if judged.refused && !told {
            judged.batch.records.iter().find_map(end)
        } else {
            None
        };
        if refusal.is_some() {
            // It said that the message passes.
            judged.trace.pop_if(|last| decides(last));
        }
        judged.trace.extend(found);
        judged.trace.extend(refusal.into_iter().flatten());
        let dlp = ctx.policy().dlp();
        for line in &mut judged.trace {
            *line = redact::word(line, dlp);
        }
        judged
    }
}

fn finding(record: &NewRecord) -> Option<String> {
    let place = match text(record, "direction")?.as_str() {
        "upstream" => "what the client sent",
        "stderr" => "the server's standard error",
        _ => "what the server sent",
    };
    match text(record, "event")?.as_str() {
        "DLP_TRIGGERED" => Some(finding_line(
            &text(record, "dlp_rule")?,
            record.get("dlp_match_count")?.as_u64()?,
            place,
            &text(record, "dlp_action")?,
        )),
        "DLP_FAILED" => Some(unscanned_line(place, &text(record, "reason")?)),
        _ => None,
    }
}

fn end(record: &NewRecord) -> Option<[String; 2]> {
    let code = record.get("error_code")?.as_i64()?;
    let reason = text(record, "reason")?;
    (record.kind() == Kind::Decision).then(|| refused_lines(&reason, code))
}

fn text(record: &NewRecord, name: &str) -> Option<String> {
    record
        .get(name)
        .and_then(|value| Some(value.as_str()?.to_owned()))
}

fn refuses(line: &str) -> bool {
    ["BLOCK", "RATE_LIMITED"]
        .iter()
        .any(|word| line.starts_with(&format!("[WARN] Decision: {word}")))
}

fn decides(line: &str) -> bool {
    line.contains("] Decision: ")
}
