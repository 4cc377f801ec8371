use super::*;
use crate::table::{Format, client};

#[test]
fn every_clients_form_is_read() {
    check(
        "cursor",
        r#"{"mcpServers":{"a":{"command":"npx","args":["x",1]}}}"#,
        "a: npx x 1",
    );
    check(
        "cursor",
        r#"{"mcpServers":{"a":{"command":"/opt/aip","args":[]},/*c*/}}"#,
        "a: /opt/aip (wrapped)",
    );
    check(
        "cursor",
        r#"{"mcpServers":{"a":{"url":"http://x"},"b":{"command":"b","disabled":true}}}"#,
        "a: remote; b: b (off)",
    );
    check(
        "vscode",
        r#"{"servers":{"a":{"type":"stdio","command":"npx"}}}"#,
        "a: npx",
    );
    check(
        "claude-code",
        r#"{"mcpServers":{"a":{"command":"a"}},"projects":{"/p":{"mcpServers":{"b":{"command":"b"}}},"/q":{}}}"#,
        "a: a; b in /p: b",
    );
    check(
        "zed",
        r#"{"context_servers":{"a":{"command":{"path":"a","args":["x"]}},"b":{"source":"extension","settings":{}}}}"#,
        "a: a x; b: own",
    );
    check(
        "opencode",
        r#"{"mcp":{"a":{"type":"local","command":["a","b"],"enabled":false}}}"#,
        "a: a b (off)",
    );
    check("amp", r#"{"amp.mcpServers":{"a":{"command":"a"}}}"#, "a: a");
    check(
        "codex",
        "[mcp_servers.a]\ncommand = 'a'\nargs = [\"b\"]\nmcp_servers.x = 1\n[mcp_servers.a.env]\nK = 'v'\n",
        "a: a b",
    );
    check("codex", "mcp_servers = {a = {command = 'a'}}", "a: a");
    check(
        "codex",
        "mcp_servers.a.command = 'a'\nmcp_servers.a.enabled = false",
        "a: a (off)",
    );
    check(
        "continue",
        "mcpServers:\n  - name: a\n    command: npx\n    args:\n      - -y\n      - 5\n",
        "a: npx -y 5",
    );
    check(
        "goose",
        "extensions:\n  a:\n    cmd: uvx\n    args: [x]\n    enabled: true\n    type: stdio\n  dev: {type: builtin, enabled: true}\n",
        "a: uvx x; dev: own",
    );
    check("cursor", "", "");
    check("goose", "# nothing\n", "");
    fn check(id: &str, text: &str, expected: &str) {
        let shape = &client(id).unwrap().files[0].shape;
        let found = entries(text, shape).unwrap();
        let said: Vec<_> = found.iter().map(shown).collect();
        assert_eq!(said.join("; "), expected, "{id} {text}");
    }
}

#[test]
fn what_is_broken_is_named_by_its_place_alone() {
    check(
        "claude-desktop",
        "{\n  \"mcpServers\": {\n    \"a\": {\"command\": \"S3CRET\" oops}\n",
        "line 3, column 31: it is no JSON",
    );
    check(
        "claude-desktop",
        "{\"mcpServers\":{}} // no comments here",
        "line 1, column 19: it is no JSON",
    );
    check(
        "cursor",
        "{'mcpServers':{}}",
        "line 1, column 2: it is no JSON, not even with comments",
    );
    check("cursor", "[]", "line 1, column 1: it is no map of settings");
    check(
        "cursor",
        "{\"mcpServers\":7}",
        "line 1, column 15: here should be a map of servers",
    );
    check(
        "cursor",
        "{\"mcpServers\":{},\"mcpServers\":{}}",
        "line 1, column 2: this name stands twice in one map",
    );
    check(
        "codex",
        "[mcp_servers.a]\ncommand = \n",
        "line 2, column 11: it is no TOML",
    );
    check(
        "goose",
        "extensions:\n  a: [\n",
        "line 3, column 1: it is no YAML",
    );
    check(
        "goose",
        "a: 1\n---\nb: 1\n",
        "line 3, column 1: it holds more than one document",
    );
    fn check(id: &str, text: &str, expected: &str) {
        let shape = &client(id).unwrap().files[0].shape;
        assert_eq!(
            entries(text, shape).unwrap_err().to_string(),
            expected,
            "{text}"
        );
    }
}

#[test]
fn a_broken_entry_leaves_the_others_readable() {
    let shape = Shape {
        format: Format::Jsonc,
        at: vec![vec!["mcpServers".to_owned()]],
        command: "command".to_owned(),
    };
    check(
        r#""a":{"command":7}"#,
        "line 1, column 31: here should be a command",
    );
    check(
        r#""a":{"command":"x","args":"y"}"#,
        "line 1, column 31: its arguments are no list",
    );
    check(
        r#""a":{"command":"x","command":"y"}"#,
        "line 1, column 45: its command or arguments stand there twice",
    );
    check(
        r#""a":null"#,
        "line 1, column 20: here should be a map of a server's settings",
    );
    let twice = r#"{"mcpServers":{"a":{"command":"x"},"a":{"command":"y"}}}"#;
    let found = entries(twice, &shape).unwrap();
    assert!(found.iter().all(|it| matches!(it.kind, Kind::Broken(_))));
    fn check(entry: &str, expected: &str) {
        let shape = &client("cursor").unwrap().files[0].shape;
        let text = format!("{{\"mcpServers\":{{{entry},\"b\":{{\"command\":\"b\"}}}}}}");
        let found = entries(&text, shape).unwrap();
        assert_eq!(shown(&found[0]), format!("a: {expected}"));
        assert_eq!(shown(&found[1]), "b: b");
    }
}

#[test]
fn only_what_is_aip_wherever_it_is_started_counts_as_wrapped() {
    check(r#""command":"aip""#, true);
    check(r#""command":"aip","env":{"K":"v"}"#, true);
    check(r#""command":"/opt/aip","env":{"PATH":"/evil"}"#, true);
    check(r#""command":"aip","env":{"PATH":"/evil"}"#, false);
    check(r#""command":"aip","env":["Path=/evil"]"#, false);
    check(r#""command":{"path":"aip","env":{"PATH":"/evil"}}"#, false);
    for path in [
        "./tools/aip",
        "tools/aip",
        "~/aip",
        "${workspaceFolder}/aip",
        "..\\\\aip",
    ] {
        check(&format!(r#""command":"{path}""#), false);
    }
    fn check(entry: &str, is: bool) {
        let shape = &client("cursor").unwrap().files[0].shape;
        let text = format!("{{\"mcpServers\":{{\"a\":{{{entry}}}}}}}");
        let found = entries(&text, shape).unwrap();
        let wrapped = matches!(found[0].kind, Kind::Stdio { wrapped: true, .. });
        assert_eq!(wrapped, is, "{entry}");
        let front = crate::Front {
            aip: "/usr/bin/aip",
            policy: "/p.yaml",
        };
        let at = [found[0].at.clone()];
        assert_eq!(
            crate::wrap(&text, shape, &at, &front).is_ok(),
            !is,
            "{entry}"
        );
    }
}

#[test]
fn many_names_are_read_and_too_many_servers_are_refused() {
    let list = |count: usize, item: &dyn Fn(usize) -> String| -> String {
        (0..count).map(item).collect::<Vec<_>>().join(",")
    };
    // Each compared with each they would be 3.6 thousand million.
    let folders = list(60_000, &|at| format!("\"/{at}\":{{}}"));
    check(
        "claude-code",
        &format!("{{\"projects\":{{{folders}}}}}"),
        Ok(0),
    );
    let servers = |count| list(count, &|at| format!("\"{at}\":{{\"command\":\"x\"}}"));
    let text = |count| format!("{{\"mcpServers\":{{{}}}}}", servers(count));
    check("cursor", &text(MOST), Ok(MOST));
    check("cursor", &text(MOST + 1), Err("too many servers"));
    let named = list(MOST + 1, &|at| format!("{{name: s{at}, command: x}}"));
    check(
        "continue",
        &format!("mcpServers: [{named}]"),
        Err("too many servers"),
    );
    fn check(id: &str, text: &str, expected: Result<usize, &str>) {
        let shape = &client(id).unwrap().files[0].shape;
        match (entries(text, shape), expected) {
            (Ok(found), Ok(count)) => assert_eq!(found.len(), count),
            (Err(broken), Err(why)) => assert!(broken.to_string().contains(why), "{broken}"),
            (found, _) => panic!("{id}: {:?}", found.map(|it| it.len())),
        }
    }
}

fn shown(entry: &Entry) -> String {
    let folder = entry.at.folder().map(|it| format!(" in {it}"));
    let kind = match &entry.kind {
        Kind::Stdio { command, wrapped } => {
            let wrapped = if *wrapped { " (wrapped)" } else { "" };
            let off = if entry.enabled { "" } else { " (off)" };
            format!("{}{wrapped}{off}", command.0.join(" ").trim_end())
        }
        Kind::Remote => "remote".to_owned(),
        Kind::Own => "own".to_owned(),
        Kind::Broken(broken) => broken.to_string(),
    };
    format!(
        "{}{}: {kind}",
        entry.at.server(),
        folder.unwrap_or_default()
    )
}
