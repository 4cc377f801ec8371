//! The policy reference has an entry for each key the reader knows, and for no other, in the order
//! that the formatter writes them in.

use super::{arg_block, dlp_block, rule_block, walk};

#[test]
fn every_known_field_is_in_the_reference_and_no_other() {
    check("The document", walk::TOP);
    check("`metadata`", walk::METADATA);
    check("`spec`", walk::SPEC);
    check("`tool_rules`", rule_block::RULE);
    check("`allow_args`", arg_block::DEMANDS);
    check("`audit`", walk::AUDIT);
    check("`dlp`", dlp_block::DLP);
    check("`dlp.patterns`", dlp_block::PATTERN);
}

fn check(heading: &str, known: &[&str]) {
    let page = include_str!("../../../docs/policy.md");
    let part = page.split(&format!("\n## {heading}\n")).nth(1);
    let part = part.unwrap_or_else(|| panic!("no heading `{heading}`"));
    let lines = part.lines().take_while(|line| !line.starts_with("## "));
    let fields = lines.filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let told: Vec<_> = fields.collect();
    assert_eq!(told, known, "{heading}");
}
