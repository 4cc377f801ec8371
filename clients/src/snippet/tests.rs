//! What is written is read back, for every client.

use super::*;
use crate::{Kind, clients, entries};

#[test]
fn every_clients_snippet_is_read_back_as_a_server_behind_aip() {
    check("files", &["/usr/bin/aip", "--", "npx", "-y", "server"], &[]);
    check("git", &["/usr/bin/aip"], &[("PATH_OF_IT", "/a b")]);
    check(
        "an odd: name",
        &[
            "/opt/a b/aip",
            "--target",
            "srv 'a b'",
            "",
            "#",
            "a\\b",
            "\"q\"",
            "é 漢 😀",
            "- x",
            "true",
            "7",
        ],
        &[("TOKEN", "<a token: yours>"), ("B", "")],
    );
    for name in ["on", "null", "7", "a.b", "-"] {
        check(name, &["/usr/bin/aip", "--", "srv"], &[("A", "b")]);
    }
    fn check(name: &str, command: &[&str], env: &[(&str, &str)]) {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let command: Vec<_> = command.iter().map(|it| (*it).to_owned()).collect();
        let env: Vec<_> = env.iter().map(owned).collect();
        let server = Server {
            name,
            command: &command,
            env: &env,
        };
        for client in clients() {
            let text = snippet(client, &server);
            let read = entries(&text, &client.files[0].shape).unwrap();
            let [entry] = read.as_slice() else {
                panic!("{}: {text}", client.id);
            };
            assert_eq!(entry.at.server(), name, "{}: {text}", client.id);
            assert!(entry.enabled, "{}: {text}", client.id);
            let Kind::Stdio {
                command: read,
                wrapped,
            } = &entry.kind
            else {
                panic!("{}: {text}", client.id);
            };
            assert_eq!(read.0, command, "{}: {text}", client.id);
            assert!(wrapped, "{}: {text}", client.id);
            for (name, value) in &env {
                assert!(text.contains(name.as_str()), "{}: {text}", client.id);
                assert!(text.contains(value.as_str()), "{}: {text}", client.id);
            }
        }
    }
}

#[test]
fn each_form_is_written_as_its_clients_show_it() {
    check(
        "cursor",
        r#"{
  "mcpServers": {
    "srv": {
      "command": "/aip",
      "args": [
        "--",
        "s"
      ],
      "env": {
        "K": "v"
      }
    }
  }
}
"#,
    );
    check(
        "codex",
        "[mcp_servers.srv]\ncommand = \"/aip\"\nargs = [\"--\", \"s\"]\n\n[mcp_servers.srv.env]\nK = \"v\"\n",
    );
    check(
        "continue",
        "mcpServers:\n  - name: \"srv\"\n    command: \"/aip\"\n    args:\n      - \"--\"\n      - \"s\"\n    env:\n      K: \"v\"\n",
    );
    check(
        "goose",
        "extensions:\n  srv:\n    name: \"srv\"\n    enabled: true\n    timeout: 300\n    type: \"stdio\"\n    cmd: \"/aip\"\n    args:\n      - \"--\"\n      - \"s\"\n    envs:\n      K: \"v\"\n",
    );
    fn check(client: &str, wanted: &str) {
        let command = ["/aip", "--", "s"].map(str::to_owned);
        let env = [("K".to_owned(), "v".to_owned())];
        let server = Server {
            name: "srv",
            command: &command,
            env: &env,
        };
        assert_eq!(snippet(crate::client(client).unwrap(), &server), wanted);
    }
}
