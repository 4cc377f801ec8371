//! CSV as RFC 4180 has it, safe to open in a spreadsheet.

use serde_json::Value;

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
            quoted(&crate::text::safe_json(&other.to_string()))
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
}
