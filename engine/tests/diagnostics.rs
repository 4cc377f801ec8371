//! What a person reads about a policy that is wrong: every kind of finding, as rendered.
#![cfg(test)]

use engine::{Place, Policy};

const HEAD: &str =
    "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata:\n  name: test\nspec:\n";

#[test]
fn the_envelope_has_to_be_a_policys() {
    check(
        "invalid_api_version",
        "apiVersion: aip.io/v2\nkind: AgentPolicy\nmetadata: {name: a}\nspec: {allowed_tools: [a]}\n",
    );
    check(
        "wrong_kind",
        "apiVersion: aip.io/v1alpha1\nkind: Pod\nmetadata: {name: a}\nspec: {allowed_tools: [a]}\n",
    );
    check("everything_missing", "metadata: {version: 1}\n");
    check("not_a_mapping", "- a\n");
    check("empty_file", "# nothing\n");
    check(
        "two_documents",
        "apiVersion: aip.io/v1alpha1\n---\nkind: AgentPolicy\n",
    );
    check(
        "empty_name",
        "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata: {name: ''}\nspec: {allowed_tools: [a]}\n",
    );
    check(
        "name_is_a_number",
        "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata: {name: 7}\nspec: {allowed_tools: [a]}\n",
    );
    check(
        "signature",
        "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata: {name: a, signature: x}\nspec: {allowed_tools: [a]}\n",
    );
}

#[test]
fn yaml_that_could_be_read_in_two_ways_is_refused() {
    spec("duplicate_key", "mode: enforce\nmode: monitor\n");
    spec(
        "duplicate_quoted_key",
        "allowed_tools: [a]\n\"allowed_tools\": [b]\n",
    );
    spec("merge_key", "<<: {mode: monitor}\n");
    spec("tag", "mode: !!str enforce\n");
    spec("key_that_is_no_text", "? [a]\n: b\n");
    spec("unclosed_list", "allowed_tools: [a\n");
    spec("tab_indent", "dlp:\n\tenabled: true\n");
    spec("unknown_alias", "allowed_tools: *none\n");
    spec("alias_of_itself", "tool_rules: &a [*a]\n");
    spec("control_character", "mode: enforce # \u{0}\n");
    spec(
        "too_deep",
        &format!("allowed_tools: {}{}\n", "[".repeat(40), "]".repeat(40)),
    );
}

#[test]
fn keys_and_types_are_checked() {
    spec(
        "unknown_keys",
        "allowed_tool: [a]\nruleset: x\nallowedTools: [a]\ntool_rules:\n- {tool: a, acton: block}\n",
    );
    spec(
        "wrong_types",
        "mode: 3\nallowed_tools: read_file\nstrict_args_default: yes\ntool_rules: {tool: a}\ndlp: []\nprotected_paths: [1, true, ~, [x]]\n",
    );
    spec("empty_values", "allowed_tools:\ndenied_methods: null\n");
    spec(
        "wrong_words",
        "mode: Enforce\nmatch: partial\non_block: tool_results\nmethod_profile: 1\naudit: {args: none, level: 1}\n",
    );
    spec(
        "plain_numbers",
        "tool_rules:\n- tool: 7\n  rate_limit: 10\n  allow_args: {x: 1, y: true}\n",
    );
    spec("rule_without_tool", "tool_rules:\n- action: block\n- a\n");
}

#[test]
fn values_are_checked() {
    spec(
        "bad_rates",
        "tool_rules:\n- {tool: a, rate_limit: 10}\n- {tool: b, rate_limit: 10/day}\n- {tool: c, rate_limit: 0/s}\n- {tool: d, rate_limit: fast}\n- {tool: e, rate_limit: 5000/s}\n",
    );
    spec(
        "bad_regexes",
        "tool_rules:\n- tool: a\n  allow_args:\n    x: 'a)|(b'\n    y: '(?=a)b'\n    z: '['\n",
    );
    spec(
        "bad_patterns",
        "allowed_tools: ['git_?', '', \"\\u200b\"]\ndenied_tools: ['a[bc]', 'ｘ＊']\nallowed_methods: ['{a,b}']\n",
    );
    spec(
        "two_rules_for_one_pattern",
        "tool_rules:\n- {tool: Read_File}\n- {tool: other}\n- {tool: \"read\\u200b_file\", action: block}\n",
    );
    spec(
        "bad_schema_hashes",
        "tool_rules:\n- {tool: a, schema_hash: 'md5:00'}\n- {tool: b, schema_hash: 'sha256:00'}\n",
    );
    spec(
        "bad_timeouts_and_sizes",
        "ask_timeout: 2d\ndlp: {max_scan_size: 1GB, patterns: []}\n",
    );
    spec("timeout_out_of_bounds", "ask_timeout: 0\n");
    spec("timeout_too_long", "ask_timeout: 90m\n");
    spec(
        "bad_paths",
        "protected_paths: ['', '~root/x', '$XDG_HOME/x', '~/.ssh/*', 'C:\\x', 'file:///x', '~/ok']\n",
    );
    spec(
        "bad_dlp",
        "dlp:\n  patterns:\n  - {name: K}\n  - {regex: K}\n  - {name: K, regex: '('}\n  - {name: K, regex: K, scope: both}\n",
    );
    spec(
        "unsafe_dlp",
        "dlp:\n  on_redaction_failure: allow_original\n  log_original_on_failure: true\n",
    );
}

#[test]
fn what_is_not_built_is_refused_by_name() {
    spec(
        "unsupported",
        "dlp: {rules: [secrets]}\nidentity: {enabled: true}\nserver: {require_token: true}\nregistry: {}\naat: {url: x}\n",
    );
}

#[test]
fn a_policy_that_lets_nothing_through_is_a_warning() {
    spec("closed", "mode: enforce\n");
    spec(
        "closed_by_rules",
        "allowed_tools: []\ntool_rules: [{tool: a, action: block}]\n",
    );
}

#[test]
fn bad_patterns_for_resources_and_prompts_are_refused() {
    spec(
        "bad_resources",
        "allowed_tools: [a]\nallowed_resources: ['', \"a\\u200b\", 'file:///%2A', 7]\ndenied_resources: {a: b}\nallowed_prompts: ['', \"a\\u202e\", true]\n",
    );
}

#[test]
fn an_allowed_host_that_is_left_open_is_a_warning() {
    spec(
        "open_hosts",
        "allowed_tools: [a]\nallowed_resources:\n- https://*.example.com/*\n- http://example.com*\n- https://example.com/*\n- https://*\n- note://team-*\n- '*://x/*'\n",
    );
}

#[test]
fn a_list_that_nothing_gets_as_far_as_is_a_warning() {
    let lists = "allowed_resources: ['*']\ndenied_resources: ['a:*']\nallowed_prompts: ['*']\n";
    spec(
        "idle_lists",
        &format!("allowed_tools: [a]\nallowed_methods: [ping, resources/list]\n{lists}"),
    );
    spec(
        "denied_lists",
        &format!("allowed_tools: [a]\ndenied_methods: ['*/read', prompts/get]\n{lists}"),
    );
    spec(
        "idle_denial",
        "allowed_tools: [a]\ndenied_resources: ['a:*']\n",
    );
}

#[test]
fn these_are_accepted_without_a_word() {
    for text in [
        "allowed_tools: [a]\nidentity: {enabled: false, token_ttl: 5m}\nserver: {listen: x}\nregistry: {enabled: false}\naat: {enabled: False}",
        "allowed_tools: &t [a]\ndenied_tools: *t",
        "allowed_tools: [a]\nask_timeout: 90",
        "allowed_tools: [a]\npinning: block",
        "allowed_tools: [a]\npinning: off",
        "allowed_tools: [a]\nask_timeout: 1.5m",
        "allowed_tools: [a]\ndlp: {max_scan_size: 65536}",
        "allowed_tools: [a]\ndlp: {max_scan_size: 512KB}",
        "allowed_tools: [a]\nunsafe_dlp: true\ndlp: {on_redaction_failure: allow_original}",
        "allowed_tools: [a]\ndlp: {unsafe_dlp: true, log_original_on_failure: true}",
        "tool_rules: [{tool: a, action: allow}]",
        "allowed_tools: [a]\nprotected_paths: ['~', ~/x, $HOME/y, /z, rel/w]",
        "allowed_tools: [a]\nallowed_resources: ['file:///My%20Notes/[a]{b}?c=*#d']\ndenied_resources: []\nallowed_prompts: ['A b*']",
        "allowed_tools: [a]\nallowed_methods: [resources/*, prompts/get]\nallowed_resources: []\nallowed_prompts: []",
        "allowed_tools: ['7', yes, 1.2.3, 0x]",
    ] {
        assert_eq!(rendered(&with_head(text)), "", "{text}");
    }
    for version in ["v1alpha1", "v1alpha2", "v1alpha3"] {
        let text = format!(
            "\u{feff}apiVersion: aip.io/{version}\r\nkind: AgentPolicy\r\nmetadata: {{name: a, version: 1.0, owner: true}}\r\nspec: {{allowed_tools: [a]}}\r\n"
        );
        assert_eq!(rendered(&text), "");
    }
}

#[test]
fn a_file_that_is_too_much_is_refused_at_once() {
    let large = format!("{HEAD}  allowed_tools: [a] # {}\n", "x".repeat(1 << 20));
    assert!(rendered(&large).contains("larger than 1048576 bytes"));
    let bomb: String = (1..9)
        .map(|n| {
            format!(
                "  l{n}: &l{n} [{}]\n",
                vec![format!("*l{}", n - 1); 9].join(", ")
            )
        })
        .collect();
    let bomb = format!("{HEAD}  l0: &l0 [x, x, x, x, x, x, x, x, x]\n{bomb}");
    assert!(rendered(&bomb).contains("more than 100000 nodes"));
    let long = format!(
        "{HEAD}  a: &a {}\n  b: [{}]\n",
        "x".repeat(500_000),
        vec!["*a"; 20_000].join(", ")
    );
    assert!(rendered(&long).contains("more than 100000 nodes"));
    let many: String = (0..500).map(|n| format!("  k{n}: 1\n")).collect();
    let found = rendered(&format!("{HEAD}{many}"));
    assert!(
        found.contains("and 400 more") || found.contains("and 401 more"),
        "{found}"
    );
}

#[test]
fn the_hash_is_of_the_document_and_not_of_its_layout() {
    let hash = |text: &str| load(text).unwrap().policy.hash().to_owned();
    let block = with_head("allowed_tools:\n- a\n- b");
    let flow = "# comment\nspec: {allowed_tools: ['a', \"b\"]}\nmetadata: {name: test}\nkind: AgentPolicy\napiVersion: aip.io/v1alpha1\n";
    assert_eq!(hash(&block), hash(flow));
    assert_ne!(hash(&block), hash(&with_head("allowed_tools:\n- b\n- a")));
    let canonical = r#"{"apiVersion":"aip.io/v1alpha1","kind":"AgentPolicy","metadata":{"name":"test"},"spec":{"allowed_tools":["a","b"]}}"#;
    assert_eq!(hash(&block), engine::sha256_hex(canonical.as_bytes()));
}

#[test]
fn numbers_and_versions_hash_as_json() {
    let text = "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata: {name: a, version: 1.0, owner: 0x10}\nspec: {allowed_tools: [a], ask_timeout: 9e1, strict_args_default: True}\n";
    let canonical = r#"{"apiVersion":"aip.io/v1alpha1","kind":"AgentPolicy","metadata":{"name":"a","owner":16,"version":1},"spec":{"allowed_tools":["a"],"ask_timeout":90,"strict_args_default":true}}"#;
    let text = text.replace("9e1", "90.0");
    assert_eq!(
        load(&text).unwrap().policy.hash(),
        engine::sha256_hex(canonical.as_bytes())
    );
}

/// A whole file against its snapshot.
fn check(name: &str, text: &str) {
    insta::assert_snapshot!(name, rendered(text));
}

/// A `spec` against its snapshot.
fn spec(name: &str, spec: &str) {
    check(name, &with_head(spec));
}

fn with_head(spec: &str) -> String {
    let spec: String = spec
        .split_inclusive('\n')
        .map(|line| format!("  {line}"))
        .collect();
    format!("{HEAD}{spec}")
}

fn rendered(text: &str) -> String {
    match load(text) {
        Ok(loaded) => loaded.warnings.render("agent.yaml"),
        Err(errors) => {
            assert!(errors.has_errors());
            errors.render("agent.yaml")
        }
    }
}

fn load(text: &str) -> Result<engine::Loaded, engine::Diagnostics> {
    Policy::load(
        text,
        &Place {
            home: Some("/home/me".into()),
            ..Place::default()
        },
    )
}
