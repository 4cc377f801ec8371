//! Takes out of the live log and its moved files what was erased from the store: a file that
//! holds such lines is written anew and put in the old one's place.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Seek, Write};
use std::path::Path;

use rusqlite::Connection;

use super::tail;
use crate::audit::query;

/// First and last number of each run of records, in order.
pub(in crate::audit) type Runs = [(u64, u64)];

/// Writes a file anew without the arguments of these records, as the store now has them; says
/// whether it did.
pub(super) fn rewrite(path: &Path, connection: &Connection, runs: &Runs) -> io::Result<bool> {
    let old = match super::open_regular(path, std::fs::OpenOptions::new().read(true)) {
        Ok(old) => old,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    if !concerned(&old, runs)? {
        return Ok(false);
    }
    let anew = path.with_extension("jsonl.anew");
    match std::fs::remove_file(&anew) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = std::fs::OpenOptions::new();
    let file = super::open_regular(&anew, options.write(true).create_new(true))?;
    let copied = copy(old, &file, connection, runs).and_then(|()| std::fs::rename(&anew, path));
    if copied.is_err() {
        // What is half written helps nobody.
        let _gone = std::fs::remove_file(&anew);
    }
    copied.map(|()| true)
}

/// Lines stand in the order of their records, so the first and the last tell.
fn concerned(file: &File, runs: &Runs) -> io::Result<bool> {
    let mut line = Vec::new();
    BufReader::new(file).read_until(b'\n', &mut line)?;
    let first = tail::seq_of(&line).unwrap_or(0);
    let last = tail::last_seq(file).unwrap_or(u64::MAX);
    Ok(!line.is_empty() && runs.iter().any(|(from, to)| *from <= last && *to >= first))
}

fn within(runs: &Runs, seq: u64) -> bool {
    let behind = runs.partition_point(|(from, _)| *from <= seq);
    let before = runs.get(..behind).unwrap_or_default();
    before.last().is_some_and(|(_, to)| seq <= *to)
}

fn copy(old: File, anew: &File, connection: &Connection, runs: &Runs) -> io::Result<()> {
    let mut old = BufReader::new(old);
    old.rewind()?;
    let mut anew = BufWriter::new(anew);
    let mut line = Vec::new();
    while old.read_until(b'\n', &mut line)? > 0 {
        let erased = tail::seq_of(&line).filter(|seq| within(runs, *seq));
        match erased {
            None => anew.write_all(&line)?,
            Some(seq) => {
                if let Some(kept) = query::line_of(connection, seq).map_err(io::Error::other)? {
                    writeln!(anew, "{kept}")?;
                }
            }
        }
        line.clear();
    }
    anew.flush()
}
