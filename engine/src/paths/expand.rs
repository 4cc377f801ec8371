//! Expands a word as a shell or a URL reader would: `file:`, braces, `~`, variables.

use std::path::Path;

use super::Ground;
use super::glob::UNKNOWN;

/// A word whose braces make more words than this counts as a variable from there on.
const MOST_BRACED: usize = 64;
/// A variable or a command in a word ends within so many bytes, or takes the rest of the word.
const LONGEST_VARIABLE: usize = 4096;

/// Every text the word could expand to; absolute ones begin with a slash.
pub(super) fn expand(word: &str, ground: &Ground<'_>) -> Vec<String> {
    let mut words = vec![word.to_owned()];
    words.extend(without_scheme(word));
    let braced = words.iter().flat_map(|word| braces(word));
    braced
        .map(|word| variables(&tilde(&word, ground), ground))
        .collect()
}

/// What a `file:` URL names: with and without what could be a host, a query or a fragment.
fn without_scheme(word: &str) -> Vec<String> {
    let Some(rest) = word
        .get(..5)
        .filter(|scheme| scheme.eq_ignore_ascii_case("file:"))
        .and_then(|_| word.get(5..))
    else {
        return Vec::new();
    };
    let mut named = Vec::new();
    match rest.strip_prefix("//") {
        Some(after) => {
            named.push(after.to_owned());
            named.extend(
                after
                    .find('/')
                    .and_then(|slash| after.get(slash..))
                    .map(str::to_owned),
            );
        }
        None => named.push(rest.to_owned()),
    }
    let bare: Vec<String> = named
        .iter()
        .filter_map(|name| name.find(['?', '#']).and_then(|end| name.get(..end)))
        .map(str::to_owned)
        .collect();
    named.extend(bare);
    named
}

/// `a{b,c}` is `ab` and `ac`; a range is any letters.
fn braces(word: &str) -> Vec<String> {
    if let Some((at, _)) = word.match_indices('{').nth(MOST_BRACED) {
        let before = word.get(..at).and_then(|text| text.split('{').next());
        return vec![format!("{}{UNKNOWN}", before.unwrap_or_default())];
    }
    let mut done = Vec::new();
    let mut open = vec![word.to_owned()];
    while let Some(word) = open.pop() {
        let Some(group) = Group::first(&word) else {
            done.push(word);
            continue;
        };
        if done.len() + open.len() + group.choices.len() > MOST_BRACED {
            return vec![format!("{}{UNKNOWN}", group.before)];
        }
        open.extend(
            group
                .choices
                .iter()
                .map(|choice| format!("{}{choice}{}", group.before, group.after)),
        );
    }
    done
}

struct Group<'w> {
    before: &'w str,
    choices: Vec<&'w str>,
    after: &'w str,
}

impl<'w> Group<'w> {
    /// The first brace group that a shell would expand.
    fn first(word: &'w str) -> Option<Self> {
        word.match_indices('{')
            .filter(|(at, _)| !word.get(..*at).is_some_and(|before| before.ends_with('$')))
            .find_map(|(at, _)| {
                let before = word.get(..at)?;
                let (inside, after) = balanced(word.get(at + 1..)?)?;
                let choices = choices(inside);
                (choices.len() > 1 || inside.contains("..")).then(|| Self {
                    before,
                    choices: if choices.len() > 1 {
                        choices
                    } else {
                        vec!["*"]
                    },
                    after,
                })
            })
    }
}

/// What stands before the closing brace that belongs to the one just read, and after it.
fn balanced(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => return Some((text.get(..at)?, text.get(at + 1..)?)),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn choices(inside: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let split = inside.split(|letter: char| {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        letter == ',' && depth == 0
    });
    split.collect()
}

fn tilde(word: &str, ground: &Ground<'_>) -> String {
    let Some(rest) = word.strip_prefix('~') else {
        return word.to_owned();
    };
    let (user, below) = rest
        .find('/')
        .map_or((rest, ""), |slash| rest.split_at(slash));
    let home = match user {
        "" => ground.home.map(Path::to_path_buf),
        "+" | "-" => return format!(".{below}"),
        user => (ground.user_homes)(user).or_else(|| {
            ground
                .home
                .filter(|home| home.ends_with(user))
                .map(Path::to_path_buf)
        }),
    };
    home.map_or_else(
        || word.to_owned(),
        |home| format!("{}{below}", home.display()),
    )
}

/// Known variables get their value, others stand for any text.
fn variables(word: &str, ground: &Ground<'_>) -> String {
    let mut out = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(letter) = rest.chars().next() {
        match variable(rest) {
            Some((name, length)) => {
                let value = value(name, out.is_empty(), ground);
                match value {
                    Some(value) => out.push_str(&value),
                    None => out.push(UNKNOWN),
                }
                rest = rest.get(length..).unwrap_or_default();
            }
            None => {
                out.push(letter);
                rest = rest.get(letter.len_utf8()..).unwrap_or_default();
            }
        }
    }
    out
}

/// The variable at the start of `rest`: its name, and the length of the whole.
fn variable(rest: &str) -> Option<(&str, usize)> {
    if let Some(name) = rest.strip_prefix('%') {
        let end = name.find('%')?;
        let name = name.get(..end).filter(|name| is_name(name))?;
        return Some((name, end + 2));
    }
    if let Some(command) = rest.strip_prefix('`') {
        let end = command.find('`')?;
        return Some((command.get(..end)?, end + 2));
    }
    let body = rest.strip_prefix('$')?;
    if let Some(braced) = body.strip_prefix('{') {
        let Some((inside, _)) = balanced(within(braced)) else {
            return Some(("", rest.len()));
        };
        return Some((leading_name(inside), inside.len() + 3));
    }
    if let Some(command) = body.strip_prefix('(') {
        let Some(end) = within(command).find(')') else {
            return Some(("", rest.len()));
        };
        return Some((command.get(..end)?, end + 3));
    }
    let scoped = body
        .get(..4)
        .filter(|scope| scope.eq_ignore_ascii_case("env:"))
        .map_or(0, str::len);
    let name = leading_name(body.get(scoped..)?);
    (!name.is_empty()).then_some((name, 1 + scoped + name.len()))
}

fn within(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST_VARIABLE))
        .unwrap_or(text)
}

fn is_name(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && leading_name(name).len() == name.len()
}

fn leading_name(text: &str) -> &str {
    let text = text.trim_start_matches('!');
    let scoped = text
        .get(..4)
        .filter(|scope| scope.eq_ignore_ascii_case("env:"));
    let text = scoped
        .and_then(|scope| text.get(scope.len()..))
        .unwrap_or(text);
    let end = text
        .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

fn value(name: &str, first: bool, ground: &Ground<'_>) -> Option<String> {
    match name.to_ascii_lowercase().trim() {
        "home" | "userprofile" => ground.home.map(|home| home.display().to_string()),
        "user" | "username" | "logname" | "whoami" => ground
            .home
            .and_then(Path::file_name)
            .map(|name| name.to_string_lossy().into_owned()),
        "pwd" | "oldpwd" if first => Some(".".to_owned()),
        _ => None,
    }
}
