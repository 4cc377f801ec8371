//! Passes over raw bytes, in blocks that the compiler turns into vector instructions.

/// Bytes looked at in one go.
const LARGE: usize = 32;
/// And where one of those is special.
const SMALL: usize = 8;

/// How many bytes stand before the first that is `special`.
#[inline]
pub(crate) fn length_before(bytes: &[u8], special: impl Fn(u8) -> bool + Copy) -> usize {
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
}
