//! The forms a text is also read in: escapes undone, folded to plain letters, percent-decoded.

use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use super::view::{View, Writer, cut};
use crate::bytes::length_before;

/// An operating system command in a terminal sequence is looked at for so many bytes.
const LONGEST_SEQUENCE: usize = 4096;

/// Whether [`fold`] could change the text: cheap, and false for plain ASCII and for most texts of
/// most scripts.
pub(crate) fn may_fold(text: &str) -> bool {
    let bytes = text.as_bytes();
    let folds = |byte: u8| {
        let control = (byte < 0x20) & (byte != b'\t') & (byte != b'\n') & (byte != b'\r');
        (byte >= 0x7f) | control
    };
    length_before(bytes, folds) < bytes.len() && !text.chars().all(is_steady) && !is_normal(text)
}

/// Letters and signs that are their own compatibility form, show, and join nothing: a short list of
/// common ones.
fn is_steady(letter: char) -> bool {
    matches!(letter,
        ' '..='~' | '\t' | '\n' | '\r' | 'À'..='ÿ' | 'А'..='я' | '–' | '—' | '‘' | '’' | '“' | '”' | '•'
        | 'ぁ'..='ゖ' | 'ァ'..='ヺ' | '一'..='\u{9fff}' | '가'..='힣')
}

/// Whether the text as a whole is in the compatibility form and shows: so is each of its clusters.
fn is_normal(text: &str) -> bool {
    is_nfkc_quick(text.chars()) == IsNormalized::Yes && !text.chars().any(invisible)
}

/// The text with one form applied, or `None` where that changes nothing.
pub(crate) fn rewritten(text: &str, form: fn(&str, &mut Writer<'_>)) -> Option<String> {
    let (view, changed) = View::new(text, Vec::new()).rewrite(form);
    changed.then(|| view.into_text().into_owned())
}

/// Compatibility form (NFKC), without control, format and other invisible characters and without
/// terminal sequences.
pub(crate) fn fold(text: &str, writer: &mut Writer<'_>) {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let plain = rest
            .bytes()
            .take_while(|byte| matches!(byte, 0x20..=0x7e | b'\t' | b'\n' | b'\r'))
            .count();
        // The last plain letter may carry the marks that follow it.
        if plain > 1 {
            writer.keep(plain - 1);
            rest = cut(rest, plain - 1..rest.len());
            continue;
        }
        let length = if first == '\u{1b}' {
            let length = sequence_length(rest);
            writer.put(length, "");
            length
        } else if invisible(first) {
            writer.put(first.len_utf8(), "");
            first.len_utf8()
        } else if stands_alone(rest) {
            writer.keep(first.len_utf8());
            first.len_utf8()
        } else {
            fold_cluster(rest, writer)
        };
        rest = cut(rest, length..rest.len());
    }
}

/// Whether the first character is its own compatibility form and nothing joins it: most are and don't.
fn stands_alone(rest: &str) -> bool {
    let mut letters = rest.chars();
    let normal = letters
        .next()
        .is_some_and(|first| is_nfkc_quick([first].into_iter()) == IsNormalized::Yes);
    normal
        && letters
            .next()
            .is_none_or(|next| matches!(next, ' '..='~' | char::REPLACEMENT_CHARACTER))
}

/// Folds one character with the combining marks upon it; returns the bytes consumed.
fn fold_cluster(rest: &str, writer: &mut Writer<'_>) -> usize {
    let mut length = 0;
    let mut cluster = String::new();
    for (index, letter) in rest.char_indices() {
        if index > 0
            && canonical_combining_class(letter) == 0
            && !(invisible(letter) && letter != '\u{1b}')
        {
            break;
        }
        if !invisible(letter) {
            cluster.push(letter);
        }
        length = index + letter.len_utf8();
    }
    let folded: String = cluster
        .nfkc()
        .filter(|letter| !invisible(*letter))
        .collect();
    if folded == cut(rest, 0..length) {
        writer.keep(length);
    } else {
        writer.put(length, &folded);
    }
    length
}

/// Characters a reader doesn't see: control, format, and those Unicode calls ignorable.
fn invisible(letter: char) -> bool {
    if letter.is_ascii() {
        return letter.is_ascii_control() && !matches!(letter, '\t' | '\n' | '\r');
    }
    matches!(letter,
        '\u{34f}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
        || matches!(
            letter.general_category(),
            GeneralCategory::Control | GeneralCategory::Format
        )
}

/// The length of the terminal sequence at the start of `rest`, which begins with an escape.
fn sequence_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    match bytes.get(1) {
        Some(b'[') => {
            let body = bytes
                .iter()
                .skip(2)
                .take_while(|byte| matches!(byte, 0x20..=0x3f))
                .count();
            match bytes.get(2 + body) {
                Some(0x40..=0x7e) => 3 + body,
                _ => 1,
            }
        }
        Some(b']') => bytes
            .iter()
            .take(LONGEST_SEQUENCE)
            .skip(2)
            .position(|byte| matches!(byte, 0x07 | 0x1b))
            .map_or(1, |end| {
                if bytes.get(2 + end) == Some(&0x07) {
                    end + 3
                } else {
                    end + 2
                }
            }),
        _ => 1,
    }
}

/// Backslash escapes of JSON and of shells undone: a text often holds another JSON text.
pub(crate) fn unescape(text: &str, writer: &mut Writer<'_>) {
    let mut rest = text;
    while !rest.is_empty() {
        let plain = rest.find('\\').unwrap_or(rest.len());
        writer.keep(plain);
        rest = cut(rest, plain..rest.len());
        let length = match escape(rest) {
            Some((length, letter)) => {
                writer.put(length, letter.encode_utf8(&mut [0; 4]));
                length
            }
            None => {
                let length = rest.len().min(1);
                writer.keep(length);
                length
            }
        };
        rest = cut(rest, length..rest.len());
    }
}

/// The escape at the start of `rest`: its length and the character meant.
fn escape(rest: &str) -> Option<(usize, char)> {
    let body = rest.strip_prefix('\\')?;
    match body.chars().next()? {
        letter @ ('/' | '\\' | '"' | '\'') => Some((2, letter)),
        'n' => Some((2, '\n')),
        'r' => Some((2, '\r')),
        't' => Some((2, '\t')),
        'x' => Some((4, char::from_u32(hex(body.get(1..3)?)?)?)),
        'u' => unicode_escape(body),
        '0'..='3' => {
            let digits = body
                .get(0..3)
                .filter(|digits| digits.bytes().all(|digit| matches!(digit, b'0'..=b'7')))?;
            Some((4, char::from_u32(u32::from_str_radix(digits, 8).ok()?)?))
        }
        _ => None,
    }
}

fn unicode_escape(body: &str) -> Option<(usize, char)> {
    if let Some(braced) = body.strip_prefix("u{") {
        let end = braced.bytes().take(7).position(|byte| byte == b'}')?;
        return Some((end + 4, char::from_u32(hex(braced.get(..end)?)?)?));
    }
    let high = hex(body.get(1..5)?)?;
    if let Some(letter) = char::from_u32(high) {
        return Some((6, letter));
    }
    let low = hex(body.get(5..11)?.strip_prefix("\\u")?)?;
    let both = char::decode_utf16([u16::try_from(high).ok()?, u16::try_from(low).ok()?])
        .next()?
        .ok()?;
    Some((12, both))
}

fn hex(digits: &str) -> Option<u32> {
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, 16).ok()
}

/// Percent-encoding undone once; what doesn't make a character stays.
pub(crate) fn percent(text: &str, writer: &mut Writer<'_>) {
    let mut rest = text;
    while !rest.is_empty() {
        let plain = rest.find('%').unwrap_or(rest.len());
        writer.keep(plain);
        rest = cut(rest, plain..rest.len());
        let length = match percent_letter(rest) {
            Some((length, letter)) => {
                writer.put(length, letter.encode_utf8(&mut [0; 4]));
                length
            }
            None => {
                let length = rest.len().min(1);
                writer.keep(length);
                length
            }
        };
        rest = cut(rest, length..rest.len());
    }
}

fn percent_letter(rest: &str) -> Option<(usize, char)> {
    if let Some(wide) = rest.strip_prefix("%u").and_then(|wide| wide.get(..4)) {
        return Some((6, char::from_u32(hex(wide)?)?));
    }
    let bytes: Vec<u8> = (0..4)
        .map_while(|nth| percent_byte(rest.get(nth * 3..nth * 3 + 3)?))
        .collect();
    (1..=bytes.len()).find_map(|count| {
        let letter = std::str::from_utf8(bytes.get(..count)?)
            .ok()?
            .chars()
            .next()?;
        Some((count * 3, letter))
    })
}

fn percent_byte(escape: &str) -> Option<u8> {
    u8::try_from(hex(escape.strip_prefix('%')?)?).ok()
}

#[cfg(test)]
mod tests;
