//! One example in force, and its lines.

use std::cell::RefCell;

use e2e::client::{Client, PATIENCE};
use e2e::home::Home;
use e2e::wait::wait_for;
use serde_json::{Value, json};

/// The tools of the server in the examples.
const ECHO: &str = r#"[{"name":"echo","description":"Says what it was given (echo).","inputSchema":{"type":"object"}}]"#;

/// An example's policy and a session under it.
pub(super) struct Played {
    home: Home,
    client: RefCell<Client>,
    spec: String,
}

impl Played {
    /// With other files of these names beside it.
    pub(super) fn new(files: &[(&str, &str)], spec: &str) -> Self {
        let home = Home::new();
        let indented = |spec: &str| {
            let lines: Vec<_> = spec.lines().map(|line| format!("  {line}")).collect();
            lines.join("\n")
        };
        for (name, spec) in files {
            let name = name.strip_suffix(".yaml").unwrap();
            let path = home.work().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let _written = home.policy(name, &indented(spec));
        }
        let policy = home.policy("example", &indented(spec));
        let tools = home.work().join("tools.json");
        std::fs::write(&tools, ECHO).unwrap();
        let switches = ["--tools-from", &tools.to_string_lossy()];
        let client = home.wrap(&policy, &home.record("server"), &switches);
        let played = Self {
            home,
            client: RefCell::new(client),
            spec: spec.to_owned(),
        };
        let mut client = played.client.borrow_mut();
        client.initialize_as(&json!({"elicitation": {}}));
        client.request("tools/list", &json!({}));
        drop(client);
        played
    }

    pub(super) fn check(&self, subject: &str, outcome: &str) {
        let about = format!("`{subject}` under\n{}", self.spec);
        if let Some(method) = subject.strip_prefix("server asks ") {
            return self.server_asks(method, outcome, &about);
        }
        if let Some(text) = subject.strip_prefix("server says ") {
            return self.server_says(&quoted(text), outcome, &about);
        }
        let later = subject.strip_prefix("after a change ");
        if later.is_some() {
            let tools = self.home.work().join("tools.json");
            std::fs::write(&tools, ECHO.replace("Says", "Sends")).unwrap();
            self.client.borrow_mut().request("tools/list", &json!({}));
        }
        let (name, args) = later.unwrap_or(subject).split_once(' ').unwrap();
        let args = written_out(serde_json::from_str(args).unwrap());
        if name.contains('/') || name == "ping" {
            let answer = self.client.borrow_mut().request(name, &args);
            return self.of_method(&answer, outcome, &about);
        }
        let id = self.client.borrow_mut().ask_call(name, &args);
        self.of_call(id, outcome, &about);
    }

    fn of_call(&self, id: i64, outcome: &str, about: &str) {
        match outcome.split_once(", then ") {
            Some(("ASK", code)) => {
                self.waiting();
                return assert_eq!(self.answer(id)["error"]["code"], number(code), "{about}");
            }
            Some(("ASK in the client", decision)) => {
                let form = self.client.borrow_mut().form();
                self.client.borrow_mut().fill_in(&form, "allow");
                assert_eq!(self.answer(id)["error"], Value::Null, "{about}");
                return assert_eq!(self.last()["decision"], decision, "{about}");
            }
            // It ran, and its answer is kept back.
            Some(("ALLOW", code)) => {
                assert_eq!(self.answer(id)["error"]["code"], number(code), "{about}");
                return assert_eq!(self.last()["decision"], "ALLOW", "{about}");
            }
            Some(_) => panic!("`{outcome}`"),
            None if outcome == "ASK" => {
                let approval = self.waiting();
                let denied = self.home.ctl(&["deny", &approval]);
                assert!(denied.status.success(), "{denied:?}");
                return assert_eq!(self.answer(id)["error"]["code"], -32004, "{about}");
            }
            None => {}
        }
        let answer = self.answer(id);
        let text = &answer["result"]["content"][0]["text"];
        let (word, rest) = outcome.split_once([' ']).unwrap_or((outcome, ""));
        match word {
            "ALLOW" | "ALLOW_MONITOR" => {
                assert_eq!(answer["error"], Value::Null, "{about}");
                assert_eq!(self.last()["decision"], word, "{about}");
            }
            "BLOCK" | "RATE_LIMITED" => {
                assert_eq!(answer["error"]["code"], number(rest), "{about}: {answer}");
                assert_eq!(self.last()["decision"], word, "{about}");
            }
            "answered" => assert_eq!(text, rest, "{about}"),
            "recorded" => assert_eq!(self.last()["args"], parsed(rest), "{about}"),
            "detail" => assert_eq!(self.last()["detail"], quoted(rest), "{about}"),
            "tool" => {
                assert_eq!(answer["result"]["isError"], true, "{about}: {answer}");
                assert_eq!(
                    text,
                    &quoted(rest.strip_prefix("result ").unwrap()),
                    "{about}"
                );
            }
            "reaches" => {
                let rest = rest.strip_prefix("the server as ").unwrap();
                let reached = self.home.record("server").calls().pop().unwrap();
                assert_eq!(reached["arguments"], parsed(rest), "{about}");
            }
            _ => panic!("`{outcome}`"),
        }
    }

    fn of_method(&self, answer: &Value, outcome: &str, about: &str) {
        match outcome.split_once(' ').unwrap_or((outcome, "")) {
            ("passes", "") => assert_eq!(answer["error"], Value::Null, "{about}"),
            ("BLOCK", code) => {
                assert_eq!(answer["error"]["code"], number(code), "{about}: {answer}");
                assert_eq!(self.last()["decision"], "BLOCK", "{about}");
            }
            ("answers", result) => assert_eq!(answer["result"], parsed(result), "{about}"),
            ("recorded", decision) => assert_eq!(self.last()["decision"], decision, "{about}"),
            _ => panic!("`{outcome}`"),
        }
    }

    /// A server that asks this when it is called.
    fn server_asks(&self, method: &str, outcome: &str, about: &str) {
        let policy = self.home.work().join("example.yaml");
        let record = self.home.record("asking");
        let mut client = self.home.wrap(&policy, &record, &["--asks", method]);
        client.initialize();
        client.call("read_file", &json!({}));
        if outcome == "passes" {
            let asked = client.find(PATIENCE, |it| it["method"] == method);
            assert!(asked.is_some(), "{about}");
            return;
        }
        let code = number(outcome.strip_prefix("BLOCK ").unwrap());
        let refused = wait_for("the server's answer", PATIENCE, || {
            let messages = record.messages();
            messages.into_iter().find(|it| it.get("error").is_some())
        });
        assert_eq!(refused["error"]["code"], code, "{about}");
        let asked = client.find(std::time::Duration::ZERO, |it| it["method"] == method);
        assert_eq!(asked, None, "{about}");
    }

    /// A server that says this on standard error.
    fn server_says(&self, text: &Value, outcome: &str, about: &str) {
        let policy = self.home.work().join("example.yaml");
        let switches = ["--stderr", text.as_str().unwrap()];
        let record = self.home.record("saying");
        let mut client = self.home.wrap(&policy, &record, &switches);
        client.initialize();
        let shown = quoted(outcome.strip_prefix("shown as ").unwrap());
        client.wait_stderr(shown.as_str().unwrap());
        assert!(!client.stderr().contains(text.as_str().unwrap()), "{about}");
    }

    fn answer(&self, id: i64) -> Value {
        self.client.borrow_mut().answer(id, PATIENCE).unwrap()
    }

    /// The id of the approval that waits.
    fn waiting(&self) -> String {
        let approval = wait_for("a waiting approval", PATIENCE, || {
            self.home.approvals().pop()
        });
        approval["id"].as_str().unwrap().to_owned()
    }

    fn last(&self) -> Value {
        self.home.decisions().pop().unwrap()
    }
}

/// `@2000` becomes so many characters.
fn written_out(mut args: Value) -> Value {
    for value in args.as_object_mut().unwrap().values_mut() {
        let length = value
            .as_str()
            .and_then(|it| it.strip_prefix('@')?.parse().ok());
        if let Some(length) = length {
            *value = json!("x".repeat(length));
        }
    }
    args
}

fn number(text: &str) -> i64 {
    text.parse().unwrap()
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| panic!("not JSON: {text}"))
}

/// A text in quotes.
fn quoted(text: &str) -> Value {
    let value = parsed(text);
    assert!(value.is_string(), "{text}");
    value
}
