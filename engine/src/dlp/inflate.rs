//! Unpacks gzip and zlib streams found in decoded bytes, within bounds.

use std::io::Read;

use flate2::read::{MultiGzDecoder, ZlibDecoder};

use super::budget::Stop;

/// A stream may unpack to so many bytes.
const LARGEST: usize = 8 << 20;
/// And to so many times its packed size, above [`SMALL`].
const STEEPEST: usize = 256;
/// A result up to this size may be as steep as it likes.
const SMALL: usize = 64 << 10;
/// So many places in one run are tried as the start of a stream.
const STARTS: usize = 8;

/// What the packed streams in `bytes` hold; damaged and cut-off streams give what came before.
pub(super) fn unpack(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Stop> {
    let mut found = Vec::new();
    for start in gzip_starts(bytes).take(STARTS) {
        let packed = bytes.get(start..).unwrap_or_default();
        found.push(read_bounded(MultiGzDecoder::new(packed), packed.len())?);
    }
    if is_zlib(bytes) {
        found.push(read_bounded(ZlibDecoder::new(bytes), bytes.len())?);
    }
    found.retain(|unpacked| !unpacked.is_empty());
    Ok(found)
}

/// Whether a packed stream could begin in `bytes`.
pub(super) fn may_be_packed(bytes: &[u8]) -> bool {
    is_zlib(bytes) || gzip_starts(bytes).next().is_some()
}

fn gzip_starts(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let windows = bytes.windows(3).enumerate();
    windows
        .filter(|(_, window)| *window == [0x1f, 0x8b, 0x08])
        .map(|(start, _)| start)
}

fn is_zlib(bytes: &[u8]) -> bool {
    matches!((bytes.first(), bytes.get(1)), (Some(0x78), Some(flags)) if (0x7800 + u32::from(*flags)).is_multiple_of(31))
}

fn read_bounded(mut stream: impl Read, packed: usize) -> Result<Vec<u8>, Stop> {
    let most = LARGEST.min(SMALL.max(packed.saturating_mul(STEEPEST)));
    let mut out = Vec::new();
    let mut chunk = [0; 16 << 10];
    while let Ok(count @ 1..) = stream.read(&mut chunk) {
        out.extend_from_slice(chunk.get(..count).unwrap_or_default());
        if out.len() > most {
            return Err(Stop::Unpacked);
        }
    }
    Ok(out)
}
