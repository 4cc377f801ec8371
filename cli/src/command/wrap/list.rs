//! `wrap --list`: the servers there are.

use crate::catalog::{Server, servers};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::table::{self, Field, Tone};

const HEAD: [&str; 3] = ["name", "what", "needs"];

pub(super) fn list(context: &mut Context<'_>, json: bool) -> Result<Exit, Failure> {
    if json {
        context.print_json(&servers())?;
        return Ok(Exit::Done);
    }
    let rows: Vec<_> = servers().iter().map(row).collect();
    let table = table::render(context.screen, HEAD, &rows);
    write!(context.out, "{table}")?;
    Ok(Exit::Done)
}

fn row(server: &Server) -> [Field; 3] {
    let what = match &server.archived {
        None => Field::from(&server.what),
        Some(_) => Field::toned(&format!("{} (archived)", server.what), Tone::Warn),
    };
    [
        Field::from(&server.name),
        what,
        Field::from(server.needs().join(", ")),
    ]
}
