//! The dashboard as a person uses it: the real page of the built daemon in a real Chromium, with
//! real servers wrapped.
#![expect(clippy::unwrap_used, reason = "what fails ends the test")]

use std::fs;
use std::process::Command;
use std::time::Duration;

use e2e::browser::{Browser, there};
use e2e::client::{Client, PATIENCE};
use e2e::counterparts::npm_server;
use e2e::home::{Home, TEST_CONFIG};
use e2e::needs::needs;
use e2e::person;
use serde_json::{Value, json};

#[path = "dashboard/answering.rs"]
mod answering;
#[path = "dashboard/files.rs"]
mod files;
#[path = "dashboard/hostile.rs"]
mod hostile;
#[path = "dashboard/looking.rs"]
mod looking;
#[path = "dashboard/readable.rs"]
mod readable;

/// A page, and the home it is of.
struct Sitting {
    // Before its home: a client that is still there starts the home's daemon again.
    browser: Browser,
    home: Home,
}

/// Whose browser it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// It was there before the client; the daemon has to find that out.
    Persons,
    /// The daemon does not ask (`approval_auth: off`).
    Anybodys,
}

fn sitting(test: &str, whose: Whose) -> Option<Sitting> {
    needs(test, there())?;
    let home = match whose {
        Whose::Anybodys => Home::with_config(&format!("{TEST_CONFIG}approval_auth: off\n")),
        Whose::Persons => Home::new(),
    };
    Some(seated(home, whose))
}

/// The page is open and live.
fn seated(home: Home, whose: Whose) -> Sitting {
    let browser = match whose {
        Whose::Persons => Browser::of_the_person(&home),
        Whose::Anybodys => Browser::of_the_client(&home),
    };
    let mut at = Sitting { browser, home };
    let url = at.address();
    at.browser.open(&url);
    at.browser.see_in(".connection", "live");
    at
}

impl Sitting {
    /// What `aipctl dashboard --print` prints in the person's terminal.
    fn address(&self) -> String {
        let mut command = self.home.command("aipctl");
        command.args(["dashboard", "--print"]);
        let output = person::runs(&command);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// A client of a real server under this policy.
    fn everything(&self, spec: &str) -> Client {
        let policy = self.home.policy("everything", spec);
        let server = npm_server("everything").unwrap();
        let command = self.home.aip(&policy, &["--name", "everything"], &server);
        let mut client = Client::start(command);
        client.initialize();
        let _tools: Value = client.request("tools/list", &json!({}));
        client
    }

    /// A screen, once its heading is to be seen.
    fn turn(&mut self, hash: &str, heading: &str) {
        self.browser.go(hash);
        self.browser.see_in("h1", heading);
    }

    /// Waits until what has just come may be answered.
    fn settle(&mut self) {
        self.browser.see_in(".ask", "Denies itself in");
        std::thread::sleep(Duration::from_millis(700));
    }

    /// The page did nothing that it must never do.
    fn is_clean(&mut self) {
        assert_eq!(self.browser.complaints(), Vec::<Value>::new());
    }
}

/// A client of this name in a project of that one: what the daemon sees is the program that starts
/// `aip`, and where.
fn by_program(home: &Home, name: &str, project: &str, aip: &Command) -> Command {
    let folder = home.work().join("bin");
    let project = home.work().join(project);
    for folder in [&folder, &project] {
        fs::create_dir(folder).unwrap();
    }
    let program = folder.join(name);
    fs::copy("/bin/sh", &program).unwrap();
    let mut command = Command::new(program);
    home.dress(&mut command);
    // Not its last command: else it would become `aip` itself.
    command.args(["-c", "\"$@\"; exit $?", "client"]);
    command.arg(aip.get_program()).args(aip.get_args());
    command.current_dir(project);
    command
}

/// What the client gets in time.
fn answered(client: &mut Client, id: i64) -> Value {
    client.answer(id, PATIENCE).unwrap()
}
