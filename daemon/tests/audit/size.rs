//! How much room records take.

use aipd::audit::NewRecord;

use crate::shelf::{Shelf, records};

const MANY: usize = 10_000;

/// A gigabyte holds a million calls.
#[test]
fn a_typical_decision_takes_about_a_kilobyte() {
    let shelf = Shelf::new();
    for first in (0..MANY).step_by(100) {
        shelf
            .commit(records((first..first + 100).map(typical)))
            .unwrap();
    }
    let sql = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    let bytes: usize = shelf.plain().query_row(sql, [], |row| row.get(0)).unwrap();
    let each = bytes / MANY;
    println!("{each} bytes a record");
    assert!((500..1074).contains(&each), "{each} bytes a record");
}

fn typical(n: usize) -> NewRecord {
    let now = 1_772_533_845_000 + i64::try_from(n).unwrap() * 977;
    NewRecord::decision(now, "upstream", "ALLOW")
        .set("latency_us", 40 + n % 60)
        .set("policy_mode", "enforce")
        .set(
            "session_id",
            format!("01890000-0000-7000-8000-{:012x}", n / 200),
        )
        .set("server", "server-filesystem")
        .set("client", "/usr/share/claude/claude-desktop")
        .set("client_source", "observed")
        .set("policy_name", "filesystem-agent")
        .set("policy_hash", "9f".repeat(32))
        .set("frame", n % 200)
        .set("method", "tools/call")
        .set(
            "tool",
            ["read_file", "list_directory", "search_files"][n % 3],
        )
        .set("violation", false)
        .set("call_id", format!("01890000-0000-7000-9000-{n:012x}"))
        .with_args(Some(format!(
            r#"{{"path":"/home/user/projects/site/src/page{n}.ts"}}"#
        )))
}
