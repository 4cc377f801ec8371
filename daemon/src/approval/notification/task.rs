//! The bus and the daemon brought together: feeds the state and does what it says.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::bus::Bus;
use super::state::{Do, State};
use crate::approval::before::with_history;
use crate::approval::desktop;
use crate::approval::opening::Opener;
use crate::daemon::Daemon;
use crate::peer::Process;
use crate::person;
use crate::session::state::{Answer, By};

/// Between two tries to reach the bus while something waits.
const AGAIN: Duration = Duration::from_secs(10);

/// What answers by a notification are recorded as.
const CHANNEL: &str = "notification";

/// What was begun and came to its end.
enum Ended {
    /// Nothing is left to do.
    Done,
    /// The answer did not end this ask.
    Unanswered(String),
    /// The answer to this ask could be a client's own.
    Distrusted(String),
    /// No window was shown for this ask.
    NotOpened(String, String),
}

/// Until the daemon ends.
pub(super) async fn run(daemon: &Arc<Daemon>, opener: &Opener) {
    let mut stop = daemon.stop.subscribe();
    let mut changes = daemon.approvals.changes();
    let mut said = String::new();
    loop {
        let waits = async {
            while daemon.approvals.count() == 0 {
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = waits => {}
            () = told(&mut stop) => return,
        }
        let Err(why) = sitting(daemon, opener, &mut stop).await else {
            if *stop.borrow() {
                return;
            }
            continue;
        };
        if why != said {
            tracing::warn!(why, "no notifications are shown; other ways to answer stay");
            said = why;
        }
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            () = told(&mut stop) => return,
        }
    }
}

/// On the bus for as long as anything waits.
async fn sitting(
    daemon: &Arc<Daemon>,
    opener: &Opener,
    stop: &mut watch::Receiver<bool>,
) -> Result<(), String> {
    let address = desktop::session_bus().await;
    let address = address.ok_or("there is no session bus")?;
    let connected = Bus::connect(&address).await;
    let mut bus = connected.map_err(|why| format!("the session bus: {why}"))?;
    let mut begun = JoinSet::new();
    let ended = turns(daemon, opener, &mut bus, stop, &mut begun).await;
    // An answer that was given is handed on even where the bus is gone.
    begun.detach_all();
    ended
}

async fn turns(
    daemon: &Arc<Daemon>,
    opener: &Opener,
    bus: &mut Bus,
    stop: &mut watch::Receiver<bool>,
    begun: &mut JoinSet<Ended>,
) -> Result<(), String> {
    let mut changes = daemon.approvals.changes();
    let allow = daemon.config.notification_allow;
    let mut state = State::new(allow, Instant::now());
    loop {
        changes.mark_unchanged();
        look(daemon, &mut state).await;
        act(daemon, opener, bus, &mut state, begun).await?;
        if state.idle() && begun.is_empty() && daemon.approvals.count() == 0 {
            return Ok(());
        }
        tokio::select! {
            heard = bus.next() => match heard {
                Some(heard) => state.handle(heard, Instant::now()),
                None => return Err("the session bus is gone".to_owned()),
            },
            changed = changes.changed() => if changed.is_err() { return Ok(()) },
            Some(Ok(ended)) = begun.join_next() => ended.tell(&mut state),
            () = told(stop) => {
                state.handle_stop();
                return act(daemon, opener, bus, &mut state, begun).await;
            }
        }
        // Whoever floods the bus must not have a thread to itself.
        tokio::task::consume_budget().await;
    }
}

impl Ended {
    fn tell(self, state: &mut State) {
        match self {
            Self::Done => {}
            Self::Unanswered(ask) => state.handle_unanswered(&ask),
            Self::Distrusted(ask) => state.handle_distrusted(&ask),
            Self::NotOpened(ask, why) => {
                tracing::info!(why, "no window could be opened by a notification");
                state.handle_not_opened(&ask);
            }
        }
    }
}

/// Tells the state what waits.
async fn look(daemon: &Daemon, state: &mut State) {
    let now = Instant::now();
    for ask in state.asks() {
        if !daemon.approvals.waits(&ask) {
            state.handle_over(&ask, now);
        }
    }
    let fresh = daemon.approvals.oldest(state.room(), |id| state.wants(id));
    let fresh = with_history(daemon, fresh).await;
    state.handle_waiting(&fresh, daemon.approvals.count(), key, now);
}

/// A word nobody can guess.
fn key() -> Option<String> {
    crate::random::bytes::<8>().map(|bytes| format!("{:016x}", u64::from_be_bytes(bytes)))
}

/// Does all that is to be done.
async fn act(
    daemon: &Arc<Daemon>,
    opener: &Opener,
    bus: &mut Bus,
    state: &mut State,
    begun: &mut JoinSet<Ended>,
) -> Result<(), String> {
    while let Some(todo) = state.poll() {
        match todo {
            Do::Call(call) => {
                let sent = bus.send(call).await;
                sent.map_err(|why| format!("the session bus: {why}"))?;
            }
            Do::Answer { ask, allow } => {
                let answer = hand_on(Arc::clone(daemon), ask, state.pid(), allow);
                begun.spawn(answer);
            }
            Do::Open { ask } => {
                let opener = opener.clone();
                begun.spawn(async move {
                    match opener.open(&ask).await {
                        Ok(()) => Ended::Done,
                        Err(why) => Ended::NotOpened(ask, why),
                    }
                });
            }
            Do::Record { ask, pid } => {
                let daemon = Arc::clone(daemon);
                begun.spawn(async move {
                    let reason = "it is not the notification service";
                    person::ignore_answer(&daemon, &ask, CHANNEL, pid, reason).await;
                    Ended::Done
                });
            }
            Do::Complain(why) => tracing::warn!(why, "other ways to answer stay"),
        }
    }
    Ok(())
}

fn answer(pid: Option<u32>, allow: bool) -> Answer {
    let by = By {
        channel: CHANNEL,
        pid,
        program: pid.and_then(program),
        auth: None,
    };
    if allow {
        Answer::Allow(by)
    } else {
        Answer::Deny(by)
    }
}

fn program(pid: u32) -> Option<String> {
    let program = Process::observe(pid)?.program?;
    Some(program.display().to_string())
}

/// Hands a person's answer on, where the service can be told to be the desktop's.
async fn hand_on(daemon: Arc<Daemon>, ask: String, pid: Option<u32>, allow: bool) -> Ended {
    if let Err(doubt) = person::serves(&daemon, pid) {
        person::ignore_answer(&daemon, &ask, CHANNEL, pid, &doubt.to_string()).await;
        return Ended::Distrusted(ask);
    }
    let answer = answer(pid, allow);
    match person::hand_on(&daemon, &ask, answer).await {
        Ok(_) => Ended::Done,
        Err(failure) => {
            tracing::info!(why = failure.message, "an answer did not count");
            Ended::Unanswered(ask)
        }
    }
}

/// Returns once the daemon is to end.
async fn told(stop: &mut watch::Receiver<bool>) {
    let _gone = stop.wait_for(|stop| *stop).await.is_err();
}
