//! One pair: the same steps without aip and through it, and whether anybody could tell.

use std::fmt::Debug;

use e2e::home::Home;
use e2e::needs::needs;
use e2e::programs::{program, shipped_policy};
use e2e::witness::Testimony;
use serde_json::Value;

use crate::clients::Client;
use crate::run::{Runs, Seen};
use crate::servers::{Make, Server};
use crate::world::World;

/// Compares what the client sees, what the server sees, and how each of them ends.
pub(crate) fn check(name: &str, make: Make, client: &Client) {
    let home = Home::new();
    let world = World::new(home.work().join("world"));
    world.begin();
    let both = make(&world).and_then(|server| Ok((server, client.driver.clone()?)));
    let Some((server, driver)) = needs(name, both) else {
        return;
    };
    let (steps, shows) = steps(&server, client.brief);
    let runs = Runs {
        home: &home,
        server: &server,
        driver: &driver,
        steps: &steps,
    };

    let (folder, command) = runs.witnessed("direct", &server.command);
    let direct = runs.drive(&command);
    let direct_server = runs.testimonies(&folder);
    check_shown(name, &direct, &shows);

    world.begin();
    make(&world).expect("it could be had before");
    let (inside, command) = runs.witnessed("inside", &server.command);
    let mut wrapped = [
        program("aip"),
        "--policy".into(),
        shipped_policy("allow-all.yaml"),
    ]
    .map(|word| word.to_string_lossy().into_owned())
    .to_vec();
    wrapped.push("--".to_owned());
    wrapped.extend(command);
    let (outside, command) = runs.witnessed("outside", &wrapped);
    let through = runs.drive(&command);
    let (aip, server) = (runs.testimonies(&outside), runs.testimonies(&inside));

    same(name, "what the client made of it", &through, &direct);
    same_runs(name, "the server inside aip", &server, &direct_server);
    same_runs(name, "aip in the server's place", &aip, &direct_server);
    check_audit(name, &home, &server);
}

/// The steps this client takes, and the text each outcome must hold.
fn steps(server: &Server, brief: bool) -> (Value, Vec<String>) {
    let mut steps = server.steps.as_array().expect("steps are a list").clone();
    steps.retain(|step| !brief || step["brief"] == true);
    let shows = steps
        .iter()
        .map(|step| step["shows"].as_str().unwrap_or_default().to_owned())
        .collect();
    for step in &mut steps {
        let step = step.as_object_mut().expect("a step is an object");
        step.retain(|key, _| key != "shows" && key != "brief");
    }
    (Value::Array(steps), shows)
}

/// Two equal transcripts of nothing would prove nothing.
fn check_shown(name: &str, seen: &Seen, shows: &[String]) {
    let outcomes = seen.transcript["steps"].as_array().expect("outcomes");
    assert_eq!(outcomes.len(), shows.len(), "{name}: {outcomes:?}");
    for (outcome, text) in outcomes.iter().zip(shows) {
        assert!(
            outcome.to_string().contains(text),
            "{name}: `{text}` is not in {outcome}"
        );
    }
}

fn same_runs(name: &str, what: &str, through: &[Testimony], direct: &[Testimony]) {
    let ends = |runs: &[Testimony]| runs.iter().map(|it| it.end.clone()).collect::<Vec<_>>();
    same(
        name,
        &format!("{what}: ends"),
        &ends(through),
        &ends(direct),
    );
    for (through, direct) in through.iter().zip(direct) {
        same(
            name,
            &format!("{what}: stderr"),
            &through.stderr,
            &direct.stderr,
        );
        same(
            name,
            &format!("{what}: lines read"),
            &through.told,
            &direct.told,
        );
        same(
            name,
            &format!("{what}: lines written"),
            &through.said,
            &direct.said,
        );
    }
}

fn same<T: PartialEq + Debug>(name: &str, what: &str, through: &T, direct: &T) {
    let lines = |it: &T| {
        format!("{it:#?}")
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (left, right) = (lines(through), lines(direct));
    assert!(
        through == direct,
        "{name}: {what} differs\nonly through aip: {:#?}\nonly directly: {:#?}",
        missing_in(&left, &right),
        missing_in(&right, &left),
    );
}

/// The lines that the other has fewer times.
fn missing_in(these: &[String], other: &[String]) -> Vec<String> {
    let count = |lines: &[String], line: &String| lines.iter().filter(|it| *it == line).count();
    let mut lines = these.to_vec();
    lines.retain(|line| count(these, line) > count(other, line));
    lines
}

/// Every call the server was told has its record, and none was refused.
fn check_audit(name: &str, home: &Home, server: &[Testimony]) {
    let told = server
        .iter()
        .flat_map(|run| &run.told)
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["method"] == "tools/call")
        .count();
    let decisions = home.decisions();
    let refused: Vec<_> = decisions
        .iter()
        .filter(|it| it["decision"] != "ALLOW")
        .collect();
    assert!(refused.is_empty(), "{name}: refused: {refused:#?}");
    let calls = decisions.iter().filter(|it| it["method"] == "tools/call");
    assert_eq!(calls.count(), told, "{name}: every call has its record");
}
