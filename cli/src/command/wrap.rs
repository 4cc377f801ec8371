//! `wrap`: the guide's shortcuts for well-known servers, which this version does not have.

use std::ffi::OsString;

use clap::Args;

use crate::exit::Exit;
use crate::failure::Failure;

/// Whatever was typed.
#[derive(Debug, Args)]
pub struct Wrap {
    /// The server and its options
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

impl Wrap {
    /// Says what to do instead.
    ///
    /// # Errors
    /// Always.
    pub fn run(self) -> Result<Exit, Failure> {
        let server = match self.words.first().and_then(|word| word.to_str()) {
            Some(name) if !name.starts_with('-') => format!(" {}", crate::text::visible(name)),
            Some(_) | None => String::new(),
        };
        Err(Failure::Usage(format!(
            "`aip wrap{server}` is not supported by this version; \
             give the server's own command: `aip --policy FILE -- COMMAND ARGS`"
        )))
    }
}
