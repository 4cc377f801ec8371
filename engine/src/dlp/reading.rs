//! A pattern as RE2 reads it: `\b`, `\w`, `\d` and their opposites know ASCII only.

/// The pattern with those escapes spelled out, or `None` where it has none of them.
pub(super) fn ascii_reading(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut changed = false;
    let mut in_class = 0_usize;
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                let escaped = letters.next();
                let boundary = in_class == 0 && letters.peek() != Some(&'{');
                match spelled_out(escaped, boundary) {
                    Some(plain) => {
                        out.push_str(plain);
                        changed = true;
                    }
                    None => {
                        out.push('\\');
                        out.extend(escaped);
                    }
                }
                continue;
            }
            '[' => in_class += 1,
            ']' => in_class = in_class.saturating_sub(1),
            _ => {}
        }
        out.push(letter);
    }
    changed.then_some(out)
}

fn spelled_out(escaped: Option<char>, boundary: bool) -> Option<&'static str> {
    match escaped? {
        'd' => Some("[0-9]"),
        'D' => Some("[^0-9]"),
        'w' => Some("[0-9A-Za-z_]"),
        'W' => Some("[^0-9A-Za-z_]"),
        'b' if boundary => Some(r"(?-u:\b)"),
        'B' if boundary => Some(r"(?-u:\B)"),
        _ => None,
    }
}
