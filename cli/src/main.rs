//! `aipctl`: the library does the work, this turns its result into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    aipctl::main()
}
