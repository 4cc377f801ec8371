//! Servers that say their tools, and such as do not.

use super::*;

#[test]
fn tools_are_read_over_pages_past_what_else_a_server_says() {
    check(
        r#"read i; echo '{"jsonrpc":"2.0","id":0,"method":"roots/list"}'
        echo '{"jsonrpc":"2.0","method":"notifications/message"}'
        echo '{"jsonrpc":"2.0","id":1,"result":{}}'; read r; read n; read l
        echo '{"id":2,"result":{"tools":[{"name":"a","annotations":{"readOnlyHint":true}}],"nextCursor":"2"}}'
        read l; echo '{"id":3,"result":{"tools":[{"name":"b","annotations":{"destructiveHint":true,"readOnlyHint":"yes"}}]}}'"#,
        Ok(&[("a", true, false), ("b", false, true)]),
    );
}

#[test]
fn a_server_that_does_not_say_is_told_of() {
    check("exit 1", Err("it ended before it answered"));
    check("read i; echo hello", Err("its answer has an unknown form"));
    check(
        r#"read i; echo '{"id":1,"error":{"code":1,"message":"no"}}'"#,
        Err("it refused to say"),
    );
    check(
        r#"read i; echo '{"id":1,"result":{}}'; read n; read l; echo '{"id":2,"result":{"tools":[{}]}}'"#,
        Err("its answer has an unknown form"),
    );
    check(
        r#"n=0; while read l; do case $l in *'"id"'*) n=$((n+1)); echo '{"id":'$n',"result":{"tools":[],"nextCursor":"x"}}';; esac; done"#,
        Err("it lists more than 1000 tools"),
    );
    let missing = list(&["/nowhere/srv".to_owned()]).unwrap_err().to_string();
    assert!(
        missing.starts_with("it could not be started: "),
        "{missing}"
    );
}

#[test]
fn a_server_that_only_talks_or_never_reads_holds_nobody_up() {
    let ping = r#"{"jsonrpc":"2.0","id":"x","method":"ping"}"#;
    let long = "x".repeat(4096);
    for script in [
        r#"while :; do echo '{"method":"notifications/message"}'; done"#.to_owned(),
        format!(
            "while :; do echo '{}'; done",
            ping.replace("\"x\"", &format!("\"{long}\""))
        ),
        "sleep 30".to_owned(),
    ] {
        let begun = Instant::now();
        let command = ["/bin/sh", "-c", &script].map(str::to_owned);
        let told = list_within(Duration::from_millis(300), &command);
        assert!(matches!(told, Err(ToolsError::Late)), "{told:?}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{script}");
    }
}

#[test]
fn what_a_server_has_started_ends_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let late = folder.path().join("late");
    let script = format!("(sleep 1; : > {}) >/dev/null & exit 1", late.display());
    check(&script, Err("it ended before it answered"));
    thread::sleep(Duration::from_millis(1500));
    assert!(!late.exists());
}

fn check(script: &str, wanted: Result<&[(&str, bool, bool)], &str>) {
    let command = ["/bin/sh", "-c", script].map(str::to_owned);
    let tools = list(&command).map_err(|it| it.to_string());
    let tools: Result<Vec<_>, _> = tools.map(|it| {
        let each = it.into_iter();
        each.map(|it| (it.name, it.read_only, it.destructive))
            .collect()
    });
    let wanted = wanted.map_err(str::to_owned).map(|it| {
        let each = it.iter();
        each.map(|(name, read, destroys)| ((*name).to_owned(), *read, *destroys))
            .collect()
    });
    assert_eq!(tools, wanted);
}
