//! The JSON Schema of the policy language: the committed one is the printed one, it accepts every
//! policy of the repository and refuses what the reader refuses for its form.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails ends the test, with what was expected"
)]

use std::fs;
use std::path::{Path, PathBuf};

use boon::{Compiler, SchemaIndex, Schemas};
use engine::policy::{Place, Policy};
use serde_json::Value;

/// The header that makes a policy of a part of a `spec`.
const HEAD: &str = "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata: {name: a}\nspec:\n";

#[test]
fn the_committed_schema_is_the_printed_one() {
    let page = repository().join("docs/policy.schema.json");
    let schema: Value = serde_json::from_str(&engine::policy::schema()).unwrap();
    let wanted = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
    if std::env::var_os("AIP_UPDATE").is_some() {
        fs::write(&page, &wanted).unwrap();
    }
    let text = fs::read_to_string(&page).unwrap();
    assert!(
        text == wanted,
        "docs/policy.schema.json is out of date; run this test with AIP_UPDATE=1"
    );
}

#[test]
fn every_policy_of_the_repository_is_accepted() {
    let schema = Schema::new();
    let mut policies = 0;
    for (name, text) in policies_of_the_repository() {
        policies += 1;
        let value = value(&text);
        assert_eq!(schema.refuses(&value), None, "{name}:\n{text}");
        let place = Place {
            home: Some(PathBuf::from("/home/me")),
            follows_extends: true,
            ..Place::default()
        };
        let loaded = Policy::load(&text, &place);
        assert!(loaded.is_ok(), "{name}: {}", loaded.unwrap_err());
    }
    assert!(policies > 40, "{policies}");
}

#[test]
fn what_the_reader_refuses_for_its_form_the_schema_refuses() {
    let schema = Schema::new();
    for spec in [
        "  alowed_tools: []",
        "  allowed_tools: read",
        "  allowed_tools: [1]",
        "  allowed_tools: [\"git_?\"]",
        "  mode: watch",
        "  match: part",
        "  on_block: result",
        "  list_filter: show",
        "  pinning: strict",
        "  method_profile: loose",
        "  strict_args_default: \"true\"",
        "  ask_timeout: soon",
        "  ask_in_client: 1",
        "  extends: ~/other.yaml",
        "  identity: {enabled: true}",
        "  registry: {}",
        "  protected_paths: [\"\"]",
        "  tool_rules: {tool: a}",
        "  tool_rules: [{action: block}]",
        "  tool_rules: [{tool: a, action: deny}]",
        "  tool_rules: [{tool: a, rate_limit: 10}]",
        "  tool_rules: [{tool: a, schema_hash: abc}]",
        "  tool_rules: [{tool: a, allow_args: [b]}]",
        "  tool_rules: [{tool: a, allow_args: {b: 1}}]",
        "  tool_rules: [{tool: a, allow_args: {b: {}}}]",
        "  tool_rules: [{tool: a, allow_args: {b: {sql: write}}}]",
        "  tool_rules: [{tool: a, allow_args: {b: {dialect: any}}}]",
        "  tool_rules: [{tool: a, allow_args: {b: {path: {}}}}]",
        "  tool_rules: [{tool: a, allow_args: {b: {url: {schemes: [ftp]}}}}]",
        "  tool_rules: [{tool: a, allow_args: {b: {one_of: []}}}]",
        "  tool_rules: [{tool: a, allow_args: {b: {max_length: 0}}}]",
        "  tool_rules: [{tool: a, allow_args: {b: {json_schema: 3}}}]",
        "  audit: {args: none}",
        "  dlp: {patterns: [{name: a}]}",
        "  dlp: {patterns: [{name: a, regex: b, scope: both}]}",
        "  dlp: {on_request_match: drop}",
        "  dlp: {max_scan_size: much}",
        "  dlp: {rules: [secrets]}",
    ] {
        check_refused(&schema, &format!("{HEAD}{spec}\n"));
    }
    for (old, new) in [
        ("aip.io/v1alpha1", "aip.io/v2"),
        ("AgentPolicy", "Policy"),
        ("{name: a}", "{}"),
        ("{name: a}", "{name: \"\"}"),
        ("{name: a}", "{name: 1}"),
        ("{name: a}", "{name: a, signature: b}"),
        ("spec:", "specs:"),
    ] {
        check_refused(
            &schema,
            &format!("{HEAD}  mode: enforce\n").replace(old, new),
        );
    }
}

fn check_refused(schema: &Schema, text: &str) {
    assert!(schema.refuses(&value(text)).is_some(), "accepted:\n{text}");
    let read = Policy::load(text, &Place::default());
    assert!(read.is_err(), "the reader takes:\n{text}");
}

struct Schema {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Schema {
    fn new() -> Self {
        let schema = serde_json::from_str(&engine::policy::schema()).unwrap();
        let mut schemas = Schemas::new();
        let mut compiler = Compiler::new();
        compiler.add_resource("policy.json", schema).unwrap();
        let index = compiler.compile("policy.json", &mut schemas).unwrap();
        Self { schemas, index }
    }

    fn refuses(&self, value: &Value) -> Option<String> {
        let found = self.schemas.validate(value, self.index);
        found.err().map(|error| format!("{error:#}"))
    }
}

/// A policy's text as another reader of YAML has it.
fn value(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Those in `policies/`, and those in the docs: whole, or a part of a `spec`.
fn policies_of_the_repository() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(repository().join("policies")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_string_lossy().into_owned();
        if name.ends_with(".yaml") && !name.ends_with(".tests.yaml") {
            all.push((name, fs::read_to_string(path).unwrap()));
        }
    }
    for page in [
        "README.md",
        "docs/policy.md",
        "docs/approvals.md",
        "docs/grants.md",
    ] {
        let text = fs::read_to_string(repository().join(page)).unwrap();
        let blocks = text.split("```yaml\n").skip(1);
        for block in blocks.filter_map(|rest| rest.split("```").next()) {
            if block.contains("apiVersion:") {
                all.push((page.to_owned(), block.to_owned()));
            } else if page == "docs/policy.md" && !block.contains("tests:") {
                let spec: String = block.lines().map(|line| format!("  {line}\n")).collect();
                all.push((page.to_owned(), format!("{HEAD}{spec}")));
            }
        }
    }
    all
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
