//! What goes into a client's file, for a person to paste. A secret is never printed.

use clients::Client;

use super::{Wrap, absolute, is_valid};
use crate::catalog::{Launch, Server, Variable};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::launch;
use crate::snippet::{clients_of, file, print};

/// Whose files the guide shows; both are of one form.
const SHOWN: [&str; 2] = ["cursor", "claude-desktop"];

impl Wrap {
    /// Prints the block; what is to be done with it is said on standard error.
    pub(super) fn shows(
        &self,
        context: &mut Context<'_>,
        server: &Server,
        launch: &Launch,
    ) -> Result<Exit, Failure> {
        let clients = match &self.client {
            Some(name) => clients_of(name)?,
            None => clients_of("cursor")?,
        };
        let (policy, wrote) = self.policy(context, server)?;
        if !wrote && !is_valid(&policy, context)? {
            return Ok(Exit::No);
        }
        let aip = launch::program("aip", &context.running)?;
        let mut command = vec![absolute(&aip)?, "--policy".to_owned(), absolute(&policy)?];
        command.extend(["--name".to_owned(), server.name.clone()]);
        if let Some(audit) = &self.audit {
            command.extend(["--audit".to_owned(), absolute(audit)?]);
        }
        if self.verbose {
            command.push("--verbose".to_owned());
        }
        command.push("--".to_owned());
        command.extend(whole(launch)?);
        let env = environment(context, server);
        let entry = clients::Server {
            name: &server.name,
            command: &command,
            env: &env,
        };
        print(context, &clients, &entry)?;
        context.out.flush()?;
        self.tells(context, server, launch, &clients)?;
        Ok(Exit::Done)
    }

    fn tells(
        &self,
        context: &mut Context<'_>,
        server: &Server,
        launch: &Launch,
        clients: &[&'static Client],
    ) -> Result<(), Failure> {
        let name = &server.name;
        match (&self.client, clients) {
            (None, _) => {
                let [cursor, desktop] = SHOWN
                    .map(|it| clients::client(it).map_or_else(String::new, |it| file(context, it)));
                writeln!(
                    context.err,
                    "aip: for Cursor put it into {cursor}, for Claude Desktop into {desktop}; \
                     `--client NAME` prints another client's form, `--client all` every one"
                )?;
            }
            (Some(_), [client]) => {
                let file = file(context, client);
                writeln!(context.err, "aip: for {} put it into {file}", client.name)?;
            }
            (Some(_), _) => {}
        }
        for variable in needed(server) {
            writeln!(
                context.err,
                "aip: `{name}` needs `{}`: {}; fill it in",
                variable.names().collect::<Vec<_>>().join("` or `"),
                variable.what
            )?;
        }
        if launch.found.is_none() {
            let program = launch.command.first().map(String::as_str);
            writeln!(
                context.err,
                "aip: `{}` is in no folder of PATH; `{name}` can't start until it is",
                program.unwrap_or_default()
            )?;
        }
        Ok(())
    }
}

/// The command line with whole paths: a client starts it in a folder of its own, with a short `PATH`.
fn whole(launch: &Launch) -> Result<Vec<String>, Failure> {
    let mut command = launch.command.clone();
    if let (Some(first), Some(found)) = (command.first_mut(), &launch.found) {
        *first = absolute(found)?;
    }
    for at in &launch.paths {
        if let Some(word) = command.get_mut(*at) {
            *word = absolute(word.as_ref())?;
        }
    }
    Ok(command)
}

fn needed(server: &Server) -> impl Iterator<Item = &Variable> {
    server.environment.iter().filter(|it| !it.optional)
}

/// Each variable that is needed, with what it should hold in the place of its value.
fn environment(context: &Context<'_>, server: &Server) -> Vec<(String, String)> {
    let mut env = Vec::new();
    for variable in needed(server) {
        let set = variable.names().find(|it| (context.is_set)(it));
        let name = set.unwrap_or(&variable.name);
        env.push((name.to_owned(), format!("<{}>", variable.what)));
    }
    env
}
