//! Passes over raw bytes, in blocks that the compiler turns into vector instructions.

/// Bytes looked at in one go.
const BLOCK: usize = 32;

/// How many bytes stand before the first that is `special`.
pub(crate) fn length_before(bytes: &[u8], special: impl Fn(u8) -> bool) -> usize {
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    for (number, block) in blocks.iter().enumerate() {
        if block.iter().fold(false, |any, byte| any | special(*byte)) {
            let inside = block.iter().position(|byte| special(*byte));
            return number * BLOCK + inside.unwrap_or(BLOCK);
        }
    }
    let inside = rest.iter().position(|byte| special(*byte));
    bytes.len() - rest.len() + inside.unwrap_or(rest.len())
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
