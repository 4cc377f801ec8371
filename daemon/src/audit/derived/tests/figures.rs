//! Figures are the sums a walk through the store comes to, for every window.

use std::collections::BTreeMap;

use wire::control::RecordKind;

use super::made::{HOUR_MS, Known, Made};
use crate::audit::NewRecord;
use crate::audit::derived::figures::{Decisions, Figures};
use crate::audit::derived::{OTHERS, Part};

fn hour(at: i64) -> i64 {
    at.div_euclid(HOUR_MS)
}

fn figures(made: &Made, first: i64, last: i64) -> Figures {
    made.rolled(Part::Figures);
    made.ask(Part::Figures, |index| {
        let index = index.unwrap();
        assert_eq!(index.reach(Part::Figures), index.last());
        index.figures(first, last).unwrap()
    })
}

fn one(word: &str) -> Decisions {
    let is = |it| u64::from(word == it);
    Decisions {
        allow: is("ALLOW"),
        block: is("BLOCK"),
        rate_limited: is("RATE_LIMITED"),
        monitor: is("ALLOW_MONITOR"),
    }
}

fn check(made: &Made, first: i64, last: i64) {
    let got = figures(made, first, last);
    let all: Vec<&Known> = made
        .known
        .iter()
        .filter(|it| (first..=last).contains(&hour(it.at)))
        .collect();
    let mut hours: BTreeMap<i64, (Decisions, u64, u64, u64)> = BTreeMap::new();
    let mut uses: BTreeMap<(&str, &str, &str), (Decisions, i64)> = BTreeMap::new();
    for it in &all {
        let sum = hours.entry(hour(it.at)).or_default();
        sum.0.add(one(it.decision));
        sum.1 += u64::from(it.event == "APPROVAL_ASKED");
        sum.2 += u64::from(it.event == "DLP_TRIGGERED");
        sum.3 += u64::from(it.latency.is_some());
        if it.kind == RecordKind::Decision {
            let used = uses.entry((&it.server, &it.tool, &it.client)).or_default();
            used.0.add(one(it.decision));
            used.1 = used.1.max(it.at);
        }
    }
    let got_hours: BTreeMap<_, _> = got
        .hours
        .iter()
        .map(|(hour, it)| {
            let timed = it.latency.shown().map_or(0, |it| it.count);
            (*hour, (it.decisions, it.asked, it.findings, timed))
        })
        .collect();
    assert_eq!(got_hours, hours, "{first} to {last}");
    let got_uses: BTreeMap<_, _> = got
        .uses
        .iter()
        .map(|(name, it)| {
            let name = (
                name.server.as_str(),
                name.tool.as_str(),
                name.client.as_str(),
            );
            (name, (it.decisions, it.last_ms))
        })
        .collect();
    assert_eq!(got_uses, uses, "{first} to {last}");
}

#[test]
fn figures_are_what_a_walk_through_the_store_comes_to() {
    let mut made = Made::new(7, 700);
    let hours = |made: &Made| {
        let hours = made.known.iter().map(|it| hour(it.at));
        (hours.clone().min().unwrap(), hours.max().unwrap())
    };
    let (first, last) = hours(&made);
    assert!(last - first > 100, "several days");
    for from in (first - 2..=last).step_by(5) {
        for to in [from, from + 3, from + 24, from + 47, from + 48, last] {
            check(&made, from, to);
        }
    }
    made.more(90);
    let (first, last) = hours(&made);
    check(&made, first, last);
    made.again();
    check(&made, last - 30, last);
}

#[test]
fn names_beyond_measure_are_counted_as_one_and_the_busy_ones_stay() {
    let mut made = Made::new(3, 0);
    let at = super::made::BEGINS;
    for n in 0..600 {
        let flood = NewRecord::decision(at, "upstream", "BLOCK").set("tool", format!("t{n}"));
        made.put(&mut flood.set("server", "s"), at);
        let busy = NewRecord::decision(at, "upstream", "ALLOW").set("tool", "busy");
        made.put(&mut busy.set("server", "s"), at);
    }
    let got = figures(&made, hour(at), hour(at));
    assert!(got.uses.len() < 2500, "{}", got.uses.len());
    let sum: u64 = got.uses.values().map(|it| it.decisions.all()).sum();
    assert_eq!(sum, 1200, "none is lost");
    let calls = |tool: &str| -> u64 {
        let of = got.uses.iter().filter(|(name, _)| name.tool == tool);
        of.map(|(_, it)| it.decisions.all()).sum()
    };
    assert_eq!(calls("busy"), 600);
    let shown = got.shown();
    assert_eq!(shown.tools[0].tool, "busy");
    assert!(shown.tools.len() <= 50);
    assert_eq!(shown.decisions["BLOCK"], 600);
    let _none_needed = calls(OTHERS);
}
