//! What is told as it happens.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{connect, unchunked};
use crate::running::Running;

/// One thing that is told.
#[derive(Debug, Default)]
struct Told {
    event: String,
    id: Option<u64>,
    data: Value,
}

struct Stream(BufReader<TcpStream>, String);

impl Stream {
    fn open(daemon: &Running, token: &str, query: &str, fields: &str) -> Self {
        let port = daemon.port();
        let mut stream = connect(port);
        write!(
            stream,
            "GET /api/v1/events{query} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\
             authorization: Bearer {token}\r\n{fields}\r\n"
        )
        .unwrap();
        let mut read = BufReader::new(stream);
        let mut line = String::new();
        read.read_line(&mut line).unwrap();
        assert!(line.starts_with("HTTP/1.1 200"), "{line}");
        while line != "\r\n" {
            line.clear();
            read.read_line(&mut line).unwrap();
        }
        Self(read, String::new())
    }

    /// What is told next; `None` at the end.
    fn next(&mut self) -> Option<Told> {
        loop {
            if let Some((event, rest)) = self.1.split_once("\n\n") {
                let (event, rest) = (parse(event), rest.to_owned());
                self.1 = rest;
                if event.event.is_empty() {
                    continue;
                }
                return Some(event);
            }
            let mut size = String::new();
            if self.0.read_line(&mut size).unwrap() == 0 {
                return None;
            }
            let length = usize::from_str_radix(size.trim(), 16).unwrap();
            let mut chunk = vec![0; length + 2];
            self.0.read_exact(&mut chunk).unwrap();
            if length == 0 {
                return None;
            }
            let framed = format!("{size}{}0\r\n", String::from_utf8(chunk).unwrap());
            self.1.push_str(&unchunked(&framed));
        }
    }

    /// Numbers of the next so many records.
    fn records(&mut self, count: usize) -> Vec<u64> {
        let mut numbers = Vec::new();
        while numbers.len() < count {
            let told = self.next().unwrap();
            if told.event == "record" {
                assert_eq!(told.data["seq"], told.id.unwrap());
                numbers.push(told.id.unwrap());
            }
        }
        numbers
    }
}

fn parse(text: &str) -> Told {
    let mut told = Told::default();
    for line in text.lines() {
        match line.split_once(": ") {
            Some(("event", event)) => event.clone_into(&mut told.event),
            Some(("id", id)) => told.id = Some(id.parse().unwrap()),
            Some(("data", data)) => told.data = serde_json::from_str(data).unwrap(),
            other => assert_eq!(other, None, "{text}"),
        }
    }
    told
}

#[test]
fn what_is_committed_from_now_on_is_told_and_nothing_before() {
    let daemon = Running::new();
    let token = daemon.token();
    let mut stream = Stream::open(&daemon, &daemon.read_token(), "", "");
    assert_eq!(stream.next().unwrap().event, "ready");
    daemon.happens(&token);
    let told = stream.next().unwrap();
    assert_eq!(told.event, "record");
    assert_eq!(told.data["event"], "OVERRIDE_CHANGED");
}

#[test]
fn who_comes_back_is_told_each_record_once() {
    let daemon = Running::new();
    let token = daemon.token();
    for _ in 0..5 {
        daemon.happens(&token);
    }
    let mut stream = Stream::open(&daemon, &token, "?after=0", "");
    let mut numbers = stream.records(4);
    drop(stream);
    for _ in 0..150 {
        daemon.happens(&token);
    }
    // The browser repeats the query, and says by the field how far it came.
    let last = format!("last-event-id: {}\r\n", numbers.last().unwrap());
    let mut stream = Stream::open(&daemon, &token, "?after=0", &last);
    numbers.extend(stream.records(100));
    daemon.happens(&token);
    numbers.extend(stream.records(54));
    let wanted: Vec<u64> = (1..=158).collect();
    assert_eq!(numbers, wanted);
}

#[test]
fn who_is_far_behind_is_told_what_was_skipped() {
    let daemon = Running::new();
    let token = daemon.token();
    for _ in 0..1010 {
        let again = json!({"op": "override", "mode": "deny_all"});
        assert!(daemon.ask(&again).get("end").is_some());
    }
    let mut stream = Stream::open(&daemon, &token, "?after=2", "");
    let told = std::iter::from_fn(|| stream.next())
        .find(|it| it.event != "ready")
        .unwrap();
    assert_eq!(told.event, "skipped");
    assert_eq!(told.data, json!({"from": 3, "to": told.id.unwrap()}));
    daemon.happens(&token);
    assert_eq!(stream.records(1), [told.id.unwrap() + 1]);
}

#[test]
fn a_place_is_free_again_when_its_reader_is_gone() {
    let daemon = Running::new();
    let token = daemon.token();
    for _ in 0..3 {
        let readers: Vec<_> = (0..16)
            .map(|_| Stream::open(&daemon, &token, "", ""))
            .collect();
        let more = daemon.get("/api/v1/events", &token);
        assert_eq!((more.status, more.code().as_str()), (503, "unavailable"));
        drop(readers);
        let begun = std::time::Instant::now();
        while !daemon
            .get("/metrics", &token)
            .body
            .contains("aip_dashboard_readers 0")
        {
            assert!(begun.elapsed() < crate::client::PATIENCE, "they are held");
        }
    }
}

#[test]
fn a_reader_whose_token_ends_is_told_no_more() {
    let daemon = Running::new();
    let (token, read) = (daemon.token(), daemon.read_token());
    let mut stream = Stream::open(&daemon, &read, "", "");
    assert_eq!(stream.next().unwrap().event, "ready");
    let ended = daemon.request("DELETE", "/api/v1/token", &read, "", "");
    assert_eq!(ended.status, 200);
    daemon.happens(&token);
    while let Some(told) = stream.next() {
        assert_ne!(told.data["event"], "OVERRIDE_CHANGED");
    }
}

#[test]
fn who_looks_on_does_not_hold_up_the_end() {
    let mut daemon = Running::new();
    let token = daemon.token();
    let mut stream = Stream::open(&daemon, &token, "", "");
    assert_eq!(stream.next().unwrap().event, "ready");
    let idle = connect(daemon.port());
    let begun = std::time::Instant::now();
    daemon.stop();
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "{:?}",
        begun.elapsed()
    );
    while stream.next().is_some() {}
    drop(idle);
}

#[test]
fn a_number_that_is_none_is_refused() {
    let daemon = Running::new();
    let token = daemon.token();
    for (query, fields) in [
        ("?after=x", ""),
        ("?after=-1", ""),
        ("", "last-event-id: x\r\n"),
    ] {
        let path = format!("/api/v1/events{query}");
        assert_eq!(daemon.request("GET", &path, &token, fields, "").status, 400);
    }
}
