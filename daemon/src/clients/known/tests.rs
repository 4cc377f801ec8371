use wire::control::ClientServer;

use super::*;

const FILE: &str = "/home/u/.cursor/mcp.json";

fn at(server: &str) -> At {
    At(vec!["mcpServers".to_owned(), server.to_owned()])
}

fn seen(server: &str, state: ServerState, through: bool) -> Seen {
    Seen {
        at: at(server),
        through,
        starts: !matches!(
            state,
            ServerState::Remote | ServerState::Own | ServerState::Broken
        ),
        server: ClientServer {
            client: "cursor".to_owned(),
            client_name: "Cursor".to_owned(),
            file: FILE.to_owned(),
            server: server.to_owned(),
            state,
            ..ClientServer::default()
        },
    }
}

fn edited() -> Vec<EditedFile> {
    vec![EditedFile {
        client: "cursor".to_owned(),
        file: FILE.to_owned(),
        servers: vec![at("a").0],
    }]
}

const WRAPPED: (ServerState, bool) = (ServerState::Wrapped, true);
const WITHOUT: (ServerState, bool) = (ServerState::Unwrapped, false);
const OFF: (ServerState, bool) = (ServerState::Disabled, false);
const REMOTE: (ServerState, bool) = (ServerState::Remote, false);
const BROKEN: (ServerState, bool) = (ServerState::Broken, false);

#[test]
fn what_was_behind_aip_and_is_not_any_more_is_lost_once() {
    check(&[WITHOUT, WITHOUT], &[]);
    check(&[WRAPPED, WRAPPED], &[]);
    check(&[WRAPPED, WITHOUT, WITHOUT], &[1]);
    check(&[WRAPPED, OFF, WITHOUT], &[1]);
    check(&[WRAPPED, WITHOUT, WRAPPED, WITHOUT], &[1, 3]);
    check(&[WRAPPED, REMOTE, WITHOUT], &[]);
    check(&[WRAPPED, BROKEN, WITHOUT], &[2]);
    fn check(looks: &[(ServerState, bool)], lost: &[usize]) {
        let mut known = Known::default();
        let mut at = Vec::new();
        for (nth, (state, through)) in looks.iter().enumerate() {
            let found = known.observe(&[seen("a", *state, *through)]);
            at.extend(found.iter().map(|_| nth));
            // It outlives a daemon.
            let text = serde_json::to_string(&known).unwrap();
            assert_eq!(serde_json::from_str::<Known>(&text).unwrap(), known);
        }
        assert_eq!(at, lost, "{looks:?}");
    }
}

#[test]
fn what_a_person_takes_away_is_not_lost() {
    let mut known = Known::default();
    let wrapped = [seen("a", WRAPPED.0, true)];
    let without = [seen("a", WITHOUT.0, false)];
    assert!(known.observe(&wrapped).is_empty());
    known.releasing(&edited());
    assert!(known.observe(&wrapped).is_empty(), "not written yet");
    assert!(known.observe(&without).is_empty(), "written");
    known.wrapping("/opt/aip", &edited());
    assert!(known.observe(&without).is_empty(), "not written yet");
    assert!(known.observe(&wrapped).is_empty());
    assert_eq!(known.observe(&without).len(), 1);
    assert!(known.has_lost(&without[0]));
    assert_eq!(known.files().len(), 1);
    assert_eq!(known.aips(), ["/opt/aip"]);
}

#[test]
fn an_entry_that_is_gone_is_forgotten_and_a_file_that_can_not_be_read_is_not() {
    let mut known = Known::default();
    known.observe(&[seen("a", WRAPPED.0, true)]);
    let mut broken = seen("", ServerState::Broken, false);
    broken.at = At(Vec::new());
    known.observe(&[broken]);
    assert_eq!(known.observe(&[seen("a", WITHOUT.0, false)]).len(), 1);
    known.observe(&[]);
    assert!(known.observe(&[seen("a", WITHOUT.0, false)]).is_empty());
}

#[test]
fn no_more_is_remembered_than_there_is_room_for() {
    let mut known = Known::default();
    let many: Vec<Seen> = (0..ENTRIES + 10)
        .map(|it| seen(&it.to_string(), WRAPPED.0, true))
        .collect();
    known.observe(&many);
    assert_eq!(
        known.entries.values().map(BTreeMap::len).sum::<usize>(),
        ENTRIES
    );
    for nth in 0..AIPS + 5 {
        known.wrapping(&nth.to_string(), &[]);
    }
    assert_eq!(known.aips.len(), AIPS);
}
