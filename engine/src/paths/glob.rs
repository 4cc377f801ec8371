//! Whether a path with globs and unknown variables in it could name a protected path.

use std::path::Path;

/// Stands in a path for a variable whose value isn't known: any text, slashes too.
pub(super) const UNKNOWN: char = '\u{fffc}';

/// A bracket not closed within so many letters is a letter itself.
const LONGEST_CLASS: usize = 512;

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
    if protected.is_empty() {
        return true;
    }
    // reached[j]: the pattern's parts so far could stand for the first j parts of the protected path.
    let mut reached = vec![false; protected.len()];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    for (index, text) in pattern.iter().enumerate() {
        let part = Part {
            text,
            first: index == 0,
            closing: index + 1 == pattern.len(),
        };
        let mut next = vec![false; reached.len()];
        for (taken, _) in reached.iter().enumerate().filter(|(_, reached)| **reached) {
            if part.names_all(&protected, taken, &mut next) {
                return true;
            }
        }
        reached = next;
    }
    false
}

/// One part of a pattern, between two slashes.
struct Part<'p> {
    text: &'p str,
    first: bool,
    closing: bool,
}

impl Part<'_> {
    /// Whether this part completes `protected`, of which `taken` parts are already named; where it
    /// doesn't, `next` learns how far it could come.
    fn names_all(&self, protected: &[String], taken: usize, next: &mut [bool]) -> bool {
        let (Some(name), Some(last)) = (protected.get(taken), protected.last()) else {
            return false;
        };
        let mut named_from = taken..taken + 1;
        if self.text == "**" || self.text.contains(UNKNOWN) {
            let literal_before = !self.first && self.text.starts_with(UNKNOWN);
            let literal_start = taken + 1 < protected.len() && begins(self.text, name);
            if literal_before && (self.closing || !looks_like_file(last)) || literal_start {
                return true;
            }
            if self.text.starts_with(UNKNOWN) || self.text == "**" {
                // Any number of parts but the last, which has to be named.
                let crossed = next.iter_mut().skip(taken);
                crossed.for_each(|reached| *reached = true);
                named_from.end = protected.len();
            }
        }
        named_from
            .filter(|_| !is_whole_crossing(self.text))
            .filter(|at| {
                protected
                    .get(*at)
                    .is_some_and(|name| matches(self.text, name))
            })
            .any(|at| match next.get_mut(at + 1) {
                Some(reached) => {
                    *reached = true;
                    false
                }
                None => !(self.closing && is_bare_star(self.text)),
            })
    }
}

fn names(path: &Path) -> Vec<String> {
    let parts = path
        .components()
        .skip_while(|part| matches!(part, std::path::Component::RootDir));
    parts
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect()
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
    let letters = letters.get(..LONGEST_CLASS).unwrap_or(letters);
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
