//! The frame protocol's bytes, version 1. A change here breaks shims that already run: it needs
//! a new version of the protocol beside the old one.

use wire::link::{
    Decoder, End, Exited, Hello, Packet, PolicyFile, Refused, Resume, Spawned, Stream, Welcome,
    encode,
};

#[test]
fn hello() {
    check(
        &Packet::Hello(Hello {
            build: "0.1.0".into(),
            cwd: "/w".into(),
            ..Hello::default()
        }),
        "92000000 01 00 0000 0000000000000000 4149504c 0100 0100",
        r#"{"build":"0.1.0","resume":null,"policy":null,"cwd":"/w","home":"","argv":[],"name":null,"verbose":false,"audit_mirror":null,"server":null}"#,
    );
}

#[test]
fn hello_in_full() {
    check(
        &Packet::Hello(Hello {
            build: "0.1.0".into(),
            resume: Some(Resume {
                session: "s".into(),
                secret: "f00d".into(),
                client_next: 7,
                server_next: 9,
                audit_seen: 3,
                ..Resume::default()
            }),
            policy: Some(PolicyFile {
                path: "/p".into(),
                device: 1,
                inode: 2,
                text: "kind: AgentPolicy".into(),
            }),
            cwd: "/w".into(),
            home: "/h".into(),
            argv: vec!["srv".into(), "-x".into()],
            program: Some("/bin/srv".into()),
            name: Some("n".into()),
            verbose: true,
            audit_mirror: Some("/a".into()),
            server: Some(Spawned {
                pid: 4,
                group: 4,
                start: 5,
            }),
        }),
        "4d010000 01 00 0000 0000000000000000 4149504c 0100 0100",
        r#"{"build":"0.1.0","resume":{"session":"s","secret":"f00d","client_next":7,"server_next":9,"audit_seen":3},"policy":{"path":"/p","device":1,"inode":2,"text":"kind: AgentPolicy"},"cwd":"/w","home":"/h","argv":["srv","-x"],"program":"/bin/srv","name":"n","verbose":true,"audit_mirror":"/a","server":{"pid":4,"group":4,"start":5}}"#,
    );
}

#[test]
fn welcome() {
    check(
        &Packet::Welcome(Welcome {
            version: 1,
            session: "s".into(),
            ..Welcome::default()
        }),
        "55000000 02 00 0000 0000000000000000",
        r#"{"version":1,"build":"","session":"s","secret":"","filter_stderr":false,"notices":[]}"#,
    );
}

#[test]
fn refused() {
    check(
        &Packet::Refused(Refused {
            why: "policy".into(),
            message: "no".into(),
        }),
        "1f000000 03 00 0000 0000000000000000",
        r#"{"why":"policy","message":"no"}"#,
    );
}

#[test]
fn frame() {
    check(
        &Packet::Frame {
            stream: Stream::Client,
            number: 1,
            bytes: b"{}".to_vec(),
        },
        "02000000 10 01 0000 0100000000000000",
        "{}",
    );
}

#[test]
fn oversize() {
    check(
        &Packet::Oversize {
            stream: Stream::Server,
            number: 2,
            length: 0xA0_0001,
            head: b"{".to_vec(),
            tail: b"1}".to_vec(),
        },
        "0f000000 11 02 0000 0200000000000000 0100a00000000000 01000000",
        "{1}",
    );
}

#[test]
fn closed() {
    let packet = Packet::Closed {
        stream: Stream::Stderr,
    };
    check(&packet, "00000000 12 03 0000 0000000000000000", "");
}

#[test]
fn spawned() {
    check(
        &Packet::Spawned(Spawned {
            pid: 7,
            group: 8,
            start: 9,
        }),
        "1d000000 13 00 0000 0000000000000000",
        r#"{"pid":7,"group":8,"start":9}"#,
    );
}

#[test]
fn exited() {
    check(
        &Packet::Exited(Exited {
            code: Some(3),
            signal: None,
        }),
        "18000000 14 00 0000 0000000000000000",
        r#"{"code":3,"signal":null}"#,
    );
}

#[test]
fn done() {
    let packet = Packet::Done {
        stream: Stream::Client,
        number: 0x0102,
    };
    check(&packet, "00000000 15 01 0000 0201000000000000", "");
}

#[test]
fn acked() {
    let packet = Packet::Acked {
        stream: Stream::Audit,
        number: u64::MAX,
    };
    check(&packet, "00000000 16 05 0000 ffffffffffffffff", "");
}

#[test]
fn as_is() {
    let packet = Packet::AsIs {
        stream: Stream::Client,
        number: 1,
    };
    check(&packet, "00000000 20 01 0000 0100000000000000", "");
}

#[test]
fn bytes() {
    check(
        &Packet::Bytes {
            stream: Stream::Client,
            number: 1,
            forward: b"f\n".to_vec(),
            reply: b"r\n".to_vec(),
        },
        "08000000 21 01 0000 0100000000000000 02000000",
        "f\nr\n",
    );
}

#[test]
fn reply() {
    let packet = Packet::Reply {
        stream: Stream::Client,
        number: 1,
        bytes: b"r\n".to_vec(),
    };
    check(&packet, "02000000 22 01 0000 0100000000000000", "r\n");
}

#[test]
fn drop() {
    let packet = Packet::Drop {
        stream: Stream::Server,
        number: 1,
    };
    check(&packet, "00000000 23 02 0000 0100000000000000", "");
}

#[test]
fn hold() {
    let packet = Packet::Hold {
        stream: Stream::Client,
        number: 1,
    };
    check(&packet, "00000000 24 01 0000 0100000000000000", "");
}

#[test]
fn answers() {
    check(
        &Packet::Answers {
            stream: Stream::Server,
            number: 5,
            request: 4,
        },
        "08000000 a7 02 0000 0500000000000000 0400000000000000",
        "",
    );
}

#[test]
fn inject() {
    check(
        &Packet::Inject {
            stream: Stream::Diagnostic,
            number: 4,
            bytes: b"i\n".to_vec(),
        },
        "02000000 25 04 0000 0400000000000000",
        "i\n",
    );
}

#[test]
fn end() {
    check(
        &Packet::End(End {
            message: "bye".into(),
        }),
        "11000000 26 00 0000 0000000000000000",
        r#"{"message":"bye"}"#,
    );
}

/// `head` is the packet's header, and what of its body is not text, in hex; `text` the rest.
fn check(packet: &Packet, head: &str, text: &str) {
    let mut bytes = Vec::new();
    encode(packet, &mut bytes);
    let (start, rest) = bytes.split_at(bytes.len() - text.len());
    assert_eq!(String::from_utf8_lossy(rest), text);
    assert_eq!(hex(start), head.replace(' ', ""));

    let mut decoder = Decoder::default();
    decoder.push(&bytes);
    assert_eq!(decoder.next_packet(), Ok(Some(packet.clone())));
    assert_eq!(decoder.next_packet(), Ok(None));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
