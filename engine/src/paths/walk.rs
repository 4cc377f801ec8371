//! Walks the arguments and gathers every path they could name.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::expand::expand;
use super::glob::{UNKNOWN, is_pattern};
use super::pointer::Pointer;
use super::settle::settle;
use super::{Candidate, Ground, Reach, json, prose, readings, words};
use crate::node::Node;

/// More paths than this are too many to judge.
const MOST: usize = 16_384;
/// More texts than this are too many to read.
const MOST_TEXTS: usize = 65_536;
/// What is still longer once it is settled, no system opens.
const LONGEST_PATH: usize = 8192;
/// A longer pattern is not judged, and so denied.
const LONGEST_PATTERN: usize = 64 << 10;
/// A longer text is no path, even percent-encoded three times over.
const LONGEST_TEXT: usize = 128 << 10;
/// A longer text to be read word by word is not judged, and so denied.
const LONGEST_WORDY: usize = 1 << 20;
/// JSON inside a string inside JSON.
const NESTED: usize = 4;
/// Deeper arguments are not read.
const DEEPEST: usize = 256;

/// A string or a key of the arguments.
struct Text {
    pointer: String,
    /// The key it stands under; a key itself has none.
    name: Option<String>,
    text: String,
    is_key: bool,
}

/// Everything gathered so far.
struct Gathering<'g> {
    ground: &'g Ground<'g>,
    texts: Vec<Text>,
    /// What relative paths are now read against.
    starts: Vec<PathBuf>,
    words: HashSet<String>,
    paths: HashSet<(PathBuf, Reach)>,
    found: Vec<Candidate>,
    too_many: bool,
    /// The text now judged is prose: only as a whole could it be a path.
    whole_only: bool,
}

/// Every path the arguments could name; past a bound, one that reaches anything.
pub(super) fn candidates(args: &Node<'_>, ground: &Ground<'_>) -> Vec<Candidate> {
    let mut all = Gathering {
        ground,
        texts: Vec::new(),
        starts: ground.bases.to_vec(),
        words: HashSet::new(),
        paths: HashSet::new(),
        found: Vec::new(),
        too_many: false,
        whole_only: false,
    };
    all.read(args, &Pointer::Root, None, 0, 0);
    let texts = std::mem::take(&mut all.texts);
    if texts.is_empty() && !all.too_many {
        return all.found;
    }
    all.judge_all(&texts);
    // A folder in one argument and a file in another; after the rest, so that what stands by itself
    // is found where it stands.
    all.starts = all.folders(&texts);
    if !all.starts.is_empty() {
        all.words.clear();
        all.judge_all(&texts);
    }
    if all.too_many {
        let (pointer, text) = (String::new(), "too many paths to judge".to_owned());
        all.found.push(Candidate {
            pointer,
            text,
            path: PathBuf::from("/"),
            reach: Reach::Anything,
        });
    }
    all.found
}

impl Gathering<'_> {
    /// Reads the texts out of a value; a string that is JSON is read as what it holds as well.
    fn read(
        &mut self,
        node: &Node<'_>,
        pointer: &Pointer<'_>,
        name: Option<&str>,
        depth: usize,
        nested: usize,
    ) {
        if depth > DEEPEST || self.texts.len() >= MOST_TEXTS {
            self.too_many = true;
            return;
        }
        match node {
            Node::Null | Node::Bool(_) | Node::Number(_) => {}
            Node::String(text) => self.read_string(text, pointer, name, depth, nested),
            Node::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let below = Pointer::Index(pointer, index);
                    self.read(item, &below, name, depth + 1, nested);
                }
            }
            Node::Object(members) => {
                for (key, value) in members {
                    let below = Pointer::Key(pointer, key);
                    if !is_identifier(key) {
                        self.texts.push(Text {
                            pointer: below.to_string(),
                            name: None,
                            text: key.to_string(),
                            is_key: true,
                        });
                    }
                    self.read(value, &below, Some(key), depth + 1, nested);
                }
            }
        }
    }

    fn read_string(
        &mut self,
        text: &str,
        pointer: &Pointer<'_>,
        name: Option<&str>,
        depth: usize,
        nested: usize,
    ) {
        if prose::is_named_prose(name) {
            return;
        }
        let inner = if nested < NESTED {
            json::parse(text)
        } else {
            None
        };
        match inner {
            Some(inner) => self.read(&inner, pointer, name, depth + 1, nested + 1),
            None => self.texts.push(Text {
                pointer: pointer.to_string(),
                name: name.map(str::to_owned),
                text: text.to_owned(),
                is_key: false,
            }),
        }
    }

    /// The folders that arguments name: absolute ones, and others whose argument is called a folder.
    fn folders(&self, texts: &[Text]) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = Vec::new();
        let short = |text: &&Text| text.text.len() <= LONGEST_TEXT;
        for text in texts.iter().filter(short).filter(|text| !text.is_key) {
            let named = prose::is_folder(text.name.as_deref());
            let whole: Vec<String> = readings::of_word(text.text.trim());
            for word in whole.iter().flat_map(|word| expand(word, self.ground)) {
                if word.contains(UNKNOWN) || !(word.starts_with('/') || named && !word.is_empty()) {
                    continue;
                }
                let bases = if word.starts_with('/') {
                    &[PathBuf::from("/")][..]
                } else {
                    self.ground.bases
                };
                folders.extend(
                    bases
                        .iter()
                        .flat_map(|base| settle(base, &word, self.ground.bases)),
                );
            }
        }
        folders.sort_unstable();
        folders.dedup();
        folders.retain(|folder| !self.ground.bases.contains(folder));
        folders
    }

    fn judge_all(&mut self, texts: &[Text]) {
        for text in texts {
            if self.too_many {
                return;
            }
            self.judge(text);
        }
    }

    fn judge(&mut self, text: &Text) {
        self.whole_only = prose::reads_as_prose(text.name.as_deref(), &text.text);
        if text.text.len() > LONGEST_TEXT && self.whole_only {
            return;
        }
        if text.text.len() > LONGEST_WORDY {
            self.too_many = true;
            return;
        }
        for form in readings::decoded(&text.text) {
            let whole = form.trim().trim_matches(['"', '\'', '`']);
            for reading in readings::of_word(whole) {
                self.place(&reading, &text.pointer, whole);
            }
            if self.whole_only {
                continue;
            }
            for word in words::words(&form) {
                if self.too_many {
                    return;
                }
                if word.len() > LONGEST_TEXT || !self.words.insert(word.clone()) {
                    continue;
                }
                for reading in readings::of_word(&word) {
                    for piece in words::pieces(&reading) {
                        self.place(piece, &text.pointer, &word);
                    }
                }
            }
        }
    }

    /// Adds every path one word could mean.
    fn place(&mut self, word: &str, pointer: &str, sent: &str) {
        if !word.contains(|letter: char| {
            letter.is_alphanumeric() || matches!(letter, '/' | '.' | '~' | '*' | '?')
        }) {
            return;
        }
        for text in expand(word, self.ground) {
            let reach = if is_pattern(&text) {
                Reach::Pattern
            } else {
                Reach::Exact
            };
            if text.starts_with(UNKNOWN) {
                // Nothing literal before it: only an ending that is a protected path's own counts.
                self.push(
                    PathBuf::from(format!("/{text}")),
                    Reach::Pattern,
                    pointer,
                    sent,
                );
                continue;
            }
            if text.starts_with('/') {
                self.place_from(Path::new("/"), &text, reach, pointer, sent);
                continue;
            }
            let starts = std::mem::take(&mut self.starts);
            for start in &starts {
                if self.too_many {
                    break;
                }
                self.place_from(start, &text, reach, pointer, sent);
            }
            self.starts = starts;
        }
    }

    fn place_from(&mut self, start: &Path, text: &str, reach: Reach, pointer: &str, sent: &str) {
        for path in settle(start, text, self.ground.bases) {
            self.push(path, reach, pointer, sent);
        }
        if climbs(text) {
            self.push(start.join(text), reach, pointer, sent);
        }
    }

    fn push(&mut self, path: PathBuf, reach: Reach, pointer: &str, sent: &str) {
        if self.found.len() >= MOST {
            self.too_many = true;
            return;
        }
        let longest = if reach == Reach::Exact {
            LONGEST_PATH
        } else {
            LONGEST_PATTERN
        };
        if path.as_os_str().len() > longest {
            self.too_many |= reach == Reach::Pattern && !self.whole_only;
            return;
        }
        if self.paths.insert((path.clone(), reach)) {
            self.found.push(Candidate {
                pointer: pointer.to_owned(),
                text: sent.to_owned(),
                path,
                reach,
            });
        }
    }
}

/// A key that is only a name: it can't be more than a bare file name, and is most likely none.
fn is_identifier(key: &str) -> bool {
    key.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'$'))
}

/// Whether `..` follows a name: behind a link that is another place than the text says.
fn climbs(text: &str) -> bool {
    let mut named = false;
    text.split('/').any(|part| {
        let climbs = part == ".." && named;
        named |= !matches!(part, "" | "." | "..");
        climbs
    })
}
