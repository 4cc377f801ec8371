//! `sessions`: the wrapped servers that run.

use clap::Args;
use serde_json::Value;
use wire::control::{Request, Session};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::table::{self, Field, Tone};
use crate::when;

/// The sessions that run.
#[derive(Debug, Args)]
pub struct Sessions {
    /// Print a JSON array for a program to read
    #[arg(long)]
    json: bool,
}

impl Sessions {
    /// Lists them. Never starts a daemon.
    ///
    /// # Errors
    /// When there is no daemon to ask.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let answer = context.ask_running(&Request::Sessions)?;
        if self.json {
            context.print_json(&answer.items::<Value>()?)?;
            return Ok(Exit::Done);
        }
        let sessions = answer.items::<Session>()?;
        if sessions.is_empty() {
            writeln!(
                context.out,
                "No session runs. One begins when a client starts a server through `aip`."
            )?;
        } else {
            let rows: Vec<_> = sessions.iter().map(row).collect();
            write!(
                context.out,
                "{}",
                table::render(context.screen, HEAD, &rows)
            )?;
        }
        Ok(Exit::Done)
    }
}

const HEAD: [&str; 8] = [
    "session",
    "server",
    "client",
    "policy",
    "mode",
    "calls",
    "refused",
    "since (UTC)",
];

fn row(session: &Session) -> [Field; 8] {
    let client = match session.client_source.as_str() {
        "observed" => session.client.clone(),
        claimed => format!("{} ({claimed})", session.client),
    };
    let mode = if session.mode == "monitor" {
        Tone::Warn
    } else {
        Tone::Plain
    };
    [
        Field::from(&session.id),
        Field::from(&session.server),
        Field::from(client),
        Field::from(
            session
                .policy_name
                .as_deref()
                .unwrap_or("none: all is refused"),
        ),
        Field::toned(&session.mode, mode),
        Field::from(session.calls.to_string()),
        Field::from(session.refused.to_string()),
        Field::from(when::short(&session.started)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Screen;

    #[test]
    fn sessions_make_a_table() {
        let session = Session {
            id: "0199aaaa-0000-7000-8000-000000000001".to_owned(),
            server: "files".to_owned(),
            client: "/usr/bin/cursor".to_owned(),
            client_source: "observed".to_owned(),
            policy_name: Some("secure-agent".to_owned()),
            mode: "enforce".to_owned(),
            started: "2026-11-22T10:00:00.000Z".to_owned(),
            calls: 12,
            refused: 3,
            ..Session::default()
        };
        let claimed = Session {
            client_source: "claimed".to_owned(),
            policy_name: None,
            mode: "monitor".to_owned(),
            ..session.clone()
        };
        let screen = Screen {
            width: Some(140),
            ..Screen::default()
        };
        insta::assert_snapshot!(table::render(screen, HEAD, &[row(&session), row(&claimed)]));
    }
}
