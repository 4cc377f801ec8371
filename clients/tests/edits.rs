//! aip put in front of servers and taken away again, byte for byte.
#![expect(
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "what fails ends the test"
)]

use clients::{At, Command, EditError, Front, Kind, Put, Shape, client, entries, unwrap, wrap};

const FRONT: Front<'static> = Front {
    aip: "/opt/aip",
    policy: "/p.yaml",
};

fn shape(id: &str) -> &'static Shape {
    let places = clients::places(&clients::Finds {
        os: clients::Os::Linux,
        home: std::path::Path::new("/"),
        variable: &|_| None,
        names: &|_| Vec::new(),
    });
    let place = places.into_iter().find(|it| it.client.id == id);
    place.unwrap().shape
}

fn at(path: &[&str]) -> At {
    At(path.iter().map(|&it| it.to_owned()).collect())
}

/// Every entry that starts a program.
fn all(text: &str, shape: &Shape) -> Vec<(At, Vec<String>)> {
    let found = entries(text, shape).unwrap().into_iter();
    found
        .filter_map(|it| match it.kind {
            Kind::Stdio {
                command: Command(argv),
                ..
            } => Some((it.at, argv)),
            Kind::Remote | Kind::Own | Kind::Broken(_) => None,
        })
        .collect()
}

#[test]
fn an_entry_is_written_as_its_neighbours_are() {
    // One line.
    check(
        "cursor",
        r#"{"mcpServers":{"a":{"command":"npx","args":["-y","x"],"env":{"K":"v"}}}}"#,
        r#"{"mcpServers":{"a":{"command":"/opt/aip","args":["--policy", "/p.yaml", "--name", "a", "--", "npx", "-y","x"],"env":{"K":"v"}}}}"#,
    );
    // Tabs, CRLF, comments, an argument a line.
    check(
        "vscode",
        "{\r\n\t// mine\r\n\t\"servers\": {\r\n\t\t\"a\": {\r\n\t\t\t\"args\": [ // first\r\n\t\t\t\t\"-y\", /* why */\r\n\t\t\t\t\"x\",\r\n\t\t\t],\r\n\t\t\t\"command\": \"npx\", // run\r\n\t\t},\r\n\t},\r\n}\r\n",
        "{\r\n\t// mine\r\n\t\"servers\": {\r\n\t\t\"a\": {\r\n\t\t\t\"args\": [ // first\r\n\t\t\t\t\"--policy\",\r\n\t\t\t\t\"/p.yaml\",\r\n\t\t\t\t\"--name\",\r\n\t\t\t\t\"a\",\r\n\t\t\t\t\"--\",\r\n\t\t\t\t\"npx\",\r\n\t\t\t\t\"-y\", /* why */\r\n\t\t\t\t\"x\",\r\n\t\t\t],\r\n\t\t\t\"command\": \"/opt/aip\", // run\r\n\t\t},\r\n\t},\r\n}\r\n",
    );
    // No arguments.
    check(
        "cursor",
        "{\n  \"mcpServers\": {\n    \"a b\": {\n      \"command\": \"/bin/a \\u0062\"\n    }\n  }\n}",
        "{\n  \"mcpServers\": {\n    \"a b\": {\n      \"args\": [\"--policy\", \"/p.yaml\", \"--name\", \"a b\", \"--\", \"/bin/a b\"],\n      \"command\": \"/opt/aip\"\n    }\n  }\n}",
    );
    check(
        "cursor",
        r#"{"mcpServers":{"a":{"command":"a","args":[ ]},"b":{"command":"b","args":null}}}"#,
        r#"{"mcpServers":{"a":{"command":"/opt/aip","args":["--policy", "/p.yaml", "--name", "a", "--", "a" ]},"b":{"command":"/opt/aip","args":["--policy", "/p.yaml", "--name", "b", "--", "b"]}}}"#,
    );
    // One list of all.
    check(
        "opencode",
        "{\"mcp\": {\"a\": {\"type\": \"local\", \"command\": [\n  \"npx\",\n  \"x\"]}}}",
        "{\"mcp\": {\"a\": {\"type\": \"local\", \"command\": [\n  \"/opt/aip\",\n  \"--policy\",\n  \"/p.yaml\",\n  \"--name\",\n  \"a\",\n  \"--\",\n  \"npx\",\n  \"x\"]}}}",
    );
    check(
        "zed",
        r#"{"context_servers":{"a":{"command":{"path":"a","args":["x"],"env":{}}}}}"#,
        r#"{"context_servers":{"a":{"command":{"path":"/opt/aip","args":["--policy", "/p.yaml", "--name", "a", "--", "a", "x"],"env":{}}}}}"#,
    );
}

#[test]
fn toml_and_yaml_stay_as_they_are_written_too() {
    check(
        "codex",
        "# mine\nmodel = 'x'\n[mcp_servers.a]\n  command = 'npx' # run\n  args = ['-y', 'x'] # two\n[mcp_servers.a.env]\nK = \"v\"\n",
        "# mine\nmodel = 'x'\n[mcp_servers.a]\n  command = \"/opt/aip\" # run\n  args = [\"--policy\", \"/p.yaml\", \"--name\", \"a\", \"--\", \"npx\", '-y', 'x'] # two\n[mcp_servers.a.env]\nK = \"v\"\n",
    );
    check(
        "codex",
        "[mcp_servers.a]\ncommand = \"a\"\n",
        "[mcp_servers.a]\nargs = [\"--policy\", \"/p.yaml\", \"--name\", \"a\", \"--\", \"a\"]\ncommand = \"/opt/aip\"\n",
    );
    check(
        "codex",
        "mcp_servers.a.command = 'a'\n",
        "mcp_servers.a.args = [\"--policy\", \"/p.yaml\", \"--name\", \"a\", \"--\", \"a\"]\nmcp_servers.a.command = \"/opt/aip\"\n",
    );
    check(
        "codex",
        "mcp_servers = { a = { command = 'a' } }\n",
        "mcp_servers = { a = { args = [\"--policy\", \"/p.yaml\", \"--name\", \"a\", \"--\", \"a\"], command = \"/opt/aip\" } }\n",
    );
    check(
        "continue",
        "name: é mine # ü\nmcpServers:\n  - name: a\n    command: 'npx' # run\n    args:\n      - -y # yes\n      - 'x'\n    env:\n      K: v\n",
        "name: é mine # ü\nmcpServers:\n  - name: a\n    command: \"/opt/aip\" # run\n    args:\n      - \"--policy\"\n      - \"/p.yaml\"\n      - \"--name\"\n      - \"a\"\n      - \"--\"\n      - \"npx\"\n      - -y # yes\n      - 'x'\n    env:\n      K: v\n",
    );
    check(
        "continue",
        "mcpServers:\n- command: npx\n  name: a\n- {name: b, command: b}\n",
        "mcpServers:\n- args: [\"--policy\", \"/p.yaml\", \"--name\", \"a\", \"--\", \"npx\"]\n  command: \"/opt/aip\"\n  name: a\n- {name: b, args: [\"--policy\", \"/p.yaml\", \"--name\", \"b\", \"--\", \"b\"], command: \"/opt/aip\"}\n",
    );
    check(
        "goose",
        "extensions:\r\n  a:\r\n    cmd: uvx\r\n    args:\r\n    - x\r\n    type: stdio\r\n  b:\r\n    args:\r\n    cmd: 'b'\r\n    type: stdio\r\n",
        "extensions:\r\n  a:\r\n    cmd: \"/opt/aip\"\r\n    args:\r\n    - \"--policy\"\r\n    - \"/p.yaml\"\r\n    - \"--name\"\r\n    - \"a\"\r\n    - \"--\"\r\n    - \"uvx\"\r\n    - x\r\n    type: stdio\r\n  b:\r\n    args: [\"--policy\", \"/p.yaml\", \"--name\", \"b\", \"--\", \"b\"]\r\n    cmd: \"/opt/aip\"\r\n    type: stdio\r\n",
    );
}

/// All entries are wrapped, and put back to the byte.
fn check(id: &str, before: &str, after: &str) {
    let shape = shape(id);
    let found = all(before, shape);
    let which: Vec<At> = found.iter().map(|(at, _)| at.clone()).collect();
    let (new, done) =
        wrap(before, shape, &which, &FRONT).unwrap_or_else(|it| panic!("{it}: {before}"));
    assert_eq!(new, after);
    for ((at, old), (_, argv)) in found.iter().zip(all(&new, shape)) {
        let mut expected: Vec<String> = [
            "/opt/aip",
            "--policy",
            "/p.yaml",
            "--name",
            at.server(),
            "--",
        ]
        .map(str::to_owned)
        .into();
        expected.extend(old.iter().cloned());
        assert_eq!(argv, expected);
    }
    let (back, puts) = unwrap(&new, shape, &done).unwrap_or_else(|it| panic!("{it}: {new}"));
    assert_eq!(back, before);
    assert!(puts.iter().all(|it| *it == Put::Back));
    // Twice is once.
    assert_eq!(unwrap(&back, shape, &done).unwrap().0, before);
    assert!(matches!(
        wrap(&new, shape, &which, &FRONT),
        Err(EditError::NotThere(_))
    ));
}

#[test]
fn edits_made_since_stay() {
    let shape = shape("cursor");
    let before = "{\n  \"mcpServers\": {\n    \"a\": {\n      \"command\": \"npx\",\n      \"args\": [\"x\"]\n    },\n    \"b\": {\n      \"command\": \"b\"\n    }\n  }\n}\n";
    let which = [at(&["mcpServers", "a"]), at(&["mcpServers", "b"])];
    let (new, done) = wrap(before, shape, &which, &FRONT).unwrap();
    edited(
        "\"x\"]",
        "\"x\", \"more\"]",
        before,
        &[Put::Back, Put::Back],
    );
    edited(
        "{\n  \"mcp",
        "{\n  \"other\": 1, // new\n  \"mcp",
        before,
        &[Put::Back, Put::Back],
    );
    let (again, puts) = unwrap(&new.replace("\"b\": {", "\"c\": {"), shape, &done).unwrap();
    assert_eq!(puts, [Put::Back, Put::Gone]);
    assert!(
        again.contains("\"c\": {\n      \"args\": [\"--policy\""),
        "{again}"
    );
    let (again, puts) = unwrap(&new.replace("\"/opt/aip\"", "\"mine\""), shape, &done).unwrap();
    assert_eq!(puts, [Put::Changed, Put::Changed]);
    assert!(again.contains("\"mine\""));
    // Written anew by another program, an item a line.
    let list = "[\n  \"--policy\",\n  \"/p.yaml\",\n  \"--name\",\n  \"a\",\n  \"--\",\n  \"npx\",\n  \"x\"\n]";
    let one = new
        .find("\"args\": [\"--policy\", \"/p.yaml\", \"--name\", \"a\"")
        .unwrap();
    let end = one + new[one..].find(']').unwrap() + 1;
    let reformatted = format!("{}\"args\": {list}{}", &new[..one], &new[end..]);
    let (again, _) = unwrap(&reformatted, shape, &done).unwrap();
    assert!(
        again.contains("\"command\": \"npx\",\n      \"args\": [\n  \"x\"\n]"),
        "{again}"
    );
    fn edited(old: &str, to: &str, before: &str, expected: &[Put]) {
        let shape = self::shape("cursor");
        let which = [at(&["mcpServers", "a"]), at(&["mcpServers", "b"])];
        let (new, done) = wrap(before, shape, &which, &FRONT).unwrap();
        let (again, puts) = unwrap(&new.replace(old, to), shape, &done).unwrap();
        assert_eq!(again, before.replace(old, to));
        assert_eq!(puts, expected);
    }
}

#[test]
fn what_can_not_be_edited_safely_is_left() {
    check(
        "goose",
        "x: &a npx\nextensions:\n  a:\n    cmd: *a\n",
        "line 4, column 10: here should be a command",
    );
    check(
        "goose",
        "x: &x [y]\nz: *x\nextensions:\n  a:\n    cmd: npx\n",
        "the entry of `a` is in a file with YAML aliases; edit it by hand",
    );
    check(
        "goose",
        "extensions:\n  a:\n    cmd: |\n      npx\n",
        "line 4, column 7: here should be a command",
    );
    check(
        "goose",
        "extensions:\n  a:\n    cmd: npx\n    args:\n    - # why\n      x\n",
        "the entry of `a` has arguments in a form that aip does not edit; edit it by hand",
    );
    check(
        "goose",
        "extensions:\n  b:\n    cmd: npx\n",
        "there is no server `a` to put aip in front of",
    );
    fn check(id: &str, text: &str, expected: &str) {
        let got = wrap(text, shape(id), &[at(&["extensions", "a"])], &FRONT);
        assert_eq!(got.unwrap_err().to_string(), expected, "{text}");
    }
    assert!(client("nobody").is_none());
}
