//! A terminal of a person's own: a program that believes to have one, what it has drawn there as
//! a person would see it, and the keyboard.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

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
    program: Child,
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
    /// Starts a program on a terminal of so many columns and rows.
    ///
    /// # Panics
    /// When there are no terminals to be had, or the program does not start.
    #[must_use]
    pub fn start(command: &Command, (columns, rows): (u16, u16)) -> Self {
        let (keyboard, path) = pair();
        resize(&keyboard, columns, rows);
        let side = || {
            let mut options = OpenOptions::new();
            options.read(true).write(true);
            let noctty = i32::try_from(rustix::fs::OFlags::NOCTTY.bits()).expect("a flag");
            options.custom_flags(noctty);
            options.open(&path).expect("the terminal opens")
        };
        let mut leader = Command::new("setsid");
        leader
            .arg("--ctty")
            .arg(command.get_program())
            .args(command.get_args())
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR")
            .stdin(side())
            .stdout(side())
            .stderr(side());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => leader.env(name, value),
                None => leader.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            leader.current_dir(folder);
        }
        let other_side = side();
        let program = leader.spawn().expect("the program starts");
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
            program,
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
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.program.id()
    }

    /// Waits for the program's end.
    ///
    /// # Panics
    /// When it does not end.
    pub fn ended(&mut self) -> ExitStatus {
        let program = &mut self.program;
        wait_for("the program's end", PATIENCE, || {
            program.try_wait().expect("it is our child")
        })
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
        let _gone = self.program.kill();
        let _gone = self.program.wait();
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
