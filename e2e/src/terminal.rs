//! A terminal of a person's own: a program that believes to have one, what it has drawn there as
//! a person would see it, and the keyboard.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Output};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcgetpgrp, tcsetwinsize};

use crate::person;
use crate::wait::{wait_for, wait_until};

/// How long a program may take to draw, or to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// What has come to the terminal.
struct Seen {
    screen: vt100::Parser,
    bytes: Vec<u8>,
}

/// The terminal, and the program that runs there as leader of a session of its own.
pub struct Terminal {
    /// Ends with the program, and says how.
    runs: Option<JoinHandle<Output>>,
    keyboard: File,
    /// The program's side, held open so that its settings can be read when it is gone.
    other_side: File,
    seen: Arc<Mutex<Seen>>,
}

impl std::fmt::Debug for Terminal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terminal").finish_non_exhaustive()
    }
}

impl Terminal {
    /// Has the person start a program on a new terminal of so many columns and rows: not under the
    /// test, which is the client.
    ///
    /// # Panics
    /// When there are no terminals to be had, or no person.
    #[must_use]
    pub fn start(command: &Command, size: (u16, u16)) -> Self {
        Self::run(command, size, |it| person::runs(it))
    }

    /// The same where it is the client who starts it.
    ///
    /// # Panics
    /// When there are no terminals to be had, or the program does not start.
    #[must_use]
    pub fn start_by_the_client(command: &Command, size: (u16, u16)) -> Self {
        Self::run(command, size, |it| it.output().expect("the program starts"))
    }

    fn run(
        command: &Command,
        (columns, rows): (u16, u16),
        run: fn(&mut Command) -> Output,
    ) -> Self {
        let (keyboard, path) = pair();
        resize(&keyboard, columns, rows);
        let noctty = i32::try_from(rustix::fs::OFlags::NOCTTY.bits()).expect("a flag");
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(noctty);
        let other_side = options.open(&path).expect("the terminal opens");
        let path = path.display();
        let script = format!("exec setsid --ctty \"$@\" <{path} >{path} 2>&1");
        let mut leader = Command::new("sh");
        leader
            .args(["-c", &script, "sh"])
            .arg(command.get_program())
            .args(command.get_args())
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR");
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => leader.env(name, value),
                None => leader.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            leader.current_dir(folder);
        }
        let runs = Some(std::thread::spawn(move || run(&mut leader)));
        let seen = Arc::new(Mutex::new(Seen {
            screen: vt100::Parser::new(count(rows), count(columns), 0),
            bytes: Vec::new(),
        }));
        let reads = keyboard.try_clone().expect("a second handle");
        std::thread::spawn({
            let seen = Arc::clone(&seen);
            move || watch(reads, &seen)
        });
        Self {
            runs,
            keyboard,
            other_side,
            seen,
        }
    }

    /// What stands on the screen, a row a line.
    #[must_use]
    pub fn text(&self) -> String {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.screen.screen().contents()
    }

    /// Every byte the program has written.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.bytes.clone()
    }

    /// Waits until this stands on the screen.
    ///
    /// # Panics
    /// When it does not for long.
    pub fn shows(&self, words: &str) {
        wait_until(&format!("`{words}` on the screen"), PATIENCE, || {
            self.text().contains(words)
        });
    }

    /// Waits until this stands on the screen no more.
    ///
    /// # Panics
    /// When it does for long.
    pub fn hides(&self, words: &str) {
        wait_until(&format!("`{words}` off the screen"), PATIENCE, || {
            !self.text().contains(words)
        });
    }

    /// Presses keys at once.
    ///
    /// # Panics
    /// When the terminal is gone.
    pub fn press(&self, keys: &str) {
        (&self.keyboard)
            .write_all(keys.as_bytes())
            .expect("it takes keys");
    }

    /// The screen is made larger or smaller.
    pub fn resize(&self, columns: u16, rows: u16) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.screen
            .screen_mut()
            .set_size(count(rows), count(columns));
        resize(&self.keyboard, columns, rows);
    }

    /// The program's process id.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn pid(&self) -> u32 {
        let group = || tcgetpgrp(&self.keyboard).ok();
        let leader = wait_for("the program", PATIENCE, group);
        leader.as_raw_nonzero().get().unsigned_abs()
    }

    /// Waits for the program's end.
    ///
    /// # Panics
    /// When it does not end.
    pub fn ended(&mut self) -> ExitStatus {
        let runs = self.runs.take().expect("it has not ended before");
        wait_until("the program's end", PATIENCE, || runs.is_finished());
        runs.join().expect("the person answers").status
    }

    /// Whether lines and echo are on, as a shell finds them, and the screen is the one before the
    /// program, with its cursor.
    ///
    /// # Panics
    /// When the terminal can't be asked.
    #[must_use]
    pub fn is_as_before(&self) -> bool {
        let modes = tcgetattr(&self.other_side)
            .expect("its settings")
            .local_modes;
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let screen = seen.screen.screen();
        modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG)
            && !screen.alternate_screen()
            && !screen.hide_cursor()
            && !screen.bracketed_paste()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(runs) = self.runs.take()
            && let Ok(leader) = tcgetpgrp(&self.keyboard)
        {
            let _gone = kill_process(leader, Signal::KILL);
            let _gone = runs.join();
        }
    }
}

fn count(of: u16) -> NonZero<u16> {
    NonZero::new(of).expect("a screen has rows and columns")
}

fn pair() -> (File, PathBuf) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let ours: OwnedFd = openpt(flags).expect("a terminal");
    grantpt(&ours).expect("it is ours");
    unlockpt(&ours).expect("it can be opened");
    let path = ptsname(&ours, Vec::new()).expect("it has a name");
    let path = path.into_string().expect("a path");
    (ours.into(), path.into())
}

fn resize(keyboard: &File, columns: u16, rows: u16) {
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(keyboard, size).expect("it has a size");
}

fn watch(mut reads: File, seen: &Mutex<Seen>) {
    let mut buffer = [0; 64 * 1024];
    while let Ok(length @ 1..) = reads.read(&mut buffer) {
        let bytes = buffer.get(..length).unwrap_or_default();
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.screen.process(bytes);
        seen.bytes.extend_from_slice(bytes);
    }
}
