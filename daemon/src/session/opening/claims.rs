//! What a shim says of itself, bounded, beside what the kernel says; and the secret that lets it
//! come back.

use std::path::PathBuf;

use sha2::{Digest, Sha256};
use wire::link::Hello;

use crate::audit::chain::hex;
use crate::audit::restore::SessionRow;
use crate::peer::Process;
use crate::session::state::Facts;

/// The longest label, argument or path taken from a hello, in bytes.
const MAX_CLAIM: usize = 4096;
/// The most arguments of a server taken from a hello.
const MAX_ARGV: usize = 256;

/// The client is the shim's parent as the kernel sees it; where that can't be seen, nothing is
/// claimed for it.
pub(super) fn facts(hello: &Hello, shim: Option<&Process>) -> Facts {
    let client = shim.and_then(|shim| Process::observe(shim.parent));
    let program = client.as_ref().and_then(|it| it.program.as_ref());
    let argv = argv(hello);
    Facts {
        id: uuid::Uuid::now_v7().to_string(),
        server: hello
            .name
            .as_deref()
            .map(bounded)
            .or_else(|| argv.first().map(|command| base(command)))
            .unwrap_or_default(),
        named: hello.name.is_some(),
        argv,
        identity: identity(hello),
        program: bounded(&base(program_of(hello))),
        client: program.map_or_else(|| "unknown".to_owned(), |it| it.display().to_string()),
        client_source: if program.is_some() {
            "observed"
        } else {
            "claimed"
        }
        .to_owned(),
        // The beginning of a path is another folder, with other layers.
        cwd: Some(PathBuf::from(&hello.cwd))
            .filter(|_| hello.cwd.len() <= MAX_CLAIM)
            .unwrap_or_default(),
        home: Some(PathBuf::from(bounded(&hello.home))).filter(|home| home.is_absolute()),
        verbose: hello.verbose,
        mirror: hello
            .audit_mirror
            .as_deref()
            .map(bounded)
            .map(PathBuf::from),
        policy_path: hello.policy.as_ref().map(|policy| policy.path.clone()),
        layers: Vec::new(),
        started_ms: crate::time::now_ms(),
    }
}

/// The server's command line.
pub(super) fn argv(hello: &Hello) -> Vec<String> {
    let words = hello.argv.iter().take(MAX_ARGV);
    words.map(|it| bounded(it)).collect()
}

fn base(path: &str) -> String {
    path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned()
}

/// A shim of before says no more than the command.
fn program_of(hello: &Hello) -> &str {
    let command = || hello.argv.first().map(String::as_str);
    hello
        .program
        .as_deref()
        .or_else(command)
        .unwrap_or_default()
}

/// SHA-256 over the program and every argument, each with its length before it.
pub(super) fn identity(hello: &Hello) -> String {
    let mut digest = Sha256::new();
    let arguments = hello.argv.iter().skip(1).map(String::as_str);
    for word in std::iter::once(program_of(hello)).chain(arguments) {
        digest.update((word.len() as u64).to_le_bytes());
        digest.update(word);
    }
    hex(&digest.finalize())
}

fn bounded(text: &str) -> String {
    text.get(..text.floor_char_boundary(MAX_CLAIM))
        .unwrap_or_default()
        .to_owned()
}

pub(super) fn secret() -> String {
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => hex(&bytes),
        // Without randomness nothing may be resumed: no secret has this form.
        Err(_) => String::new(),
    }
}

pub(super) fn digest(secret: &str) -> String {
    hex(&Sha256::digest(secret))
}

/// An empty secret, for want of randomness, meets nothing.
pub(super) fn meets(row: &SessionRow, secret: &str) -> bool {
    secret.len() == 32 && row.secret_hash == digest(secret)
}
