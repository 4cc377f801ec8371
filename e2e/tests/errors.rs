//! The page on errors shows what the built programs answer: each example is brought about anew.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what fails ends the test; a JSON member that is not there reads as null"
)]

use std::fs;

use e2e::client::{Client, PATIENCE};
use e2e::home::{Home, TEST_CONFIG};
use e2e::programs::workspace;
use e2e::wait::wait_for;
use serde_json::{Value, json};

#[path = "errors/scenes.rs"]
mod scenes;

/// What a scene gives: the error of the answer.
type Scene = fn() -> Value;

const SCENES: [(&str, Scene); 20] = [
    ("forbidden", scenes::forbidden),
    ("rate_limited", scenes::rate_limited),
    ("method_not_allowed", scenes::method_not_allowed),
    ("protected_path", scenes::protected_path),
    ("schema_mismatch", scenes::schema_mismatch),
    ("dlp", scenes::dlp),
    ("redaction_failed", scenes::redaction_failed),
    ("user_denied", scenes::user_denied),
    ("approval_timeout", scenes::approval_timeout),
    ("too_many_prompts", scenes::too_many_prompts),
    ("ask_in_batch", scenes::ask_in_batch),
    ("already_ran", scenes::already_ran),
    ("changed", scenes::changed),
    ("stale_state", scenes::stale_state),
    ("unavailable", scenes::unavailable),
    ("audit_unavailable", scenes::audit_unavailable),
    ("malformed", scenes::malformed),
    ("too_many_outstanding", scenes::too_many_outstanding),
    ("server_ended", scenes::server_ended),
    ("malformed_answer", scenes::malformed_answer),
];

#[test]
fn each_example_is_what_the_programs_answer() {
    let page = workspace().join("docs/errors.md");
    let mut text = fs::read_to_string(&page).unwrap();
    let examples = text.matches("```json\n").count();
    assert_eq!(examples, SCENES.len(), "each example has its scene");
    let mut wrong = Vec::new();
    for (word, scene) in SCENES {
        let error = scene();
        assert_eq!(error["data"]["aip"], word, "{error}");
        let [before, example, after] = parts(&text, word);
        let told: Value = serde_json::from_str(&example).unwrap();
        if told != error {
            wrong.push(format!("{word}: {error}"));
            text = format!("{before}{}\n{after}", shown(&error));
        }
    }
    if std::env::var_os("AIP_UPDATE").is_some() {
        fs::write(page, text).unwrap();
    } else {
        assert!(wrong.is_empty(), "run with AIP_UPDATE=1: {wrong:#?}");
    }
}

/// The page before the example under a word's heading, the example, and what follows.
fn parts(text: &str, word: &str) -> [String; 3] {
    let heading = format!("### `{word}`,");
    let (before, rest) = text.split_once(&heading).unwrap();
    let (told, rest) = rest.split_once("```json\n").unwrap();
    let (example, after) = rest.split_once("```").unwrap();
    [
        format!("{before}{heading}{told}```json\n"),
        example.to_owned(),
        format!("```{after}"),
    ]
}

/// The members in the order they are sent in, as a person reads them.
fn shown(error: &Value) -> String {
    let data = &error["data"];
    let first = ["tool", "method", "reason", "aip"];
    let rest = data.as_object().unwrap().keys().map(String::as_str);
    let rest = rest.filter(|key| !first.contains(key));
    let names = first.iter().copied().filter(|key| data.get(key).is_some());
    let member = |key: &str| format!("\"{key}\": {}", data[key]);
    let members: Vec<_> = names.chain(rest).map(member).collect();
    format!(
        "{{\n  \"code\": {}, \"message\": {},\n  \"data\": {{{}}}\n}}",
        error["code"],
        error["message"],
        members.join(", ")
    )
}

/// A session under this `spec`, with the server's switches.
struct Stage {
    home: Home,
    client: Client,
}

impl Stage {
    fn new(spec: &str, switches: &[&str]) -> Self {
        Self::with_config(TEST_CONFIG, spec, switches)
    }

    fn with_config(config: &str, spec: &str, switches: &[&str]) -> Self {
        let home = Home::with_config(config);
        let policy = home.policy("agent", spec);
        let mut client = home.wrap(&policy, &home.record("server"), switches);
        client.initialize();
        Self { home, client }
    }

    /// The error of a call of `echo`.
    fn call(&mut self, args: &Value) -> Value {
        self.client.call("echo", args)["error"].take()
    }

    /// Calls `echo`, has the person do something meanwhile, and gives the error.
    fn asked(&mut self, meanwhile: impl FnOnce(&Home, &str)) -> Value {
        let id = self.client.ask_call("echo", &json!({"n": 1}));
        let approval = wait_for("a waiting approval", PATIENCE, || {
            self.home.approvals().pop()
        });
        meanwhile(&self.home, approval["id"].as_str().unwrap());
        self.client.answer(id, PATIENCE).unwrap()["error"].take()
    }
}
