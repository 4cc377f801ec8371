//! A screen nobody looks at, and a hand on its keyboard and mouse.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use crate::needs::tool;
use crate::wait::wait_for;

/// How long a window may take to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// An X server without a screen; it ends with this.
#[derive(Debug)]
pub struct Screen {
    server: Child,
    display: String,
}

/// A window, by the X server's number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window(String);

impl Screen {
    /// Starts one at a free number.
    ///
    /// # Errors
    /// When Xvfb or xdotool is not installed.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start() -> Result<Self, String> {
        tool("Xvfb")?;
        tool("xdotool")?;
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1024x768x24"])
            .args(["-nolisten", "tcp", "-noreset"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb starts");
        let mut number = String::new();
        let stdout = server.stdout.take().expect("its output");
        BufReader::new(stdout)
            .read_line(&mut number)
            .expect("Xvfb says its number");
        Ok(Self {
            server,
            display: format!(":{}", number.trim()),
        })
    }

    /// Its `DISPLAY`.
    #[must_use]
    pub fn display(&self) -> &str {
        &self.display
    }

    /// Waits for a window with this in its title.
    ///
    /// # Panics
    /// When none comes.
    #[must_use]
    pub fn window(&self, title: &str) -> Window {
        let window = wait_for("a window", PATIENCE, || self.windows(title).pop());
        // It is on the screen a moment before it hears the keyboard.
        std::thread::sleep(Duration::from_millis(700));
        self.hand(&["windowfocus", &window.0]);
        window
    }

    /// The windows with this in their titles.
    #[must_use]
    pub fn windows(&self, title: &str) -> Vec<Window> {
        let found = self.hand(&["search", "--onlyvisible", "--name", title]);
        let text = String::from_utf8_lossy(&found.stdout).into_owned();
        text.lines().map(|line| Window(line.to_owned())).collect()
    }

    /// Presses keys one after the other.
    pub fn press(&self, keys: &[&str]) {
        for key in keys {
            self.hand(&["key", key]);
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Clicks at a place given in parts of a window's width, and in pixels from its lower edge.
    pub fn click(&self, window: &Window, across: f64, above: i32) {
        let shape = self.hand(&["getwindowgeometry", "--shell", &window.0]);
        let shape = String::from_utf8_lossy(&shape.stdout).into_owned();
        let value = |name: &str| -> f64 {
            let line = shape.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|it| it.parse().ok()).unwrap_or(0.0)
        };
        let x = value("WIDTH=") * across;
        let y = value("HEIGHT=") - f64::from(above);
        let (x, y) = (format!("{x:.0}"), format!("{y:.0}"));
        self.hand(&["mousemove", "--window", &window.0, &x, &y, "click", "1"]);
    }

    fn hand(&self, args: &[&str]) -> Output {
        Command::new("xdotool")
            .args(args)
            .env("DISPLAY", &self.display)
            .output()
            .expect("xdotool can be run")
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _gone = self.server.kill();
        let _gone = self.server.wait();
    }
}
