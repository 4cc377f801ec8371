//! Blocks for clients' files, printed: one client's, or every one's.

use std::path::PathBuf;

use clients::{Client, Finds, Format, Os, Server};

use crate::context::Context;
use crate::failure::Failure;
use crate::text::{is_hidden, safe_json, visible};

/// What stands for every client.
pub const ALL: &str = "all";

/// The client of this name, or all of them.
///
/// # Errors
/// When there is none.
pub fn clients_of(name: &str) -> Result<Vec<&'static Client>, Failure> {
    if name == ALL {
        return Ok(clients::clients().iter().collect());
    }
    match clients::client(name) {
        Some(client) => Ok(vec![client]),
        None => {
            let all: Vec<_> = clients::clients().iter().map(|it| it.id.as_str()).collect();
            Err(Failure::Usage(format!(
                "no client is called `{}`; there are {}, and `{ALL}` of them",
                visible(name),
                all.join(", ")
            )))
        }
    }
}

/// Prints the block of each; where there are several, each below its client's name and file.
///
/// # Errors
/// When the block can't be written in a client's form.
pub fn print(
    context: &mut Context<'_>,
    clients: &[&'static Client],
    server: &Server<'_>,
) -> Result<(), Failure> {
    for (nth, client) in clients.iter().enumerate() {
        let text = written(client, server)?;
        if clients.len() > 1 {
            let gap = if nth > 0 { "\n" } else { "" };
            writeln!(
                context.out,
                "{gap}# {}: {}",
                client.name,
                file(context, client)
            )?;
        }
        write!(context.out, "{text}")?;
    }
    Ok(())
}

/// The block, with nothing in it that can't be seen.
fn written(client: &Client, server: &Server<'_>) -> Result<String, Failure> {
    let text = clients::snippet(client, server);
    let json = |it: Format| matches!(it, Format::Json | Format::Jsonc);
    if client.format().is_some_and(json) {
        return Ok(safe_json(&text));
    }
    if text.chars().any(|it| is_hidden(it) && it != '\n') {
        return Err(Failure::Usage(format!(
            "an argument holds a character that can't be seen (`{}`), which aip does not write into \
             {}'s file; leave it out",
            visible(&server.command.join(" ")),
            client.name
        )));
    }
    Ok(text)
}

/// Where a client looks for it: the first of its files, as it would be named here.
#[must_use]
pub fn file(context: &Context<'_>, client: &Client) -> String {
    let variable = |name: &str| context.variables.get(name).cloned();
    let home = context.home.clone().unwrap_or_else(|| PathBuf::from("~"));
    let finds = Finds {
        os: Os::HERE,
        home: &home,
        variable: &variable,
        names: &|_| Vec::new(),
    };
    let place = clients::places(&finds)
        .into_iter()
        .find(|it| it.client.id == client.id && !it.managed);
    place.map_or_else(String::new, |it| visible(&it.path.to_string_lossy()))
}
