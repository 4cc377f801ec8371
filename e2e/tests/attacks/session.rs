//! One attacked session: aip between this client and a recording server.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use e2e::client::{Client, PATIENCE};
use e2e::home::{Home, TEST_CONFIG};
use e2e::wait::wait_until;
use serde_json::{Value, json};

use crate::evidence::Evidence;
use crate::server::{INSTRUCTIONS, RECORD};

/// What the policies of these tests allow; `forbidden` is none of them.
pub(crate) const ALLOWED: &str = "  allowed_tools: [echo, hold, release, emit, define, roots]\n  \
    allowed_methods: ['*']";

/// How a session is set up.
pub(crate) struct Setting {
    pub(crate) revision: &'static str,
    pub(crate) spec: String,
    /// What the server says of itself in the handshake.
    pub(crate) instructions: String,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            revision: "2025-11-25",
            spec: ALLOWED.to_owned(),
            instructions: String::new(),
        }
    }
}

pub(crate) struct Session {
    /// Ends before its home does, or it would start another daemon.
    pub(crate) client: Client,
    pub(crate) home: Home,
    place: Place,
    honest: u64,
}

/// What sessions in one home share.
struct Place {
    command: Vec<String>,
    policy: PathBuf,
    record: PathBuf,
}

impl Session {
    /// Starts the server inside aip and shakes hands.
    pub(crate) fn start(command: &[String], setting: &Setting) -> Self {
        let home = Home::with_config(&format!("{TEST_CONFIG}prompts_per_minute: 100\n"));
        let place = Place {
            command: command.to_owned(),
            policy: home.policy("attacked", &setting.spec),
            record: home.work().join("record.jsonl"),
        };
        Self {
            client: shake_hands(&home, &place, setting, &[]),
            home,
            place,
            honest: 0,
        }
    }

    /// Ends the session and begins another one in its home; with more arguments the server is
    /// another one to aip.
    pub(crate) fn anew(mut self, setting: &Setting, more: &[&str]) -> Self {
        self.client.close();
        self.client.wait(PATIENCE);
        self.client = shake_hands(&self.home, &self.place, setting, more);
        self
    }

    /// Sends a line.
    pub(crate) fn send(&mut self, line: impl AsRef<[u8]>) {
        self.client.send_raw(&[line.as_ref(), b"\n"].concat());
    }

    /// Sends a call under this id, written as JSON.
    pub(crate) fn call(&mut self, id: &str, tool: &str, arguments: &Value) {
        self.send(call(id, tool, arguments));
    }

    /// Has the server write these lines while it runs a call under this id.
    pub(crate) fn emit(&mut self, id: &str, lines: &[impl AsRef<[u8]>]) {
        let lines: Vec<_> = lines
            .iter()
            .map(|it| base64([it.as_ref(), b"\n"].concat().as_slice()))
            .collect();
        self.call(id, "emit", &json!({ "lines": lines }));
    }

    /// What came before the answer to an honest call: `least` messages or more.
    pub(crate) fn settle(&mut self, least: usize) -> Vec<Value> {
        self.honest += 1;
        let id = format!("honest {}", self.honest);
        self.call(
            &json!(id).to_string(),
            "echo",
            &json!({"honest": self.honest}),
        );
        let mut others = Vec::new();
        let mut answered = false;
        while !answered || others.len() < least {
            let Some(message) = self.message(PATIENCE) else {
                panic!("{others:?}, then silence; {}", self.client.stderr());
            };
            if message["id"] == id {
                assert!(message.get("result").is_some(), "{message}");
                answered = true;
            } else {
                others.push(message);
            }
        }
        others
    }

    /// The next message, which has to be one line of plain JSON-RPC.
    pub(crate) fn message(&mut self, timeout: Duration) -> Option<Value> {
        let line = self.client.next_line(timeout)?;
        let shown = String::from_utf8_lossy(&line);
        assert!(is_plain(&line), "not plain: {shown:?}");
        let message: Value = serde_json::from_slice(&line).expect("what aip writes is JSON");
        assert_eq!(message["jsonrpc"], "2.0", "{shown}");
        Some(message)
    }

    /// Ends the session; what is left of it.
    pub(crate) fn end(mut self) -> Evidence {
        self.client.close();
        self.client.wait(PATIENCE);
        let late = self.message(PATIENCE);
        assert!(late.is_none(), "after all was answered: {late:?}");
        self.evidence()
    }

    /// Ends the session while calls are under way: the client is told of each.
    pub(crate) fn break_off(mut self) -> (Vec<Value>, Evidence) {
        self.client.close();
        self.client.wait(PATIENCE);
        let told: Vec<_> = std::iter::from_fn(|| self.message(PATIENCE)).collect();
        let errors = told.iter().all(|it| it.get("error").is_some());
        assert!(errors, "{told:?}");
        (told, self.evidence())
    }

    /// What the server has recorded, once that many calls ran; the session is left as it is.
    pub(crate) fn evidence_of_server(&self, runs: usize) -> Evidence {
        wait_until("the calls to run", PATIENCE, || {
            Evidence::of(&self.place.record).ran.len() >= runs
        });
        Evidence::of(&self.place.record)
    }

    /// What is there to be seen by now.
    fn evidence(&self) -> Evidence {
        Evidence::gather(&self.home, &self.place.record)
    }
}

fn shake_hands(home: &Home, place: &Place, setting: &Setting, more: &[&str]) -> Client {
    let mut command = place.command.clone();
    command.extend(more.iter().map(|it| (*it).to_owned()));
    let mut aip = home.aip(&place.policy, &[], &command);
    aip.env(RECORD, OsString::from(&place.record));
    aip.env(INSTRUCTIONS, &setting.instructions);
    let mut client = Client::start(aip);
    let params = json!({
        "protocolVersion": setting.revision,
        "capabilities": {"roots": {}},
        "clientInfo": {"name": "attacker", "version": "1"},
    });
    let answer = client.request("initialize", &params);
    let agreed = &answer["result"]["protocolVersion"];
    assert_eq!(agreed, setting.revision, "{answer} {}", client.stderr());
    client.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    client
}

/// A call under this id, written as JSON.
pub(crate) fn call(id: &str, tool: &str, arguments: &Value) -> String {
    let params = json!({"name": tool, "arguments": arguments});
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{params}}}"#)
}

/// Whether a line holds no byte another reader could take for its end.
pub(crate) fn is_plain(line: &[u8]) -> bool {
    let odd = |ends: &[u8]| line.windows(ends.len()).any(|it| it == ends);
    !line.iter().any(|byte| *byte < 0x20)
        && !["\u{85}", "\u{2028}", "\u{2029}"]
            .iter()
            .any(|it| odd(it.as_bytes()))
}

/// Base64, for what the recording servers write as it is.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let place = |at: usize| u32::from(three.get(at).copied().unwrap_or_default());
        let bits = place(0) << 16 | place(1) << 8 | place(2);
        for letter in 0..4 {
            let there = letter <= three.len();
            let sextet = bits >> (18 - 6 * letter) & 63;
            text.push(if there {
                char::from(LETTERS[sextet as usize])
            } else {
                '='
            });
        }
    }
    text
}
