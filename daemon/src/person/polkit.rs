//! `approval_auth: system`: the system's own agent asks the person for their password, by polkit. What
//! a program of the same user can do by itself is not enough then, wherever it runs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::daemon::Daemon;
use crate::peer::Process;

#[cfg(target_os = "linux")]
mod authority;
pub mod what;

/// The action polkit knows it by; `packaging/` has its file.
pub const ACTION: &str = "dev.aip.aipd.person";
/// How a record names it.
pub const AUTH: &str = "polkit";
/// How long a person has for the password.
const LONGEST: Duration = Duration::from_secs(120);
/// Questions for a password at once.
pub const QUESTIONS: usize = 4;

/// Why the person's password does not stand behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unconfirmed {
    /// The process is gone.
    Unseen,
    /// Too many questions are open, or were of late.
    Busy,
    /// The bus or polkit can't be reached, or does not do what it should.
    Failed(String),
    /// polkit does not know the action.
    NotInstalled,
    /// polkit lets nobody but the action's owner say what is asked.
    NotOwner,
    /// polkit lets it pass and asks nobody.
    Unasked,
    /// polkit's rules forbid it.
    Forbidden,
    /// Nothing is there that could ask the person.
    NoAgent,
    /// The person closed the question, or the password was wrong.
    Refused,
    /// Nobody answered.
    Late,
    /// What it was for is over.
    Over,
    /// Who asked for it has gone.
    Gone,
}

impl fmt::Display for Unconfirmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unseen => "the system does not show who asks; try again",
            Self::Busy => {
                "too many questions for the password are open or were in the last minute; answer \
                 those, and try again"
            }
            Self::Failed(why) => {
                return write!(
                    f,
                    "polkit can't be asked: {why}; see that the system's bus and polkit run"
                );
            }
            Self::NotInstalled => {
                "polkit does not know the action `dev.aip.aipd.person`; install its file as \
                 docs/approvals.md says"
            }
            Self::NotOwner => {
                "polkit does not let this user say what is asked; name the user in the action's \
                 file as docs/approvals.md says"
            }
            Self::Unasked => {
                "polkit would let it pass without asking anybody, as it does for root and where a \
                 rule says so; take that rule away, or set `approval_auth: terminal`"
            }
            Self::Forbidden => "polkit's rules forbid it; look for `dev.aip.aipd.person` in them",
            Self::NoAgent => {
                "nothing is there to ask for the password; do it on the desktop, or by `aipctl` in \
                 a terminal, with polkit's `pkttyagent` installed"
            }
            Self::Refused => "the right password was not given; try again",
            Self::Late => "the password was not given in time; try again",
            Self::Over => "what it was for is over; look at `aipctl approvals`",
            Self::Gone => "the command was given up meanwhile; try again",
        })
    }
}

/// Has the system ask the person, for this process. `ask` is the call that waits for it: with its
/// end, with `gone`, and with whoever awaits this, the question goes too.
///
/// # Errors
/// Why the person did not confirm it; doubt is a no.
pub async fn confirm(
    daemon: &Arc<Daemon>,
    subject: Option<Process>,
    what: String,
    ask: Option<&str>,
    gone: impl Future<Output = ()>,
) -> Result<(), Unconfirmed> {
    let subject = subject.ok_or(Unconfirmed::Unseen)?;
    let place = Arc::clone(&daemon.questions).try_acquire_owned();
    let place = place.map_err(|_| Unconfirmed::Busy)?;
    if !daemon.door.may_question(crate::time::now_ms()) {
        return Err(Unconfirmed::Busy);
    }
    let mut stop = daemon.stop.subscribe();
    let (held, dropped) = oneshot::channel();
    let asking = tokio::spawn(async move {
        let _place = place;
        question(subject, what, dropped).await
    });
    let outcome = tokio::select! {
        asked = asking => asked.unwrap_or_else(|error| Err(Unconfirmed::Failed(error.to_string()))),
        () = over(daemon, ask) => Err(Unconfirmed::Over),
        () = gone => Err(Unconfirmed::Gone),
        () = async { let _gone = stop.wait_for(|stop| *stop).await.is_err(); } => {
            Err(Unconfirmed::Over)
        }
        () = tokio::time::sleep(LONGEST) => Err(Unconfirmed::Late),
    };
    drop::<oneshot::Sender<()>>(held);
    outcome
}

/// Asks until there is an answer; takes the question away once `dropped` is heard.
#[cfg(target_os = "linux")]
async fn question(
    subject: Process,
    what: String,
    dropped: oneshot::Receiver<()>,
) -> Result<(), Unconfirmed> {
    authority::question(&subject, &what, dropped).await
}

#[cfg(not(target_os = "linux"))]
async fn question(_: Process, _: String, _: oneshot::Receiver<()>) -> Result<(), Unconfirmed> {
    Err(Unconfirmed::Failed("it is there on Linux alone".to_owned()))
}

/// Returns once a call that waits no longer does; for what waits not at all, never.
async fn over(daemon: &Daemon, ask: Option<&str>) {
    let mut changes = daemon.approvals.changes();
    if let Some(ask) = ask.filter(|ask| daemon.approvals.waits(ask)) {
        while daemon.approvals.waits(ask) {
            if changes.changed().await.is_err() {
                return;
            }
        }
        return;
    }
    std::future::pending().await
}
