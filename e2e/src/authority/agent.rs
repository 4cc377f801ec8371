//! The real `pkttyagent` in a terminal of its own, for one process, and the person who types there.

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};

use super::{As, Authority};
use crate::client::PATIENCE;
use crate::home::Home;
use crate::wait::wait_for;

/// The command waits until the agent is there for its process.
const SCRIPT: &str = r#"cd "$AGENT" && mkfifo ready go
(read _ <go; exec "$AIPCTL" "$@") >said 2>&1 </dev/null &
asker=$!
echo $asker >asker
pkttyagent --process $asker --notify-fd 3 3>ready &
cat ready
echo >go
wait $asker
echo $? >code.new
mv code.new code
read _ <ready
"#;

/// The same for a process that is there already.
const SCRIPT_OF: &str = r#"cd "$AGENT" && mkfifo ready
pkttyagent --process "$1" --notify-fd 3 3>ready &
cat ready
echo "the agent is there"
wait
"#;

/// The command brings its own, since it has the terminal.
const SCRIPT_OWN: &str = r#"cd "$AGENT"
"$AIPCTL" "$@"
echo $? >code.new
mv code.new code
"#;

/// How a command came out.
#[derive(Debug)]
pub struct Done {
    /// Its exit code; 128 and more where a signal ended it.
    pub code: i32,
    /// What it said.
    pub said: String,
}

/// An agent and the command it is there for. They end with this.
#[derive(Debug)]
pub struct Agent {
    terminal: Child,
    keys: ChildStdin,
    screen: Arc<Mutex<Vec<u8>>>,
    folder: PathBuf,
}

impl Agent {
    /// Runs `aipctl` as the user, with an agent.
    ///
    /// # Panics
    /// When it can't be started.
    #[must_use]
    pub fn start(authority: &Authority, home: &Home, name: &str, args: &[&str]) -> Self {
        Self::sits(authority, home, (name, SCRIPT), args)
    }

    /// Runs `aipctl` in the user's terminal, with the agent it starts itself.
    ///
    /// # Panics
    /// When it can't be started.
    #[must_use]
    pub fn own(authority: &Authority, home: &Home, name: &str, args: &[&str]) -> Self {
        Self::sits(authority, home, (name, SCRIPT_OWN), args)
    }

    /// An agent for this process of the user's.
    ///
    /// # Panics
    /// When it can't be started.
    #[must_use]
    pub fn of(authority: &Authority, home: &Home, pid: u32) -> Self {
        let pid = pid.to_string();
        let agent = Self::sits(authority, home, ("agent", SCRIPT_OF), &[&pid]);
        agent.shows("the agent is there");
        agent
    }

    fn sits(authority: &Authority, home: &Home, (name, text): (&str, &str), args: &[&str]) -> Self {
        let folder = home.work().join(name);
        fs::create_dir(&folder).unwrap();
        let script = folder.join("agent.sh");
        fs::write(&script, text).unwrap();
        authority.gives(home);
        let ctl = home.command("aipctl");
        let mut command = Command::new("script");
        let line = format!("exec sh {} {}", script.display(), args.join(" "));
        command
            .args(["-qefc", &line, "/dev/null"])
            .env("AGENT", &folder)
            .env("AIPCTL", ctl.get_program())
            .env("SHELL", "/bin/sh");
        home.dress(&mut command);
        let mut terminal = authority
            .inside(As::User, &command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a terminal");
        let keys = terminal.stdin.take().expect("keys");
        let mut output = terminal.stdout.take().expect("a screen");
        let screen = Arc::<Mutex<Vec<u8>>>::default();
        let shown = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = output.read(&mut bytes) {
                shown.lock().unwrap().extend(&bytes[..n]);
            }
        });
        Self {
            terminal,
            keys,
            screen,
            folder,
        }
    }

    /// What the agent has shown so far.
    ///
    /// # Panics
    /// When whoever reads it has failed.
    #[must_use]
    pub fn screen(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().unwrap()).into_owned()
    }

    /// Waits until the agent shows this; gives all it has shown.
    ///
    /// # Panics
    /// When it does not in time.
    pub fn shows(&self, text: &str) -> String {
        wait_for(text, PATIENCE, || {
            Some(self.screen()).filter(|it| it.contains(text))
        })
    }

    /// Types a line.
    ///
    /// # Panics
    /// When the terminal is gone.
    pub fn types(&mut self, line: &str) {
        writeln!(self.keys, "{line}").expect("a terminal");
        self.keys.flush().expect("a terminal");
    }

    /// The command's process id.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn asker(&self) -> u32 {
        let asker = self.folder.join("asker");
        wait_for("the command", PATIENCE, || {
            fs::read_to_string(&asker).ok()?.trim().parse().ok()
        })
    }

    /// Waits for the command's end.
    ///
    /// # Panics
    /// When it does not end in time.
    #[must_use]
    pub fn done(&self) -> Done {
        let code = wait_for("the command's end", PATIENCE, || {
            fs::read_to_string(self.folder.join("code")).ok()
        });
        let said = fs::read(self.folder.join("said")).unwrap_or_default();
        Done {
            code: code.trim().parse().expect("a code"),
            said: String::from_utf8_lossy(&said).into_owned(),
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ended = self.terminal.kill();
        let _ended = self.terminal.wait();
    }
}
