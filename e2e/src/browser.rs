//! A person's browser: the real Chromium, told what to do over a socket (`e2e/drivers/browser.mjs`).

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::counterparts::{driver, installed};
use crate::home::Home;
use crate::needs::tool;
use crate::person;

/// How long a browser may take to be there.
const START: Duration = Duration::from_secs(60);
/// How long one command may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// Tells several browsers of one home apart.
static NUMBER: AtomicU32 = AtomicU32::new(1);

/// A browser with one page. It ends with its socket.
#[derive(Debug)]
pub struct Browser {
    socket: UnixStream,
    answers: BufReader<UnixStream>,
    child: Option<Child>,
}

/// Whether a browser can be had.
///
/// # Errors
/// When something it takes is missing.
pub fn there() -> Result<(), String> {
    tool("node")?;
    tool("chromium")?;
    installed("browser/node_modules/playwright-core")?;
    installed("browser/node_modules/axe-core").map(drop)
}

impl Browser {
    /// One that this test starts, which is the client: what it asks for counts as the client's.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn of_the_client(home: &Home) -> Self {
        let (listener, command) = Self::command(home);
        let mut command = command;
        let child = command.spawn().expect("node can be run");
        Self::meet(&listener, Some(child))
    }

    /// One that the person starts. What it asks for counts as theirs, for clients that come later.
    ///
    /// # Panics
    /// When it does not start, or there is no person.
    #[must_use]
    pub fn of_the_person(home: &Home) -> Self {
        let (listener, command) = Self::command(home);
        std::thread::spawn(move || person::runs(&command));
        Self::meet(&listener, None)
    }

    fn command(home: &Home) -> (UnixListener, Command) {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let socket = home.work().join(format!("browser-{number}.sock"));
        let listener = UnixListener::bind(&socket).expect("a socket");
        let mut command = Command::new("node");
        home.dress(&mut command);
        command
            .arg(driver("browser.mjs"))
            .arg(&socket)
            .stdin(Stdio::null());
        (listener, command)
    }

    fn meet(listener: &UnixListener, child: Option<Child>) -> Self {
        listener.set_nonblocking(true).unwrap();
        let late = Instant::now() + START;
        let socket = loop {
            match listener.accept() {
                Ok((socket, _)) => break socket,
                Err(error) => assert!(Instant::now() < late, "no browser came: {error}"),
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        socket.set_nonblocking(false).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self {
            answers: BufReader::new(socket.try_clone().unwrap()),
            socket,
            child,
        }
    }

    /// Does something and gives what came of it.
    ///
    /// # Panics
    /// When it can't be done.
    pub fn tell(&mut self, command: &Value) -> Value {
        writeln!(self.socket, "{command}").expect("the browser is there");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it answers");
        let mut answer: Value = serde_json::from_str(&line).expect("the answer is JSON");
        if let Some(error) = answer["error"].as_str() {
            panic!("{command}: {error}");
        }
        answer["ok"].take()
    }

    /// Opens an address.
    pub fn open(&mut self, url: &str) {
        self.tell(&json!({"do": "open", "url": url}));
    }

    /// Turns to another screen.
    pub fn go(&mut self, hash: &str) {
        self.tell(&json!({"do": "go", "hash": hash}));
    }

    /// Presses the button of this name.
    pub fn press(&mut self, name: &str) {
        self.tell(&json!({"do": "press", "name": name}));
    }

    /// Presses the button of this name that is in this place (a CSS selector).
    pub fn press_in(&mut self, place: &str, name: &str) {
        self.tell(&json!({"do": "press", "name": name, "in": place}));
    }

    /// Types into the field of this label.
    pub fn fill(&mut self, label: &str, text: &str) {
        self.tell(&json!({"do": "fill", "label": label, "text": text}));
    }

    /// Waits until this text is to be seen.
    pub fn see(&mut self, text: &str) {
        self.tell(&json!({"do": "see", "text": text}));
    }

    /// Waits until this text is to be seen in this place.
    pub fn see_in(&mut self, place: &str, text: &str) {
        self.tell(&json!({"do": "see", "text": text, "in": place}));
    }

    /// Waits until nothing is to be seen of this place.
    pub fn gone(&mut self, place: &str) {
        self.tell(&json!({"do": "gone", "in": place}));
    }

    /// What can be read in this place.
    pub fn text(&mut self, place: &str) -> String {
        let text = self.tell(&json!({"do": "text", "in": place}));
        text.as_str().unwrap_or_default().to_owned()
    }

    /// What this script comes to in the page.
    pub fn js(&mut self, code: &str) -> Value {
        self.tell(&json!({"do": "js", "code": code}))
    }

    /// Light or dark, and how wide.
    pub fn look(&mut self, scheme: &str, width: u32, height: u32) {
        self.tell(&json!({"do": "look", "scheme": scheme, "width": width, "height": height}));
    }

    /// What the page did that it must never do: its own failures, and things of the traffic's that
    /// ran or were kept from it.
    pub fn complaints(&mut self) -> Vec<Value> {
        let all = self.tell(&json!({"do": "complaints"}));
        all.as_array().cloned().unwrap_or_default()
    }

    /// What stands in the way of people, as axe finds it.
    pub fn barriers(&mut self) -> Vec<Value> {
        let all = self.tell(&json!({"do": "axe"}));
        let grave = |it: &Value| matches!(it["impact"].as_str(), Some("serious" | "critical"));
        let all = all.as_array().cloned().unwrap_or_default();
        all.into_iter().filter(grave).collect()
    }

    /// A picture of what is in the window.
    pub fn shot(&mut self, path: &Path) {
        self.tell(&json!({"do": "shot", "path": path}));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
        if let Some(child) = &mut self.child {
            let _ = child.wait();
        }
    }
}
