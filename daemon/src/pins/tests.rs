//! Listings one after another, and the commands behind a name.

use std::borrow::Cow;

use super::*;
use crate::audit::query::Stored;
use crate::session::state::Facts;

#[test]
fn what_is_seen_first_is_approved_and_what_comes_later_is_not() {
    let mut server = Server::default();
    assert_eq!(list(&mut server, "a", "1", 0), Some(Change::First));
    assert_eq!(list(&mut server, "a", "1", 1), None);
    whole(&mut server, &["a"]);
    assert_eq!(list(&mut server, "b", "1", 2), Some(Change::Added));
    assert_eq!(list(&mut server, "b", "1", 3), None, "told once");
    assert!(matches!(
        list(&mut server, "a", "2", 4),
        Some(Change::Changed { .. })
    ));
    assert_eq!(list(&mut server, "a", "2", 5), None, "told once");
    assert_eq!(list(&mut server, "a", "1", 6), Some(Change::Restored));
    assert_eq!(server.shown("a", "1"), None);
    assert_eq!(server.shown("a", "2"), Some(Held::Changed));
    assert_eq!(server.shown("b", "1"), Some(Held::New));
    assert_eq!(server.shown("c", "1"), Some(Held::New));
}

#[test]
fn what_is_listed_no_more_is_removed_or_forgotten() {
    let mut server = Server::default();
    list(&mut server, "a", "1", 0);
    list(&mut server, "b", "1", 0);
    whole(&mut server, &["a", "b"]);
    list(&mut server, "new", "1", 1);
    let (removed, forgotten) = whole(&mut server, &["a"]);
    assert_eq!(
        (removed, forgotten),
        (vec!["b".to_owned()], vec!["new".to_owned()])
    );
    assert_eq!(
        whole(&mut server, &["a"]),
        (Vec::new(), Vec::new()),
        "told once"
    );
    assert_eq!(server.last_known("b"), Some(Held::Removed));
    assert_eq!(server.not_shown("b"), Some(Held::Removed));
    assert_eq!(server.last_known("new"), Some(Held::New));
    assert_eq!(server.not_shown("new"), Some(Held::New));
    assert_eq!(list(&mut server, "b", "1", 2), Some(Change::Restored));
    assert_eq!(server.last_known("b"), None);
}

#[test]
fn a_person_approves_the_very_definition_that_was_listed() {
    let mut server = Server::default();
    list(&mut server, "a", "1", 0);
    whole(&mut server, &["a"]);
    list(&mut server, "a", "2", 1);
    assert!(!server.approve("a", Some("3")));
    assert!(!server.approve("b", Some("2")));
    assert_eq!(server.last_known("a"), Some(Held::Changed));
    assert!(server.approve("a", Some("2")));
    assert_eq!(server.last_known("a"), None);
    assert_eq!(server.shown("a", "1"), Some(Held::Changed));
    whole(&mut server, &[]);
    assert!(server.approve("a", None), "its removal is accepted");
    assert_eq!(server.last_known("a"), Some(Held::New), "like any other");
}

/// A server that never comes to the end of its list can't have tools approved for ever.
#[test]
fn the_first_listing_is_over_in_bounded_time() {
    let mut server = Server::default();
    server.listing(0);
    assert_eq!(list(&mut server, "a", "1", 0), Some(Change::First));
    server.listing(FIRST_LISTING + 1);
    assert_eq!(list(&mut server, "b", "1", 1), Some(Change::Added));
    // Nor may a clock that was set back give it more.
    let mut server = Server::default();
    server.listing(1000);
    server.listing(0);
    assert!(server.about.closed);
}

#[test]
fn what_there_is_no_room_for_stays_new() {
    let mut server = Server::default();
    for n in 0..MAX_TOOLS {
        list(&mut server, &format!("t{n}"), "1", 0);
    }
    assert_eq!(list(&mut server, "one_more", "1", 0), None);
    assert_eq!(server.shown("one_more", "1"), Some(Held::New));
    let long = "n".repeat(MAX_NAME + 1);
    assert_eq!(list(&mut Server::default(), &long, "1", 0), None);
    assert_eq!(Server::default().shown(&long, "1"), Some(Held::New));
}

#[test]
fn the_server_used_longest_ago_makes_room() {
    let mut book = Book::new();
    for n in 0..MAX_SERVERS {
        let (_, evicted) = started(&mut book, &format!("{n}"), false, i64::try_from(n).unwrap());
        assert_eq!(evicted, None);
    }
    book.get_mut("client")
        .unwrap()
        .get_mut("0")
        .unwrap()
        .about
        .listed_ms = Some(9_999);
    let (_, evicted) = started(&mut book, "more", false, 10_000);
    assert_eq!(evicted.as_deref(), Some("1"), "0 was listed since");
}

#[test]
fn another_command_under_a_given_name_is_seen() {
    let mut book = Book::new();
    assert_eq!(started(&mut book, "one", true, 0).0, None);
    assert_eq!(started(&mut book, "one", true, 1).0, None);
    assert_eq!(started(&mut book, "two", true, 2).0.as_deref(), Some("one"));
    assert_eq!(started(&mut book, "two", true, 3).0, None);
    assert_eq!(started(&mut book, "one", true, 4).0.as_deref(), Some("two"));
}

#[test]
fn programs_of_one_base_name_are_no_swap() {
    let mut book = Book::new();
    assert_eq!(started(&mut book, "one", false, 0).0, None);
    assert_eq!(started(&mut book, "two", false, 1).0, None);
    assert_eq!(started(&mut book, "three", true, 2).0, None);
}

/// Whoever may write the store may break what is pinned, not have it pinned anew.
#[test]
fn what_can_not_be_read_back_is_no_first_sight() {
    let folder = tempfile::tempdir().unwrap();
    let store = crate::audit::store::open(&folder.path().join("audit.db")).unwrap();
    store
        .execute_batch(
            "INSERT INTO pinned_server VALUES ('c', 'broken', 'x');
             INSERT INTO pin VALUES ('c', 'alone', 't', 1, 1, 'x', '{}', '{\"hash\":\"1\"}', '{}', 'x');",
        )
        .unwrap();
    let mut book = crate::audit::pins::book(&store).unwrap();
    let servers = book.get_mut("c").unwrap();
    let broken = servers.get_mut("broken").unwrap();
    assert_eq!(list(broken, "t", "1", 0), Some(Change::Added));
    let alone = servers.get_mut("alone").unwrap();
    assert_eq!(alone.shown("t", "1"), Some(Held::Changed));
    assert_eq!(list(alone, "u", "1", 0), Some(Change::Added));
}

fn list(server: &mut Server, name: &str, hash: &str, now_ms: i64) -> Option<Change> {
    let print = Print {
        hash: hash.to_owned(),
        ..Print::default()
    };
    let listed = Listed {
        name: name.to_owned(),
        normal: name.to_owned(),
        looks: name.to_owned(),
        print,
    };
    server.lists(&listed, now_ms)
}

fn whole(server: &mut Server, names: &[&str]) -> (Vec<String>, Vec<String>) {
    let gone = server.lists_no_more(&names.iter().copied().collect(), 9);
    server.about.closed = true;
    gone
}

/// A session begins: the identity whose place it takes, and the one that makes room.
fn started(
    book: &mut Book,
    identity: &str,
    named: bool,
    now_ms: i64,
) -> (Option<String>, Option<String>) {
    use crate::audit::StateOp;
    use crate::audit::pins::PinOp;
    let facts = Facts {
        client: "client".to_owned(),
        server: "label".to_owned(),
        identity: identity.to_owned(),
        named,
        started_ms: now_ms,
        ..Facts::default()
    };
    let (batch, before) = begins(book, &facts);
    let mut evicted = None;
    let event = |it| Stored::of(it, 1).text("event").map(Cow::into_owned);
    let mut events = batch.records.into_iter().filter_map(event);
    let told = events.any(|it| it == "SERVER_FORGOTTEN");
    for op in batch.ops {
        if let StateOp::Pin { server, op, .. } = op
            && matches!(op, PinOp::ForgetServer)
        {
            evicted = Some(server);
        }
    }
    assert_eq!(told, evicted.is_some(), "nothing goes in silence");
    (before.map(|it| it.server), evicted)
}
