//! A person's desk: a screen, a session bus, and a session of a recorder's whose daemon is on both.

use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::bus::Bus;
use crate::client::{Client, PATIENCE};
use crate::home::Home;
use crate::needs::needs;
use crate::screen::Screen;
use crate::wait::{wait_for, wait_until};

/// The title of dunst's window.
pub const NOTIFICATION: &str = "Notification";
/// What a dialog program's window has in its title.
pub const WINDOW: &str = "aip: may this call be made";
/// `echo` is asked about, and `free` is not.
pub const SPEC: &str = "  allowed_tools: [free]\n  tool_rules:\n    - {tool: echo, action: ask}";

/// It ends with this.
#[derive(Debug)]
pub struct Desk {
    /// The client. It goes before its home: one that is still there starts the home's daemon again.
    pub client: Client,
    /// The screen.
    pub screen: Screen,
    /// The session bus.
    pub bus: Bus,
    /// Where the daemon lives.
    pub home: Home,
    /// The daemon.
    pub daemon: Child,
}

impl Desk {
    /// Sits down, with this `config.yaml`; `None` where this machine lacks what is needed.
    ///
    /// # Panics
    /// When the daemon does not start.
    #[must_use]
    pub fn new(test: &str, config: &str) -> Option<Self> {
        let there = Bus::start().and_then(|bus| Ok((bus, Screen::start()?)));
        let (bus, screen) = needs(test, there)?;
        let home = Home::with_config(&format!("policy_trust: off\n{config}"));
        let daemon = home
            .command("aipd")
            .env("DISPLAY", screen.display())
            .env("XDG_CURRENT_DESKTOP", "GNOME")
            .env("DBUS_SESSION_BUS_ADDRESS", bus.address())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        wait_for("the daemon", PATIENCE, || {
            home.ctl(&["status"]).status.success().then_some(())
        });
        let policy = home.policy("notices", SPEC);
        let mut client = home.wrap(&policy, &home.record("server"), &[]);
        client.initialize();
        let _tools: Value = client.request("tools/list", &json!({}));
        Some(Self {
            screen,
            bus,
            home,
            client,
            daemon,
        })
    }

    /// Calls what is asked about, and waits until the notification is on the screen.
    ///
    /// # Panics
    /// When it does not come.
    pub fn ask(&mut self, arguments: &Value) -> i64 {
        let id = self.client.ask_call("echo", arguments);
        let _window = self.screen.window(NOTIFICATION);
        id
    }

    /// Clicks on the notification.
    pub fn click(&self) {
        let window = self.screen.window(NOTIFICATION);
        self.screen.click(&window, 0.2, 25);
    }

    /// Denies what waits, by `aipctl`.
    ///
    /// # Panics
    /// When that fails.
    pub fn deny(&self) {
        let denied = self.home.ctl(&["deny", &self.waiting()]);
        assert!(denied.status.success(), "{denied:?}");
    }

    /// The id of the one that waits.
    ///
    /// # Panics
    /// When none does.
    #[must_use]
    pub fn waiting(&self) -> String {
        let approval = self.home.approvals().pop().unwrap();
        approval["id"].as_str().unwrap().to_owned()
    }

    /// The first event of this name.
    #[must_use]
    pub fn event(&self, name: &str) -> Option<Value> {
        let mut records = self.home.live_audit().into_iter();
        records.find(|it| it["event"] == name)
    }

    /// Waits until there is no notification.
    ///
    /// # Panics
    /// When it stays.
    pub fn gone(&self) {
        wait_until("the notification closes", PATIENCE, || {
            self.screen.windows(NOTIFICATION).is_empty()
        });
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _gone = self.daemon.kill();
        let _gone = self.daemon.wait();
    }
}
