//! An entry as YAML: block style, every text in double quotes, whose escapes are JSON's.

use super::{Plain, as_json};

/// Words that YAML readers may take for a flag or for nothing.
const NO_NAMES: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

pub(super) fn written(document: &Plain) -> String {
    let mut out = String::new();
    if let Plain::Map(members) = document {
        map(members, "", &mut out);
    }
    out
}

fn map(members: &[(String, Plain)], indent: &str, out: &mut String) {
    for (key, value) in members {
        *out += indent;
        member(key, value, indent, out);
    }
}

fn member(key: &str, value: &Plain, indent: &str, out: &mut String) {
    *out += &name(key);
    *out += ":";
    let deeper = format!("{indent}  ");
    match value {
        Plain::Map(members) if !members.is_empty() => {
            *out += "\n";
            map(members, &deeper, out);
        }
        Plain::List(items) if !items.is_empty() => {
            *out += "\n";
            list(items, &deeper, out);
        }
        flat @ (Plain::Text(_) | Plain::Other(_) | Plain::List(_) | Plain::Map(_)) => {
            *out += " ";
            *out += &as_json(flat);
            *out += "\n";
        }
    }
}

fn list(items: &[Plain], indent: &str, out: &mut String) {
    for item in items {
        *out += indent;
        *out += "- ";
        match item {
            Plain::Map(members) if !members.is_empty() => {
                let deeper = format!("{indent}  ");
                for (nth, (key, value)) in members.iter().enumerate() {
                    if nth > 0 {
                        *out += &deeper;
                    }
                    member(key, value, &deeper, out);
                }
            }
            flat @ (Plain::Text(_) | Plain::Other(_) | Plain::List(_) | Plain::Map(_)) => {
                *out += &as_json(flat);
                *out += "\n";
            }
        }
    }
}

fn name(key: &str) -> String {
    let plain = key.starts_with(|it: char| it.is_ascii_alphabetic())
        && key
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || "_-".contains(it))
        && !NO_NAMES.contains(&key.to_ascii_lowercase().as_str());
    if plain {
        key.to_owned()
    } else {
        as_json(&Plain::Text(key.to_owned()))
    }
}
