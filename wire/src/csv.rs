//! CSV as RFC 4180 has it, safe to open in a spreadsheet.

use serde_json::Value;

/// The columns of the CSV; what a record has beside them is in the last one, as JSON.
const COLUMNS: [&str; 25] = [
    "timestamp",
    "seq",
    "event",
    "direction",
    "decision",
    "policy_mode",
    "violation",
    "method",
    "tool",
    "args",
    "error_code",
    "reason",
    "failed_arg",
    "failed_rule",
    "session_id",
    "call_id",
    "outcome",
    "policy_name",
    "policy_hash",
    "client",
    "server",
    "latency_us",
    "dlp_rule",
    "dlp_action",
    "dlp_match_count",
];

/// The first line of records.
#[must_use]
pub fn records_head() -> String {
    line(COLUMNS.into_iter().chain(["other"]).map(str::to_owned))
}

/// The line of one record, every member of it.
#[must_use]
pub fn record(mut record: Value) -> String {
    let mut cells: Vec<_> = COLUMNS
        .iter()
        .map(|column| cell(record.get(column)))
        .collect();
    let other = record.as_object_mut().map(|members| {
        members.retain(|key, _| !COLUMNS.contains(&key.as_str()));
        Value::Object(std::mem::take(members))
    });
    let other = other.filter(|other| other.as_object().is_some_and(|it| !it.is_empty()));
    cells.push(cell(other.as_ref()));
    line(cells)
}

/// A cell of a value: text as it is, numbers as they were written, the rest as compact JSON.
///
/// Text a spreadsheet would take for a formula gets an apostrophe before it. A number can't be
/// one, so `-32001` stays.
#[must_use]
pub fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => quoted(&guarded(text)),
        Some(number @ Value::Number(_)) => number.to_string(),
        Some(other @ (Value::Bool(_) | Value::Array(_) | Value::Object(_))) => {
            quoted(&crate::hidden::safe_json(&other.to_string()))
        }
    }
}

/// A line of cells.
#[must_use]
pub fn line(cells: impl IntoIterator<Item = String>) -> String {
    let mut line = cells.into_iter().collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

fn guarded(text: &str) -> String {
    let risky = text
        .trim_start_matches([' ', '\u{a0}', '\u{feff}'])
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if risky {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r', ';', '\t'])
        || text.trim_start_matches('\'').trim() != text.trim_start_matches('\'')
    {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        check(json!("plain"), "plain");
        check(json!("a,b"), "\"a,b\"");
        check(json!("say \"x\""), "\"say \"\"x\"\"\"");
        check(json!("two\nlines"), "\"two\nlines\"");
        check(json!("=cmd|'/c calc'!A1"), "'=cmd|'/c calc'!A1");
        check(json!("+1"), "'+1");
        check(json!("-1"), "'-1");
        check(json!("@SUM(A1)"), "'@SUM(A1)");
        check(json!(" =1"), "\"' =1\"");
        check(json!("\t=1"), "\"'\t=1\"");
        check(json!("＝1"), "'＝1");
        check(json!(-32001), "-32001");
        check(json!(true), "true");
        check(json!(null), "");
        check(json!({"path": "=x"}), "\"{\"\"path\"\":\"\"=x\"\"}\"");
        fn check(value: Value, expected: &str) {
            assert_eq!(cell(Some(&value)), expected, "{value}");
        }
    }

    #[test]
    fn every_member_of_a_record_is_in_its_line() {
        let record = json!({
            "timestamp": "2026-03-03T10:30:45.123Z", "direction": "upstream",
            "method": "tools/call", "tool": "=delete", "args": {"path": "/etc/passwd, \"x\""},
            "decision": "BLOCK", "policy_mode": "enforce", "violation": true,
            "error_code": -32001, "approval": {"id": "k3", "answer": "denied"}
        });
        let lines = records_head() + &super::record(record);
        let head = "timestamp,seq,event,direction,decision,policy_mode,violation,method,tool,args,\
             error_code,reason,failed_arg,failed_rule,session_id,call_id,outcome,policy_name,\
             policy_hash,client,server,latency_us,dlp_rule,dlp_action,dlp_match_count,other\r\n";
        let row = r#"2026-03-03T10:30:45.123Z,,,upstream,BLOCK,enforce,true,tools/call,'=delete,"{""path"":""/etc/passwd, \""x\""""}",-32001,,,,,,,,,,,,,,,"{""approval"":{""answer"":""denied"",""id"":""k3""}}""#;
        let expected = format!("{head}{row}\r\n");
        assert_eq!(lines, expected);
    }
}
