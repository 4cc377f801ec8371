//! The form of an argument's numbers, as a pattern.

use super::shape::times;

/// The longest number that is read, in characters.
const LONGEST: usize = 512;

/// The form of all numbers so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    whole: usize,
    /// Digits behind the point: the fewest and the most.
    part: Option<(usize, usize)>,
    negative: bool,
    /// Some have an exponent, or another form.
    odd: bool,
}

impl Numbers {
    pub(super) fn add(&mut self, lexeme: &str) {
        let bare = lexeme.strip_prefix('-');
        self.negative |= bare.is_some();
        let (whole, part) = bare
            .unwrap_or(lexeme)
            .split_once('.')
            .unwrap_or((bare.unwrap_or(lexeme), ""));
        let digits = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
        self.odd |= !digits(whole) || !digits(part) || whole.is_empty() || lexeme.len() > LONGEST;
        self.whole = self.whole.max(whole.len());
        let (least, most) = self.part.unwrap_or((part.len(), part.len()));
        self.part = Some((least.min(part.len()), most.max(part.len())));
    }

    pub(super) fn pattern(&self) -> String {
        let sign = if self.negative { "-?" } else { "" };
        if self.odd {
            return r"^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$".to_owned();
        }
        let part = match self.part {
            None | Some((_, 0)) => String::new(),
            Some((0, most)) => format!(r"(\.[0-9]{})?", times(1, most)),
            Some((_, most)) => format!(r"\.[0-9]{}", times(1, most)),
        };
        format!("^{sign}[0-9]{}{part}$", times(1, self.whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_as_many_digits_as_were_seen() {
        check(&["7", "120"], "^[0-9]{1,3}$");
        check(&["-1", "1.5"], r"^-?[0-9](\.[0-9])?$");
        check(&["1.5", "2.25"], r"^[0-9]\.[0-9]{1,2}$");
        check(&["1e9"], r"^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$");
    }

    fn check(lexemes: &[&str], expected: &str) {
        let mut numbers = Numbers::default();
        lexemes.iter().for_each(|it| numbers.add(it));
        assert_eq!(numbers.pattern(), expected, "{lexemes:?}");
        let compiled = regex::Regex::new(expected).unwrap();
        for lexeme in lexemes {
            assert!(compiled.is_match(lexeme), "{expected} {lexeme}");
        }
    }
}
