//! Being asked in the client in revision 2026-07-28, by the official SDKs, which know nothing of aip: a
//! call is answered with the question, and the client tries it again with the person's answer.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what fails ends the test; a JSON member not there reads as null"
)]

use std::fs;
use std::process::{Child, Command, Stdio};

use e2e::client::{Client, PATIENCE};
use e2e::counterparts::{driver, installed};
use e2e::home::Home;
use e2e::needs::{needs, tool};
use e2e::programs::program;
use e2e::wait::wait_for;
use rustix::process::Signal;
use serde_json::{Value, json};

const SPEC: &str = "  ask_in_client: true\n  tool_rules:\n    - {tool: echo, action: ask}\n    \
                    - {tool: elicit, action: ask}";

/// How a client of each SDK is started.
const SDKS: [Start; 2] = [typescript, python];

type Start = fn() -> Result<Vec<String>, String>;

fn typescript() -> Result<Vec<String>, String> {
    tool("node")?;
    installed("node/node_modules/@modelcontextprotocol/client")?;
    Ok(vec!["node".to_owned(), driver("asked2.mjs")])
}

fn python() -> Result<Vec<String>, String> {
    Ok(vec![installed("mcp2/bin/python")?, driver("asked2.py")])
}

/// A home, and the server in it that the calls go to.
struct Stage {
    home: Home,
    server: Vec<String>,
}

impl Stage {
    /// A server that says what a server of the revision would, and keeps what it was sent.
    fn new() -> Self {
        let home = Home::new();
        let script = home.work().join("script");
        let complete = |more: Value| {
            let mut result = json!({"resultType": "complete", "ttlMs": 0, "cacheScope": "private"});
            let more = more.as_object().unwrap().clone();
            result.as_object_mut().unwrap().extend(more);
            json!([[{"jsonrpc": "2.0", "id": "$id", "result": result}]])
        };
        let echo = json!({"name": "echo", "inputSchema": {"type": "object"}});
        let told = json!({"type": "text", "text": "told"});
        let turns = json!({
            "server/discover": complete(json!({"supportedVersions": ["2026-07-28"],
                "capabilities": {"tools": {}}, "serverInfo": {"name": "s", "version": "1"}})),
            "tools/list": complete(json!({"tools": [echo]})),
            "tools/call": complete(json!({"content": [told]})),
        });
        fs::write(&script, turns.to_string()).unwrap();
        let record = home.record("server");
        let server = [program("aip-scripted"), record.path().to_owned(), script];
        let words = server.map(|it| it.to_string_lossy().into_owned());
        Self {
            home,
            server: words.to_vec(),
        }
    }

    fn calls(&self) -> usize {
        self.home.record("server").calls().len()
    }

    /// A client whose person answers so, once there is this file.
    fn calling(
        &self,
        sdk: &[String],
        answer: &str,
        file: &str,
        (name, arguments): (&str, &Value),
    ) -> Child {
        let policy = self.home.policy("returning", SPEC);
        let aip = self.home.aip(&policy, &[], &self.server);
        let mut client = Command::new(&sdk[0]);
        client.args(&sdk[1..]);
        client.args([answer, file, name, &arguments.to_string()]);
        client.arg(aip.get_program()).args(aip.get_args());
        self.home.dress(&mut client);
        client.stdout(Stdio::piped()).spawn().expect("it starts")
    }

    /// The same of a call of `echo` that is asked about, answered only after `first` has been done.
    fn answered_first(&self, sdk: &[String], answer: &str, first: impl FnOnce(&str)) -> Value {
        let gate = self.home.work().join("gate");
        let echo = ("echo", &json!({"n": 1}));
        let client = self.calling(sdk, answer, &gate.to_string_lossy(), echo);
        let approval = wait_for("a waiting approval", PATIENCE, || {
            self.home.approvals().pop()
        });
        first(approval["id"].as_str().expect("approvals have ids"));
        fs::write(gate, "").unwrap();
        told(client)
    }
}

fn told(client: Child) -> Value {
    let output = client.wait_with_output().expect("it ends");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

/// Each SDK that is there.
fn with_each(test: &str, then: impl Fn(&[String])) {
    for sdk in SDKS {
        if let Some(sdk) = needs(test, sdk()) {
            then(&sdk);
        }
    }
}

#[test]
fn a_person_answers_in_the_client_itself() {
    with_each("a_person_answers_in_the_client_itself", |sdk| {
        for (answer, code, ran, decision) in [
            ("allow", Value::Null, 1, "ALLOW"),
            ("deny", json!(-32004), 0, "BLOCK"),
            ("decline", json!(-32004), 0, "BLOCK"),
        ] {
            let stage = Stage::new();
            let told = told(stage.calling(sdk, answer, "-", ("echo", &json!({"n": 1}))));
            assert_eq!(told["error"]["code"], code, "{answer}: {told}");
            let shown = told["result"]["content"][0]["text"].as_str();
            assert_eq!(shown, (ran == 1).then_some("told"), "{told}");
            let asked = told["asked"].as_array().expect("what it was asked");
            assert_eq!(asked.len(), 1, "{told}");
            let said = asked[0]["message"].as_str().expect("a message");
            assert!(
                said.contains(": echo\n\n{\"n\":1}\n\nAsked because: "),
                "{said}"
            );
            assert_eq!(stage.calls(), ran, "{answer}");
            let raw = String::from_utf8(stage.home.record("server").raw()).unwrap();
            assert!(
                !raw.contains("aip-ask-") && !raw.contains("inputResponses"),
                "{raw}"
            );
            let decisions = stage.home.decisions();
            assert_eq!(decisions.len(), 1, "{decisions:?}");
            assert_eq!(decisions[0]["decision"], decision);
            assert_eq!(decisions[0]["approval"]["channel"], "client");
            assert!(stage.home.approvals().is_empty());
        }
    });
}

/// What the person then says in the client comes too late.
#[test]
fn the_first_answer_counts_whichever_way_it_comes() {
    with_each("the_first_answer_counts_whichever_way_it_comes", |sdk| {
        for (verb, late, code, ran) in [
            ("approve", "cancel", Value::Null, 1),
            ("approve", "decline", Value::Null, 1),
            ("deny", "allow", json!(-32004), 0),
        ] {
            let stage = Stage::new();
            let told = stage.answered_first(sdk, late, |id| {
                let said = stage.home.ctl(&[verb, id]);
                assert!(said.status.success(), "{said:?}");
                assert!(stage.home.approvals().is_empty());
                assert_eq!(stage.calls(), 0, "nothing runs before the client is back");
            });
            assert_eq!(told["error"]["code"], code, "{verb} {late}: {told}");
            assert_eq!(stage.calls(), ran, "{verb} {late}");
            let last = stage.home.decisions().pop().expect("a decision");
            assert_eq!(last["approval"]["channel"], "control", "{last}");
        }
    });
}

#[test]
fn a_form_that_is_closed_leaves_the_call_waiting_for_another_way() {
    with_each("a_form_that_is_closed_leaves_the_call_waiting", |sdk| {
        let stage = Stage::new();
        let client = stage.calling(sdk, "cancel", "-", ("echo", &json!({"n": 1})));
        let dropped = || {
            let events = stage.home.live_audit();
            let dropped = events.iter().any(|it| it["event"] == "MESSAGE_DROPPED");
            dropped.then(|| stage.home.approvals().pop())?
        };
        let approval = wait_for("the call to wait on", PATIENCE, dropped);
        let said = stage
            .home
            .ctl(&["approve", approval["id"].as_str().unwrap()]);
        assert!(said.status.success(), "{said:?}");
        let told = told(client);
        assert_eq!(told["result"]["content"][0]["text"], "told", "{told}");
        assert_eq!(stage.calls(), 1);
        assert_eq!(stage.home.decisions().len(), 1);
    });
}

#[test]
fn a_question_outlives_the_daemon() {
    with_each("a_question_outlives_the_daemon", |sdk| {
        for (by_person, answer) in [(false, "allow"), (true, "cancel")] {
            let stage = Stage::new();
            let told = stage.answered_first(sdk, answer, |id| {
                stage.home.kill_daemon(Signal::KILL);
                let again = wait_for("the approval of before", PATIENCE, || {
                    stage.home.approvals().pop()
                });
                assert_eq!(
                    (&again["id"], &again["args"]),
                    (&json!(id), &json!("{\"n\":1}"))
                );
                if by_person {
                    let said = stage.home.ctl(&["approve", id]);
                    assert!(said.status.success(), "{said:?}");
                }
            });
            assert_eq!(told["result"]["content"][0]["text"], "told", "{told}");
            assert_eq!(stage.calls(), 1);
            let decisions = stage.home.decisions();
            assert_eq!(decisions.len(), 1, "{decisions:?}");
            assert_eq!(decisions[0]["decision"], "ALLOW");
        }
    });
}

/// aip asks, then the server by a form of its own, then aip once more about the call that brings it.
#[test]
fn aips_question_and_the_servers_take_turns() {
    with_each("aips_question_and_the_servers_take_turns", |sdk| {
        let server = installed("mcp2/bin/python");
        let Some(python) = needs("aips_question_and_the_servers_take_turns", server) else {
            return;
        };
        let stage = Stage {
            server: vec![python, driver("server_sdk2.py")],
            home: Home::new(),
        };
        let told = told(stage.calling(sdk, "allow", "-", ("elicit", &json!({}))));
        let shown = &told["result"]["content"][0]["text"];
        assert_eq!(shown, "accept Ada same=True", "{told}");
        let asked = told["asked"].as_array().expect("what it was asked").iter();
        let of_aip = asked.map(|it| it["message"] != "who?").collect::<Vec<_>>();
        assert_eq!(of_aip, [true, false, true], "{told}");
        let decisions = stage.home.decisions();
        let allowed = decisions.iter().filter(|it| it["decision"] == "ALLOW");
        assert_eq!(allowed.count(), 2, "{decisions:?}");
    });
}

/// Line by line: what the client is answered, and that the shim tells nobody else.
#[test]
fn a_state_serves_one_call_once() {
    let stage = Stage::new();
    let policy = stage.home.policy("returning", SPEC);
    let mut client = Client::start(stage.home.aip(&policy, &[], &stage.server));
    let call = |more: &Value| {
        let mut params = json!({"name": "echo", "arguments": {"n": 1}, "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "c", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
        }});
        let more = more.as_object().unwrap().clone();
        params.as_object_mut().unwrap().extend(more);
        params
    };
    let question = client.request("tools/call", &call(&json!({})));
    assert_eq!(question["result"]["resultType"], "input_required");
    let back = call(&json!({"requestState": question["result"]["requestState"],
        "inputResponses": {"aip": {"action": "accept", "content": {"answer": "allow"}}}}));
    for killed in [false, true] {
        if killed {
            stage.home.kill_daemon(Signal::KILL);
        }
        let answer = client.request("tools/call", &back);
        if killed {
            assert_eq!(answer["error"]["data"]["aip"], "stale_state", "{answer}");
        } else {
            assert!(answer.get("result").is_some(), "{answer}");
        }
        assert_eq!(stage.calls(), 1);
    }
}
