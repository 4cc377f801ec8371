//! Finds and decodes the runs of a text that could be base64, base64url or hex.

use std::ops::Range;

use super::inflate;
use super::view::cut;

/// Shorter runs decode to less than any secret.
const SHORTEST: usize = 8;
/// Decoded bytes without so many printable ones in a row hold no text.
const PRINTABLE: usize = 4;
/// A line of wrapped base64 is at least this long.
const WRAP: usize = 16;

/// A stretch of a piece that could be encoded, and how.
pub(super) struct Run {
    pub(super) range: Range<usize>,
    alphabet: Alphabet,
}

#[derive(Clone, Copy)]
enum Alphabet {
    Base64,
    Hex,
}

/// The bytes of one decoding.
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    /// Decoded from the run's own start: the others guess that something is glued to its front.
    pub(super) aligned: bool,
}

/// Every run of `piece`. Wrapped lines of base64 are one run; other adjacent lines are tried one by
/// one and then together.
pub(super) fn find(piece: &str) -> Vec<Run> {
    let mut runs = hex(piece);
    let mut add = |range: Range<usize>| {
        if range.len() >= SHORTEST {
            runs.push(Run {
                range,
                alphabet: Alphabet::Base64,
            });
        }
    };
    for group in tokens(piece).chunk_by(|one, next| adjacent(piece, one, next)) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            continue;
        };
        if group.len() == 1 || !is_wrapped(group) {
            group.iter().for_each(|token| add(token.clone()));
        }
        if group.len() > 1 {
            add(first.start..last.end);
        }
    }
    runs
}

impl Run {
    /// Each way to decode the run that gives something to look at.
    pub(super) fn decode(&self, piece: &str) -> impl Iterator<Item = Decoded> {
        let encoded = cut(piece, self.range.clone());
        let (symbols, ways): (Vec<u8>, usize) = match self.alphabet {
            Alphabet::Base64 => (encoded.bytes().filter_map(sextet).collect(), 4),
            Alphabet::Hex => (nibbles(encoded.as_bytes(), 0).0, 2),
        };
        let alphabet = self.alphabet;
        (0..ways).filter_map(move |skip| {
            let symbols = symbols.get(skip..)?;
            let bytes = match alphabet {
                Alphabet::Base64 => join_sextets(symbols),
                Alphabet::Hex => join_nibbles(symbols),
            };
            holds_text(&bytes).then_some(Decoded {
                bytes,
                aligned: skip == 0,
            })
        })
    }
}

fn tokens(piece: &str) -> Vec<Range<usize>> {
    let bytes = piece.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let length = bytes
            .iter()
            .skip(at)
            .take_while(|byte| sextet(**byte).is_some())
            .count();
        let padding = bytes
            .iter()
            .skip(at + length)
            .take(2)
            .take_while(|byte| **byte == b'=')
            .count();
        if length > 0 {
            tokens.push(at..at + length + padding);
        }
        at += (length + padding).max(1);
    }
    tokens
}

/// Whether only a line end stands between two tokens, and the first is not ended by padding.
fn adjacent(piece: &str, one: &Range<usize>, next: &Range<usize>) -> bool {
    let gap = cut(piece, one.end..next.start);
    let padded = cut(piece, one.clone()).ends_with('=');
    !padded
        && gap.bytes().all(|byte| byte.is_ascii_whitespace())
        && gap.bytes().filter(|byte| *byte == b'\n').count() == 1
}

fn is_wrapped(group: &[Range<usize>]) -> bool {
    let Some((last, full)) = group.split_last() else {
        return false;
    };
    let Some(width) = full.first().map(Range::len) else {
        return false;
    };
    width >= WRAP
        && width.is_multiple_of(4)
        && last.len() <= width
        && full.iter().all(|line| line.len() == width)
}

/// What a letter of either base64 alphabet stands for.
pub(super) fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

fn join_sextets(sextets: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(sextets.len() * 3 / 4 + 1);
    for quad in sextets.chunks(4) {
        let bits = quad
            .iter()
            .fold(0_u32, |bits, sextet| bits << 6 | u32::from(*sextet))
            << (6 * (4 - quad.len()));
        let [_, first, second, third] = bits.to_be_bytes();
        bytes.extend([first, second, third].into_iter().take(quad.len() * 3 / 4));
    }
    bytes
}

/// Hex runs: digits alone, or with one of the usual separators between them.
fn hex(piece: &str) -> Vec<Run> {
    let bytes = piece.as_bytes();
    let mut runs = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let (nibbles, end) = nibbles(bytes, at);
        if nibbles.len() >= SHORTEST {
            runs.push(Run {
                range: at..end,
                alphabet: Alphabet::Hex,
            });
        }
        at = end.max(at + 1);
    }
    runs
}

/// The hex digits from `at` on, and where they end.
fn nibbles(bytes: &[u8], mut at: usize) -> (Vec<u8>, usize) {
    let mut nibbles = Vec::new();
    if let [b'0', b'x' | b'X', ..] | [b'\\', b'x', ..] = bytes.get(at..).unwrap_or_default() {
        at += 2;
    }
    while let Some(nibble) = bytes
        .get(at)
        .and_then(|byte| char::from(*byte).to_digit(16))
    {
        nibbles.push(nibble as u8);
        at += 1;
        at += separator(bytes.get(at..).unwrap_or_default());
    }
    (nibbles, at)
}

/// The length of the separator at the start of `bytes`, if a digit follows it.
fn separator(bytes: &[u8]) -> usize {
    const KNOWN: [&[u8]; 13] = [
        b", 0x", b",0x", b" 0x", b"\\x", b"0x", b", ", b"\r\n", b"\n", b" ", b":", b"-", b",",
        b"  ",
    ];
    let follows = |known: &&&[u8]| {
        bytes.starts_with(known) && bytes.get(known.len()).is_some_and(u8::is_ascii_hexdigit)
    };
    KNOWN.iter().find(follows).map_or(0, |known| known.len())
}

fn join_nibbles(nibbles: &[u8]) -> Vec<u8> {
    nibbles
        .chunks_exact(2)
        .map(|pair| pair.iter().fold(0, |byte, nibble| byte << 4 | nibble))
        .collect()
}

/// Whether decoded bytes could hold a secret: printable letters in a row (a zero byte between them is
/// how UTF-16 writes them), text in another script, or a packed stream.
fn holds_text(bytes: &[u8]) -> bool {
    let mut row = 0;
    for byte in bytes {
        match byte {
            0 => {}
            0x20..=0x7e => row += 1,
            _ => row = 0,
        }
        if row >= PRINTABLE {
            return true;
        }
    }
    inflate::may_be_packed(bytes) || std::str::from_utf8(bytes).is_ok()
}
