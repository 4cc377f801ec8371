//! The person: a terminal that was there before any client, in which commands are run. What only a
//! person may do is refused to a test, which is itself the client.
//!
//! `e2e/test.sh` starts one (`aip-person SOCKET`) and names it in `AIP_E2E_PERSON`.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Value, json};

/// Where the person's socket is.
const SOCKET: &str = "AIP_E2E_PERSON";

/// Runs a command in the person's terminal, with the environment and folder it has here.
///
/// # Panics
/// When there is no person.
#[must_use]
pub fn runs(command: &Command) -> Output {
    let text = |it: &std::ffi::OsStr| it.to_string_lossy().into_owned();
    let mut environment: BTreeMap<String, String> = std::env::vars().collect();
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => environment.insert(text(name), text(value)),
            None => environment.remove(&text(name)),
        };
    }
    let wanted = json!({
        "program": text(command.get_program()),
        "args": command.get_args().map(text).collect::<Vec<_>>(),
        "folder": command.get_current_dir(),
        "environment": environment,
    });
    let answer = asked(&wanted);
    let bytes = |name: &str| -> Vec<u8> {
        let bytes = answer[name].as_array().expect("bytes").iter();
        bytes
            .map(|it| u8::try_from(it.as_u64().unwrap()).unwrap())
            .collect()
    };
    let status = answer["status"]
        .as_i64()
        .and_then(|it| i32::try_from(it).ok());
    Output {
        status: ExitStatus::from_raw(status.expect("it ended")),
        stdout: bytes("stdout"),
        stderr: bytes("stderr"),
    }
}

/// Has the person's terminal say a line to a socket; gives the first line of the answer.
///
/// # Panics
/// When there is no person.
#[must_use]
pub fn says(socket: &Path, line: &str) -> String {
    let answer = asked(&json!({"socket": socket, "line": line}));
    answer["said"].as_str().unwrap_or_default().to_owned()
}

fn asked(wanted: &Value) -> Value {
    let socket = std::env::var_os(SOCKET).expect(
        "this test needs a person's terminal: run it by e2e/test.sh, as in \
         `e2e/test.sh -E 'test(NAME)'`",
    );
    let mut person = UnixStream::connect(socket).expect("the person is there");
    writeln!(person, "{wanted}").expect("the person hears");
    let mut answer = String::new();
    person
        .read_to_string(&mut answer)
        .expect("the person answers");
    serde_json::from_str(&answer).expect("the answer is JSON")
}

/// Takes a terminal of its own and runs there what comes in at the socket, until its parent ends.
///
/// # Errors
/// When there is no terminal to be had, or no socket.
pub fn sit(socket: &Path) -> io::Result<()> {
    rustix::process::setsid()?;
    let _terminal = terminal()?;
    let listener = UnixListener::bind(socket)?;
    let parent = rustix::process::getppid();
    std::thread::spawn(move || {
        while rustix::process::getppid() == parent {
            std::thread::sleep(Duration::from_millis(200));
        }
        std::process::exit(0);
    });
    for asked in listener.incoming().flatten() {
        std::thread::spawn(move || {
            if let Err(error) = serve(&asked) {
                let _ = writeln!(io::stderr(), "aip-person: {error}");
            }
        });
    }
    Ok(())
}

/// Both ends of a terminal. The first that a session's leader opens becomes the session's own.
fn terminal() -> io::Result<(std::os::fd::OwnedFd, std::os::fd::OwnedFd)> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let name = ptsname(&ours, Vec::new())?;
    let theirs = rustix::fs::open(name, OFlags::RDWR, Mode::empty())?;
    Ok((ours, theirs))
}

fn serve(asked: &UnixStream) -> io::Result<()> {
    let mut line = String::new();
    BufReader::new(asked).read_line(&mut line)?;
    let wanted: Value = serde_json::from_str(&line).map_err(io::Error::other)?;
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let mut asked = asked;
    if let Some(socket) = wanted["socket"].as_str() {
        let mut door = UnixStream::connect(socket)?;
        writeln!(door, "{}", text(&wanted["line"]))?;
        let mut said = String::new();
        BufReader::new(door).read_line(&mut said)?;
        return asked.write_all(json!({"said": said}).to_string().as_bytes());
    }
    let mut command = Command::new(text(&wanted["program"]));
    command
        .args(wanted["args"].as_array().into_iter().flatten().map(text))
        .env_clear()
        .stdin(Stdio::null());
    for (name, value) in wanted["environment"].as_object().into_iter().flatten() {
        command.env(name, text(value));
    }
    if let Some(folder) = wanted["folder"].as_str() {
        command.current_dir(folder);
    }
    let output = command.output()?;
    let answer = json!({
        "status": output.status.into_raw(),
        "stdout": output.stdout,
        "stderr": output.stderr,
    });
    asked.write_all(answer.to_string().as_bytes())
}
