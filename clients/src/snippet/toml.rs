//! An entry as TOML: a table for each server, without the tables that only hold tables. Texts are
//! basic strings, whose escapes are JSON's.

use super::{Plain, as_json};

pub(super) fn written(document: &Plain) -> String {
    let mut out = String::new();
    if let Plain::Map(members) = document {
        table(members, &mut Vec::new(), &mut out);
    }
    out
}

fn table(members: &[(String, Plain)], path: &mut Vec<String>, out: &mut String) {
    let (tables, values): (Vec<_>, Vec<_>) = members
        .iter()
        .partition(|(_, it)| matches!(it, Plain::Map(_)));
    if !values.is_empty() {
        if !out.is_empty() {
            *out += "\n";
        }
        *out += &format!("[{}]\n", path.join("."));
    }
    for (key, it) in values {
        *out += &format!("{} = {}\n", name(key), value(it));
    }
    for (key, it) in tables {
        if let Plain::Map(members) = it {
            path.push(name(key));
            table(members, path, out);
            path.pop();
        }
    }
}

fn value(plain: &Plain) -> String {
    match plain {
        Plain::List(items) => {
            let items: Vec<_> = items.iter().map(value).collect();
            format!("[{}]", items.join(", "))
        }
        Plain::Map(members) => {
            let members = members.iter();
            let members: Vec<_> = members
                .map(|(key, it)| format!("{} = {}", name(key), value(it)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        flat @ (Plain::Text(_) | Plain::Other(_)) => as_json(flat),
    }
}

fn name(key: &str) -> String {
    let plain = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == '-';
    if !key.is_empty() && key.chars().all(plain) {
        key.to_owned()
    } else {
        as_json(&Plain::Text(key.to_owned()))
    }
}
