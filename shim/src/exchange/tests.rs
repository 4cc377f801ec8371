//! Every verdict, twice and out of order; what a resume sends; what is bounded.

use wire::link::Decoder;

use super::lane::{MAX_BYTES, MAX_FRAMES};
use super::*;

const C: Stream = Stream::Client;
const S: Stream = Stream::Server;

#[test]
fn frames_are_numbered_by_stream_and_sent_once() {
    let mut exchange = Exchange::new();
    keep(&mut exchange, C, &["a", "b"]);
    keep(&mut exchange, S, &["x"]);
    let mut sent = sent(&mut exchange);
    sent.sort();
    assert_eq!(sent, ["Client 1 a", "Client 2 b", "Server 1 x"]);
    assert_eq!(packets(&mut exchange), []);
    assert_eq!(exchange.numbers(), (3, 2, 0));
}

#[test]
fn each_verdict_has_its_effect_and_is_done_once_written() {
    let (token, number, stream) = (Token::Verdict(C, 1), 1, C);
    let write = |sink, text: &str| Effect::Write(sink, text.as_bytes().to_vec(), token);
    check(
        Packet::AsIs { stream, number },
        &[write(Sink::Server, "a\n")],
    );
    check(
        bytes("f\n", "r\n"),
        &[write(Sink::Server, "f\n"), write(Sink::Client, "r\n")],
    );
    check(bytes("f\n", ""), &[write(Sink::Server, "f\n")]);
    check(
        Packet::Reply {
            stream,
            number,
            bytes: b"r\n".to_vec(),
        },
        &[write(Sink::Client, "r\n")],
    );
    check(Packet::Drop { stream, number }, &[]);
}

#[test]
fn the_servers_frames_go_to_the_client_and_its_replies_back() {
    let mut exchange = Exchange::new();
    keep(&mut exchange, S, &["x"]);
    packets(&mut exchange);
    let verdict = Packet::Bytes {
        stream: S,
        number: 1,
        forward: b"f\n".to_vec(),
        reply: b"r\n".to_vec(),
    };
    let token = Token::Verdict(S, 1);
    let want = [
        Effect::Write(Sink::Client, b"f\n".to_vec(), token),
        Effect::Write(Sink::Server, b"r\n".to_vec(), token),
    ];
    assert_eq!(judge(&mut exchange, verdict), want);
}

#[test]
fn a_verdict_for_what_is_unknown_unsent_or_decided_does_nothing() {
    let mut exchange = Exchange::new();
    keep(&mut exchange, C, &["a"]);
    let as_is = |stream, number| Packet::AsIs { stream, number };
    assert_eq!(
        judge(&mut exchange, as_is(C, 1)),
        [],
        "it has not been sent"
    );
    packets(&mut exchange);
    for other in [
        as_is(C, 0),
        as_is(C, 2),
        as_is(S, 1),
        as_is(Stream::Audit, 1),
    ] {
        assert_eq!(judge(&mut exchange, other), []);
    }
    assert_eq!(judge(&mut exchange, as_is(C, 1)).len(), 1);
    assert_eq!(judge(&mut exchange, as_is(C, 1)), [], "it has been decided");
    assert_eq!(packets(&mut exchange), [], "nothing has been written");
}

#[test]
fn an_oversize_line_can_be_answered_and_never_forwarded() {
    let mut exchange = Exchange::new();
    exchange.keep(
        C,
        Line::Oversize {
            head: b"{".to_vec(),
            tail: b"}".to_vec(),
            length: 99,
        },
    );
    exchange.keep(
        C,
        Line::Oversize {
            head: b"{".to_vec(),
            tail: b"}".to_vec(),
            length: 99,
        },
    );
    let oversize = |number| Packet::Oversize {
        stream: C,
        number,
        length: 99,
        head: b"{".to_vec(),
        tail: b"}".to_vec(),
    };
    assert_eq!(packets(&mut exchange), [oversize(1), oversize(2)]);
    assert_eq!(
        judge(
            &mut exchange,
            Packet::AsIs {
                stream: C,
                number: 1
            }
        ),
        []
    );
    let reply = Packet::Reply {
        stream: C,
        number: 2,
        bytes: b"r\n".to_vec(),
    };
    assert_eq!(judge(&mut exchange, reply).len(), 1);
}

#[test]
fn a_resume_sends_what_is_undecided_and_nothing_else() {
    let mut exchange = Exchange::new();
    keep(&mut exchange, C, &["a", "b", "c", "d"]);
    keep(&mut exchange, S, &["x", "y"]);
    packets(&mut exchange);
    judge(
        &mut exchange,
        Packet::Hold {
            stream: C,
            number: 1,
        },
    );
    judge(
        &mut exchange,
        Packet::AsIs {
            stream: C,
            number: 2,
        },
    );
    judge(
        &mut exchange,
        Packet::Drop {
            stream: C,
            number: 4,
        },
    );
    judge(
        &mut exchange,
        Packet::AsIs {
            stream: S,
            number: 1,
        },
    );
    exchange.resume();
    keep(&mut exchange, C, &["e"]);
    let mut sent = sent(&mut exchange);
    sent.sort();
    assert_eq!(
        sent,
        ["Client 1 a", "Client 3 c", "Client 5 e", "Server 2 y"]
    );
    exchange.written(Token::Verdict(C, 2));
    assert_eq!(
        packets(&mut exchange),
        [Packet::Done {
            stream: C,
            number: 2
        }]
    );
}

#[test]
fn a_request_is_told_as_answered_once_its_answer_is_written() {
    let mut exchange = Exchange::new();
    keep(&mut exchange, S, &["x", "y"]);
    packets(&mut exchange);
    for (number, request) in [(1, 7), (2, 8)] {
        let answers = Packet::Answers {
            stream: S,
            number,
            request,
        };
        assert_eq!(judge(&mut exchange, answers), []);
        judge(&mut exchange, Packet::AsIs { stream: S, number });
    }
    let none = [Vec::<u64>::new(), Vec::new()];
    assert_eq!(exchange.answered(), none, "neither is written");
    exchange.written(Token::Verdict(S, 2));
    assert_eq!(exchange.answered(), [vec![8], Vec::new()]);
    exchange.lost(Token::Verdict(S, 1));
    assert_eq!(exchange.answered(), [vec![8], Vec::new()]);
}

#[test]
fn closed_and_exited_follow_every_frame_and_are_told_again_on_resume() {
    let mut exchange = Exchange::new();
    keep(&mut exchange, C, &["a"]);
    keep(&mut exchange, S, &["x"]);
    let exited = Exited {
        code: Some(3),
        signal: None,
    };
    exchange.exited(exited.clone());
    exchange.end(S);
    let want = [Packet::Exited(exited), Packet::Closed { stream: S }];
    assert_eq!(packets(&mut exchange).get(2..), Some(&want[..]));
    exchange.resume();
    assert_eq!(packets(&mut exchange).get(2..), Some(&want[..]));
    assert!(!exchange.has_unsent());
}

#[test]
fn a_wait_for_the_daemon_is_told_from_a_wait_for_a_person() {
    let mut exchange = Exchange::new();
    assert!(!exchange.awaits_verdict());
    keep(&mut exchange, C, &["a", "b"]);
    assert!(!exchange.awaits_verdict(), "nothing has been sent");
    packets(&mut exchange);
    assert!(exchange.awaits_verdict());
    judge(
        &mut exchange,
        Packet::Hold {
            stream: C,
            number: 1,
        },
    );
    judge(
        &mut exchange,
        Packet::Hold {
            stream: C,
            number: 1,
        },
    );
    assert!(exchange.awaits_verdict());
    judge(
        &mut exchange,
        Packet::AsIs {
            stream: C,
            number: 2,
        },
    );
    assert!(!exchange.awaits_verdict());
    judge(
        &mut exchange,
        Packet::AsIs {
            stream: C,
            number: 1,
        },
    );
    assert!(!exchange.awaits_verdict());
}

#[test]
fn reading_stops_at_the_bounds_and_goes_on_below_them() {
    let mut exchange = Exchange::new();
    for _ in 0..=MAX_FRAMES {
        exchange.keep(C, Line::Frame(vec![b'1']));
    }
    assert!(!exchange.has_room(C) && exchange.has_room(S));
    packets(&mut exchange);
    judge(
        &mut exchange,
        Packet::Drop {
            stream: C,
            number: 5,
        },
    );
    assert!(exchange.has_room(C));

    exchange.keep(S, Line::Frame(vec![b'1'; MAX_BYTES + 1]));
    assert!(!exchange.has_room(S));
    exchange.give_up(S);
    assert!(exchange.has_room(S));
    assert!(!exchange.has_room(Stream::Diagnostic));
}

#[test]
fn a_stream_is_settled_once_all_is_decided_and_written_or_lost() {
    let mut exchange = Exchange::new();
    keep(&mut exchange, C, &["a", "b"]);
    packets(&mut exchange);
    assert!(!exchange.is_decided(C));
    judge(
        &mut exchange,
        Packet::AsIs {
            stream: C,
            number: 1,
        },
    );
    judge(
        &mut exchange,
        Packet::AsIs {
            stream: C,
            number: 2,
        },
    );
    assert!(exchange.is_decided(C) && !exchange.is_settled(C));
    exchange.written(Token::Verdict(C, 1));
    exchange.lost(Token::Verdict(C, 2));
    assert!(exchange.is_settled(C));
    assert_eq!(
        packets(&mut exchange),
        [Packet::Done {
            stream: C,
            number: 1
        }]
    );
}

#[test]
fn a_frame_with_a_write_that_was_lost_is_never_done() {
    let token = Token::Verdict(C, 1);
    for lost_first in [true, false] {
        let mut exchange = Exchange::new();
        keep(&mut exchange, C, &["a"]);
        packets(&mut exchange);
        assert_eq!(judge(&mut exchange, bytes("f\n", "r\n")).len(), 2);
        if lost_first {
            exchange.lost(token);
        } else {
            exchange.written(token);
        }
        assert!(!exchange.is_settled(C), "the other write is under way");
        if lost_first {
            exchange.written(token);
        } else {
            exchange.lost(token);
        }
        assert!(exchange.is_settled(C));
        assert_eq!(packets(&mut exchange), []);
    }
}

#[test]
fn frames_behind_a_held_one_are_decided_in_any_order() {
    let mut exchange = Exchange::new();
    keep(&mut exchange, C, &["a", "b", "c", "d"]);
    packets(&mut exchange);
    let write = |text: &str, number| {
        let bytes = text.as_bytes().to_vec();
        [Effect::Write(
            Sink::Server,
            bytes,
            Token::Verdict(C, number),
        )]
    };
    for (number, want) in [(3, "c\n"), (2, "b\n"), (4, "d\n"), (1, "a\n")] {
        let as_is = Packet::AsIs { stream: C, number };
        assert_eq!(judge(&mut exchange, as_is.clone()), write(want, number));
        assert_eq!(judge(&mut exchange, as_is), [], "acted on once");
    }
    assert!(exchange.is_decided(C));
}

#[test]
fn what_was_given_up_before_a_session_is_not_counted() {
    let mut exchange = Exchange::new();
    keep(&mut exchange, C, &["a", "b"]);
    exchange.restart_numbers();
    assert_eq!(exchange.numbers().0, 3, "they are still kept");
    assert_eq!(exchange.give_up(C).len(), 2);
    exchange.restart_numbers();
    keep(&mut exchange, C, &["c"]);
    assert_eq!(sent(&mut exchange), ["Client 1 c"]);
}

#[test]
fn an_injected_frame_is_written_once_however_often_it_comes() {
    let mut exchange = Exchange::new();
    let inject = |text: &str| Packet::Inject {
        stream: C,
        number: 1,
        bytes: text.into(),
    };
    let token = Token::Injected(C, 1);
    let want = |text: &str| [Effect::Write(Sink::Client, text.into(), token)];
    assert_eq!(judge(&mut exchange, inject("a\n")), want("a\n"));
    exchange.written(token);
    let acked = [Packet::Acked {
        stream: C,
        number: 1,
    }];
    assert_eq!(packets(&mut exchange), acked);
    assert_eq!(judge(&mut exchange, inject("a\n")), []);
    assert_eq!(packets(&mut exchange), acked);
    assert_eq!(
        judge(&mut exchange, inject("b\n")),
        want("b\n"),
        "another frame by the same number"
    );
}

#[test]
fn an_audit_line_is_acknowledged_only_once_it_is_in_the_mirror() {
    let mut exchange = Exchange::new();
    let stream = Stream::Audit;
    let inject = |number| Packet::Inject {
        stream,
        number,
        bytes: b"l\n".to_vec(),
    };
    assert_eq!(
        judge(&mut exchange, inject(8)),
        [Effect::Mirror(8, b"l\n".to_vec())]
    );
    assert_eq!(packets(&mut exchange), []);
    exchange.mirrored(8);
    assert_eq!(
        packets(&mut exchange),
        [Packet::Acked { stream, number: 8 }]
    );
    assert_eq!(judge(&mut exchange, inject(8)), []);
    assert_eq!(exchange.numbers().2, 8);
}

#[test]
fn encoding_stops_at_the_limit() {
    let mut exchange = Exchange::new();
    for _ in 0..100 {
        exchange.keep(C, Line::Frame(vec![b'x'; 1000]));
    }
    let mut out = Vec::new();
    exchange.fill(&mut out, 10_000);
    assert!(out.len() >= 10_000 && out.len() < 12_000, "{}", out.len());
    assert!(exchange.has_unsent());
}

/// Judges a client's frame `a`: the effects, and one Done when all of them are written.
fn check(verdict: Packet, want: &[Effect]) {
    let mut exchange = Exchange::new();
    keep(&mut exchange, C, &["a"]);
    packets(&mut exchange);
    assert_eq!(judge(&mut exchange, verdict.clone()), want);
    assert_eq!(judge(&mut exchange, verdict), [], "acted on once");
    for _ in want {
        assert_eq!(packets(&mut exchange), [], "not written in full");
        exchange.written(Token::Verdict(C, 1));
    }
    assert_eq!(
        packets(&mut exchange),
        [Packet::Done {
            stream: C,
            number: 1
        }]
    );
    assert!(exchange.is_settled(C));
}

fn bytes(forward: &str, reply: &str) -> Packet {
    Packet::Bytes {
        stream: C,
        number: 1,
        forward: forward.into(),
        reply: reply.into(),
    }
}

fn judge(exchange: &mut Exchange, verdict: Packet) -> Vec<Effect> {
    exchange.handle_verdict(verdict);
    std::iter::from_fn(|| exchange.poll_effect()).collect()
}

fn keep(exchange: &mut Exchange, stream: Stream, lines: &[&str]) {
    for line in lines {
        exchange.keep(stream, Line::Frame(line.as_bytes().to_vec()));
    }
}

fn packets(exchange: &mut Exchange) -> Vec<Packet> {
    let mut out = Vec::new();
    exchange.fill(&mut out, usize::MAX);
    let mut decoder = Decoder::default();
    decoder.push(&out);
    std::iter::from_fn(|| decoder.next_packet().unwrap()).collect()
}

/// The frames sent, as words.
fn sent(exchange: &mut Exchange) -> Vec<String> {
    let frame = |packet| {
        let Packet::Frame {
            stream,
            number,
            bytes,
        } = packet
        else {
            return None;
        };
        Some(format!(
            "{stream:?} {number} {}",
            String::from_utf8(bytes).unwrap()
        ))
    };
    packets(exchange).into_iter().filter_map(frame).collect()
}
