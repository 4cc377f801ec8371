//! Which characters of a text another reader might take for the end of a line.

/// Whether the text holds no raw byte below 0x20 and no raw U+0085, U+2028 or U+2029.
pub(super) fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (mut control, mut ascii) = (false, true);
    for byte in bytes {
        control |= *byte < 0x20;
        ascii &= *byte < 0x80;
    }
    !control && (ascii || !(0..bytes.len()).any(|at| is_line_end(bytes, at)))
}

/// Whether U+0085, U+2028 or U+2029 starts at this byte.
pub(super) fn is_line_end(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at..) {
        Some([0xC2, 0x85, ..]) => true,
        Some([0xE2, 0x80, last, ..]) => matches!(last, 0xA8 | 0xA9),
        Some(_) | None => false,
    }
}
