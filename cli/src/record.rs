//! An audit record as a row of a table. Records are read loosely: a newer daemon may say more.

use serde_json::Value;

use crate::table::{Field, Tone};
use crate::text::shortened;
use crate::when;

/// The head of a table of records.
pub const HEAD: [&str; 5] = ["time (UTC)", "decision", "server", "call", "why"];
/// The longest cell of a row, in characters; `--json` has the whole.
const MOST: usize = 160;

/// The row of one record.
#[must_use]
pub fn row(record: &Value) -> [Field; 5] {
    let (decision, tone) = decision(record);
    [
        Field::from(when::short(text(record, "timestamp"))),
        Field::toned(&decision, tone),
        Field::from(shortened(text(record, "server"), MOST)),
        Field::from(shortened(&call(record), MOST)),
        Field::from(shortened(&why(record), MOST)),
    ]
}

/// The same as one line, for records that come one by one.
#[must_use]
pub fn line(record: &Value) -> String {
    let word = |key| crate::text::visible(&shortened(text(record, key), MOST));
    let line = format!(
        "{}  {:<13}  {:<16}  {:<28}  {}",
        when::short(text(record, "timestamp")),
        crate::text::visible(&decision(record).0),
        word("server"),
        crate::text::visible(&shortened(&call(record), MOST)),
        crate::text::visible(&shortened(&why(record), MOST)),
    );
    line.trim_end().to_owned()
}

/// A record in the parts a screen of its own shows, not yet made safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brief {
    /// Time of day, UTC.
    pub time: String,
    /// The decision, or what else it is.
    pub decision: String,
    /// How much it is to be noticed.
    pub tone: Tone,
    /// Whose, what, and why.
    pub rest: String,
}

/// The parts of one record.
#[must_use]
pub fn brief(record: &Value) -> Brief {
    let (decision, tone) = decision(record);
    let time = when::short(text(record, "timestamp"));
    let day = time.rsplit_once(' ').map_or(time.as_str(), |(_, day)| day);
    let parts = [text(record, "server"), &call(record), &why(record)].map(|part| part.to_owned());
    let parts = parts.iter().filter(|part| !part.is_empty());
    let rest: Vec<_> = parts.map(|part| shortened(part, MOST)).collect();
    Brief {
        time: shortened(day, 8),
        decision: shortened(&decision, MOST),
        tone,
        rest: rest.join("  "),
    }
}

fn decision(record: &Value) -> (String, Tone) {
    let decision = text(record, "decision");
    let tone = match decision {
        "ALLOW" if record.get("violation") == Some(&Value::Bool(true)) => Tone::Warn,
        "ALLOW" => Tone::Good,
        "ALLOW_MONITOR" | "RATE_LIMITED" => Tone::Warn,
        "BLOCK" => Tone::Bad,
        _ => Tone::Plain,
    };
    let shown = [decision, text(record, "event"), text(record, "outcome")]
        .into_iter()
        .find(|word| !word.is_empty())
        .unwrap_or("?");
    (shown.to_owned(), tone)
}

fn call(record: &Value) -> String {
    let tool = text(record, "tool");
    if !tool.is_empty() {
        return tool.to_owned();
    }
    let parts = ["method", "resource", "prompt"].map(|key| text(record, key));
    let told: Vec<_> = parts.into_iter().filter(|it| !it.is_empty()).collect();
    told.join(" ")
}

fn why(record: &Value) -> String {
    let mut parts = Vec::new();
    let reason = text(record, "reason");
    if !reason.is_empty() {
        parts.push(reason.to_owned());
    }
    let failed = text(record, "failed_arg");
    if !failed.is_empty() && !reason.contains(failed) {
        parts.push(format!("argument `{failed}`"));
    }
    if let Some(code) = record.get("error_code").and_then(Value::as_i64) {
        parts.push(format!("({code})"));
    }
    if let Some(approval) = record.get("approval") {
        parts.push(answered(approval));
    }
    let rule = text(record, "dlp_rule");
    if !rule.is_empty() {
        let count = record
            .get("dlp_match_count")
            .and_then(Value::as_u64)
            .unwrap_or(1);
        parts.push(format!("{rule}, {count} redacted"));
    }
    parts.join(" ")
}

/// Who answered, and how fast.
fn answered(approval: &Value) -> String {
    let seconds = approval
        .get("after_ms")
        .and_then(Value::as_u64)
        .unwrap_or(0)
        / 1000;
    let answer = match text(approval, "answer") {
        "allow" => "allowed",
        "deny" => "denied",
        "timeout" => "no answer",
        other => other,
    };
    match text(approval, "channel") {
        "" | "none" => format!("{answer} after {seconds} s"),
        channel => format!("{answer} by {channel} after {seconds} s"),
    }
}

fn text<'a>(record: &'a Value, key: &str) -> &'a str {
    record.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Screen;
    use serde_json::json;

    #[test]
    fn records_of_every_kind_make_one_row_each() {
        let records = [
            json!({"timestamp": "2026-03-03T10:30:45.123Z", "direction": "upstream",
                "method": "tools/call", "tool": "delete_file", "decision": "BLOCK",
                "policy_mode": "enforce", "violation": true, "error_code": -32001,
                "reason": "Tool not in allowed_tools list", "server": "files"}),
            json!({"timestamp": "2026-03-03T10:30:46.000Z", "method": "tools/call",
                "tool": "read\u{1b}[0m", "decision": "ALLOW", "violation": false}),
            json!({"timestamp": "2026-03-03T10:30:47.000Z", "method": "resources/read",
                "resource": "file:///etc/hosts", "decision": "ALLOW_MONITOR", "violation": true}),
            json!({"timestamp": "2026-03-03T10:30:48.000Z", "event": "DLP_TRIGGERED",
                "dlp_rule": "AWS Key", "dlp_action": "REDACTED", "dlp_match_count": 2}),
            json!({"timestamp": "soon", "outcome": "answered"}),
            json!("not even an object"),
        ];
        let rows: Vec<_> = records.iter().map(row).collect();
        let screen = Screen {
            width: Some(96),
            ..Screen::default()
        };
        insta::assert_snapshot!(crate::table::render(screen, HEAD, &rows));
        let lines: Vec<_> = records.iter().map(line).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }
}
