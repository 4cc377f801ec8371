//! What `aipctl uninstall --check` tells before aip is removed.

use std::fs;
use std::process::Output;

use serde_json::json;

use crate::people::{BROKEN, People};
use crate::{done, said};

/// From a folder where no project is, as a package asks.
fn check(people: &People) -> Output {
    let mut command = people.home.command("aipctl");
    command.args(["uninstall", "--check"]);
    command.current_dir(people.home.user()).output().unwrap()
}

#[test]
fn what_still_starts_aip_is_told_wherever_it_is_and_nothing_is_changed_or_started() {
    let people = People::new();
    let project = people.home.work().join(".mcp.json");
    let entry = json!({"mcpServers": {"ours": {"command": "true"}}});
    fs::write(&project, entry.to_string()).unwrap();
    done(&people, &["install", "--yes", "--project"]);
    done(&people, &["service", "stop"]);
    let wrapped = people.now();
    let left = check(&people);
    let text = said(&left);
    assert_eq!(left.status.code(), Some(1), "{text}");
    for line in [
        ".codex/config.toml (Codex CLI): start aip: notes, bare\n",
        ".cursor/mcp.json (Cursor): start aip: notes, other",
        ".mcp.json (Claude Code): start aip: ours\n",
        "claude_desktop_config.json (Claude Desktop): may start aip: line 2, ",
        "-> `aipctl uninstall` puts back",
        "-> put right what can't be read",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(
        !text.contains("by hand") && !text.contains("linear"),
        "{text}"
    );
    assert_eq!(people.now(), wrapped);
    assert!(people.home.daemons().is_empty(), "a look starts nothing");

    for (file, before) in &people.before {
        fs::write(people.home.user().join(file), before).unwrap();
    }
    fs::remove_file(&project).unwrap();
    let in_doubt = check(&people);
    assert_eq!(in_doubt.status.code(), Some(1), "{}", said(&in_doubt));
    fs::remove_file(people.home.user().join(BROKEN)).unwrap();
    let none = check(&people);
    assert_eq!(none.status.code(), Some(0), "{}", said(&none));
    let text = said(&none);
    assert!(text.contains("Nothing of yours starts aip."), "{text}");
    let stays = format!("the audit stays in {}", people.home.path().display());
    assert!(text.contains(&stays), "{text}");
}
