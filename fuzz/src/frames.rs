//! The frame protocol's decoder and the JSON reader, against serde_json and themselves: whatever
//! way the bytes arrive the packets are the same, and a message that may be forwarded as it is
//! reads the same to another reader.

use serde_json::Value;
use wire::link::{Decoder, Packet, encode};
use wire::rpc::{self, Frame, Message};

use super::seen::one_line;

/// Packets where the first byte is odd, a message otherwise.
pub fn play(data: &[u8]) {
    match data.split_first() {
        Some((first, rest)) if first % 2 == 1 => packets(rest, usize::from(*first)),
        Some((_, rest)) => message(rest),
        None => {}
    }
}

fn packets(bytes: &[u8], cut: usize) {
    let whole = decoded([bytes].into_iter());
    let pieces = decoded(bytes.chunks(cut));
    assert!(
        whole == pieces,
        "packets do not depend on how their bytes arrive"
    );
    for packet in whole.0 {
        let mut out = Vec::new();
        encode(&packet, &mut out);
        let (again, broken) = decoded([out.as_slice()].into_iter());
        assert!(
            !broken && again == [packet],
            "a packet is written as it is read"
        );
    }
}

/// The packets in these pieces, and whether the protocol was broken.
fn decoded<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Packet>, bool) {
    let (mut decoder, mut packets) = (Decoder::default(), Vec::new());
    for piece in pieces {
        decoder.push(piece);
        loop {
            match decoder.next_packet() {
                Ok(Some(packet)) => packets.push(packet),
                Ok(None) => break,
                Err(_) => return (packets, true),
            }
        }
    }
    (packets, false)
}

fn message(bytes: &[u8]) {
    let Ok(read) = rpc::read(bytes) else { return };
    let theirs: Value = serde_json::from_slice(bytes).expect("what is read is JSON to others too");
    match read.frame {
        Frame::Single(message) => {
            same(&message, &theirs);
            if read.plain {
                one_line(bytes);
            }
        }
        Frame::Batch(messages) => {
            let theirs = theirs
                .as_array()
                .expect("a batch is an array to others too");
            assert_eq!(messages.len(), theirs.len());
            for (message, theirs) in messages.iter().zip(theirs) {
                if let Ok(message) = message {
                    same(message, theirs);
                }
            }
        }
    }
}

/// Others read the same, and what is written of it again is one line that reads the same.
fn same(message: &Message<'_>, theirs: &Value) {
    let method = theirs.get("method").and_then(Value::as_str);
    assert_eq!(message.method(), method, "the same method");
    let id = message.id().map(ToString::to_string);
    let id = id.map(|it| serde_json::from_str(&it).expect("an id is JSON"));
    assert_eq!(id.unwrap_or(Value::Null), theirs["id"], "the same id");
    let written = message.to_bytes();
    let line = written.strip_suffix(b"\n").expect("a line ends");
    one_line(line);
    let again: Value = serde_json::from_slice(line).expect("what is written is JSON");
    let mut theirs = theirs.clone();
    if theirs["error"].is_object() && theirs["id"].is_null() {
        // An error for nobody is written with the id that says so.
        theirs["id"] = Value::Null;
    }
    assert_eq!(again, theirs, "the same message");
    let read = rpc::read(line).expect("what is written is read");
    assert!(
        read.frame == Frame::Single(message.clone()),
        "and read as the same"
    );
}
