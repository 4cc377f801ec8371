//! Whether a path with globs and unknown variables in it could name a protected path.

use std::path::Path;

/// Stands in a path for a variable whose value isn't known: any text, slashes too.
pub(super) const UNKNOWN: char = '\u{fffc}';

/// Whether the path's text has anything to be matched rather than compared.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', UNKNOWN])
}

/// Whether `pattern` could name `protected` or something below it.
///
/// What recursion (`**`) or a closing bare `*` would find in a parent folder doesn't count, as the
/// parent folder itself doesn't. A variable counts where the literal part before it leads to the
/// protected path, or the literal part after it begins with the protected path's own ending.
pub(super) fn could_name(pattern: &Path, protected: &Path) -> bool {
    let pattern = names(pattern);
    let protected = names(protected);
    let (Some(last), count) = (protected.last(), pattern.len()) else {
        return true;
    };
    // reached[j]: the pattern's parts so far could stand for the first j parts of the protected path.
    let mut reached = vec![false; protected.len() + 1];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    for (index, part) in pattern.iter().enumerate() {
        let closing = index + 1 == count;
        let mut next = vec![false; reached.len()];
        for (taken, _) in reached.iter().enumerate().filter(|(_, reached)| **reached) {
            let Some(name) = protected.get(taken) else { continue };
            let mut named_from = taken..taken + 1;
            if is_crossing(part) {
                let literal_before = index > 0 && part.starts_with(UNKNOWN);
                let literal_start = begins(part, name) && taken + 1 < protected.len();
                if literal_before && (closing || !looks_like_file(last)) || literal_start {
                    return true;
                }
                if part.starts_with(UNKNOWN) || part == "**" {
                    // Any number of parts but the last, which has to be named.
                    next.iter_mut().take(protected.len()).skip(taken).for_each(|reached| *reached = true);
                    named_from.end = protected.len();
                }
            }
            for at in named_from.filter(|_| !is_whole_crossing(part)) {
                if !protected.get(at).is_some_and(|name| matches(part, name)) {
                    continue;
                }
                if at + 1 < protected.len() {
                    next.iter_mut().skip(at + 1).take(1).for_each(|reached| *reached = true);
                } else if !(closing && is_bare_star(part)) {
                    return true;
                }
            }
        }
        reached = next;
    }
    false
}

fn names(path: &Path) -> Vec<String> {
    let parts = path
        .components()
        .skip_while(|part| matches!(part, std::path::Component::RootDir));
    parts
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect()
}

fn is_crossing(part: &str) -> bool {
    part == "**" || part.contains(UNKNOWN)
}

/// Nothing but a variable or `**`: it names no part by itself.
fn is_whole_crossing(part: &str) -> bool {
    part == "**" || part.chars().all(|letter| letter == UNKNOWN)
}

fn is_bare_star(part: &str) -> bool {
    part.chars().all(|letter| letter == '*')
}

/// A name with an extension: nothing lies below it.
fn looks_like_file(name: &str) -> bool {
    name.rfind('.').is_some_and(|dot| dot > 0)
}

/// Whether what stands before the variable in `part`, if anything does, could begin `name`.
fn begins(part: &str, name: &str) -> bool {
    let (literal, _) = part.split_once(UNKNOWN).unwrap_or_default();
    !literal.is_empty() && matches(&format!("{literal}*"), name)
}

/// Whether one part of a pattern matches one name. Work is bounded by the product of their lengths.
pub(super) fn matches(part: &str, name: &str) -> bool {
    if part == name {
        return true;
    }
    let pattern = symbols(part);
    let name: Vec<char> = name.chars().collect();
    let (mut at, mut from) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(letter) = name.get(from) {
        match pattern.get(at) {
            Some(Symbol::Many) => {
                retry = Some((at, from));
                at += 1;
            }
            Some(symbol) if symbol.takes(*letter) => {
                at += 1;
                from += 1;
            }
            _ => match retry {
                Some((star, taken)) => {
                    retry = Some((star, taken + 1));
                    (at, from) = (star + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern
        .iter()
        .skip(at)
        .all(|symbol| matches!(symbol, Symbol::Many))
}

enum Symbol {
    Letter(char),
    One,
    Many,
    Class {
        except: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Symbol {
    fn takes(&self, letter: char) -> bool {
        match self {
            Self::Letter(own) => *own == letter,
            Self::One => true,
            Self::Many => false,
            Self::Class { except, ranges } => {
                ranges
                    .iter()
                    .any(|(low, high)| (*low..=*high).contains(&letter))
                    != *except
            }
        }
    }
}

fn symbols(part: &str) -> Vec<Symbol> {
    let letters: Vec<char> = part.chars().collect();
    let mut symbols = Vec::new();
    let mut at = 0;
    while let Some(letter) = letters.get(at) {
        at += 1;
        symbols.push(match letter {
            '*' | &UNKNOWN => Symbol::Many,
            '?' => Symbol::One,
            '[' => match class(letters.get(at..).unwrap_or_default()) {
                Some((symbol, length)) => {
                    at += length;
                    symbol
                }
                None => Symbol::Letter('['),
            },
            other => Symbol::Letter(*other),
        });
    }
    symbols
}

/// The class after an opening bracket, and its length with the closing one.
fn class(letters: &[char]) -> Option<(Symbol, usize)> {
    let except = matches!(letters.first(), Some('!' | '^'));
    let start = usize::from(except);
    // A closing bracket that comes first is a member.
    let end = letters
        .iter()
        .enumerate()
        .skip(start + 1)
        .find(|(_, letter)| **letter == ']')?
        .0;
    let members = letters.get(start..end)?;
    if members.first() == Some(&'[') {
        // A named class such as `[[:alpha:]]`: any one letter, up to the bracket that ends it.
        let end = letters
            .iter()
            .enumerate()
            .skip(end + 1)
            .find(|(_, letter)| **letter == ']')
            .map_or(end, |(at, _)| at);
        return Some((Symbol::One, end + 1));
    }
    let mut ranges = Vec::new();
    let mut rest = members;
    while let Some((low, after)) = rest.split_first() {
        match after {
            ['-', high, beyond @ ..] => {
                ranges.push((*low, *high));
                rest = beyond;
            }
            _ => {
                ranges.push((*low, *low));
                rest = after;
            }
        }
    }
    Some((Symbol::Class { except, ranges }, end + 1))
}
