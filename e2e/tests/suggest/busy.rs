//! As much as a busy agent asks in an hour, of five real servers: what it asks for varies, and a policy made
//! of it has to be read by a person all the same.

use super::*;

/// Calls of each server.
const CALLS: usize = 60;
/// The most lines of a policy that a person reads through.
const READABLE: usize = 120;

const WORDS: [&str; 8] = [
    "tea",
    "kettle",
    "green leaves",
    "Ada",
    "größer",
    "order 66",
    "the pot is warm",
    "z",
];

#[test]
fn an_hours_calls_of_five_servers_make_a_policy_each_that_admits_them_and_no_misuse() {
    let test = "an_hours_calls_of_five_servers_make_a_policy_each_that_admits_them_and_no_misuse";
    let home = Home::new();
    let monitor = home.policy("monitor", MONITOR);
    let makes: [(traffic::Make, Fill); 5] = [
        (traffic::filesystem, files),
        (traffic::memory, notes),
        (traffic::everything, anything),
        (traffic::sqlite, rows),
        (traffic::time, clocks),
    ];
    for (make, fill) in makes {
        let Some(mut traffic) = needs(test, make(&home)) else {
            continue;
        };
        fill(&home, &mut traffic);
        assert!(traffic.calls.len() >= CALLS, "{}", traffic.name);
        is_learnt(&home, &monitor, &traffic);
    }
}

/// What a server is asked.
type Fill = fn(&Home, &mut Traffic);

fn is_learnt(home: &Home, monitor: &Path, traffic: &Traffic) {
    let name = traffic.name;
    let mut watched = client(home, monitor, traffic);
    let none = vec![0; traffic.calls.len()];
    assert_eq!(play(&mut watched, &traffic.calls), none, "{name}");
    watched.close();

    let (yaml, file) = suggested(home, &["--server", name, "--from", "monitor"]);
    let (told, code) = replayed(home, &file, &["--server", name]);
    assert_eq!((&told["changed"], code), (&json!(0), 0), "{told}\n{yaml}");
    assert_eq!(told["unchanged"], traffic.calls.len(), "{told}");
    assert!(yaml.lines().count() <= READABLE, "{yaml}");
    let lines: Vec<&str> = yaml.lines().map(str::trim).collect();
    for pair in lines.windows(2).filter(|it| it[1].ends_with(": '.*'")) {
        assert!(pair[0].starts_with("# "), "it says why: {yaml}");
    }

    let mut held = client(home, &file, traffic);
    assert_eq!(play(&mut held, &traffic.calls), none, "{name}: {yaml}");
    let codes = play(&mut held, &traffic.misuse);
    assert_eq!(codes, vec![-32001; codes.len()], "{name}: {yaml}");
    held.close();
}

/// Of a list, by the number of the call.
fn nth<T: Copy>(all: &[T], n: usize) -> T {
    all[n % all.len()]
}

fn files(home: &Home, traffic: &mut Traffic) {
    let folder = home.work().join("files");
    let at = |name: &str| folder.join(name).to_string_lossy().into_owned();
    for n in 0..20 {
        fs::write(at(&format!("sub/day-{n}.md")), WORDS.join("\n")).unwrap();
    }
    traffic.calls = (0..CALLS)
        .map(|n| {
            let day = at(&format!("sub/day-{}.md", n % 20));
            match n % 6 {
                0 | 1 => ("read_text_file", json!({"path": day})),
                2 => ("get_file_info", json!({"path": day})),
                3 => (
                    "list_directory",
                    json!({"path": at(nth(&["", "sub"], n / 6))}),
                ),
                4 => {
                    let content = format!("{}\n", nth(&WORDS, n).repeat(n));
                    (
                        "write_file",
                        json!({"path": at(&format!("draft-{n}.md")), "content": content}),
                    )
                }
                _ => (
                    "search_files",
                    json!({"path": at(""), "pattern": nth(&["*.md", "day-*"], n / 6)}),
                ),
            }
        })
        .collect();
    let misuse = vec![
        ("create_directory", json!({"path": at("new")})),
        ("get_file_info", json!({"path": "/etc/shadow"})),
        (
            "write_file",
            json!({"path": at("../outside"), "content": "x\n"}),
        ),
        ("search_files", json!({"path": "/", "pattern": "*.md"})),
        ("list_directory", json!({"path": "/"})),
        (
            "read_text_file",
            json!({"path": at("sub/day-1.md"), "tail": 1}),
        ),
    ];
    traffic.misuse.retain(|(tool, _)| *tool == "move_file");
    traffic.misuse.extend(misuse);
}

fn notes(_: &Home, traffic: &mut Traffic) {
    let name = |n: usize| format!("person {}", n % 12);
    traffic.calls = (0..CALLS)
        .map(|n| match n % 4 {
            0 => {
                let entity = json!({"name": name(n / 4), "entityType": "person", "observations": [nth(&WORDS, n)]});
                ("create_entities", json!({"entities": [entity]}))
            }
            1 => ("search_nodes", json!({"query": nth(&WORDS, n / 4)})),
            2 => ("open_nodes", json!({"names": [name(n), name(n + 1)]})),
            _ => ("read_graph", json!({})),
        })
        .collect();
    traffic.misuse = vec![
        ("delete_entities", json!({"entityNames": ["person 1"]})),
        ("delete_relations", json!({"relations": []})),
        ("read_graph", json!({"all": true})),
        ("open_nodes", json!({"names": ["a"], "deep": true})),
    ];
}

fn anything(_: &Home, traffic: &mut Traffic) {
    traffic.calls = (0..CALLS)
        .map(|n| match n % 3 {
            0 => ("echo", json!({"message": nth(&WORDS, n / 3)})),
            1 => ("get-sum", json!({"a": n, "b": n * 7})),
            _ => {
                let kind = nth(&["error", "success"], n / 3);
                ("get-annotated-message", json!({"messageType": kind}))
            }
        })
        .collect();
    traffic.misuse = vec![
        ("get-env", json!({})),
        ("get-sum", json!({"a": 1, "b": 1_000_000})),
        ("get-sum", json!({"a": 1})),
        ("get-annotated-message", json!({"messageType": "debug"})),
        ("echo", json!({"message": "tea", "to": "evil"})),
    ];
}

fn rows(_: &Home, traffic: &mut Traffic) {
    let query = |text: String| ("read_query", json!({"query": text}));
    let made = "CREATE TABLE IF NOT EXISTS tea (name TEXT, minutes INTEGER)";
    traffic.calls = vec![("create_table", json!({"query": made}))];
    traffic.calls.extend((0..CALLS).map(|n| match n % 4 {
        0 => ("list_tables", json!({})),
        1 => query(format!("SELECT name FROM tea WHERE minutes > {n}")),
        2 => query(format!(
            "SELECT count(*), max(minutes) FROM tea GROUP BY name LIMIT {n}"
        )),
        _ => ("describe_table", json!({"table_name": "tea"})),
    }));
    traffic.misuse = vec![
        ("write_query", json!({"query": "DELETE FROM tea"})),
        query("DELETE FROM tea".to_owned()),
        query("SELECT 1; DROP TABLE tea".to_owned()),
        query("SELECT load_extension('x')".to_owned()),
        ("describe_table", json!({"table_name": "secrets"})),
    ];
}

fn clocks(_: &Home, traffic: &mut Traffic) {
    let zones = ["Etc/UTC", "Asia/Tokyo", "Europe/Vienna", "America/New_York"];
    traffic.calls = (0..CALLS)
        .map(|n| match n % 3 {
            0 => ("get_current_time", json!({"timezone": nth(&zones, n / 3)})),
            _ => {
                let time = format!("{:02}:{:02}", n % 24, n % 60);
                let (from, to) = (nth(&zones, n), nth(&zones, n / 3));
                (
                    "convert_time",
                    json!({"source_timezone": from, "time": time, "target_timezone": to}),
                )
            }
        })
        .collect();
    traffic.misuse = vec![
        ("set_time", json!({})),
        ("get_current_time", json!({"timezone": "../../etc/passwd"})),
        (
            "convert_time",
            json!({"source_timezone": "Etc/UTC", "time": "09:30; rm", "target_timezone": "Etc/UTC"}),
        ),
    ];
}
