//! The session bus: calls of ours, each with who may answer it, and what is heard. One reader takes
//! everything, so no answer can be stuck behind signals, and nothing waits for an answer.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream;
use zbus::connection::Builder;
use zbus::message::{Header, Type};
use zbus::{Connection, Message, MessageStream, Variant};

use super::call::{Call, Heard};
use super::note::{Can, Note};

/// The bus itself (D-Bus specification).
const BUS: &str = "org.freedesktop.DBus";
const BUS_PATH: &str = "/org/freedesktop/DBus";
/// The service (Desktop Notifications Specification).
const SERVICE: &str = "org.freedesktop.Notifications";
const SERVICE_PATH: &str = "/org/freedesktop/Notifications";
/// What is listened to. Signals of strangers too: that they try is to be seen, and one that is sent
/// to us alone reaches us whatever is asked for here.
const RULES: [&str; 3] = [
    "type='signal',interface='org.freedesktop.Notifications',member='ActionInvoked'",
    "type='signal',interface='org.freedesktop.Notifications',member='NotificationClosed'",
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='org.freedesktop.Notifications'",
];
/// How long the bus may take to let us in, or to take a message.
const PATIENCE: Duration = Duration::from_secs(5);
/// Calls without an answer at most: past it the bus has stopped answering.
const UNANSWERED: usize = 256;
/// How urgent: critical, which doesn't go by itself.
const CRITICAL: u8 = 2;
/// It doesn't expire.
const NEVER: i32 = 0;

/// A connection to the session bus.
#[derive(Debug)]
pub(super) struct Bus {
    connection: Connection,
    stream: MessageStream,
    unanswered: BTreeMap<NonZeroU32, Call>,
}

impl Bus {
    /// Connects and listens.
    pub(super) async fn connect(address: &str) -> Result<Self, String> {
        let builder = Builder::address(address);
        let connection = in_time(builder.build()).await?;
        let stream = MessageStream::from(&connection);
        let bus = Self {
            connection,
            stream,
            unanswered: BTreeMap::new(),
        };
        for rule in RULES {
            let message = to_bus("AddMatch", &(rule));
            bus.write(&message?).await?;
        }
        Ok(bus)
    }

    /// Makes a call; what comes of it is heard later.
    pub(super) async fn send(&mut self, call: Call) -> Result<(), String> {
        if self.unanswered.len() >= UNANSWERED {
            return Err("it leaves calls unanswered".to_owned());
        }
        let message = message(&call)?;
        // A reply to this is of no use, and unknown ones are passed over.
        if !matches!(call, Call::Close { .. }) {
            let serial = message.primary_header().serial_num();
            self.unanswered.insert(serial, call);
        }
        self.write(&message).await
    }

    /// Shows one that no answer is taken to, in the place of another where `replaces` names one, and
    /// leaves it; its number.
    pub(super) async fn tell(address: &str, note: &Note, replaces: u32) -> Result<u32, String> {
        let connection = in_time(Builder::address(address).build()).await?;
        let (to, path) = (Some(SERVICE), SERVICE_PATH);
        let body = shown(replaces, note);
        let shown = connection.call_method(to, path, to, "Notify", &body);
        let answer = in_time(shown).await?;
        let number = answer.body().deserialize();
        number.map_err(|error| error.to_string())
    }

    async fn write(&self, message: &Message) -> Result<(), String> {
        in_time(self.connection.send(message)).await
    }

    /// The next thing heard; `None` when the connection is gone.
    pub(super) async fn next(&mut self) -> Option<Heard> {
        let next = std::future::poll_fn(|cx| Pin::new(&mut self.stream).poll_next(cx));
        let message = next.await?.ok()?;
        Some(self.read(&message).unwrap_or(Heard::Nothing))
    }

    fn read(&mut self, message: &Message) -> Option<Heard> {
        let header = message.header();
        let sender = header.sender()?.as_str();
        match message.message_type() {
            Type::Signal => signal(sender, &header, message),
            kind @ (Type::MethodReturn | Type::Error) => {
                let serial = header.reply_serial()?;
                if !may_answer(self.unanswered.get(&serial)?, sender) {
                    return None;
                }
                let call = self.unanswered.remove(&serial)?;
                if kind == Type::Error {
                    return Some(Heard::Failed(call));
                }
                Some(reply(&call, message).unwrap_or(Heard::Failed(call)))
            }
            Type::MethodCall => None,
        }
    }
}

async fn in_time<T>(doing: impl Future<Output = zbus::Result<T>>) -> Result<T, String> {
    match tokio::time::timeout(PATIENCE, doing).await {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(_) => Err("it does not answer".to_owned()),
    }
}

/// The service answers what it was asked, and so may the bus in its place: with an error, when the
/// service is gone.
fn may_answer(call: &Call, sender: &str) -> bool {
    match call {
        Call::Owner | Call::Start | Call::Pid { .. } | Call::Stranger { .. } => sender == BUS,
        Call::Capabilities { owner } | Call::Notify { owner, .. } | Call::Close { owner, .. } => {
            sender == owner || sender == BUS
        }
    }
}

fn signal(sender: &str, header: &Header<'_>, message: &Message) -> Option<Heard> {
    let body = message.body();
    let sender = sender.to_owned();
    match (header.interface()?.as_str(), header.member()?.as_str()) {
        (SERVICE, "ActionInvoked") => {
            let (id, key): (u32, &str) = body.deserialize().ok()?;
            let key = key.to_owned();
            Some(Heard::Invoked { sender, id, key })
        }
        (SERVICE, "NotificationClosed") => {
            let (id, _why): (u32, u32) = body.deserialize().ok()?;
            Some(Heard::Closed { sender, id })
        }
        (BUS, "NameOwnerChanged") if sender == BUS => {
            let (name, _old, new): (&str, &str, &str) = body.deserialize().ok()?;
            let new = Some(new.to_owned()).filter(|it| !it.is_empty());
            (name == SERVICE).then_some(Heard::Owner(new))
        }
        _ => None,
    }
}

/// What the answer to a call means; `None` where it is no answer to it.
fn reply(call: &Call, message: &Message) -> Option<Heard> {
    let body = message.body();
    Some(match call {
        Call::Owner => Heard::Owner(Some(body.deserialize::<&str>().ok()?.to_owned())),
        Call::Pid { owner } => Heard::Pid {
            owner: owner.clone(),
            pid: body.deserialize().ok()?,
        },
        Call::Stranger { ask, .. } => Heard::Stranger {
            ask: ask.clone(),
            pid: Some(body.deserialize().ok()?),
        },
        Call::Capabilities { owner } => {
            let listed: Vec<&str> = body.deserialize().ok()?;
            Heard::Capabilities {
                owner: owner.clone(),
                can: Can {
                    actions: listed.contains(&"actions"),
                    markup: listed.contains(&"body-markup"),
                },
            }
        }
        Call::Notify { owner, ask, .. } => Heard::Shown {
            owner: owner.clone(),
            ask: ask.clone(),
            id: body.deserialize().ok().filter(|id| *id != 0)?,
        },
        Call::Start | Call::Close { .. } => Heard::Nothing,
    })
}

fn message(call: &Call) -> Result<Message, String> {
    match call {
        Call::Owner => to_bus("GetNameOwner", &(SERVICE)),
        Call::Start => to_bus("StartServiceByName", &(SERVICE, 0_u32)),
        Call::Pid { owner: name } | Call::Stranger { sender: name, .. } => {
            to_bus("GetConnectionUnixProcessID", &(name.as_str()))
        }
        Call::Capabilities { owner } => to_service(owner, "GetCapabilities", &()),
        Call::Close { owner, id } => to_service(owner, "CloseNotification", id),
        Call::Notify {
            owner,
            replaces,
            note,
            ..
        } => notify(owner, *replaces, note),
    }
}

fn notify(owner: &str, replaces: u32, note: &Note) -> Result<Message, String> {
    to_service(owner, "Notify", &shown(replaces, note))
}

/// What `Notify` takes.
fn shown(replaces: u32, note: &Note) -> impl serde::Serialize + zbus::DynamicType {
    let actions = note.actions.iter();
    let actions: Vec<&str> = actions
        .flat_map(|(key, label)| [key.as_str(), *label])
        .collect();
    let hints = HashMap::from([("urgency", Variant::from(CRITICAL))]);
    (
        "aip",
        replaces,
        "",
        note.summary.as_str(),
        note.body.as_str(),
        actions,
        hints,
        NEVER,
    )
}

fn to_bus<B: serde::Serialize + zbus::DynamicType>(
    member: &'static str,
    body: &B,
) -> Result<Message, String> {
    call(BUS, BUS_PATH, BUS, member, body)
}

fn to_service<B: serde::Serialize + zbus::DynamicType>(
    owner: &str,
    member: &'static str,
    body: &B,
) -> Result<Message, String> {
    call(owner, SERVICE_PATH, SERVICE, member, body)
}

fn call<B: serde::Serialize + zbus::DynamicType>(
    to: &str,
    path: &'static str,
    interface: &'static str,
    member: &'static str,
    body: &B,
) -> Result<Message, String> {
    Message::method_call(path, member)
        .destination(to)
        .interface(interface)
        .build(body)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_was_asked_answers() {
        let notify = Call::Capabilities {
            owner: ":1.5".to_owned(),
        };
        assert!(may_answer(&notify, ":1.5") && may_answer(&notify, BUS));
        assert!(!may_answer(&notify, ":1.6"));
        assert!(may_answer(&Call::Owner, BUS) && !may_answer(&Call::Owner, ":1.5"));
    }

    #[test]
    fn a_change_of_owner_is_believed_of_the_bus_alone() {
        let signal_of = |sender: &str| {
            let body = (SERVICE, ":1.5", ":1.6");
            let built = Message::signal(BUS_PATH, BUS, "NameOwnerChanged");
            let message = built.build(&body).unwrap();
            signal(sender, &message.header(), &message)
        };
        assert_eq!(signal_of(BUS), Some(Heard::Owner(Some(":1.6".to_owned()))));
        assert_eq!(signal_of(":1.9"), None);
    }
}
