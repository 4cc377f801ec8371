//! Reading is strict, and one bad case leaves the others standing.

use super::*;

const POLICY: &str = "policy: null";

#[test]
fn what_is_not_known_is_an_error_of_the_case_by_name() {
    check("{method: ping}", "{}", "ok");
    check(
        "{method: ping, colour: red}",
        "{}",
        "`colour` in `input` is unknown",
    );
    check(
        "{method: ping}",
        "{mood: good}",
        "`mood` in `expected` is unknown",
    );
    check(
        "{method: ping, context: {weather: fine}}",
        "{}",
        "`weather` in `context` is unknown",
    );
    check("{tool: x}", "{}", "`input` needs a `method`");
    check(
        "{method: ping}",
        "{decision: MAYBE}",
        "`decision: MAYBE` is unknown",
    );
    check("{method: ping}", "{decision: null, error_code: null}", "ok");
    check(
        "{method: ping}",
        "{error_code: many}",
        "`error_code` in `expected` has the wrong type",
    );
    check(
        "{method: ping}",
        "{violation: 1}",
        "`violation` in `expected` has the wrong type",
    );
    check(
        "{type: response, content: x}",
        "{output: x, dlp_events: [{rule: a}]}",
        "ok",
    );
    check("{type: response}", "{}", "a response needs its `content`");
    check("{type: postcard}", "{}", "`type: postcard` is unknown");
    check(
        "{type: response, content: x, tool: y}",
        "{}",
        "`tool` in `input` is unknown",
    );
    check("{method: m, args: [1]}", "{}", "`args` must be a mapping");
    check("{method: m, request_id: [1]}", "{}", "`request_id` must be");
    check(
        "{method: m, context: {previous_calls: 99999}}",
        "{}",
        "`previous_calls` is over",
    );
    check(
        "{method: m, context: {window: soon}}",
        "{}",
        "`soon` is no duration",
    );
    check(
        "{method: m, context: {user_response: perhaps}}",
        "{}",
        "`user_response: perhaps`",
    );
    check(
        "{method: m}",
        "{dlp_events: [{rule: a, size: 3}]}",
        "`size` in a `dlp_events` entry",
    );

    fn check(input: &str, expected: &str, outcome: &str) {
        let text =
            format!("tests:\n  - {{id: a, {POLICY}, input: {input}, expected: {expected}}}\n");
        let vectors = read("x.yaml", &text);
        let got = match &vectors[0].case {
            Ok(_) => "ok",
            Err(reason) => reason,
        };
        assert!(got.starts_with(outcome), "{text}: {got}");
    }
}

#[test]
fn one_bad_case_leaves_the_others_standing() {
    let text = "tests:\n  - {id: bad}\n  - {id: good, input: {method: ping}, expected: {}}\n";
    let vectors = read("x.yaml", text);
    let found: Vec<_> = vectors
        .iter()
        .map(|it| (it.id.as_str(), it.case.is_ok()))
        .collect();
    assert_eq!(found, [("bad", false), ("good", true)]);
}

#[test]
fn a_file_that_is_none_is_reported_as_one_case() {
    for text in [
        "",
        "tests: []",
        "a: 1",
        "tests: [",
        "tests: [{id: x}]\nmood: good",
    ] {
        let vectors = read("x.yaml", text);
        assert_eq!(vectors.len(), 1, "{text}");
        assert!(
            vectors[0].case.is_err() && vectors[0].id == "(file)",
            "{text}"
        );
    }
}

#[test]
fn a_file_belongs_to_the_level_its_folder_or_its_head_names() {
    check("basic/a.yaml", "", Some(Level::Basic));
    check("full/deep/a.yaml", "# Level: Basic", Some(Level::Full));
    check(
        "a.yaml",
        "# Tests\n# Level: Extended\n\nname: x",
        Some(Level::Extended),
    );
    check("a.yaml", "name: x\n# Level: Full", None);
    check("a.yaml", "# Level: Galactic", None);
    fn check(name: &str, text: &str, expected: Option<Level>) {
        assert_eq!(level_of(Path::new(name), text), expected, "{name} {text}");
    }
}
