//! YAML becomes JSON, or is refused with its place.

use super::*;

#[test]
fn values_become_json_and_numbers_keep_their_form() {
    check("a: 1.50", r#"{"a":1.50}"#);
    check("[1, -2, 1e3, 1E-3, 0.10]", "[1,-2,1e3,1E-3,0.10]");
    check(
        "[+5, 007, .5, 1., 0x1F, 0o17, -0]",
        "[5,7,0.5,1.0,31,15,-0]",
    );
    check("[12345678901234567890123]", "[12345678901234567890123]");
    check(
        "[true, False, null, ~, '', no, on]",
        r#"[true,false,null,null,"","no","on"]"#,
    );
    check(
        "['1', \"true\", 1_000, 1.2.3, a-b, '~']",
        r#"["1","true","1_000","1.2.3","a-b","~"]"#,
    );
    check("a:\nb: {c: [x]}", r#"{"a":null,"b":{"c":["x"]}}"#);
    check("\"\\u200bx\": \"a\\tb\"", "{\"\u{200b}x\":\"a\\tb\"}");
    check("a: |\n  one\n  two\n", r#"{"a":"one\ntwo\n"}"#);
    check("", "null");
    check("a: 1\na: 2", "`a` is given twice at line 2 column 1");
    check(
        "a: &x 1",
        "an anchor has no place in a vector at line 1 column",
    );
    check(
        "a: !!str 1",
        "a tag has no place in a vector at line 1 column",
    );
    check("a: .inf", "`.inf` is no JSON number");
    check("a\n---\nb", "a second document");
    check("a: [", "");
    fn check(yaml: &str, expected: &str) {
        let got = Tree::parse(yaml).map_or_else(|error| error.to_string(), |tree| tree.to_string());
        assert!(got.starts_with(expected), "{yaml:?}: {got}");
    }
}

#[test]
fn depth_is_bounded() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    assert!(Tree::parse(&deep).is_err());
}
