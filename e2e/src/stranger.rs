//! A program that is no shim of ours but speaks on its socket: the frame protocol, written out
//! by hand so that it can lie.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

const HEADER: usize = 16;
const HELLO: u8 = 0x01;
const WELCOME: u8 = 0x02;
const REFUSED: u8 = 0x03;

/// What came back for a hello.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// A session was given.
    Welcome(Value),
    /// It was refused, with these facts.
    Refused(Value),
    /// The connection was closed or never came about.
    Closed(String),
}

/// Says hello on a shim socket with these facts and waits for what comes back.
#[must_use]
pub fn hello(socket: &Path, facts: &Value) -> Reply {
    let mut body = b"AIPL\x01\x00\x01\x00".to_vec();
    body.extend(facts.to_string().bytes());
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let mut packet = length.to_le_bytes().to_vec();
    packet.extend([HELLO, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    packet.extend(body);
    match exchange(socket, &packet) {
        Ok((WELCOME, body)) => Reply::Welcome(body),
        Ok((REFUSED, body)) => Reply::Refused(body),
        Ok((kind, body)) => Reply::Closed(format!("kind {kind:#04x}: {body}")),
        Err(error) => Reply::Closed(error.to_string()),
    }
}

/// Sends one line to a control socket and gives all that comes back.
///
/// # Errors
/// When the connection can't be made or breaks.
pub fn control(socket: &Path, line: &str) -> io::Result<String> {
    let mut stream = connect(socket)?;
    stream.write_all(format!("{line}\n").as_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn exchange(socket: &Path, packet: &[u8]) -> io::Result<(u8, Value)> {
    let mut stream = connect(socket)?;
    stream.write_all(packet)?;
    let mut header = [0; HEADER];
    stream.read_exact(&mut header)?;
    let [l0, l1, l2, l3, kind, ..] = header;
    let mut body = vec![0; u32::from_le_bytes([l0, l1, l2, l3]) as usize];
    stream.read_exact(&mut body)?;
    Ok((kind, serde_json::from_slice(&body).unwrap_or_default()))
}

fn connect(socket: &Path) -> io::Result<UnixStream> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    Ok(stream)
}
