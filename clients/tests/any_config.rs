//! Any configuration, in any of the syntaxes, however it is written: aip in front of some of its
//! servers, and away again.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what fails ends the test"
)]

use std::fmt::Write;

use clients::{At, Command, Front, Kind, Put, Shape, entries, unwrap, wrap};
use proptest::collection::vec;
use proptest::prelude::*;

const FRONT: Front<'static> = Front {
    aip: "/opt/a b/aip",
    policy: "/home/ü/p.yaml",
};

/// One server, and how it is written.
#[derive(Clone, Debug)]
struct Server {
    command: String,
    args: Option<Vec<String>>,
    /// Members beside, before or behind.
    secret: String,
    wide: bool,
    args_first: bool,
    chosen: bool,
}

/// A file's manner.
#[derive(Clone, Copy, Debug)]
struct Manner {
    newline: &'static str,
    indent: &'static str,
    comments: bool,
    single: bool,
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z@/._-]{1,12}",
        "[ -~]{0,10}",
        r#"[é漢🦀 '"\\#:{}\[\],&*!|>%@`-]{0,8}"#,
        Just("true".to_owned()),
        Just("007".to_owned()),
        Just("-y".to_owned()),
        Just("${env:TOKEN}".to_owned()),
    ]
}

fn server() -> impl Strategy<Value = Server> {
    let command = text().prop_filter("a command of the client's own", |it| {
        !it.is_empty() && !it.ends_with("aip")
    });
    let args = proptest::option::of(vec(text(), 0..4));
    let bits = (any::<bool>(), any::<bool>(), any::<bool>());
    (command, args, text(), bits).prop_map(|(command, args, secret, (wide, args_first, chosen))| {
        Server {
            command,
            args,
            secret,
            wide,
            args_first,
            chosen,
        }
    })
}

fn manner(indents: &'static [&'static str]) -> impl Strategy<Value = Manner> {
    let newline = prop_oneof![Just("\n"), Just("\r\n")];
    let indent = proptest::sample::select(indents);
    (newline, indent, any::<bool>(), any::<bool>()).prop_map(
        |(newline, indent, comments, single)| Manner {
            newline,
            indent,
            comments,
            single,
        },
    )
}

/// As JSON writes it; TOML's and YAML's quoted texts can be the same.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

impl Manner {
    fn line(self, depth: usize, text: &str) -> String {
        format!("{}{text}{}", self.indent.repeat(depth), self.newline)
    }

    /// With a comment of this syntax behind it.
    fn noted(self, depth: usize, text: &str, mark: &str) -> String {
        let note = if self.comments {
            format!(" {mark} \"note\" [1, {{ ü")
        } else {
            String::new()
        };
        self.line(depth, &format!("{text}{note}"))
    }

    fn word(self, text: &str) -> String {
        let simple = !text.is_empty() && text.chars().all(|it| it.is_ascii_alphabetic());
        let single = self.single && !text.chars().any(|it| it == '\'' || it.is_control());
        match (single, simple) {
            (true, _) => format!("'{text}'"),
            (false, _) => quoted(text),
        }
    }
}

fn json(servers: &[Server], it: Manner) -> String {
    let mut out = it.line(0, "{");
    out += &it.noted(1, "\"mcpServers\": {", "//");
    for (nth, server) in servers.iter().enumerate() {
        let comma = if nth + 1 < servers.len() || it.single {
            ","
        } else {
            ""
        };
        let args = server.args.as_ref().map(|args| {
            if server.wide && !args.is_empty() {
                let mut list = it.noted(0, "\"args\": [", "//");
                for (nth, arg) in args.iter().enumerate() {
                    let comma = if nth + 1 < args.len() || it.single {
                        ","
                    } else {
                        ""
                    };
                    list += &it.noted(4, &format!("{}{comma}", quoted(arg)), "//");
                }
                format!("{list}{}]", it.indent.repeat(3))
            } else {
                let words: Vec<_> = args.iter().map(|it| quoted(it)).collect();
                format!(
                    "\"args\":[{}]",
                    words.join(if it.single { "," } else { " , " })
                )
            }
        });
        let mut members = vec![format!("\"command\" : {}", quoted(&server.command))];
        members.extend(args);
        if server.args_first {
            members.reverse();
        }
        members.insert(1, format!("\"env\": {{\"K\": {}}}", quoted(&server.secret)));
        if server.wide {
            out += &it.line(2, &format!("\"s{nth}\": {{"));
            for (nth, member) in members.iter().enumerate() {
                let comma = if nth + 1 < members.len() { "," } else { "" };
                out += &it.noted(3, &format!("{member}{comma}"), "//");
            }
            out += &it.noted(2, &format!("}}{comma}"), "//");
        } else {
            out += &it.noted(
                2,
                &format!("\"s{nth}\":{{{}}}{comma}", members.join(",")),
                "//",
            );
        }
    }
    out += &it.line(1, "}");
    out + "}"
}

fn toml(servers: &[Server], it: Manner) -> String {
    let mut out = it.noted(0, "model = 'x'", "#");
    for (nth, server) in servers.iter().enumerate() {
        let words: Vec<_> = server
            .args
            .iter()
            .flatten()
            .map(|arg| it.word(arg))
            .collect();
        let list = if server.wide && !words.is_empty() {
            let lines: String = words
                .iter()
                .map(|word| it.noted(2, &format!("{word},"), "#"))
                .collect();
            format!("[{}{lines}]", it.newline)
        } else {
            format!("[{}]", words.join(", "))
        };
        let args = server.args.as_ref().map(|_| format!("args = {list}"));
        let mut members = vec![format!("command = {}", it.word(&server.command))];
        members.extend(args);
        if server.args_first {
            members.reverse();
        }
        members.insert(1, format!("env = {{ K = {} }}", quoted(&server.secret)));
        out += &it.noted(0, &format!("[mcp_servers.s{nth}]"), "#");
        for member in &members {
            out += &it.noted(1, member, "#");
        }
    }
    out
}

fn yaml(servers: &[Server], it: Manner) -> String {
    let mut out = it.noted(0, "name: mine", "#");
    out += &it.noted(0, "mcpServers:", "#");
    if servers.is_empty() {
        return out;
    }
    for (nth, server) in servers.iter().enumerate() {
        let words: Vec<_> = server
            .args
            .iter()
            .flatten()
            .map(|arg| it.word(arg))
            .collect();
        let command = format!("command: {}", it.word(&server.command));
        if !server.wide {
            let args = server
                .args
                .as_ref()
                .map(|_| format!(", args: [{}]", words.join(", ")));
            let args = args.unwrap_or_default();
            out += &it.noted(
                1,
                &format!(
                    "- {{name: s{nth}, {command}{args}, env: {{K: {}}}}}",
                    quoted(&server.secret)
                ),
                "#",
            );
            continue;
        }
        let mut block = String::new();
        if server.args.is_some() && words.is_empty() {
            block += &it.noted(2, "args: []", "#");
        } else if server.args.is_some() {
            block += &it.noted(2, "args:", "#");
            for word in &words {
                block += &it.noted(if it.single { 2 } else { 3 }, &format!("- {word}"), "#");
            }
        }
        let (head, tail) = if server.args_first {
            (format!("name: s{nth}"), block + &it.noted(2, &command, "#"))
        } else {
            (command, it.noted(2, &format!("name: s{nth}"), "#") + &block)
        };
        out += &it.noted(1, &format!("- {head}"), "#");
        out += &tail;
        out += &it.noted(2, &format!("env: {{K: {}}}", quoted(&server.secret)), "#");
    }
    out
}

fn shape(id: &str) -> &'static Shape {
    let finds = clients::Finds {
        os: clients::Os::Linux,
        home: std::path::Path::new("/"),
        variable: &|_| None,
        names: &|_| Vec::new(),
    };
    let place = clients::places(&finds)
        .into_iter()
        .find(|it| it.client.id == id);
    place.unwrap().shape
}

fn argvs(text: &str, shape: &Shape) -> Vec<Vec<String>> {
    let found = entries(text, shape).unwrap_or_else(|it| panic!("{it}:\n{text}"));
    let argv = |it: clients::Entry| match it.kind {
        Kind::Stdio {
            command: Command(argv),
            ..
        } => argv,
        other @ (Kind::Remote | Kind::Own | Kind::Broken(_)) => panic!("{other:?}:\n{text}"),
    };
    found.into_iter().map(argv).collect()
}

fn check(id: &str, top: &str, text: &str, servers: &[Server], comment: &str) {
    let shape = shape(id);
    let given: Vec<Vec<String>> = servers
        .iter()
        .map(|it| {
            std::iter::once(&it.command)
                .chain(it.args.iter().flatten())
                .cloned()
                .collect()
        })
        .collect();
    assert_eq!(argvs(text, shape), given, "{text}");
    let chosen = |it: usize| At(vec![top.to_owned(), format!("s{it}")]);
    let which: Vec<At> = (0..servers.len())
        .filter(|it| servers[*it].chosen)
        .map(chosen)
        .collect();
    let (new, done) =
        wrap(text, shape, &which, &FRONT).unwrap_or_else(|it| panic!("{it}:\n{text}"));
    let meant: Vec<Vec<String>> = given
        .iter()
        .enumerate()
        .map(|(nth, argv)| {
            if !servers[nth].chosen {
                return argv.clone();
            }
            let name = format!("s{nth}");
            let front = [FRONT.aip, "--policy", FRONT.policy, "--name", &name, "--"];
            front
                .iter()
                .map(|&it| it.to_owned())
                .chain(argv.iter().cloned())
                .collect()
        })
        .collect();
    assert_eq!(argvs(&new, shape), meant, "{text}\n{new}");
    // Every line stays that holds no command and no list of one that is wrapped.
    for line in text
        .lines()
        .filter(|it| !it.contains("command") && !it.contains("args"))
    {
        let rest = line.trim_start_matches([' ', '\t', '-']);
        assert!(new.contains(rest), "{line:?}\n{new}");
    }
    assert_eq!(
        text.matches("note").count(),
        new.matches("note").count(),
        "{text}\n{new}"
    );
    let (back, puts) = unwrap(&new, shape, &done).unwrap_or_else(|it| panic!("{it}:\n{new}"));
    assert_eq!(back, text, "{new}");
    assert!(puts.iter().all(|it| *it == Put::Back));
    // With a line more at its head, all goes as well, and that stays.
    let edited = |text: &str| format!("{comment} later\n{text}");
    let (back, _) = unwrap(&edited(&new), shape, &done).unwrap();
    assert_eq!(back, edited(text));
    let mut again = String::new();
    write!(again, "{done:?}").unwrap();
    assert!(
        servers
            .iter()
            .all(|it| it.secret.len() < 5 || !again.contains(&it.secret))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn json_with_comments(servers in vec(server(), 0..4), it in manner(&["  ", "\t", "    "])) {
        check("cursor", "mcpServers", &json(&servers, it), &servers, "//");
    }

    #[test]
    fn toml_tables(servers in vec(server(), 0..4), it in manner(&["", "  ", "\t"])) {
        check("codex", "mcp_servers", &toml(&servers, it), &servers, "#");
    }

    #[test]
    fn yaml_lists(servers in vec(server(), 0..4), it in manner(&["  "])) {
        check("continue", "mcpServers", &yaml(&servers, it), &servers, "#");
    }
}
