//! Queues before pipes, sockets and files.

use std::io::Read as _;
use std::os::unix::net::UnixStream;

use wire::link::Stream;

use super::*;

fn token(number: u64) -> Token {
    Token::Verdict(Stream::Client, number)
}

#[test]
fn chunks_are_reported_once_each_is_written_in_full() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut output = Output::own(writer.into()).unwrap();
    output.push(b"one\n".to_vec(), Some(token(1)));
    output.push(b"plain\n".to_vec(), None);
    output.push(b"two\n".to_vec(), Some(token(2)));
    assert_eq!(output.queued(), 14);
    assert_eq!(
        flush(&mut output),
        [Fate::Written(token(1)), Fate::Written(token(2))]
    );
    assert_eq!(output.queued(), 0);
    drop(output);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "one\nplain\ntwo\n");
}

#[test]
fn more_than_a_pipe_takes_waits_and_nothing_blocks() {
    let (reader, writer) = std::io::pipe().unwrap();
    fills_and_goes_on(Output::own(writer.into()).unwrap(), reader);
}

#[test]
fn a_shared_pipe_is_written_without_blocking() {
    let (reader, writer) = std::io::pipe().unwrap();
    fills_and_goes_on(Output::shared(writer.as_fd()).unwrap(), reader);
}

#[test]
fn a_shared_descriptor_that_blocks_is_written_in_pieces() {
    let (reader, writer) = std::io::pipe().unwrap();
    fills_and_goes_on(Output::new(Some(writer.into()), Way::Careful), reader);
}

#[test]
fn a_shared_socket_is_written_without_blocking() {
    let (reader, writer) = UnixStream::pair().unwrap();
    fills_and_goes_on(Output::shared(writer.as_fd()).unwrap(), reader);
}

#[test]
fn when_the_reader_goes_what_waits_is_lost() {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut output = Output::own(writer.into()).unwrap();
    drop(reader);
    output.push(b"one\n".to_vec(), Some(token(1)));
    output.push(b"two\n".to_vec(), Some(token(2)));
    assert_eq!(
        flush(&mut output),
        [Fate::Lost(token(1)), Fate::Lost(token(2))]
    );
    assert!(output.is_closed() && output.queued() == 0);
}

#[test]
fn what_is_pushed_to_a_closed_output_is_lost() {
    let mut output = Output::closed();
    output.push(b"one\n".to_vec(), Some(token(1)));
    assert_eq!(flush(&mut output), [Fate::Lost(token(1))]);
}

/// Pushes more than fits, then reads: all arrives, the report comes at the end.
fn fills_and_goes_on(mut output: Output, mut reader: impl std::io::Read) {
    const SIZE: usize = 3 * 1024 * 1024;
    let bytes: Vec<u8> = (0..SIZE)
        .map(|at| u8::try_from(at % 251).unwrap())
        .collect();
    output.push(bytes.clone(), Some(token(7)));
    assert_eq!(flush(&mut output), []);
    assert!(output.queued() > 0);
    let (mut got, mut buffer) = (Vec::new(), vec![0; 10_000]);
    let mut fates = Vec::new();
    while got.len() < SIZE {
        let count = reader.read(&mut buffer).unwrap();
        got.extend_from_slice(&buffer[..count]);
        fates.extend(flush(&mut output));
    }
    assert_eq!(fates, [Fate::Written(token(7))]);
    assert!(got == bytes);
}

fn flush(output: &mut Output) -> Vec<Fate> {
    let mut fates = Vec::new();
    output.flush(&mut fates);
    fates
}
