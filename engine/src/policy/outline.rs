//! A policy's entries by their lines, so that what each did can be told beside it.

use super::{Action, Policy, Tool};
use crate::name::normal_form;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its line in the file, from 1.
    pub line: usize,
    /// The list it stands in: `allowed_tools`, `denied_tools`, `tool_rules`, `allow_args`,
    /// `allowed_resources`, `denied_resources`; of [`Policy::entries`] also other lists.
    pub list: &'static str,
    /// As the policy writes it.
    pub written: String,
    /// What a rule does: `allow`, `ask`, `block`.
    pub action: Option<&'static str>,
}

impl Policy {
    /// Every entry that decides about tools and resources, by line.
    pub fn outline(&self) -> Vec<Entry> {
        let entry = |list, line: usize, written: &str, action: Option<Action>| Entry {
            line,
            list,
            written: written.to_owned(),
            action: action.map(Action::word),
        };
        let mut all = Vec::new();
        for (list, tools) in [
            ("allowed_tools", self.allowed_tools()),
            ("denied_tools", self.denied_tools()),
        ] {
            all.extend(
                tools
                    .iter()
                    .filter(|it| it.line > 0)
                    .map(|it| entry(list, it.line, &it.written, None)),
            );
        }
        for rule in self.rules().all() {
            let action = Some(rule.action);
            all.push(entry("tool_rules", rule.line, &rule.written, action));
            let args = rule.args.iter();
            all.extend(args.map(|it| entry("allow_args", it.line, &it.name, None)));
        }
        for (list, uris) in [
            ("allowed_resources", &self.named().allowed_resources),
            ("denied_resources", &self.named().denied_resources),
        ] {
            let entries = uris.iter().flat_map(|it| &it.entries);
            all.extend(entries.map(|it| entry(list, it.line, &it.written, None)));
        }
        all.sort();
        all
    }

    /// The entry that a call of this tool goes by, as long as nothing in its arguments stops it:
    /// of `denied_tools`, else the rule that speaks, else of `allowed_tools`.
    pub fn entry_for(&self, tool: &str) -> Option<Entry> {
        let normal = normal_form(tool);
        let listed = |list, it: &Tool| Entry {
            line: it.line,
            list,
            written: it.written.clone(),
            action: None,
        };
        let denied = self.denied_by(&normal);
        let denied = denied.map(|it| listed("denied_tools", it));
        let rule = || {
            let rule = self.rules().speaking(&normal)?;
            Some(Entry {
                line: rule.line,
                list: "tool_rules",
                written: rule.written.clone(),
                action: Some(rule.action.word()),
            })
        };
        let allowed = || {
            let allowed = self.allowed_by(&normal).filter(|it| it.line > 0)?;
            Some(listed("allowed_tools", allowed))
        };
        denied.or_else(rule).or_else(allowed)
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::{Place, Policy};

    const TEXT: &str = "\
apiVersion: aip.io/v1alpha1
kind: AgentPolicy
metadata: {name: a}
spec:
  allowed_tools:
    - read_*
    - list
  denied_tools: [write]
  denied_resources:
    - file:///etc/**
  tool_rules:
    - tool: list
      action: ask
      allow_args:
        path: ^/tmp
";

    #[test]
    fn every_entry_is_told_by_its_line() {
        let policy = Policy::load(TEXT, &Place::default()).unwrap().policy;
        let told = |it: super::Entry| {
            let action = it.action.map(|action| format!(" {action}"));
            let action = action.unwrap_or_default();
            format!("{} {} {}{action}", it.line, it.list, it.written)
        };
        let told: Vec<_> = policy.outline().into_iter().map(told).collect();
        assert_eq!(
            told,
            [
                "6 allowed_tools read_*",
                "7 allowed_tools list",
                "8 denied_tools write",
                "10 denied_resources file:///etc/**",
                "12 tool_rules list ask",
                "15 allow_args path",
            ]
        );
    }

    #[test]
    fn a_call_goes_by_what_speaks_of_its_tool_most_closely() {
        let policy = Policy::load(TEXT, &Place::default()).unwrap().policy;
        let lines = ["read_file", "list", "write", "other"]
            .map(|tool| policy.entry_for(tool).map(|it| it.line));
        assert_eq!(lines, [Some(6), Some(12), Some(8), None]);
    }
}
