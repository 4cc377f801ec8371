//! Lines, however the stream is cut.

use proptest::prelude::*;
use wire::lines::{Line, Splitter};
use wire::link::{OVERSIZE_HEAD, OVERSIZE_TAIL};

const MAX: usize = 8;

#[test]
fn lines_come_without_their_newline() {
    check("a\nbc\n", &[frame("a"), frame("bc")]);
}

#[test]
fn a_carriage_return_stays() {
    check("a\r\nb\rc\n", &[frame("a\r"), frame("b\rc")]);
}

#[test]
fn blank_lines_are_left_out() {
    check("\n \n\t\r\na\n\n", &[frame("a")]);
}

#[test]
fn a_last_line_without_newline_is_a_line() {
    check("a\nb", &[frame("a"), frame("b")]);
    check("", &[]);
    check("a\n  ", &[frame("a")]);
}

#[test]
fn a_line_at_the_bound_passes_and_one_over_it_keeps_its_ends() {
    check("12345678\n", &[frame("12345678")]);
    check("123456789\n", &[oversize("12345678", "9", 9)]);
    check("123456789", &[oversize("12345678", "9", 9)]);
    check(
        "a\n123456789abcdef\nb\n",
        &[frame("a"), oversize("12345678", "9abcdef", 15), frame("b")],
    );
}

#[test]
fn an_over_long_line_keeps_no_more_than_its_ends() {
    let mut splitter = Splitter::new(64 * 1024);
    for _ in 0..1024 {
        splitter.push(&[b'x'; 4096]);
    }
    match splitter.finish() {
        Some(Line::Oversize { head, tail, length }) => {
            assert_eq!((head.len(), length), (OVERSIZE_HEAD, 4 << 20));
            assert_eq!(tail.len(), OVERSIZE_TAIL);
            assert!(head.capacity() <= 2 * OVERSIZE_HEAD, "{}", head.capacity());
            assert!(tail.capacity() <= 8 * OVERSIZE_TAIL, "{}", tail.capacity());
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(splitter.finish(), None);
}

#[test]
fn what_lines_hold_is_not_shown() {
    assert_eq!(format!("{:?}", frame("hunter2")), "frame of 7 bytes");
}

proptest! {
    #[test]
    fn the_ends_kept_are_the_first_and_last_bytes(length in 4000_usize..6000, cut in 1_usize..2000) {
        let text: Vec<u8> = (0..length).map(|at| b'a' + (at % 23) as u8).collect();
        let mut splitter = Splitter::new(1000);
        for piece in text.chunks(cut) {
            splitter.push(piece);
        }
        prop_assert_eq!(splitter.finish(), Some(Line::Oversize {
            head: text[..1000].to_vec(),
            tail: text[length - OVERSIZE_TAIL..].to_vec(),
            length: length as u64,
        }));
    }

    #[test]
    fn the_ends_never_overlap(beyond in 1_usize..2 * OVERSIZE_TAIL, cut in 1_usize..6000) {
        let line: Vec<u8> = (0..OVERSIZE_HEAD + beyond).map(|at| b'a' + (at % 23) as u8).collect();
        let mut splitter = Splitter::new(OVERSIZE_HEAD);
        for piece in line.chunks(cut) {
            splitter.push(piece);
        }
        let tail = line.len() - beyond.min(OVERSIZE_TAIL);
        prop_assert_eq!(splitter.finish(), Some(Line::Oversize {
            head: line[..OVERSIZE_HEAD].to_vec(),
            tail: line[tail..].to_vec(),
            length: line.len() as u64,
        }));
    }

    #[test]
    fn any_cutting_gives_the_same_lines(
        text in "[ab \r\n]{0,60}", cut in 1_usize..20,
    ) {
        prop_assert_eq!(lines(text.as_bytes(), cut), lines(text.as_bytes(), usize::MAX));
    }

    #[test]
    fn lines_are_those_of_split(text in "[ab \r\n]{0,60}") {
        let expected: Vec<_> = text
            .split('\n')
            .filter(|line| !line.trim_ascii().is_empty() || line.len() > MAX)
            .map(|line| match line.split_at_checked(MAX) {
                Some((head, tail)) if !tail.is_empty() => oversize(head, tail, line.len()),
                Some(_) | None => frame(line),
            })
            .collect();
        prop_assert_eq!(lines(text.as_bytes(), 3), expected);
    }
}

fn check(text: &str, expected: &[Line]) {
    for cut in [1, 2, 3, 5, usize::MAX] {
        assert_eq!(
            lines(text.as_bytes(), cut),
            expected,
            "{text:?} cut at {cut}"
        );
    }
}

fn lines(bytes: &[u8], cut: usize) -> Vec<Line> {
    let mut splitter = Splitter::new(MAX);
    let mut found = Vec::new();
    for piece in bytes.chunks(cut.min(bytes.len().max(1))) {
        splitter.push(piece);
        found.extend(std::iter::from_fn(|| splitter.next_line()));
    }
    found.extend(std::iter::from_fn(|| splitter.finish()));
    found
}

fn frame(text: &str) -> Line {
    Line::Frame(text.as_bytes().to_vec())
}

fn oversize(head: &str, tail: &str, length: usize) -> Line {
    Line::Oversize {
        head: head.as_bytes().to_vec(),
        tail: tail.as_bytes().to_vec(),
        length: length as u64,
    }
}
