//! With `approval_auth: system` the real polkit has its real agent ask the person for their password.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "what fails ends the test; a JSON member not there reads as null"
)]

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use e2e::authority::{Agent, As, Authority, PASSWORD};
use e2e::client::{Client, PATIENCE};
use e2e::home::{Home, json_lines, recorder, send_signal};
use e2e::needs::{needs, tool};
use e2e::screen::Screen;
use e2e::wait::{wait_for, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};

const CONFIG: &str = "policy_trust: off\napproval_auth: system\n";
const SPEC: &str = "  tool_rules:\n    - {tool: echo, action: ask}";

const WINDOW: &str = "aip: may this call be made";
/// The keys that press zenity's button.
const ALLOW: [&str; 2] = ["Tab", "Return"];

struct Stage {
    whose: As,
    client: Client,
    call: i64,
    approval: String,
    home: Home,
    authority: Authority,
}

impl Stage {
    /// A call waits, of a client of the user's.
    fn new(test: &str, whose: As) -> Option<Self> {
        let authority = needs(test, Authority::start())?;
        Some(Self::at(authority, Home::with_config(CONFIG), whose))
    }

    fn at(authority: Authority, home: Home, whose: As) -> Self {
        let record = home.record("server");
        let policy = home.policy("asking", SPEC);
        if whose == As::User {
            authority.gives(&home);
        }
        let aip = home.aip(&policy, &[], &recorder(&record, &[]));
        let mut client = Client::start(authority.inside(whose, &aip));
        client.initialize();
        let call = client.ask_call("echo", &json!({"text": "<b>hello</b>"}));
        let mut stage = Self {
            whose,
            client,
            call,
            approval: String::new(),
            home,
            authority,
        };
        let waits = wait_for("a waiting call", PATIENCE, || stage.waiting().pop());
        waits["id"]
            .as_str()
            .unwrap()
            .clone_into(&mut stage.approval);
        stage
    }

    /// `aipctl` without an agent, as anything of the user's can run it.
    fn ctl(&self, args: &[&str]) -> Output {
        let mut command: Command = self.home.command("aipctl");
        command.args(args);
        let inside = self.authority.inside(self.whose, &command).output();
        inside.expect("aipctl can be run")
    }

    fn waiting(&self) -> Vec<Value> {
        let listed = self.ctl(&["approvals", "--json"]);
        assert!(listed.status.success(), "{listed:?}");
        serde_json::from_slice(&listed.stdout).unwrap()
    }

    fn events(&self, name: &str) -> Vec<Value> {
        let listed = self.ctl(&["logs", "--json", "--events", "--limit", "1000"]);
        let mut events = json_lines(&listed.stdout);
        events.retain(|it| it["event"] == name);
        events
    }

    /// The agent asks for this call.
    fn approves(&self, name: &str) -> Agent {
        let agent = Agent::start(
            &self.authority,
            &self.home,
            name,
            &["approve", &self.approval],
        );
        let shown = agent.shows("Password:");
        let asked = format!("aip: Allow the call {},", self.approval);
        assert!(shown.contains(&asked), "{shown}");
        let args = r#"echo {"text":"\u003cb\u003ehello\u003c/b\u003e"}"#;
        assert!(shown.contains(args), "{shown}");
        agent
    }

    /// It was refused for this, which is recorded, and the call waits on.
    fn is_refused(&self, code: i32, said: &str, why: &str) {
        assert_eq!(code, 4, "{said}");
        assert!(said.contains("this is for a person to do"), "{said}");
        assert!(said.contains(why), "{said}");
        let refused = self.events("COMMAND_REFUSED").pop().expect("a record");
        assert_eq!(refused["approval_id"], self.approval.as_str());
        assert!(
            refused["reason"].as_str().unwrap().contains(why),
            "{refused}"
        );
        assert_eq!(self.waiting().len(), 1, "it waits on");
        assert!(self.events("COMMAND_CONFIRMED").is_empty());
    }

    fn is_refused_at_once(&self, why: &str) {
        let refused = self.ctl(&["approve", &self.approval]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        self.is_refused(refused.status.code().unwrap_or(-1), &said, why);
    }
}

#[test]
fn the_right_password_counts_wherever_the_command_is_run_and_a_wrong_one_does_not() {
    let test = "the_right_password_counts_wherever_the_command_is_run_and_a_wrong_one_does_not";
    let Some(mut stage) = Stage::new(test, As::User) else {
        return;
    };
    let mut agent = stage.approves("wrong");
    agent.types("wrong-password");
    let done = agent.done();
    stage.is_refused(done.code, &done.said, "the right password was not given");
    let mut agent = stage.approves("right");
    agent.types(PASSWORD);
    let done = agent.done();
    assert_eq!(done.code, 0, "{}", done.said);
    let answer = stage
        .client
        .answer(stage.call, PATIENCE)
        .expect("an answer");
    assert!(answer.get("result").is_some(), "{answer}");
    let answered = stage.events("APPROVAL_ANSWERED").pop().expect("a record");
    assert_eq!(answered["auth"], "polkit", "{answered}");
    assert_eq!(answered["pid"], agent.asker());
    let confirmed = stage.events("COMMAND_CONFIRMED").pop().expect("a record");
    assert_eq!(confirmed["command"], "approve");
    let what = confirmed["what"].as_str().unwrap();
    assert!(what.contains("\\u003cb\\u003ehello"), "{what}");
}

#[test]
fn without_an_agent_or_the_action_nothing_is_allowed_and_it_says_what_to_do() {
    let test = "without_an_agent_or_the_action_nothing_is_allowed_and_it_says_what_to_do";
    let Some(mut stage) = Stage::new(test, As::User) else {
        return;
    };
    stage.is_refused_at_once("nothing is there to ask for the password; do it on the desktop");
    let paused = stage.ctl(&["pause", "15m"]);
    assert_eq!(paused.status.code(), Some(4), "{paused:?}");
    stage.authority.is_for_another_user();
    stage.is_refused_at_once("polkit does not let this user say what is asked; name the user");
    stage.authority.forgets_the_action();
    stage.is_refused_at_once("polkit does not know the action `dev.aip.aipd.person`; install");
    let pending = stage.client.answer(stage.call, Duration::from_millis(100));
    assert!(pending.is_none(), "{pending:?}");
}

#[test]
fn in_a_terminal_without_a_desktop_the_command_has_the_password_asked_for_itself() {
    let test = "in_a_terminal_without_a_desktop_the_command_has_the_password_asked_for_itself";
    let Some(mut stage) = Stage::new(test, As::User) else {
        return;
    };
    let args = ["approve", &stage.approval];
    for (name, password, code) in [("wrong", "wrong-password", 4), ("right", PASSWORD, 0)] {
        let mut agent = Agent::own(&stage.authority, &stage.home, name, &args);
        agent.shows("Password:");
        agent.types(password);
        assert_eq!(agent.done().code, code, "{}", agent.screen());
    }
    let answer = stage
        .client
        .answer(stage.call, PATIENCE)
        .expect("an answer");
    assert!(answer.get("result").is_some(), "{answer}");
}

/// polkit allows root everything and asks nothing.
#[test]
fn where_polkit_asks_nobody_nothing_is_allowed() {
    let test = "where_polkit_asks_nobody_nothing_is_allowed";
    let Some(mut stage) = Stage::new(test, As::Root) else {
        return;
    };
    stage.is_refused_at_once("polkit would let it pass without asking anybody");
    let in_a_terminal = stage.home.ctl(&["approve", &stage.approval]);
    assert_eq!(in_a_terminal.status.code(), Some(4), "{in_a_terminal:?}");
    let denied = stage.home.ctl(&["deny", &stage.approval]);
    assert!(
        denied.status.success(),
        "a no needs no password: {denied:?}"
    );
    let answer = stage.client.answer(stage.call, PATIENCE);
    assert_eq!(answer.expect("an answer")["error"]["code"], -32004);
}

#[test]
fn whatever_else_is_for_a_person_asks_for_the_password_and_says_for_what() {
    let test = "whatever_else_is_for_a_person_asks_for_the_password_and_says_for_what";
    let Some(stage) = Stage::new(test, As::User) else {
        return;
    };
    let deeds: [(&[&str], &str); 5] = [
        (&["pause", "15m"], "Let every call pass until 2"),
        (&["resume"], "Let the policies decide again"),
        (&["extend", &stage.approval], "Give more time for the call"),
        (&["deny", &stage.approval], "Deny the call"),
        (
            &[
                "audit",
                "erase",
                "--before",
                "2020-01-01T00:00:00Z",
                "--yes",
            ],
            "Erase recorded arguments before 2020-01-01T00:00:00",
        ),
    ];
    for (args, what) in deeds {
        let mut agent = Agent::start(&stage.authority, &stage.home, args[0], args);
        let shown = agent.shows("Password:");
        assert!(shown.contains(&format!("aip: {what}")), "{shown}");
        agent.types(PASSWORD);
        let done = agent.done();
        assert_eq!(done.code, 0, "{args:?}: {}", done.said);
        let confirmed = stage.events("COMMAND_CONFIRMED").pop().expect("a record");
        assert!(confirmed["what"].as_str().unwrap().starts_with(what));
    }
}

#[test]
fn a_yes_in_a_window_needs_the_password_as_well_and_a_no_does_not() {
    let test = "a_yes_in_a_window_needs_the_password_as_well_and_a_no_does_not";
    let there = tool("zenity").and_then(|()| Ok((Authority::start()?, Screen::start()?)));
    let Some((authority, screen)) = needs(test, there) else {
        return;
    };
    let home = Home::with_config(&format!("{CONFIG}channels: [dialog]\n"));
    authority.gives(&home);
    let mut aipd = home.command("aipd");
    aipd.env("DISPLAY", screen.display())
        .env("XDG_CURRENT_DESKTOP", "GNOME");
    let mut aipd = authority.inside(As::User, &aipd).spawn().unwrap();
    let mut status = home.command("aipctl");
    status.arg("status");
    // One that the shim starts has no screen.
    wait_until("the daemon", PATIENCE, || {
        let told = authority.inside(As::User, &status).output();
        told.is_ok_and(|it| it.status.success())
    });
    let mut stage = Stage::at(authority, home, As::User);
    let answers = |keys: &[&str]| {
        let _window = screen.window(WINDOW);
        screen.press(keys);
        wait_until("the window closes", PATIENCE, || {
            screen.windows(WINDOW).is_empty()
        });
    };
    answers(&ALLOW);
    let ignored = wait_for("a record", PATIENCE, || {
        stage.events("ANSWER_IGNORED").pop()
    });
    assert_eq!(ignored["channel"], "dialog", "{ignored}");
    let why = ignored["reason"].as_str().unwrap();
    assert!(why.contains("nothing is there to ask"), "{why}");
    assert_eq!(stage.waiting().len(), 1, "it waits on");

    let mut agent = Agent::of(&stage.authority, &stage.home, aipd.id());
    let call = stage.client.ask_call("echo", &json!({"n": 2}));
    answers(&ALLOW);
    let shown = agent.shows("Password:");
    assert!(shown.contains(r#"echo {"n":2}"#), "{shown}");
    agent.types(PASSWORD);
    let answer = stage.client.answer(call, PATIENCE).expect("an answer");
    assert!(answer.get("result").is_some(), "{answer}");
    let answered = stage.events("APPROVAL_ANSWERED").pop().expect("a record");
    assert_eq!(answered["channel"], "dialog", "{answered}");
    assert_eq!(answered["auth"], "polkit", "{answered}");

    let call = stage.client.ask_call("echo", &json!({"n": 3}));
    answers(&["Return"]);
    let answer = stage.client.answer(call, PATIENCE).expect("an answer");
    assert_eq!(answer["error"]["code"], -32004, "{answer}");
    let _ended = aipd.kill();
    let _ended = aipd.wait();
}

#[test]
fn a_question_holds_up_nothing_and_goes_with_whoever_asked_and_with_the_call() {
    let test = "a_question_holds_up_nothing_and_goes_with_whoever_asked_and_with_the_call";
    let Some(mut stage) = Stage::new(test, As::User) else {
        return;
    };
    stage.authority.counts_cancelled();
    let agent = stage.approves("gone");
    let begun = Instant::now();
    assert!(stage.ctl(&["status"]).status.success());
    assert!(stage.client.request("ping", &json!({})).is_object());
    assert!(begun.elapsed() < Duration::from_secs(5));
    send_signal(agent.asker(), Signal::KILL);
    wait_until("the question to go", PATIENCE, || {
        stage.authority.cancelled() == 1
    });
    wait_until("a record", PATIENCE, || {
        let refused = stage.events("COMMAND_REFUSED");
        let reason = refused.last().map(|it| it["reason"].to_string());
        reason.is_some_and(|it| it.contains("was given up meanwhile"))
    });
    assert_eq!(stage.waiting().len(), 1);
    let agent = stage.approves("over");
    let cancelled = json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": {"requestId": stage.call}});
    stage.client.send(&cancelled);
    wait_until("the question to go", PATIENCE, || {
        stage.authority.cancelled() == 2
    });
    let done = agent.done();
    assert_eq!(done.code, 4, "{}", done.said);
    assert!(
        done.said.contains("what it was for is over"),
        "{}",
        done.said
    );
}
