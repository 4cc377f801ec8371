//! What a call passes through, piece by piece.
//!
//! `hot` prints tables of times; `hot store RECORDS` asks a store of so many records, `hot screens RECORDS`
//! asks another what the dashboard's screens ask; `hot once CASE N` does a piece N times, so that a counter of instructions can be put around it; `hot counted` names
//! those pieces. Nothing is asserted here.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement that can't go on ends; its figures are its output"
)]

mod cases;
mod records;
mod screens;
mod store;
mod timed;

fn main() {
    // cargo adds a word of its own.
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|it| it != "--bench")
        .collect();
    match args
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        [] => timed::all(),
        ["store", count] => store::queries(count.parse().unwrap()),
        ["screens", count] => screens::queries(count.parse().unwrap()),
        ["once", name, times] => once(name, times.parse().unwrap()),
        ["counted"] => COUNTED.iter().for_each(|name| println!("{name}")),
        other => panic!("what is {other:?}?"),
    }
}

/// The pieces whose instructions are counted.
const COUNTED: [&str; 6] = [
    "parse-1k",
    "decide-100-rules",
    "dlp-10k",
    "frame-encode-1k",
    "frame-decode-1k",
    "record",
];

fn once(name: &str, times: usize) {
    if name == "record" {
        records::Shelf::new().commit(times);
        return;
    }
    let mut case = cases::named(name);
    for _ in 0..times {
        case();
    }
}
