//! What a person is shown of a call that waits: a sentence, the facts, and nothing hidden. What
//! came from traffic stands escaped, and a long value as its head and tail with length and hash.

use engine::node::sha256_hex;
use wire::control::{Approval, Before};

use crate::audit::escape::escaped;

/// Arguments longer than this are not shown whole, and can't be allowed where they aren't: bytes.
pub(crate) const WHOLE: usize = 4 * 1024;
/// Bytes shown of the beginning of longer ones.
const HEAD: usize = 1024;
/// Bytes shown of their end.
const TAIL: usize = 512;
/// The longest name shown, in characters.
const NAME: usize = 120;

/// One ask, as a window or a notification shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Who wants what, in one line.
    pub sentence: String,
    /// The arguments; only their edges where they are [`Self::cut`].
    pub arguments: String,
    /// Why it is asked and until when, and how many more wait.
    pub facts: Vec<String>,
    /// The arguments are not all there, so it can only be denied here.
    pub cut: bool,
    /// The id to look the whole up by.
    pub id: String,
}

impl Shown {
    /// Of an approval, while `more` others wait behind it.
    #[must_use]
    pub fn new(approval: &Approval, more: usize) -> Self {
        let project = match last_part(&approval.project) {
            "" => String::new(),
            folder => format!(" (project {})", name(folder)),
        };
        let sentence = format!(
            "{}{project} wants {}: {}",
            name(last_part(&approval.client)),
            name(&approval.server),
            name(&approval.tool),
        );
        let cut = approval.args.len() > WHOLE;
        let arguments = if cut {
            edges(&approval.args)
        } else {
            escaped(&approval.args).into_owned()
        };
        let mut facts = vec![
            format!(
                "Asked because: {}.{}",
                escaped(&approval.because),
                before(approval)
            ),
            format!("Denies itself at {}.", clock(&approval.deadline)),
        ];
        if more > 0 {
            let calls = if more == 1 {
                "call waits"
            } else {
                "calls wait"
            };
            facts.push(format!("{more} more {calls} behind it."));
        }
        if cut {
            facts.push(format!(
                "To allow it, read it whole: aipctl approvals {}",
                escaped(&approval.id)
            ));
        }
        Self {
            sentence,
            arguments,
            facts,
            cut,
            id: approval.id.clone(),
        }
    }

    /// All of it as plain text.
    #[must_use]
    pub fn text(&self) -> String {
        format!(
            "{}\n\n{}\n\n{}",
            self.sentence,
            self.arguments,
            self.facts.join("\n")
        )
    }
}

/// Whether the person meets the tool for the first time, where that is known.
fn before(approval: &Approval) -> String {
    match &approval.before {
        None => String::new(),
        Some(Before { times: 0, .. }) => " First time for this tool.".to_owned(),
        Some(Before { times, last }) => {
            let times = match times {
                1 => "once".to_owned(),
                times => format!("{times} times"),
            };
            let day = last.as_deref().and_then(|it| it.get(..10)).unwrap_or("?");
            format!(
                " You have allowed this tool {times} before, last on {}.",
                escaped(day)
            )
        }
    }
}

fn edges(text: &str) -> String {
    let head = text.get(..text.floor_char_boundary(HEAD));
    let tail = text.get(text.ceil_char_boundary(text.len() - TAIL)..);
    format!(
        "{}\n[... {} bytes in all, SHA-256 {} ...]\n{}",
        escaped(head.unwrap_or_default()),
        text.len(),
        sha256_hex(text.as_bytes()),
        escaped(tail.unwrap_or_default()),
    )
}

/// A name for a sentence: escaped, and of bounded length.
pub(crate) fn name(text: &str) -> String {
    let shown = escaped(text);
    match shown.char_indices().nth(NAME) {
        None => shown.into_owned(),
        Some((end, _)) => format!("{}...", shown.get(..end).unwrap_or_default()),
    }
}

fn last_part(path: &str) -> &str {
    let trimmed = path.trim_end_matches(['/', '\\']);
    trimmed.rsplit(['/', '\\']).next().unwrap_or(trimmed)
}

/// The time of day of an RFC 3339 time, as far as it is one.
fn clock(time: &str) -> String {
    let clock = time.get(11..19).map(|clock| format!("{clock} UTC"));
    clock.unwrap_or_else(|| escaped(time).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn approval(args: &str) -> Approval {
        Approval {
            id: "0badcafe".to_owned(),
            client: "/opt/Cursor/cursor".to_owned(),
            project: "/home/me/billing-api/".to_owned(),
            server: "github".to_owned(),
            tool: "merge_pull_request".to_owned(),
            args: args.to_owned(),
            because: "github-agent.yaml line 14 (github-agent)".to_owned(),
            deadline: "2026-11-22T10:00:48.000Z".to_owned(),
            ..Approval::default()
        }
    }

    #[test]
    fn an_ask_is_a_sentence_the_arguments_and_why() {
        let shown = Shown::new(&approval(r#"{"number":214}"#), 2);
        assert_eq!(
            shown.text(),
            "cursor (project billing-api) wants github: merge_pull_request\n\n\
             {\"number\":214}\n\n\
             Asked because: github-agent.yaml line 14 (github-agent).\n\
             Denies itself at 10:00:48 UTC.\n\
             2 more calls wait behind it."
        );
        assert!(!shown.cut);
    }

    #[test]
    fn it_says_whether_the_tool_is_met_for_the_first_time() {
        let said = |times, last: Option<&str>| {
            let before = Some(Before {
                times,
                last: last.map(str::to_owned),
            });
            let known = Approval {
                before,
                ..approval("{}")
            };
            Shown::new(&known, 0).text()
        };
        assert!(said(0, None).contains("(github-agent). First time for this tool.\n"));
        let last = Some("2026-11-20T09:00:00.000Z");
        let thrice = "You have allowed this tool 3 times before, last on 2026-11-20.\n";
        assert!(said(3, last).contains(thrice));
        assert!(said(1, last).contains("this tool once before"));
    }

    #[test]
    fn nothing_in_it_acts_or_hides() {
        let mut hostile = approval("{\"a\":\"x\u{1b}[2J\u{202e}y\u{e0041}\"}");
        hostile.tool = format!("t\n\u{200b}{}", "x".repeat(500));
        let text = Shown::new(&hostile, 0).text();
        for hidden in ['\u{1b}', '\u{202e}', '\u{e0041}', '\u{200b}'] {
            assert!(!text.contains(hidden), "{hidden:?} in {text}");
        }
        assert!(
            text.lines().next().is_some_and(|line| line.len() < 300),
            "{text}"
        );
    }

    #[test]
    fn a_long_value_is_its_edges_with_length_and_hash() {
        let long = format!("{{\"a\":\"{}END\"}}", "x".repeat(1_000_000));
        let shown = Shown::new(&approval(&long), 0);
        assert!(shown.cut);
        assert!(shown.arguments.len() < 3 * 1024);
        assert!(shown.arguments.contains("1000011 bytes in all, SHA-256 "));
        assert!(shown.arguments.ends_with("END\"}"));
        assert!(shown.text().contains("aipctl approvals 0badcafe"));
    }
}
