//! The end of the live log: where its last whole line ends, and which record that is.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Bytes read in one go.
const CHUNK: u64 = 64 * 1024;
/// How far from the end a line that can be read is looked for.
const MOST: u64 = 16 * 1024 * 1024;

/// The number in a line, where it is one of ours.
#[derive(serde::Deserialize)]
struct Numbered {
    seq: u64,
}

/// The record a line is of.
pub(super) fn seq_of(line: &[u8]) -> Option<u64> {
    let numbered: Numbered = serde_json::from_slice(line).ok()?;
    Some(numbered.seq)
}

/// Bytes up to the end of the last whole line.
pub(super) fn whole(file: &File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    while end > 0 {
        let start = end.saturating_sub(CHUNK);
        let chunk = read(file, start, end)?;
        if let Some(at) = chunk.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// The record of the last line that can be read.
pub(super) fn last_seq(file: &File) -> Option<u64> {
    let end = whole(file).ok()?;
    let mut window = CHUNK;
    loop {
        let start = end.saturating_sub(window);
        let bytes = read(file, start, end).ok()?;
        // The first piece may be the end of a line only; then it is no JSON object.
        let found = bytes.rsplit(|byte| *byte == b'\n').find_map(seq_of);
        if found.is_some() || start == 0 || window >= MOST {
            return found;
        }
        window *= 4;
    }
}

fn read(file: &File, start: u64, end: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(end - start).unwrap_or_default()];
    file.read_exact_at(&mut bytes, start)?;
    Ok(bytes)
}
