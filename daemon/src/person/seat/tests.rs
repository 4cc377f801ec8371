use std::collections::BTreeMap;

use super::*;

/// Processes as a test says they are.
#[derive(Default)]
struct Table(BTreeMap<u32, Seen>);

impl Look for Table {
    fn see(&self, pid: u32) -> Option<Seen> {
        self.0.get(&pid).cloned()
    }
}

const NO_GROUP: &str = "";

impl Table {
    /// A process, its parent, its session, when it started, its program and its group.
    fn with(
        mut self,
        (pid, parent, session): (u32, u32, u32),
        start: u64,
        program: &str,
        cgroup: &str,
    ) -> Self {
        let seen = Seen {
            pid,
            parent,
            session,
            terminal: session >= 100,
            start,
            program: Some(format!("/usr/bin/{program}").into()),
            cgroup: (!cgroup.is_empty()).then(|| cgroup.to_owned()),
        };
        self.0.insert(pid, seen);
        self
    }

    fn side(&self, client: u32, shim: u32, server: u32) -> Side {
        let process = |pid| {
            let seen = self.see(pid)?;
            Some(Process {
                pid,
                parent: seen.parent,
                group: pid,
                start: seen.start,
                program: seen.program,
            })
        };
        Side {
            client: process(client),
            shim: process(shim),
            server: process(server),
        }
    }
}

/// Sessions from 100 on have a terminal. A desktop: an editor is the client, its window 10, its
/// helper 11, the shim 12, the server 13; a terminal program 20 that was there before.
fn desktop(group: impl Fn(&str) -> String) -> Table {
    let editor = group("app-editor-1.scope");
    Table::default()
        .with((1, 0, 1), 1, "systemd", NO_GROUP)
        .with((2, 1, 2), 2, "systemd", &group("init.scope"))
        .with(
            (3, 2, 3),
            3,
            "shell-of-the-desktop",
            &group("desktop.service"),
        )
        .with((10, 3, 3), 1000, "editor", &editor)
        .with((11, 10, 3), 1001, "editor", &editor)
        .with((12, 11, 3), 1100, "aip", &editor)
        .with((13, 12, 3), 1101, "node", &editor)
        .with((20, 2, 20), 500, "terminal", &group("terminal.service"))
}

fn grouped(name: &str) -> String {
    format!("/user.slice/user@1000.service/app.slice/{name}")
}

fn ungrouped(_: &str) -> String {
    NO_GROUP.to_owned()
}

fn judged(table: &Table, pid: u32) -> Result<(), Doubt> {
    judge(table, pid, &[table.side(11, 12, 13)])
}

#[test]
fn a_terminal_of_the_persons_own_counts() {
    for group in [grouped as fn(&str) -> String, ungrouped] {
        let table = desktop(group)
            .with((200, 20, 200), 2000, "bash", &group("vte-spawn-1.scope"))
            .with((201, 200, 200), 2001, "aipctl", &group("vte-spawn-1.scope"));
        assert_eq!(judged(&table, 201), Ok(()), "the program was there before");
    }
    // A terminal opened later is told apart by its group alone.
    let later = |group: fn(&str) -> String| {
        desktop(group)
            .with((30, 3, 3), 1900, "xterm", &group("app-xterm-30.scope"))
            .with((300, 30, 300), 2000, "bash", &group("app-xterm-30.scope"))
            .with(
                (301, 300, 300),
                2001,
                "aipctl",
                &group("app-xterm-30.scope"),
            )
    };
    assert_eq!(judged(&later(grouped), 301), Ok(()));
    let client = "editor (process 11)".to_owned();
    assert_eq!(judged(&later(ungrouped), 301), Err(Doubt::Untold(client)));
}

#[test]
fn without_a_client_any_terminal_counts_and_nothing_else_does() {
    let table = desktop(ungrouped)
        .with((300, 3, 300), 2000, "bash", NO_GROUP)
        .with((301, 300, 300), 2001, "aipctl", NO_GROUP)
        .with((40, 3, 3), 2000, "aipctl", NO_GROUP);
    assert_eq!(judge(&table, 301, &[]), Ok(()));
    assert_eq!(judge(&table, 40, &[]), Err(Doubt::NoTerminal));
    assert_eq!(judge(&table, 999, &[]), Err(Doubt::Unseen));
}

#[test]
fn what_the_client_or_the_server_runs_does_not_count() {
    // The editor's own terminal hangs below its window, beside the helper that runs the shim.
    let table = desktop(grouped)
        .with((14, 10, 3), 1050, "editor", &grouped("app-editor-1.scope"))
        .with((400, 14, 400), 2000, "bash", &grouped("vte-spawn-9.scope"))
        .with(
            (401, 400, 400),
            2001,
            "aipctl",
            &grouped("vte-spawn-9.scope"),
        )
        .with((410, 13, 410), 2000, "sh", &grouped("app-editor-1.scope"))
        .with(
            (411, 410, 410),
            2001,
            "aipctl",
            &grouped("app-editor-1.scope"),
        );
    let below = |who: &str| Err(Doubt::Below(who.to_owned()));
    assert_eq!(judged(&table, 401), below("editor (process 10)"));
    assert_eq!(judged(&table, 411), below("editor (process 11)"));
}

/// Double fork, `setsid`, a terminal of its own: it hangs below an ancestor of the client.
#[test]
fn what_a_client_has_let_loose_does_not_count() {
    for taken_in_by in [1, 2, 3] {
        for group in [grouped as fn(&str) -> String, ungrouped] {
            let editor = group("app-editor-1.scope");
            let table = desktop(group)
                .with((500, taken_in_by, 500), 2000, "sh", &editor)
                .with((501, 500, 500), 2001, "aipctl", &editor);
            let untold = Doubt::Untold("editor (process 11)".to_owned());
            assert_eq!(judged(&table, 501), Err(untold), "{taken_in_by}");
        }
    }
    let run = grouped("run-u7.service");
    let table = desktop(grouped).with((510, 2, 510), 2000, "sh", &run).with(
        (511, 510, 510),
        2001,
        "aipctl",
        &run,
    );
    assert!(judged(&table, 511).is_err(), "systemd-run");
    let within = format!("{}/inner", grouped("app-editor-1.scope"));
    let table = desktop(grouped)
        .with((520, 2, 520), 2000, "sh", &within)
        .with((521, 520, 520), 2001, "aipctl", &within);
    assert!(judged(&table, 521).is_err(), "a group below the client's");
}

/// A client that a person started in a terminal: 100 the shell, 101 the client.
#[test]
fn the_terminal_a_client_runs_in_does_not_count() {
    let table = Table::default()
        .with((1, 0, 1), 1, "init", NO_GROUP)
        .with((50, 1, 50), 10, "terminal", NO_GROUP)
        .with((100, 50, 100), 100, "bash", NO_GROUP)
        .with((101, 100, 100), 200, "agent", NO_GROUP)
        .with((102, 101, 100), 201, "aip", NO_GROUP)
        .with((103, 102, 100), 202, "server", NO_GROUP)
        // Let loose, but still in the terminal.
        .with((104, 1, 100), 300, "aipctl", NO_GROUP)
        // The person's other one, opened before, and one opened after.
        .with((150, 50, 150), 150, "bash", NO_GROUP)
        .with((151, 150, 150), 301, "aipctl", NO_GROUP)
        .with((160, 50, 160), 250, "bash", NO_GROUP)
        .with((161, 160, 160), 301, "aipctl", NO_GROUP);
    let side = [table.side(101, 102, 103)];
    let agent = "agent (process 101)".to_owned();
    assert_eq!(judge(&table, 104, &side), Err(Doubt::Shared(agent.clone())));
    assert_eq!(judge(&table, 151, &side), Ok(()));
    assert_eq!(judge(&table, 161, &side), Err(Doubt::Untold(agent)));
}

#[test]
fn a_shell_between_client_and_shim_hides_no_client() {
    let table = desktop(ungrouped)
        .with((15, 10, 3), 1200, "sh", NO_GROUP)
        .with((16, 15, 3), 1201, "aip", NO_GROUP)
        .with((600, 10, 600), 1150, "bash", NO_GROUP)
        .with((601, 600, 600), 2001, "aipctl", NO_GROUP);
    let side = [table.side(15, 16, 0)];
    let below = Doubt::Below("editor (process 10)".to_owned());
    assert_eq!(judge(&table, 601, &side), Err(below));
}

/// A person who runs aip by hand answers in another tab, and not in the same one meanwhile.
#[test]
fn a_shell_that_leads_its_terminal_stands_for_no_client_behind_it() {
    let table = desktop(grouped)
        .with((200, 20, 200), 2000, "bash", &grouped("vte-spawn-1.scope"))
        .with((201, 200, 200), 2001, "aip", &grouped("vte-spawn-1.scope"))
        .with(
            (202, 200, 200),
            2002,
            "aipctl",
            &grouped("vte-spawn-1.scope"),
        )
        .with((210, 20, 210), 2003, "bash", &grouped("vte-spawn-2.scope"))
        .with(
            (211, 210, 210),
            2004,
            "aipctl",
            &grouped("vte-spawn-2.scope"),
        );
    let side = [table.side(200, 201, 0)];
    assert!(judge(&table, 202, &side).is_err());
    assert_eq!(judge(&table, 211, &side), Ok(()));
}

#[test]
fn every_client_counts_and_one_that_is_gone_does_not() {
    let table = desktop(ungrouped)
        .with((200, 20, 200), 2000, "bash", NO_GROUP)
        .with((201, 200, 200), 2001, "aipctl", NO_GROUP)
        .with((210, 200, 200), 2002, "agent", NO_GROUP);
    let (editor, agent) = (table.side(11, 12, 13), table.side(210, 0, 0));
    let both = [editor.clone(), agent];
    assert!(judge(&table, 201, &both).is_err());
    let gone = Side {
        client: Some(Process {
            start: 1,
            ..table.side(210, 0, 0).client.unwrap()
        }),
        ..Side::default()
    };
    assert_eq!(
        judge(&table, 201, &[editor, gone]),
        Ok(()),
        "a recycled pid"
    );
}

#[test]
fn a_service_of_the_desktops_own_counts_and_a_clients_does_not() {
    let served = |table: &Table, pid| judge_service(table, pid, &[table.side(11, 12, 13)]);
    let loose = || Err(Doubt::Loose("editor (process 11)".to_owned()));
    for group in [grouped as fn(&str) -> String, ungrouped] {
        let (own, editor) = (group("notes.service"), group("app-editor-1.scope"));
        let table = desktop(group)
            .with((700, 3, 3), 600, "notes", &own)
            .with((710, 2, 710), 2000, "notes", &own)
            .with((720, 13, 3), 2000, "notes", &editor)
            .with((730, 1, 730), 2000, "notes", &editor);
        assert_eq!(served(&table, 3), Ok(()), "it has started the client");
        assert_eq!(served(&table, 700), Ok(()), "it was there before");
        let later = served(&table, 710);
        assert_eq!(later, if own.is_empty() { loose() } else { Ok(()) });
        let below = Doubt::Below("editor (process 11)".to_owned());
        assert_eq!(served(&table, 720), Err(below));
        assert_eq!(served(&table, 730), loose());
        assert_eq!(served(&table, 999), Err(Doubt::Unseen));
    }
}
