//! A pattern as RE2 reads it, which is the syntax policies are written in: `\d`, `\w`, `\s`,
//! `\b` and their opposites know ASCII only. Without this `\d+` would let `１２３` pass.

/// The pattern with those escapes spelled out.
pub(crate) fn ascii_reading(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut letters = pattern.chars().peekable();
    let mut open_classes = 0_usize;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                let escaped = letters.next();
                let boundary = open_classes == 0 && letters.peek() != Some(&'{');
                match spelled_out(escaped, boundary) {
                    Some(plain) => out.push_str(plain),
                    None => {
                        out.push('\\');
                        out.extend(escaped);
                    }
                }
                continue;
            }
            '[' => open_classes += 1,
            ']' => open_classes = open_classes.saturating_sub(1),
            _ => {}
        }
        out.push(letter);
        if letter == '[' {
            // A bracket that closes would close an empty class: here it stands for itself.
            out.extend(letters.next_if_eq(&'^'));
            out.extend(letters.next_if_eq(&']'));
        }
    }
    out
}

fn spelled_out(escaped: Option<char>, boundary: bool) -> Option<&'static str> {
    match escaped? {
        'd' => Some("[0-9]"),
        'D' => Some("[^0-9]"),
        'w' => Some("[0-9A-Za-z_]"),
        'W' => Some("[^0-9A-Za-z_]"),
        's' => Some(r"[\t\n\f\r ]"),
        'S' => Some(r"[^\t\n\f\r ]"),
        'b' if boundary => Some(r"(?-u:\b)"),
        'B' if boundary => Some(r"(?-u:\B)"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perl_classes_and_boundaries_become_ascii() {
        check(r"\d+", r"[0-9]+");
        check(r"[\w.-]", r"[[0-9A-Za-z_].-]");
        check(r"[^\D\S]", r"[^[^0-9][^\t\n\f\r ]]");
        check(r"\bx\B", r"(?-u:\b)x(?-u:\B)");
        check(r"[\b]", r"[\b]");
        check(r"[]\b]\b", r"[]\b](?-u:\b)");
        check(r"[^]\b]", r"[^]\b]");
        check(r"\\d\[\d", r"\\d\[[0-9]");
        check(r"\pL\x{41}\b{start}", r"\pL\x{41}\b{start}");
        check("é.*", "é.*");
        check("\\", "\\");
    }

    fn check(pattern: &str, reading: &str) {
        assert_eq!(ascii_reading(pattern), reading, "{pattern:?}");
    }
}
