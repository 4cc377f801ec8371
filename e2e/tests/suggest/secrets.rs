//! Secrets that the record holds, since the policy of then knew nothing of them.

use e2e::client::Client;
use e2e::home::{Home, recorder};
use serde_json::json;

use crate::{replayed, suggested};

#[test]
fn what_any_policy_in_force_calls_a_secret_lands_in_no_suggestion() {
    let home = Home::new();
    let open = home.policy("open", "  allowed_tools: ['*']");
    let server = recorder(&home.record("server"), &[]);
    let mut client = Client::start(home.aip(&open, &["--name", "open"], &server));
    client.initialize();
    for _ in 0..4 {
        client.call("send", &json!({"to": "order-77", "at": "/srv/order-77/a"}));
        client.call("send", &json!({"to": "ann", "at": "/srv/b"}));
        client.call("order-78", &json!({"a": 1}));
        client.call("tag", &json!({"order-79": 1}));
    }
    let args = ["--server", "open"];
    assert!(
        suggested(&home, &args).0.contains("order-77"),
        "nobody knows of it"
    );

    let spec = "  allowed_tools: [a]\n  dlp:\n    patterns: [{name: Order, regex: 'order-[0-9]+'}]";
    let strict = home.policy("strict", spec);
    let mut other = Client::start(home.aip(&strict, &["--name", "other"], &server));
    other.initialize();
    let (yaml, file) = suggested(&home, &args);
    assert!(!yaml.contains("order"), "{yaml}");
    for told in [
        "any text: 4 of 8 values had the look of a secret",
        "Not strict: an argument has a name that can't be written here",
        "4 calls of tools whose name is empty, cut, redacted or a",
    ] {
        assert!(yaml.contains(told), "{told}: {yaml}");
    }
    let (told, _) = replayed(&home, &file, &args);
    assert_eq!(told["unchanged"], 12, "{told}");
    assert_eq!(told["changes"][0]["what"], "order-78", "{told}");
}
