//! The control client against a daemon of the test's own: what it asks, what it takes, and whom
//! it refuses to speak with.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};

use aipctl::client::{self, ClientError};
use tempfile::TempDir;
use wire::control::{Channel, LogQuery, Request};

#[test]
fn items_and_the_end_are_taken_in_order_and_as_they_were_written() {
    let asked = check(
        &Request::Logs(LogQuery {
            limit: Some(2),
            ..LogQuery::default()
        }),
        "{\"item\":{\"z\":1.50,\"a\":2}}\n{\"item\":[1]}\n{\"end\":{}}\n",
        Ok(&["{\"z\":1.50,\"a\":2}", "[1]"]),
    );
    assert!(asked.starts_with("{\"op\":\"logs\""), "{asked}");
    assert!(asked.contains("\"limit\":2"), "{asked}");
}

#[test]
fn one_line_a_request() {
    assert_eq!(
        check(&Request::Status, "{\"end\":{}}\n", Ok(&[])),
        "{\"op\":\"status\"}\n"
    );
    let answer = Request::Answer {
        id: "a\nb".to_owned(),
        allow: true,
        channel: Channel::Control,
        grant: None,
    };
    assert_eq!(
        check(&answer, "{\"end\":{}}\n", Ok(&[])),
        "{\"op\":\"answer\",\"id\":\"a\\nb\",\"allow\":true,\"channel\":\"control\"}\n"
    );
}

#[test]
fn a_refusal_is_passed_on_in_the_daemons_words() {
    let refusal = "{\"error\":{\"code\":\"not_found\",\"message\":\"no call `k3` waits\"}}\n";
    check(&Request::Approvals, refusal, Err("no call `k3` waits"));
}

#[test]
fn an_answer_that_is_none_is_an_error() {
    check(
        &Request::Status,
        "",
        Err("aipd went away before it had answered"),
    );
    check(
        &Request::Status,
        "{\"end\":{}}",
        Err("aipd went away before it had answered"),
    );
    check(
        &Request::Status,
        "{\"item\":{}}\n",
        Err("aipd went away before it had answered"),
    );
    check(
        &Request::Status,
        "hello\n",
        Err("aipd's answer can't be read"),
    );
    check(
        &Request::Status,
        "{\"later\":{}}\n",
        Err("aipd's answer can't be read"),
    );
}

#[test]
fn a_line_without_end_is_not_kept_reading() {
    let long = " ".repeat(usize::try_from(client::MAX_REPLY).unwrap() + 2);
    check(&Request::Status, &long, Err("aipd sent a line of over"));
}

#[test]
fn nobody_there_is_told_apart() {
    let place = Place::new();
    refused(&place, "aipd is not running");
    drop(UnixListener::bind(place.socket()).unwrap());
    refused(&place, "aipd is not running");
}

#[test]
fn a_place_that_others_could_have_made_is_not_spoken_to() {
    let place = Place::new();
    fs::write(place.socket(), "").unwrap();
    refused(&place, "can't be trusted: it is not a socket");

    let place = Place::new();
    let elsewhere = place.folder.path().join("elsewhere.sock");
    let _listener = UnixListener::bind(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, place.socket()).unwrap();
    refused(&place, "can't be trusted: it is a link");

    let place = Place::new();
    let _listener = UnixListener::bind(place.socket()).unwrap();
    fs::set_permissions(
        place.folder.path().join("run"),
        Permissions::from_mode(0o755),
    )
    .unwrap();
    refused(&place, "can't be trusted: others may enter it");

    let place = Place::new();
    let _listener = UnixListener::bind(place.socket()).unwrap();
    let (real, moved) = (
        place.folder.path().join("run"),
        place.folder.path().join("moved"),
    );
    fs::rename(&real, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, &real).unwrap();
    refused(&place, "can't be trusted: it is a link");
}

#[test]
fn a_socket_of_another_user_is_not_spoken_to() {
    if !rustix::process::geteuid().is_root() {
        return; // Only root can give a file away.
    }
    let place = Place::new();
    let _listener = UnixListener::bind(place.socket()).unwrap();
    std::os::unix::fs::chown(place.socket(), Some(65534), None).unwrap();
    refused(&place, "can't be trusted: it belongs to another user");
}

/// Asks a daemon that answers with `reply`; returns the line it got.
fn check(request: &Request, reply: &str, expected: Result<&[&str], &str>) -> String {
    let place = Place::new();
    let daemon = place.answer_once(reply.to_owned());
    let got = client::ask(&place.socket(), request);
    match expected {
        Ok(items) => {
            let answer = got.unwrap();
            let got: Vec<_> = answer.items.iter().map(|item| item.get()).collect();
            assert_eq!(got, items);
        }
        Err(message) => {
            let error = got.unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }
    daemon.join().unwrap()
}

fn refused(place: &Place, message: &str) {
    let error: ClientError = client::ask(&place.socket(), &Request::Status).unwrap_err();
    assert!(error.to_string().contains(message), "{error}");
}

/// A runtime folder as the daemon makes it.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        fs::create_dir(&run).unwrap();
        fs::set_permissions(&run, Permissions::from_mode(0o700)).unwrap();
        Self { folder }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("run/control.sock")
    }

    fn answer_once(&self, reply: String) -> JoinHandle<String> {
        let listener = UnixListener::bind(self.socket()).unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line).unwrap();
            // The client may stop reading on purpose.
            let _ = stream.write_all(reply.as_bytes());
            line
        })
    }
}
