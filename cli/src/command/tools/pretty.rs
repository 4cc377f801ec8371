//! A definition laid out for a person: members sorted, one a line, numbers as they were written.

use engine::node::Node;
use wire::json::{Value, write_string};

/// JSON text laid out; what is no JSON stays as it is.
pub(super) fn laid_out(json: &str) -> String {
    let Ok(parsed) = wire::json::parse(json.as_bytes()) else {
        return json.to_owned();
    };
    let mut out = Vec::new();
    write(&parsed.value, 0, &mut out);
    out.push(b'\n');
    String::from_utf8(out).unwrap_or_default()
}

fn write(value: &Value<'_>, depth: usize, out: &mut Vec<u8>) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                line(at, depth + 1, out);
                write(item, depth + 1, out);
            }
            end(depth, out);
            out.push(b']');
        }
        Value::Object(members) if !members.is_empty() => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|a, b| a.0.cmp(&b.0));
            out.push(b'{');
            for (at, (key, item)) in sorted.into_iter().enumerate() {
                line(at, depth + 1, out);
                write_string(key, out);
                out.extend_from_slice(b": ");
                write(item, depth + 1, out);
            }
            end(depth, out);
            out.push(b'}');
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => wire::json::write(value, out),
    }
}

fn line(at: usize, depth: usize, out: &mut Vec<u8>) {
    if at > 0 {
        out.push(b',');
    }
    end(depth, out);
}

fn end(depth: usize, out: &mut Vec<u8>) {
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b' ', 2 * depth));
}

/// The engine's view of a value.
pub(in crate::command) fn node<'v>(value: &'v Value<'_>) -> Node<'v> {
    match value {
        Value::Null => Node::Null,
        Value::Bool(it) => Node::Bool(*it),
        Value::Number(lexeme) => Node::Number(lexeme.as_ref().into()),
        Value::String(text) => Node::String(text.as_ref().into()),
        Value::Array(items) => Node::Array(items.iter().map(node).collect()),
        Value::Object(members) => Node::Object(
            members
                .iter()
                .map(|(key, value)| (key.as_ref().into(), node(value)))
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_sorted_and_numbers_stay_as_written() {
        let expected = "{\n  \"a\": [\n    1.50,\n    \"x\"\n  ],\n  \"b\": {},\n  \"c\": []\n}\n";
        assert_eq!(laid_out(r#"{"c":[],"b":{},"a":[1.50,"x"]}"#), expected);
        assert_eq!(laid_out("not json"), "not json");
    }
}
