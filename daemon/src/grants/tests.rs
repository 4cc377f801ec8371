use std::sync::Arc;

use super::*;
use engine::node::Node;

const NOW: i64 = 1_772_533_845_123;

fn grant(id: &str) -> Grant {
    Grant {
        id: id.to_owned(),
        bound: Bound {
            client: "client".to_owned(),
            server: "server".to_owned(),
            tool: "pay".to_owned(),
            definition: "d".to_owned(),
            policy: "/p.yaml".to_owned(),
            rule: "r".to_owned(),
        },
        scope: Scope::Tool,
        label: "bank".to_owned(),
        tool: "Pay".to_owned(),
        session: None,
        until_ms: None,
        made_ms: NOW,
        approval: "a1".to_owned(),
        uses: 0,
        used_ms: None,
    }
}

fn sought(now_ms: i64) -> Sought<'static> {
    Sought {
        client: "client",
        server: "server",
        tool: "pay",
        definition: Some("d"),
        policy: "/p.yaml",
        rule: "r",
        session: "s",
        now_ms,
    }
}

fn with(grants: impl IntoIterator<Item = Grant>) -> Grants {
    let all = Grants::default();
    grants.into_iter().for_each(|it| all.add(it));
    all
}

fn finds(grants: &Grants, sought: &Sought<'_>) -> (Option<String>, Vec<&'static str>) {
    let covers = |scope: &Scope| scope.covers(&Node::Null, &Paths::default);
    let (used, over) = grants.find(sought, covers);
    (used, over.iter().map(|(_, why)| why.word()).collect())
}

#[test]
fn whatever_it_is_bound_to_has_to_be_the_same() {
    let right = sought(NOW);
    let found = Some("g".to_owned());
    assert_eq!(finds(&with([grant("g")]), &right), (found, vec![]));
    for (wrong, over) in [
        (
            Sought {
                client: "x",
                ..right
            },
            vec![],
        ),
        (
            Sought {
                server: "x",
                ..right
            },
            vec![],
        ),
        (Sought { tool: "x", ..right }, vec![]),
        (
            Sought {
                policy: "/x.yaml",
                ..right
            },
            vec![],
        ),
        (
            Sought {
                definition: None,
                ..right
            },
            vec![],
        ),
        (
            Sought {
                definition: Some("x"),
                ..right
            },
            vec!["definition_changed"],
        ),
        (Sought { rule: "x", ..right }, vec!["rule_changed"]),
    ] {
        let grants = with([grant("g")]);
        let left = 1 - over.len();
        assert_eq!(finds(&grants, &wrong), (None, over), "{wrong:?}");
        assert_eq!(grants.list().len(), left);
    }
}

#[test]
fn a_client_and_a_server_are_not_taken_for_one_another() {
    assert_ne!(subject("a", "b\0c", "t"), subject("a\0b", "c", "t"));
    assert_ne!(subject("a", "b", "t"), subject("b", "a", "t"));
}

#[test]
fn an_end_is_told_to_one_only_and_no_use_comes_after_it() {
    let grants = Arc::new(with((0..100).map(|n| grant(&n.to_string()))));
    let start = std::sync::Barrier::new(8);
    let told: usize = std::thread::scope(|scope| {
        let taking: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    let changed = Sought {
                        definition: Some("x"),
                        ..sought(NOW)
                    };
                    finds(&grants, &changed).1.len()
                })
            })
            .collect();
        taking.into_iter().filter_map(|it| it.join().ok()).sum()
    });
    assert_eq!(told, 100);
    assert_eq!(finds(&grants, &sought(NOW)), (None, vec![]));
}

#[test]
fn one_that_is_revoked_while_its_paths_are_looked_at_is_not_used() {
    let grants = with([grant("g")]);
    let (used, over) = grants.find(&sought(NOW), |_| {
        assert_eq!(grants.take(|_| Some(Why::Revoked)).len(), 1);
        true
    });
    assert!(used.is_none() && over.is_empty());
}

#[test]
fn of_several_the_one_that_covers_the_call_is_used() {
    let call = Grant {
        scope: Scope::Call {
            digest: "of another call".to_owned(),
        },
        ..grant("call")
    };
    let grants = with([call, grant("tool")]);
    assert_eq!(finds(&grants, &sought(NOW)).0.as_deref(), Some("tool"));
    let uses: Vec<(String, u64)> = grants
        .list()
        .into_iter()
        .map(|it| (it.id, it.uses))
        .collect();
    assert_eq!(uses, [("call".to_owned(), 0), ("tool".to_owned(), 1)]);
}

#[test]
fn a_scope_shows_nothing_of_arguments_when_it_is_printed() {
    let secret = Grant {
        scope: Scope::Prefix {
            argument: "key".to_owned(),
            prefix: "hunter2".to_owned(),
        },
        ..grant("g")
    };
    assert!(!format!("{secret:?}").contains("hunter2"));
    assert!(!format!("{:?}", with([secret])).contains("hunter2"));
}

#[test]
fn what_is_shown_first_is_known_by_its_print() {
    let print = grant("g").print();
    let later = Grant {
        made_ms: NOW + 9,
        until_ms: Some(NOW + 10),
        ..grant("other")
    };
    assert_eq!(later.print(), print, "neither its id nor when");
    let wider = Grant {
        scope: Scope::Call {
            digest: "d".to_owned(),
        },
        ..grant("g")
    };
    assert_ne!(wider.print(), print);
}
