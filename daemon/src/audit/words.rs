//! What text is searched by: its words, folded and cut the same way in records and in what a
//! person types. A word is a run of letters and digits in lower case; each character of a script that
//! writes without spaces is one by itself.

use wire::json::Value;

use super::query::Stored;

/// The longest word that is told apart, in characters.
const LONGEST: usize = 64;
/// Words of a query that are looked for.
const MOST: usize = 32;

/// Fields that are not searched: what identifies, counts or is the same in most records.
const LEFT_OUT: [&str; 22] = [
    "answer_hash",
    "answer_sha256",
    "body",
    "call_id",
    "client_source",
    "decision",
    "direction",
    "error_code",
    "frame",
    "kind",
    "latency_ms",
    "latency_us",
    "part",
    "pid",
    "policy_hash",
    "policy_mode",
    "runs",
    "seq",
    "session_id",
    "supersedes",
    "timestamp",
    "violation",
];

/// What a person looks for: each phrase must stand in the record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    phrases: Vec<Phrase>,
}

/// Words that follow one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// The words.
    pub words: Vec<String>,
    /// The last may go on.
    pub open: bool,
}

impl Words {
    /// Reads what was typed: what spaces or quotation marks keep apart is a phrase each.
    #[must_use]
    pub fn read(typed: &str) -> Self {
        let mut phrases = Vec::new();
        let mut left = MOST;
        for (at, part) in typed.split('"').enumerate() {
            let quoted = at % 2 == 1;
            let parts: Vec<&str> = if quoted {
                vec![part]
            } else {
                part.split_whitespace().collect()
            };
            for part in parts {
                let words: Vec<String> = words(part).take(left).collect();
                left -= words.len();
                if !words.is_empty() {
                    phrases.push(Phrase { words, open: false });
                }
            }
        }
        let closed = typed.trim_end().ends_with('"');
        if let Some(last) = phrases.last_mut() {
            last.open = !closed;
        }
        Self { phrases }
    }

    /// Whether nothing is looked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.phrases.is_empty()
    }

    /// The phrases.
    #[must_use]
    pub fn phrases(&self) -> &[Phrase] {
        &self.phrases
    }

    /// Whether all of them stand in a record.
    #[must_use]
    pub fn stand_in(&self, stored: &Stored) -> bool {
        if self.is_empty() {
            return true;
        }
        let Some(text) = searched(stored) else {
            return false;
        };
        let text: Vec<&str> = text.split(' ').collect();
        self.phrases.iter().all(|phrase| phrase.stands_in(&text))
    }
}

impl Phrase {
    fn stands_in(&self, text: &[&str]) -> bool {
        text.windows(self.words.len()).any(|window| {
            let mut pairs = window.iter().zip(&self.words).peekable();
            while let Some((word, wanted)) = pairs.next() {
                let same = if self.open && pairs.peek().is_none() {
                    word.starts_with(wanted.as_str())
                } else {
                    word == wanted
                };
                if !same {
                    return false;
                }
            }
            true
        })
    }
}

/// The words of a record, spaces between them; `None` for one that is not searched.
#[must_use]
pub fn searched(stored: &Stored) -> Option<String> {
    if stored.is_unreadable() || stored.text("kind").as_deref() == Some("outcome") {
        return None;
    }
    let mut out = String::new();
    for (name, value) in stored.fields() {
        if !LEFT_OUT.contains(&name) {
            add_json(value, &mut out);
        }
    }
    if let Some(args) = &stored.args {
        add_json(args, &mut out);
    }
    Some(out)
}

/// The words of a value's names, texts and numbers; of the text itself where it can't be read.
fn add_json(json: &str, out: &mut String) {
    match wire::json::parse(json.as_bytes()) {
        Ok(parsed) => add(&parsed.value, out),
        Err(_) => add_text(json, out),
    }
}

fn add(value: &Value<'_>, out: &mut String) {
    match value {
        Value::Null => {}
        Value::Bool(true) => add_text("true", out),
        Value::Bool(false) => add_text("false", out),
        Value::Number(text) | Value::String(text) => add_text(text, out),
        Value::Array(items) => items.iter().for_each(|item| add(item, out)),
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            add_text(name, out);
            add(value, out);
        }),
    }
}

fn add_text(text: &str, out: &mut String) {
    for word in words(text) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&word);
    }
}

/// The words of a text.
fn words(text: &str) -> impl Iterator<Item = String> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
        let first = rest.chars().next()?;
        let end = if stands_alone(first) {
            first.len_utf8()
        } else {
            let ends = |c: char| !c.is_alphanumeric() || stands_alone(c);
            rest.find(ends).unwrap_or(rest.len())
        };
        let (word, behind) = rest.split_at(end);
        rest = behind;
        Some(folded(word))
    })
}

fn folded(word: &str) -> String {
    if word.is_ascii() && word.len() <= LONGEST {
        return word.to_ascii_lowercase();
    }
    word.chars()
        .take(LONGEST)
        .flat_map(char::to_lowercase)
        // What a capital leaves behind in its small form may be a mark alone.
        .filter(|c| c.is_alphanumeric())
        .collect()
}

/// Han characters and kana: their words have no spaces between them.
fn stands_alone(c: char) -> bool {
    matches!(c,
        '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::NewRecord;

    fn of(typed: &str) -> Vec<String> {
        words(typed).collect()
    }

    #[test]
    fn words_are_runs_of_letters_and_digits_in_lower_case() {
        assert_eq!(of("Read_File(x-1.rs)"), ["read", "file", "x", "1", "rs"]);
        assert_eq!(of("ÉTÉ Straße İx"), ["été", "straße", "ix"]);
        assert_eq!(
            of("漢字かな123한국어"),
            ["漢", "字", "か", "な", "123한국어"]
        );
        assert_eq!(of(" - § \u{0}\u{202e}!"), Vec::<String>::new());
        let long = "A".repeat(100);
        assert_eq!(of(&long), ["a".repeat(LONGEST)]);
        let long = "é".repeat(100);
        assert_eq!(of(&long), ["é".repeat(LONGEST)]);
    }

    #[test]
    fn whatever_is_typed_is_phrases_and_the_last_word_may_go_on() {
        let read = |typed: &str| {
            let words = Words::read(typed);
            let phrases = words.phrases.iter().map(|it| it.words.join(" "));
            let open = words.phrases.last().is_some_and(|it| it.open);
            (phrases.collect::<Vec<_>>().join("|"), open)
        };
        let is = |text: &str, open| (text.to_owned(), open);
        assert_eq!(read("delete file"), is("delete|file", true));
        assert_eq!(read("\"delete file\" x"), is("delete file|x", true));
        assert_eq!(read("x \"delete file\""), is("x|delete file", false));
        assert_eq!(read("\"delete fi"), is("delete fi", true));
        assert_eq!(read("src/main.rs AND NOT"), is("src main rs|and|not", true));
        assert_eq!(read("\"\"\" NEAR( * ^"), is("near", true));
        assert_eq!(read(" \" ' -"), is("", false));
        let many = "w ".repeat(1000);
        assert_eq!(Words::read(&many).phrases.len(), MOST);
    }

    #[test]
    fn what_identifies_is_not_searched_and_what_is_told_is() {
        let record = NewRecord::decision(0, "upstream", "BLOCK")
            .set("tool", "Read")
            .set("call_id", "callid")
            .set("session_id", "sessionid")
            .set("reason", "not listed")
            .with_args(Some(r#"{"p\u00e4th":["/x",1.50,true,null]}"#.to_owned()));
        let text = searched(&Stored::of(record, 1)).unwrap();
        assert_eq!(text, "not listed read päth x 1 50 true");
        let outcome = NewRecord::outcome(0, "c", "answered");
        assert_eq!(searched(&Stored::of(outcome, 1)), None);
    }
}
