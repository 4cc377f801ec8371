//! `aip-notes FOLDER`: an MCP server over standard input and output for a folder of Markdown
//! notes. Small, useful by itself, and what the demonstration wraps.

use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use e2e::notes::{Notes, protocol};

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let (Some(folder), None) = (args.next().map(PathBuf::from), args.next()) else {
        return complain("usage: aip-notes FOLDER");
    };
    if !folder.is_dir() {
        return complain(&format!(
            "`{}` is not a folder; make it first",
            folder.display()
        ));
    }
    match serve(&Notes::new(folder), io::stdin().lock(), io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => complain(&format!("standard input or output failed: {error}")),
    }
}

/// Answers line by line until the input ends.
fn serve(notes: &Notes, input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    for line in input.split(b'\n') {
        let line = line?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if let Some(answer) = protocol::answer(notes, &line) {
            writeln!(output, "{answer}")?;
            output.flush()?;
        }
    }
    Ok(())
}

fn complain(message: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "aip-notes: {message}");
    ExitCode::FAILURE
}
