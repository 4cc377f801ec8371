//! Passes over raw bytes, in blocks that the compiler turns into vector instructions.

/// Bytes looked at in one go.
const LARGE: usize = 32;
/// And where one of those is special.
const SMALL: usize = 8;

/// Whether the text holds no raw byte below 0x20 and no raw U+0085, U+2028 or U+2029.
pub(super) fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (mut control, mut wide) = (false, false);
    for byte in bytes {
        control |= *byte < 0x20;
        wide |= *byte >= 0x80;
    }
    !(control || wide && holds_line_end(bytes))
}

fn holds_line_end(bytes: &[u8]) -> bool {
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        at += length_before(rest, |byte| (byte == 0xC2) | (byte == 0xE2));
        if at >= bytes.len() || is_line_end(bytes, at) {
            return at < bytes.len();
        }
        at += 1;
    }
}

/// Whether U+0085, U+2028 or U+2029 starts at this byte.
pub(super) fn is_line_end(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at) {
        Some(0xC2) => bytes.get(at + 1) == Some(&0x85),
        Some(0xE2) => matches!(bytes.get(at + 1..at + 3), Some([0x80, 0xA8 | 0xA9])),
        Some(_) | None => false,
    }
}

/// How many bytes stand before the first that is `special`.
#[inline]
pub(super) fn length_before(bytes: &[u8], special: impl Fn(u8) -> bool + Copy) -> usize {
    let at = clear_blocks::<LARGE>(bytes, special);
    let at = at + clear_blocks::<SMALL>(bytes.get(at..).unwrap_or_default(), special);
    let rest = bytes.get(at..).unwrap_or_default();
    let inside = rest.iter().position(|byte| special(*byte));
    at + inside.unwrap_or(rest.len())
}

/// How many bytes the whole blocks hold that stand before the first with a special byte.
#[inline]
fn clear_blocks<const SIZE: usize>(bytes: &[u8], special: impl Fn(u8) -> bool + Copy) -> usize {
    let (blocks, _) = bytes.as_chunks::<SIZE>();
    let clear = |block: &&[u8; SIZE]| !block.iter().fold(false, |any, byte| any | special(*byte));
    blocks.iter().take_while(clear).count() * SIZE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_special_byte_is_found_wherever_it_stands() {
        for length in 0..100 {
            let mut bytes = vec![b'a'; length];
            assert_eq!(length_before(&bytes, |byte| byte == b'b'), length);
            for at in (0..length).rev() {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = b'b';
                }
                assert_eq!(length_before(&bytes, |byte| byte == b'b'), at);
            }
        }
    }

    #[test]
    fn a_line_end_is_found_wherever_it_stands() {
        for before in 0..70 {
            for end in ["\u{85}", "\u{2028}", "\u{2029}", "\n", "\u{1}"] {
                let text = format!("{}é“{end}", "Â".repeat(before));
                assert!(!is_plain(&text), "{before} before {end:?}");
            }
            assert!(is_plain(&format!("{}é“\u{2027}\u{7f}", "Â".repeat(before))));
        }
    }
}
