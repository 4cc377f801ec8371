//! The frame protocol under hostile and oddly cut input.

use proptest::prelude::*;
use wire::link::{
    Decoder, End, HEADER, LinkError, MAX_BODY, OVERSIZE_HEAD, OVERSIZE_TAIL, Packet, Refused,
    Stream, encode, frame,
};

const OPTIONAL: u8 = 0x80;

#[test]
fn an_unknown_optional_kind_is_skipped() {
    let mut bytes = raw(3, 0x30 | OPTIONAL, 9, b"abc");
    encode(&Packet::End(End::default()), &mut bytes);
    check(&bytes, &[Ok(Packet::End(End::default()))]);
}

#[test]
fn an_unknown_required_kind_is_refused() {
    check(&raw(0, 0x30, 0, b""), &[Err(LinkError::UnknownKind(0x30))]);
    check(&raw(0, 0x00, 0, b""), &[Err(LinkError::UnknownKind(0x00))]);
}

#[test]
fn an_unknown_stream_is_refused() {
    for stream in [0, 6, 255] {
        check(
            &raw(0, 0x10, stream, b""),
            &[Err(LinkError::UnknownStream(stream))],
        );
    }
}

#[test]
fn a_body_over_the_bound_is_refused_from_its_header_alone() {
    let length = u32::try_from(MAX_BODY).unwrap() + 1;
    check(
        &raw(length, 0x10, 1, b""),
        &[Err(LinkError::TooLong { length })],
    );
    check(
        &raw(u32::MAX, 0x10 | OPTIONAL, 1, b""),
        &[Err(LinkError::TooLong { length: u32::MAX })],
    );
    check(&raw(length - 1, 0x10, 1, b""), &[]);
}

#[test]
fn a_hello_of_a_stranger_is_told_apart() {
    check(&raw(5, 0x01, 0, b"GET /"), &[Err(LinkError::NotAip)]);
    check(&raw(0, 0x01, 0, b""), &[Err(LinkError::NotAip)]);
    check(
        &raw(6, 0x01, 0, b"AIPL\x01\x00"),
        &[Err(LinkError::Malformed("hello"))],
    );
    check(
        &raw(9, 0x01, 0, b"AIPL\x01\x00\x01\x00{"),
        &[Err(LinkError::Malformed("hello"))],
    );
}

#[test]
fn a_hello_without_a_version_in_common_is_refused() {
    let refused = |lowest, highest| [Err(LinkError::NoCommonVersion { lowest, highest })];
    check(&raw(10, 0x01, 0, b"AIPL\x02\x00\x03\x00{}"), &refused(2, 3));
    check(&raw(10, 0x01, 0, b"AIPL\x00\x00\x00\x00{}"), &refused(0, 0));
}

#[test]
fn a_newer_hello_that_still_speaks_our_version_is_read() {
    let body = br#"AIPL........{"build":"9.0","of_the_future":[1]}"#;
    let mut body = body.to_vec();
    body.splice(4..12, [1, 0, 9, 0]);
    match packets(
        &raw(u32::try_from(body.len()).unwrap(), 0x01, 0, &body),
        usize::MAX,
    )
    .as_slice()
    {
        [Ok(Packet::Hello(hello))] => assert_eq!(hello.build, "9.0"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn bodies_that_hold_too_little_are_refused() {
    check(
        &raw(7, 0x11, 1, b"1234567"),
        &[Err(LinkError::Malformed("oversize"))],
    );
    check(
        &raw(11, 0x11, 1, b"12345678\x00\x00\x00"),
        &[Err(LinkError::Malformed("oversize"))],
    );
    check(
        &raw(13, 0x11, 1, b"12345678\x02\x00\x00\x00h"),
        &[Err(LinkError::Malformed("oversize"))],
    );
    check(
        &raw(3, 0x21, 1, b"123"),
        &[Err(LinkError::Malformed("bytes"))],
    );
    check(
        &raw(5, 0x21, 1, b"\x02\x00\x00\x00f"),
        &[Err(LinkError::Malformed("bytes"))],
    );
    check(
        &raw(5, 0x21, 1, b"\xff\xff\xff\xfff"),
        &[Err(LinkError::Malformed("bytes"))],
    );
    for (kind, what) in [
        (0x02, "welcome"),
        (0x03, "refusal"),
        (0x13, "spawned"),
        (0x14, "exited"),
        (0x26, "end"),
    ] {
        check(&raw(1, kind, 0, b"["), &[Err(LinkError::Malformed(what))]);
    }
}

#[test]
fn the_ends_of_an_oversize_line_are_cut_to_their_bounds() {
    let packet = Packet::Oversize {
        stream: Stream::Client,
        number: 1,
        length: 1 << 30,
        head: [&[b'x'; OVERSIZE_HEAD], &b"y"[..]].concat(),
        tail: [&b"y"[..], &[b'z'; OVERSIZE_TAIL]].concat(),
    };
    let mut bytes = Vec::new();
    encode(&packet, &mut bytes);
    match packets(&bytes, usize::MAX).as_slice() {
        [Ok(Packet::Oversize { head, tail, .. })] => {
            assert_eq!(head, &[b'x'; OVERSIZE_HEAD]);
            assert_eq!(tail, &[b'z'; OVERSIZE_TAIL]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_frames_hold_is_not_shown() {
    let mut bytes = Vec::new();
    frame(&mut bytes, Stream::Client, 1, b"hunter2");
    let shown = format!("{:?}", packets(&bytes, usize::MAX));
    assert!(shown.contains("Frame Client 1 (7 bytes)"), "{shown}");
}

#[test]
fn errors_say_what_to_do() {
    let error = LinkError::NoCommonVersion {
        lowest: 2,
        highest: 3,
    };
    let text =
        "the peer speaks frame protocol 2 to 3, this build 1 to 1; update the older of the two";
    assert_eq!(error.to_string(), text);
}

proptest! {
    #[test]
    fn any_cutting_gives_the_same_packets(
        sent in proptest::collection::vec(any_packet(), 0..8),
        cut in 1_usize..40,
    ) {
        let mut bytes = Vec::new();
        for packet in &sent {
            encode(packet, &mut bytes);
        }
        let got: Result<Vec<_>, _> = packets(&bytes, cut).into_iter().collect();
        prop_assert_eq!(got, Ok(sent));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 1_usize..50) {
        prop_assert_eq!(packets(&bytes, cut), packets(&bytes, usize::MAX));
    }

    #[test]
    fn arbitrary_bodies_never_panic(
        kind in any::<u8>(), stream in 0_u8..7, body in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        packets(&raw(u32::try_from(body.len()).unwrap(), kind, stream, &body), usize::MAX);
    }
}

fn any_packet() -> impl Strategy<Value = Packet> {
    let stream = prop_oneof![
        Just(Stream::Client),
        Just(Stream::Server),
        Just(Stream::Stderr)
    ];
    let bytes = || proptest::collection::vec(any::<u8>(), 0..60);
    (0..7, stream, any::<u64>(), bytes(), bytes(), ".{0,20}").prop_map(
        |(kind, stream, number, bytes, reply, text)| match kind {
            0 => Packet::Frame {
                stream,
                number,
                bytes,
            },
            1 => Packet::Oversize {
                stream,
                number,
                length: 99,
                head: bytes,
                tail: reply,
            },
            2 => Packet::Bytes {
                stream,
                number,
                forward: bytes,
                reply,
            },
            3 => Packet::Reply {
                stream,
                number,
                bytes,
            },
            4 => Packet::AsIs { stream, number },
            5 => Packet::Refused(Refused {
                why: "policy".into(),
                message: text,
            }),
            _ => Packet::Inject {
                stream,
                number,
                bytes,
            },
        },
    )
}

fn raw(length: u32, kind: u8, stream: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.extend([kind, stream, 0, 0]);
    bytes.resize(HEADER, 0);
    bytes.extend(body);
    bytes
}

fn check(bytes: &[u8], expected: &[Result<Packet, LinkError>]) {
    for cut in [1, 7, usize::MAX] {
        assert_eq!(packets(bytes, cut), expected);
    }
}

/// All packets of the bytes, pushed in pieces of `cut`, up to and with the first error.
fn packets(bytes: &[u8], cut: usize) -> Vec<Result<Packet, LinkError>> {
    let mut decoder = Decoder::default();
    let mut found = Vec::new();
    for piece in bytes.chunks(cut.min(bytes.len().max(1))) {
        decoder.push(piece);
        while let Some(packet) = decoder.next_packet().transpose() {
            let broken = packet.is_err();
            found.push(packet);
            if broken {
                return found;
            }
        }
    }
    found
}
