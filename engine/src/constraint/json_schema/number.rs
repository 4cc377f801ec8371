//! A number by its decimal digits, whatever its size.

use std::cmp::Ordering;

/// The most digits of an exponent: no number of use has more.
const MAX_EXPONENT: usize = 9;

/// A decimal number: its sign, and its digits behind `0.` times ten to the power of `exponent`.
/// Equal numbers have one form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    negative: bool,
    /// Without zeros at either end; none for zero.
    digits: Vec<u8>,
    exponent: i64,
}

impl Number {
    /// Reads a JSON number (RFC 8259, section 6); `None` where the exponent is beyond all use.
    pub(crate) fn read(lexeme: &str) -> Option<Number> {
        let (negative, rest) = match lexeme.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, lexeme),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, power(exponent)?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_digits = |text: &str| text.bytes().all(|it| it.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        let zeros = all.iter().take_while(|it| **it == b'0').count();
        let end = all
            .iter()
            .rposition(|it| *it != b'0')
            .map_or(0, |at| at + 1);
        let digits = all.get(zeros..end).unwrap_or_default().to_vec();
        if digits.is_empty() {
            return Some(Number {
                negative: false,
                digits,
                exponent: 0,
            });
        }
        let places = i64::try_from(whole.len()).ok()? - i64::try_from(zeros).ok()?;
        Some(Number {
            negative,
            digits,
            exponent: places + exponent,
        })
    }

    /// Whether nothing stands behind its point.
    pub(crate) fn is_whole(&self) -> bool {
        i64::try_from(self.digits.len()).is_ok_and(|digits| digits <= self.exponent)
            || self.digits.is_empty()
    }

    fn size(&self, other: &Number) -> Ordering {
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => {
                let by_power = self.exponent.cmp(&other.exponent);
                by_power.then_with(|| self.digits.cmp(&other.digits))
            }
        }
    }
}

fn power(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let short = digits.trim_start_matches('0').len() <= MAX_EXPONENT;
    if digits.is_empty() || !short || !digits.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    text.strip_prefix('+').unwrap_or(text).parse().ok()
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.size(other),
            (true, true) => other.size(self),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_compared_by_what_they_say_not_by_how() {
        check("1", "1.0", Ordering::Equal);
        check("-0", "0e5", Ordering::Equal);
        check("1e2", "100", Ordering::Equal);
        check("0.1", "1e-1", Ordering::Equal);
        check("9007199254740993", "9007199254740992", Ordering::Greater);
        check("-2", "-1", Ordering::Less);
        check("-1", "0", Ordering::Less);
        check("1e400", "1e399", Ordering::Greater);
        check("0.00012", "0.0002", Ordering::Less);
        check("12", "2", Ordering::Greater);
        fn check(a: &str, b: &str, order: Ordering) {
            let (a, b) = (Number::read(a).unwrap(), Number::read(b).unwrap());
            assert_eq!(a.cmp(&b), order, "{a:?} {b:?}");
            assert_eq!(b.cmp(&a), order.reverse(), "{a:?} {b:?}");
            assert_eq!(a == b, order == Ordering::Equal, "{a:?} {b:?}");
        }
    }

    #[test]
    fn whole_is_what_has_no_fraction_however_it_is_written() {
        for (lexeme, whole) in [
            ("3", true),
            ("3.0", true),
            ("0", true),
            ("1.5e1", true),
            ("1.5", false),
            ("10e-2", false),
            ("-4e0", true),
        ] {
            assert_eq!(Number::read(lexeme).unwrap().is_whole(), whole, "{lexeme}");
        }
    }

    #[test]
    fn what_is_no_number_of_use_is_none() {
        for lexeme in ["", "-", "1e9999999999", "1e", "x", "1.x", "0x10"] {
            assert_eq!(Number::read(lexeme), None, "{lexeme}");
        }
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_whole_numbers(a: i128, b: i128, zeros in 0..5_usize) {
            let write = |it: i128| format!("{it}.{}", "0".repeat(zeros + 1));
            let (left, right) = (Number::read(&a.to_string()), Number::read(&write(b)));
            prop_assert_eq!(left.unwrap().cmp(&right.unwrap()), a.cmp(&b));
        }
    }
}
