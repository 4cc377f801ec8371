//! polkit's authority on the system's bus (org.freedesktop.PolicyKit1.Authority). A connection of its own for each
//! question: one that hangs holds up no other.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::oneshot;
use zbus::connection::Builder;
use zbus::{Connection, Message, Variant};

use super::{ACTION, Unconfirmed};
use crate::audit::escape::escaped;
use crate::peer::Process;

/// Where the system's bus is. Never from the environment: a daemon that a shim started has that from
/// the client, who could have a bus, and an authority, of its own.
const BUS: &str = "unix:path=/run/dbus/system_bus_socket";
const SERVICE: &str = "org.freedesktop.PolicyKit1";
const PATH: &str = "/org/freedesktop/PolicyKit1/Authority";
const INTERFACE: &str = "org.freedesktop.PolicyKit1.Authority";
const NOT_AUTHORIZED: &str = "org.freedesktop.PolicyKit1.Error.NotAuthorized";
/// How long the bus and polkit have where no person is asked.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest of their complaints that is told on, in characters.
const COMPLAINT: usize = 200;

/// What polkit says: authorized, and whether it would be if somebody could be asked.
type Result3 = (bool, bool, HashMap<String, String>);

/// Flags of `CheckAuthorization`.
#[derive(Clone, Copy, Debug)]
enum Flags {
    /// Nobody is to be asked.
    None = 0,
    AllowUserInteraction = 1,
}

/// Asks once whether somebody would be asked at all, and then that they be.
pub(super) async fn question(
    subject: &Process,
    what: &str,
    dropped: oneshot::Receiver<()>,
) -> Result<(), Unconfirmed> {
    let builder = Builder::address(BUS);
    let bus = in_time(builder.build()).await?;
    // Without a word of what is asked: to whoever may not say that, polkit does not even tell that
    // it has no such action.
    first(&in_time(check(&bus, subject, None, Flags::None, "")).await?)?;
    let random = crate::random::bytes::<8>();
    let random = random.ok_or_else(|| Unconfirmed::Failed("no randomness".to_owned()))?;
    let cancel = format!("aip-{:016x}", u64::from_be_bytes(random));
    tokio::select! {
        asked = check(&bus, subject, Some(what), Flags::AllowUserInteraction, &cancel) => {
            second(&asked.map_err(|error| failed(&error))?)
        }
        _ = dropped => {
            let cancel = cancel.as_str();
            let cancelling = call(&bus, "CancelCheckAuthorization", &cancel);
            if let Err(why) = in_time(cancelling).await {
                tracing::info!(%why, "a question for the password could not be taken away");
            }
            Err(Unconfirmed::Over)
        }
    }
}

/// Nobody was asked yet, so it must not be allowed.
fn first((authorized, challenge, _): &Result3) -> Result<(), Unconfirmed> {
    match (authorized, challenge) {
        (true, _) => Err(Unconfirmed::Unasked),
        (false, true) => Ok(()),
        (false, false) => Err(Unconfirmed::Forbidden),
    }
}

/// One could have been asked; where it still only could be, nothing was there to ask them.
fn second((authorized, challenge, _): &Result3) -> Result<(), Unconfirmed> {
    match (authorized, challenge) {
        (true, _) => Ok(()),
        (false, true) => Err(Unconfirmed::NoAgent),
        (false, false) => Err(Unconfirmed::Refused),
    }
}

async fn check(
    bus: &Connection,
    subject: &Process,
    what: Option<&str>,
    flags: Flags,
    cancel: &str,
) -> zbus::Result<Result3> {
    let uid = i32::try_from(rustix::process::geteuid().as_raw());
    let about = HashMap::from([
        ("pid", Variant::from(subject.pid)),
        ("start-time", Variant::from(subject.start)),
        ("uid", Variant::from(uid.unwrap_or(-1))),
    ]);
    let details: HashMap<&str, &str> = what.map(|what| ("what", what)).into_iter().collect();
    let body = (
        ("unix-process", about),
        ACTION,
        details,
        flags as u32,
        cancel,
    );
    call(bus, "CheckAuthorization", &body)
        .await?
        .body()
        .deserialize()
}

async fn call<B: serde::Serialize + zbus::DynamicType>(
    bus: &Connection,
    member: &'static str,
    body: &B,
) -> zbus::Result<Message> {
    bus.call_method(Some(SERVICE), PATH, Some(INTERFACE), member, body)
        .await
}

async fn in_time<T>(doing: impl Future<Output = zbus::Result<T>>) -> Result<T, Unconfirmed> {
    match tokio::time::timeout(PATIENCE, doing).await {
        Ok(done) => done.map_err(|error| failed(&error)),
        Err(_) => Err(Unconfirmed::Failed("it does not answer".to_owned())),
    }
}

fn failed(error: &zbus::Error) -> Unconfirmed {
    if let zbus::Error::MethodError(name, text, _) = error {
        let text = text.as_deref().unwrap_or_default();
        return refusal(name.as_str(), text);
    }
    complaint(&error.to_string())
}

/// What an error of polkit's means.
fn refusal(name: &str, text: &str) -> Unconfirmed {
    if name == NOT_AUTHORIZED {
        Unconfirmed::NotOwner
    } else if text.contains("is not registered") {
        Unconfirmed::NotInstalled
    } else {
        complaint(text)
    }
}

fn complaint(text: &str) -> Unconfirmed {
    let start: String = text.chars().take(COMPLAINT).collect();
    Unconfirmed::Failed(escaped(&start).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_somebody_was_asked_counts() {
        let said = |authorized, challenge| (authorized, challenge, HashMap::new());
        assert_eq!(first(&said(true, false)), Err(Unconfirmed::Unasked));
        assert_eq!(first(&said(true, true)), Err(Unconfirmed::Unasked));
        assert_eq!(first(&said(false, true)), Ok(()));
        assert_eq!(first(&said(false, false)), Err(Unconfirmed::Forbidden));
        assert_eq!(second(&said(true, false)), Ok(()));
        assert_eq!(second(&said(false, true)), Err(Unconfirmed::NoAgent));
        assert_eq!(second(&said(false, false)), Err(Unconfirmed::Refused));
    }

    #[test]
    fn an_error_is_never_a_yes_and_says_what_to_do() {
        let failed = "org.freedesktop.PolicyKit1.Error.Failed";
        let unknown = format!("Action {ACTION} is not registered");
        assert_eq!(refusal(failed, &unknown), Unconfirmed::NotInstalled);
        assert_eq!(refusal(NOT_AUTHORIZED, "Only..."), Unconfirmed::NotOwner);
        let shown = refusal(failed, "a\u{1b}[2Jb").to_string();
        assert!(shown.contains("a\\u001b[2Jb"), "{shown}");
    }
}
