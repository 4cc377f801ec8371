//! Tells prose from what a server could act on: by the argument's name first, then by the text.

/// Longer text is read word by word only where its argument is named like a command.
const LONGEST: usize = 16 << 10;
/// Text of base64 alone is data from this length on.
const DATA: usize = 1024;
/// Text with fewer words is never called prose for its looks.
const LONG: usize = 30;
/// So many of a hundred words of prose are plain.
const PLAIN_PERCENT: usize = 70;

/// An argument whose name ends so holds something to be read.
const PROSE: [&str; 41] = [
    "content",
    "contents",
    "body",
    "text",
    "texts",
    "message",
    "messages",
    "description",
    "comment",
    "comments",
    "summary",
    "prompt",
    "note",
    "notes",
    "instruction",
    "instructions",
    "question",
    "questions",
    "answer",
    "answers",
    "reply",
    "caption",
    "markdown",
    "html",
    "thought",
    "thoughts",
    "reason",
    "reasoning",
    "rationale",
    "explanation",
    "feedback",
    "title",
    "subject",
    "headline",
    "transcript",
    "story",
    "essay",
    "article",
    "review",
    "regex",
    "regexp",
];
/// One whose name has one of these words holds something to be run.
const COMMAND: [&str; 20] = [
    "command",
    "commands",
    "cmd",
    "cmds",
    "script",
    "scripts",
    "shell",
    "bash",
    "sh",
    "code",
    "exec",
    "execute",
    "run",
    "args",
    "argv",
    "arguments",
    "sql",
    "eval",
    "program",
    "expression",
];
/// And one whose name ends so holds a place.
const PLACE: [&str; 18] = [
    "path",
    "paths",
    "file",
    "files",
    "filename",
    "filenames",
    "filepath",
    "dir",
    "directory",
    "folder",
    "uri",
    "uris",
    "url",
    "urls",
    "cwd",
    "root",
    "source",
    "destination",
];
/// Names of arguments that a relative one beside them may start from.
const FOLDER: [&str; 15] = [
    "dir",
    "directory",
    "folder",
    "cwd",
    "root",
    "base",
    "basedir",
    "workdir",
    "workspace",
    "parent",
    "path",
    "prefix",
    "repo",
    "repository",
    "location",
];

/// Whether nothing under this name is a path, whatever the text.
pub(super) fn is_named_prose(name: Option<&str>) -> bool {
    let words = name.map(words_of_name).unwrap_or_default();
    let ends_so = words
        .last()
        .is_some_and(|last| PROSE.contains(&last.as_str()));
    !is_command(&words) && (ends_so || is_replacement(&words))
}

/// Whether the words of a text under this name are to be read, not acted on: it can then name a path
/// only as a whole.
pub(super) fn reads_as_prose(name: Option<&str>, text: &str) -> bool {
    let words = name.map(words_of_name).unwrap_or_default();
    if is_command(&words) {
        return is_data(text);
    }
    let place = words
        .last()
        .is_some_and(|last| PLACE.contains(&last.as_str()));
    is_data(text) || !place && (text.len() > LONGEST || is_mostly_plain(text))
}

fn is_command(words: &[String]) -> bool {
    words.iter().any(|word| COMMAND.contains(&word.as_str()))
}

/// A file's bytes in base64 or hex.
fn is_data(text: &str) -> bool {
    let body = text
        .strip_prefix("data:")
        .and_then(|url| url.split_once(";base64,"))
        .map_or(text, |(_, body)| body);
    body.len() >= DATA
        && body.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\r' | b'\n')
        })
}

/// Whether an argument of this name could be the folder of another.
pub(super) fn is_folder(name: Option<&str>) -> bool {
    let words = name.map(words_of_name).unwrap_or_default();
    words
        .last()
        .is_some_and(|last| FOLDER.contains(&last.as_str()))
}

/// `old_string`, `newStr`: what an editor takes out and puts in.
fn is_replacement(words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    matches!(words.as_slice(), ["old" | "new", "str" | "string"])
}

/// `fileText2` and `file-text` are `file`, `text`.
fn words_of_name(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut inside = false;
    let mut lower = false;
    for letter in name.chars() {
        if !letter.is_alphabetic() {
            inside = false;
            continue;
        }
        let starts = !inside || (letter.is_uppercase() && lower);
        if starts {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
        inside = true;
        lower = letter.is_lowercase();
    }
    words
}

fn is_mostly_plain(text: &str) -> bool {
    if text.trim_start().starts_with(['{', '[', '#', '"']) {
        return false;
    }
    let count = text.split_whitespace().count();
    let plain = text
        .split_whitespace()
        .filter(|word| is_plain(word))
        .count();
    count >= LONG && plain * 100 >= count * PLAIN_PERCENT
}

fn is_plain(word: &str) -> bool {
    let word = word.trim_matches(|letter: char| ".,;:!?()\"'".contains(letter));
    !word.is_empty()
        && word
            .chars()
            .all(|letter| letter.is_alphabetic() || matches!(letter, '-' | '\'' | '’'))
        && !word.starts_with('-')
}
