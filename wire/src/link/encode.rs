//! From packets to bytes.

use super::{HEADER, MAGIC, MAX_BODY, Packet, Stream, VERSIONS, facts, kind};

/// Appends a packet's bytes to `out`.
pub fn encode(packet: &Packet, out: &mut Vec<u8>) {
    match packet {
        Packet::Hello(hello) => {
            let mut body = MAGIC.to_vec();
            body.extend(VERSIONS.start().to_le_bytes());
            body.extend(VERSIONS.end().to_le_bytes());
            body.extend(facts::to_json(hello));
            put(out, kind::HELLO, 0, 0, &[&body]);
        }
        Packet::Welcome(it) => put(out, kind::WELCOME, 0, 0, &[&facts::to_json(it)]),
        Packet::Refused(it) => put(out, kind::REFUSED, 0, 0, &[&facts::to_json(it)]),
        Packet::Frame {
            stream,
            number,
            bytes,
        } => frame(out, *stream, *number, bytes),
        Packet::Oversize {
            stream,
            number,
            length,
            head,
            tail,
        } => {
            put(
                out,
                kind::OVERSIZE,
                *stream as u8,
                *number,
                &[&length.to_le_bytes(), &length_of(head), head, tail],
            );
        }
        Packet::Closed { stream } => put(out, kind::CLOSED, *stream as u8, 0, &[]),
        Packet::Spawned(it) => put(out, kind::SPAWNED, 0, 0, &[&facts::to_json(it)]),
        Packet::Exited(it) => put(out, kind::EXITED, 0, 0, &[&facts::to_json(it)]),
        Packet::Done { stream, number } => put(out, kind::DONE, *stream as u8, *number, &[]),
        Packet::Acked { stream, number } => put(out, kind::ACKED, *stream as u8, *number, &[]),
        Packet::AsIs { stream, number } => put(out, kind::AS_IS, *stream as u8, *number, &[]),
        Packet::Bytes {
            stream,
            number,
            forward,
            reply,
        } => {
            put(
                out,
                kind::BYTES,
                *stream as u8,
                *number,
                &[&length_of(forward), forward, reply],
            );
        }
        Packet::Reply {
            stream,
            number,
            bytes,
        } => {
            put(out, kind::REPLY, *stream as u8, *number, &[bytes]);
        }
        Packet::Drop { stream, number } => put(out, kind::DROP, *stream as u8, *number, &[]),
        Packet::Hold { stream, number } => put(out, kind::HOLD, *stream as u8, *number, &[]),
        Packet::Inject {
            stream,
            number,
            bytes,
        } => {
            put(out, kind::INJECT, *stream as u8, *number, &[bytes]);
        }
        Packet::Answers {
            stream,
            number,
            request,
        } => {
            let request = request.to_le_bytes();
            put(out, kind::ANSWERS, *stream as u8, *number, &[&request]);
        }
        Packet::End(it) => put(out, kind::END, 0, 0, &[&facts::to_json(it)]),
    }
}

/// Appends a frame packet without taking ownership of its bytes: the shim keeps them until
/// their verdict has been acted on.
pub fn frame(out: &mut Vec<u8>, stream: Stream, number: u64, bytes: &[u8]) {
    put(out, kind::FRAME, stream as u8, number, &[bytes]);
}

fn put(out: &mut Vec<u8>, kind: u8, stream: u8, number: u64, body: &[&[u8]]) {
    let length: usize = body.iter().map(|part| part.len()).sum();
    debug_assert!(length <= MAX_BODY, "senders bound what they send");
    out.reserve(HEADER + length);
    let [l0, l1, l2, l3] = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    let [n0, n1, n2, n3, n4, n5, n6, n7] = number.to_le_bytes();
    let header: [u8; HEADER] = [
        l0, l1, l2, l3, kind, stream, 0, 0, n0, n1, n2, n3, n4, n5, n6, n7,
    ];
    out.extend_from_slice(&header);
    for part in body {
        out.extend_from_slice(part);
    }
}

fn length_of(part: &[u8]) -> [u8; 4] {
    u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes()
}
