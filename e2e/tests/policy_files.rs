//! `aipctl policy lint`, `test`, `fmt` and `schema` on files, as a person and a CI use them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use e2e::client::Client;
use e2e::home::{Home, recorder};
use serde_json::{Value, json};

/// A policy with nothing to be found in it.
const SOUND: &str = "  allowed_tools:\n    - read\n  protected_paths:\n    - ~/.ssh\n  dlp:\n    patterns:\n      - name: AWS Key\n        regex: AKIA[A-Z0-9]{16}";

#[test]
fn lint_tells_what_weakens_a_policy_and_ends_by_what_it_found() {
    let home = Home::new();
    let sound = home.policy("sound", SOUND);
    let weak = home.policy("weak", &format!("{SOUND}\n  mode: monitor"));
    let broken = home.policy("broken", "  alowed_tools: []");
    let [sound, weak, broken] = [&sound, &weak, &broken].map(|it| it.to_str().unwrap());
    check(
        &home,
        &["policy", "lint", sound],
        0,
        "nothing that weakens it",
    );
    check(
        &home,
        &["policy", "lint", sound],
        0,
        "L006 and L007 were not checked: name a server",
    );
    check(
        &home,
        &["policy", "lint", weak, sound],
        5,
        ": L011: `mode: monitor` lets pass",
    );
    check(
        &home,
        &["policy", "lint", weak, broken],
        1,
        "unknown key `alowed_tools`",
    );
    check(
        &home,
        &["policy", "lint", weak, "/nosuch.yaml"],
        4,
        "can't read `/nosuch.yaml`",
    );
    check(
        &home,
        &["policy", "lint", "--server", "files", sound],
        0,
        "no daemon runs",
    );
    let run = home.ctl(&["policy", "lint", "--json", weak, broken]);
    let told: Value = serde_json::from_slice(&run.stdout).unwrap();
    let finding = &told[0]["findings"][0];
    assert_eq!(
        (&finding["code"], &finding["name"]),
        (&json!("L011"), &json!("monitor-mode"))
    );
    assert!(finding["line"].as_u64() > Some(4), "{told}");
    assert_eq!(told[0]["skipped"][1]["code"], "L007");
    assert_eq!(
        (&told[1]["valid"], &told[1]["errors"][0]["column"]),
        (&json!(false), &json!(3))
    );
}

#[test]
fn lint_holds_a_policy_against_what_a_server_last_listed() {
    let home = Home::new();
    let policy = home.policy("agent", &format!("{SOUND}\n  tool_rules:\n    - tool: write\n      allow_args:\n        pth: a\n    - tool: raed"));
    let tools = home.work().join("tools.json");
    let schema = json!({"type": "object", "properties": {"path": {"type": "string"}}});
    let tool = |name: &str| json!({"name": name, "inputSchema": schema});
    fs::write(&tools, json!([tool("read"), tool("write")]).to_string()).unwrap();
    let switches = ["--tools-from", tools.to_str().unwrap()];
    let server = recorder(&home.record("server"), &switches);
    let mut client = Client::start(home.aip(&policy, &["--name", "files"], &server));
    client.initialize();
    client.request("tools/list", &json!({}));
    let lint = [
        "policy",
        "lint",
        "--server",
        "files",
        policy.to_str().unwrap(),
    ];
    check(
        &home,
        &lint,
        5,
        "L006: `files` lists no tool `raed`, which is in `tool_rules`\n  did you mean `read`?",
    );
    check(
        &home,
        &lint,
        5,
        "L007: `write` has no argument `pth`: no call of it could pass\n  did you mean `path`?",
    );
    let other = [
        "policy",
        "lint",
        "--server",
        "nosuch",
        policy.to_str().unwrap(),
    ];
    check(&home, &other, 4, "no server `nosuch` has listed tools");
}

#[test]
fn cases_beside_a_policy_are_played_without_a_daemon() {
    let home = Home::new();
    let policy = home.policy("agent", SOUND);
    let file = policy.to_str().unwrap();
    let cases = policy.with_extension("tests.yaml");
    check(&home, &["policy", "test", file], 4, "agent.tests.yaml");
    let good = "tests:\n  - {name: it reads, tool: read, args: {path: a}, expect: allow}\n  - {name: no key, tool: read, args: {path: ~/.ssh/id}, expect: block(-32007)}\n";
    fs::write(&cases, good).unwrap();
    check(
        &home,
        &["policy", "test", file],
        0,
        "ok    it reads\nok    no key\n2 cases: all hold\n",
    );
    let more = home.work().join("more.yaml");
    fs::write(
        &more,
        "tests:\n  - {name: it writes, tool: write, expect: allow}\n",
    )
    .unwrap();
    let both = [
        "policy",
        "test",
        file,
        cases.to_str().unwrap(),
        more.to_str().unwrap(),
    ];
    check(
        &home,
        &both,
        1,
        "expected ALLOW, got BLOCK -32001 (forbidden)",
    );
    check(&home, &both, 1, "Tool not in allowed_tools");
    check(&home, &both, 1, "3 cases: 1 does not hold");
    fs::write(
        &more,
        "tests:\n  - {name: a, tool: b, expects: allow, expect: ask}\n",
    )
    .unwrap();
    check(
        &home,
        &both,
        1,
        "more.yaml:2:24: unknown key `expects` in a case",
    );
    // A link below the folder leads to what is protected, as it would in a call.
    let secret = home.user().join(".ssh");
    fs::create_dir_all(&secret).unwrap();
    std::os::unix::fs::symlink(&secret, home.work().join("link")).unwrap();
    fs::write(
        &cases,
        "tests:\n  - {name: a, tool: read, args: {path: link/id}, expect: block(protected_path)}\n",
    )
    .unwrap();
    let work = home.work();
    check(
        &home,
        &["policy", "test", "--cwd", work.to_str().unwrap(), file],
        0,
        "1 case: all hold",
    );
    assert!(home.daemons().is_empty(), "a daemon was started");
}

#[test]
fn fmt_writes_what_it_would_show_and_keeps_the_files_mode() {
    let home = Home::new();
    let untidy = "# mine\nkind: AgentPolicy\napiVersion: aip.io/v1alpha1\nmetadata: {name: a}\nspec:\n    allowed_tools: # some\n    - \"read\"\n";
    let tidy = "# mine\napiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata: {name: a}\nspec:\n  allowed_tools: # some\n    - read\n";
    let path = home.policy_text("agent", untidy);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let file = path.to_str().unwrap();
    let text = || fs::read_to_string(&path).unwrap();
    check(
        &home,
        &["policy", "fmt", "--check", file],
        1,
        "would be laid out anew",
    );
    check(
        &home,
        &["policy", "fmt", "--diff", file],
        0,
        "-     - \"read\"",
    );
    assert_eq!(text(), untidy);
    check(&home, &["policy", "fmt", file], 0, "laid out anew");
    assert_eq!(text(), tidy);
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o640
    );
    check(&home, &["policy", "fmt", "--check", "--diff", file], 0, "");
    for (broken, said) in [
        (tidy.replace("kind", "kindd"), "unknown key `kindd`"),
        (
            tidy.replace("- read", "- &a read"),
            "line 7: anchors and aliases",
        ),
    ] {
        fs::write(&path, &broken).unwrap();
        check(&home, &["policy", "fmt", file], 1, said);
        assert_eq!(text(), broken);
    }
}

#[test]
fn what_is_shipped_is_laid_out_sound_and_keeps_its_cases() {
    let home = Home::new();
    let folder = e2e::programs::workspace().join("policies");
    let mut policies = 0;
    let there = fs::read_dir(&folder).unwrap();
    let catalog = fs::read_dir(folder.join("catalog")).unwrap();
    for entry in there.chain(catalog) {
        let path = entry.unwrap().path();
        let in_catalog = path.parent().is_some_and(|it| it.ends_with("catalog"));
        let path = path.to_str().unwrap();
        if !path.ends_with(".yaml") || path.ends_with(".tests.yaml") {
            continue;
        }
        policies += 1;
        check(
            &home,
            &["policy", "lint", path],
            0,
            "nothing that weakens it",
        );
        check(&home, &["policy", "fmt", "--check", "--diff", path], 0, "");
        // What `aip wrap` begins with is played on the servers themselves.
        if !in_catalog {
            check(&home, &["policy", "test", path], 0, "all hold");
        }
    }
    assert!(policies >= 28, "{policies}");
}

#[test]
fn the_schema_is_printed_as_it_is_committed() {
    let home = Home::new();
    let run = home.ctl(&["policy", "schema"]);
    let committed = fs::read(e2e::programs::workspace().join("docs/policy.schema.json")).unwrap();
    assert_eq!(run.stdout, committed);
}

fn check(home: &Home, args: &[&str], code: i32, said: &str) {
    let run = home.ctl(args);
    assert_eq!(run.status.code(), Some(code), "{args:?}: {run:?}");
    assert!(all(&run).contains(said), "{args:?}: {}", all(&run));
}

fn all(run: &Output) -> String {
    let [out, err] = [&run.stdout, &run.stderr].map(|it| String::from_utf8_lossy(it).into_owned());
    out + &err
}
