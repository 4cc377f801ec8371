//! The scan of definitions finds nothing in those of honest servers.

use e2e::client::Client;
use e2e::home::Home;
use e2e::needs::needs;
use e2e::programs::shipped_policy;
use serde_json::{Value, json};

use crate::servers::{self, Make};
use crate::world::World;

#[test]
fn the_tools_of_real_servers_are_not_suspicious() {
    let all: [(&str, Make); 9] = [
        ("everything", servers::everything),
        ("filesystem", servers::filesystem),
        ("memory", servers::memory),
        ("sequential_thinking", servers::sequential_thinking),
        ("git", servers::git),
        ("time", servers::time),
        ("fetch", servers::fetch),
        ("sqlite", servers::sqlite),
        ("notes", servers::notes),
    ];
    // One home: each is compared with those before it.
    let home = Home::new();
    let mut seen = 0;
    for (name, make) in all {
        let world = World::new(home.work().join("world"));
        world.begin();
        let Some(server) = needs(&format!("scan::{name}"), make(&world)) else {
            continue;
        };
        let policy = shipped_policy("allow-all.yaml");
        let mut command = home.aip(&policy, &["--name", name], &server.command);
        command.envs(server.env);
        let mut client = Client::start(command);
        client.initialize();
        let listed = client.request("tools/list", &json!({}));
        let tools = listed["result"]["tools"].as_array().unwrap().len();
        assert!(tools > 0, "{name}: {listed}");
        seen += 1;
    }
    let lines = home.ctl_lines(&["logs", "--json", "--events", "--limit", "10000"]);
    let of = |event: &str| -> Vec<&Value> {
        lines.iter().filter(|line| line["event"] == event).collect()
    };
    assert_eq!(of("TOOLS_PINNED").len(), seen);
    assert_eq!(of("TOOL_SUSPICIOUS"), Vec::<&Value>::new());
}
