use crate::{
    decide::{Call, Decision, Facts, Listing, Override, decide},
    node::Node,
    paths::Found,
    policy::{Place, Policy},
    rate::Buckets,
};

fn load(schema: &str) -> Result<Policy, String> {
    let text = format!(
        "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata: {{name: a}}\nspec:\n  tool_rules:\n    \
         - {{tool: t, allow_args: {{a: {{json_schema: {schema}}}}}}}\n"
    );
    let loaded = Policy::load(&text, &Place::default());
    loaded.map(|it| it.policy).map_err(|it| it.to_string())
}

/// The detail of what refuses the value; none where it passes.
fn refused(policy: &Policy, value: &str) -> Option<String> {
    let args = Node::Object(vec![("a".into(), json(value))]);
    let call = Call {
        method: "tools/call",
        tool: Some("t"),
        args: &args,
        named: &[],
    };
    let facts = Facts {
        now_ms: 0,
        listing: Listing::Unknown,
        held: None,
        override_: Override::None,
        paths: Found {
            candidates: &[],
            resolved: &[],
        },
        task_known: false,
    };
    match decide(policy, &call, &facts, &mut Buckets::default()) {
        Decision::Allow(_) => None,
        Decision::Refuse(refusal) => {
            let told = "argument `a` is not allowed: it has not the form it has to have";
            assert_eq!(refusal.reason, told);
            Some(refusal.detail)
        }
        Decision::Ask(ask) => panic!("{ask:?}"),
    }
}

/// JSON, which the reader of policies reads too.
fn json(text: &str) -> Node<'static> {
    crate::policy::json_of(text)
}

fn check(schema: &str, pass: &[&str], fail: &[&str]) {
    let policy = load(schema).unwrap_or_else(|error| panic!("{error}"));
    for value in pass {
        assert_eq!(refused(&policy, value), None, "{schema}: {value}");
    }
    for value in fail {
        assert!(refused(&policy, value).is_some(), "{schema}: {value}");
    }
}

#[test]
fn each_keyword_says_what_the_standard_has_it_say() {
    check("true", &["1", "null"], &[]);
    check("false", &[], &["1", "null"]);
    check("{type: string}", &["\"a\""], &["1", "null", "[]"]);
    check(
        "{type: [integer, null]}",
        &["1", "2.0", "null"],
        &["1.5", "\"1\""],
    );
    check("{type: number}", &["1", "1.5"], &["\"1\"", "true"]);
    check("{type: boolean}", &["true"], &["\"true\"", "0"]);
    check(
        "{enum: [a, 1, {b: [2]}]}",
        &["\"a\"", "1.0", "{\"b\": [2]}"],
        &["\"1\"", "{\"b\": [2, 3]}", "{\"b\": [2], \"c\": 1}"],
    );
    check("{const: 'null'}", &["\"null\""], &["null"]);
    check(
        "{minimum: 1, maximum: 10}",
        &["1", "10", "5.5", "\"text\""],
        &["0", "10.01", "-3"],
    );
    check(
        "{exclusiveMinimum: 1, exclusiveMaximum: 2}",
        &["1.5"],
        &["1", "2"],
    );
    check(
        "{minLength: 2, maxLength: 3}",
        &["\"ab\"", "\"äöü\"", "5"],
        &["\"a\"", "\"abcd\""],
    );
    check("{pattern: '^a+$'}", &["\"aa\"", "1"], &["\"ab\""]);
    check("{pattern: b}", &["\"abc\""], &["\"ac\""]);
    check(
        "{minItems: 1, maxItems: 2, items: {type: integer}}",
        &["[1]", "[1, 2]", "{}"],
        &["[]", "[1, 2, 3]", "[\"1\"]"],
    );
    check(
        "{required: [b], properties: {b: {type: string}}}",
        &["{\"b\": \"x\", \"c\": 1}", "3"],
        &["{}", "{\"b\": 1}"],
    );
    check(
        "{properties: {b: true}, additionalProperties: false}",
        &["{}", "{\"b\": 1}"],
        &["{\"c\": 1}"],
    );
    check(
        "{additionalProperties: {type: integer}}",
        &["{\"x\": 1}"],
        &["{\"x\": \"1\"}"],
    );
    check(
        "{minProperties: 1, maxProperties: 1}",
        &["{\"x\": 1}"],
        &["{}", "{\"x\": 1, \"y\": 2}"],
    );
    check(
        "{allOf: [{type: integer}, {minimum: 3}]}",
        &["3"],
        &["2", "3.5"],
    );
    check(
        "{anyOf: [{type: integer}, {type: string, maxLength: 1}]}",
        &["3", "\"a\""],
        &["\"ab\"", "null"],
    );
    check("{oneOf: [{minimum: 3}, {maximum: 5}]}", &["2", "6"], &["4"]);
    check(
        "{not: {type: string}, title: t, description: d}",
        &["1"],
        &["\"a\""],
    );
}

#[test]
fn a_number_is_held_by_its_digits_and_doubt_refuses() {
    let large = load("{maximum: 9007199254740992}").unwrap();
    assert!(refused(&large, "9007199254740993").is_some());
    let args = Node::Number("1e99999999999".into());
    let schema = super::Schema::Keywords(vec![super::Keyword::Minimum(
        super::Number::read("0").unwrap(),
    )]);
    assert!(schema.check(&args).is_err());
}

#[test]
fn the_detail_names_the_place_and_the_keyword_and_no_value() {
    let policy = load("{properties: {to: {items: {properties: {mail: {maxLength: 3}}}}}}").unwrap();
    let detail = refused(&policy, r#"{"to": [{"mail": "a"}, {"mail": "secret"}]}"#).unwrap();
    assert!(
        detail.ends_with("`json_schema`: /to/1/mail does not hold `maxLength`"),
        "{detail}"
    );
    let long = format!("{{\"{}\": 1}}", "k".repeat(5000));
    let strict = load("{additionalProperties: false}").unwrap();
    assert!(refused(&strict, &long).unwrap().len() < 400);
}

#[test]
fn what_can_t_be_judged_is_refused_with_its_place() {
    for (schema, told) in [
        ("{$ref: '#/x'}", "`$ref` is not supported"),
        ("{maxLenght: 3}", "did you mean `maxLength`?"),
        ("{uniqueItems: true}", "`uniqueItems` is not supported"),
        ("{type: text}", "`type` can't be `text`"),
        ("{type: []}", "`type`"),
        ("{enum: []}", "names no value"),
        ("{minimum: '3'}", "a number"),
        ("{maxLength: -1}", "a whole number"),
        ("{pattern: '('}", "bad regex"),
        ("{properties: {b: 3}}", "must be a mapping"),
        ("{anyOf: []}", "names no schema"),
        ("3", "must be a mapping"),
    ] {
        let found = load(schema).map(drop).unwrap_err();
        assert!(
            found.contains(told) && found.contains("policy:"),
            "{schema}: {found}"
        );
    }
    let deep = format!("{}true{}", "{not: ".repeat(40), "}".repeat(40));
    let found = load(&deep).map(drop).unwrap_err();
    assert!(found.contains("nested deeper than 32 levels"), "{found}");
}

#[test]
fn only_the_same_schema_is_as_tight() {
    let tighter = |old, new| crate::compare::only_tighter(&load(old).unwrap(), &load(new).unwrap());
    assert!(tighter(
        "{type: string, maxLength: 3}",
        "{maxLength: 3, type: 'string'}"
    ));
    assert!(!tighter("{maxLength: 3}", "{maxLength: 4}"));
    assert!(!tighter("{maxLength: 3}", "true"));
    let hash = |it| load(it).unwrap().rule_hash("t");
    assert_ne!(hash("{maxLength: 3}"), hash("{maxLength: 4}"));
}
