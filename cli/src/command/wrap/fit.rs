//! `wrap --fit`: the starter policy for the tools the server lists.

use super::{Wrap, has_environment, starter, write};
use crate::catalog::{Launch, Server};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::visible;
use crate::wrap::{fit, tools};

impl Wrap {
    /// Starts the server, and writes the policy where none is.
    pub(super) fn fits(
        &self,
        context: &mut Context<'_>,
        server: &Server,
        launch: &Launch,
    ) -> Result<Exit, Failure> {
        let file = match &self.policy {
            Some(file) => file.clone(),
            None => starter(context, server)?,
        };
        let shown = visible(&file.to_string_lossy());
        if file.symlink_metadata().is_ok() {
            return taken(context, &shown);
        }
        has_environment(context, server)?;
        let name = &server.name;
        let (text, said) = match tools::list(&launch.command) {
            Ok(tools) => (
                fit::fitted(name, server.policy(), &tools),
                format!("for the {} tools `{name}` lists", tools.len()),
            ),
            Err(error) => (
                server.policy().to_owned(),
                format!("out of aip's own list, since `{name}` could not be asked: {error}"),
            ),
        };
        if !write(&file, &text)? {
            return taken(context, &shown);
        }
        writeln!(context.out, "Wrote {shown}, {said}.")?;
        Ok(Exit::Done)
    }
}

fn taken(context: &mut Context<'_>, shown: &str) -> Result<Exit, Failure> {
    writeln!(
        context.err,
        "Error: `{shown}` is there already and is never overwritten; move it away, or name another \
         file by `--policy`"
    )?;
    Ok(Exit::Refused)
}
