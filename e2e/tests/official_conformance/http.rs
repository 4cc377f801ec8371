//! As much HTTP as it takes to ask the bridge.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

/// What was answered; the body as it came, chunks and all.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// A header by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(it, _)| it == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Sends one request and reads until the other side is done.
pub(crate) fn ask(url: &str, method: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    read(send(url, method, headers, body))
}

/// Sends one request.
pub(crate) fn send(url: &str, method: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
    let (host, path) = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .expect("a whole address");
    let mut head = format!(
        "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut stream = TcpStream::connect(host).expect("the bridge listens");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
        .write_all(format!("{head}\r\n{body}").as_bytes())
        .unwrap();
    stream
}

/// Reads until the other side is done.
pub(crate) fn read(mut stream: TcpStream) -> Answer {
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");

    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").expect("a header");
        (name.to_lowercase(), value.to_owned())
    };
    Answer {
        status: status.unwrap().parse().unwrap(),
        headers: lines.map(header).collect(),
        body: body.to_owned(),
    }
}
