//! A web server on 127.0.0.1 with one page, for a server that fetches.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

const PAGE: &str = "<!doctype html><html><head><title>Tea</title></head><body><article>\
    <h1>Tea</h1><p>Steep the leaves for <b>three</b> minutes, größer pots longer.</p>\
    </article></body></html>";

/// The running server; it ends with the test.
pub(crate) struct Page(SocketAddr);

impl Page {
    /// Starts it.
    pub(crate) fn serve() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || answer(&stream));
            }
        });
        Self(address)
    }

    /// Its root, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0)
    }
}

fn answer(mut stream: &TcpStream) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let request = lines.next().unwrap_or_default();
    // The rest of the head is read, or closing would cut the answer off.
    let _ = lines.find(String::is_empty);
    let (status, kind, body) = match request.split(' ').nth(1) {
        Some("/tea.html") => ("200 OK", "text/html; charset=utf-8", PAGE),
        Some("/tea.txt") => ("200 OK", "text/plain; charset=utf-8", "green\nblack\n"),
        _ => (
            "404 Not Found",
            "text/plain; charset=utf-8",
            "nothing here\n",
        ),
    };
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
}
