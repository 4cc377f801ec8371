//! What a rule is known by, wherever in the file it stands.

use crate::node::{Node, Numbers, canonical, sha256_hex};

use super::Rule;
use crate::policy::Pattern;

impl Rule {
    /// SHA-256, in hexadecimal, over all the rule says as it was compiled: defaults of the policy that
    /// reach into it are in it, its line is not.
    pub(crate) fn hash(&self) -> String {
        let text = |text: &str| Node::String(text.to_owned().into());
        let some = |it: Option<&str>| it.map_or(Node::Null, text);
        let args = self.args.iter().map(|arg| {
            let pattern = arg.pattern.as_ref();
            let written = some(pattern.map(Pattern::written));
            let whole = Node::Bool(pattern.is_none_or(Pattern::is_whole));
            let limits = arg.limits.iter().map(|(written, _)| text(written));
            let parts = [text(&arg.name), written, whole];
            Node::Array(parts.into_iter().chain(limits).collect())
        });
        let members = vec![
            ("action".into(), text(self.action.word())),
            ("args".into(), Node::Array(args.collect())),
            ("pattern".into(), text(self.glob.normal())),
            (
                "rate".into(),
                some(self.rate.as_ref().map(|it| it.written.as_str())),
            ),
            (
                "schema".into(),
                some(self.schema.as_ref().map(|it| it.hash.as_str())),
            ),
            ("strict".into(), Node::Bool(self.strict)),
            ("tool".into(), text(&self.written)),
        ];
        sha256_hex(canonical(&Node::Object(members), Numbers::AsWritten).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::{Place, Policy};

    const RULE: &str =
        "  - {tool: pay, action: ask, allow_args: {sum: '[0-9]+'}, rate_limit: 5/hour}";

    fn hash(before: &str, rule: &str) -> Option<String> {
        let text = format!(
            "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata: {{name: p}}\nspec:\n{before}\n  tool_rules:\n{rule}\n"
        );
        let loaded = Policy::load(&text, &Place::default()).expect("it loads");
        loaded.policy.rule_hash("pay")
    }

    #[test]
    fn every_part_of_a_rule_is_in_its_hash() {
        let base = hash("", RULE);
        assert!(base.is_some());
        for (from, to) in [
            ("pay", "p*"),
            ("ask", "allow"),
            ("sum", "total"),
            ("[0-9]+", "[0-9]*"),
            ("5/hour", "6/hour"),
            ("action", "strict_args: true, action"),
            ("action", "match: search, action"),
            (
                "action",
                "schema_hash: 'sha256:0000000000000000000000000000000000000000000000000000000000000000', action",
            ),
        ] {
            let other = hash("", &RULE.replacen(from, to, 1));
            assert!(other.is_some() && other != base, "{from} -> {to}");
        }
        assert_ne!(hash("  strict_args_default: true", RULE), base);
        assert_ne!(hash("  match: search", RULE), base);
    }

    #[test]
    fn what_stands_around_a_rule_is_not_in_its_hash() {
        let base = hash("", RULE);
        let moved = format!("  - {{tool: other, action: block}}\n{RULE}");
        assert_eq!(
            hash("  allowed_tools: [x]\n  denied_tools: [y]", &moved),
            base
        );
        let wider = "  - {tool: 'p*', action: ask}";
        let both = format!("{wider}\n{RULE}");
        assert_eq!(hash("", &both), base, "the closer rule speaks");
        assert_eq!(hash("", "  - {tool: other, action: ask}"), None);
    }
}
