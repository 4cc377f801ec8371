//! Takes a text apart into the words a shell would see, and a word into what its separators hold.

/// Quoted texts inside quoted texts that are taken apart again.
const QUOTES: usize = 4;
/// A word with more separators than this is only cut at each, not also read on from each.
const MOST_SUFFIXES: usize = 32;

/// The words of a text: split at white space, with quotes undone and as they stand.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    if text.contains(['"', '\'', '\\']) {
        unquoted(text, QUOTES, &mut words);
    }
    words
}

fn unquoted(text: &str, depth: usize, words: &mut Vec<String>) {
    for word in shell_words(text) {
        if word.contains(char::is_whitespace) && depth > 0 && word.len() < text.len() {
            unquoted(&word, depth - 1, words);
            words.extend(word.split_whitespace().map(str::to_owned));
        }
        words.push(word);
    }
}

/// POSIX word splitting, forgiving: an open quote ends with the text.
fn shell_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (None, '$') if matches!(letters.peek(), Some('\'' | '"')) => {}
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (Some(open), _) if open == letter => quote = None,
            (None, '\\') | (Some('"'), '\\') => {
                let escapes = quote.is_none()
                    || matches!(letters.peek(), Some('"' | '\\' | '$' | '`' | '\n'));
                let word = word.get_or_insert_default();
                match letters.next_if(|_| escapes) {
                    Some('\n') => {}
                    Some(escaped) => word.push(escaped),
                    None => word.push('\\'),
                }
            }
            (None, _) if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// The word itself, and what stands after and between its separators: `--file=/x`, `if=/x`, `>/x`,
/// `@/x`, lists, a flag's glued value, a name at the end of a sentence.
pub(super) fn pieces(word: &str) -> Vec<&str> {
    let mut pieces = vec![word];
    let is_separator = |letter: char| "=:,@<>|;&(){}[]#!^+\"'`".contains(letter);
    let separators = word
        .char_indices()
        .filter(|(_, letter)| is_separator(*letter));
    pieces.extend(
        separators
            .take(MOST_SUFFIXES)
            .filter_map(|(at, _)| word.get(at + 1..)),
    );
    if pieces.len() > 1 {
        pieces.extend(word.split(is_separator));
    }
    let glued: Vec<&str> = pieces
        .iter()
        .filter(|piece| piece.starts_with('-'))
        .filter_map(|flag| {
            flag.find(['/', '~', '$', '.'])
                .and_then(|at| flag.get(at..))
        })
        .collect();
    pieces.extend(glued);
    let ended: Vec<&str> = pieces
        .iter()
        .map(|piece| piece.trim_end_matches(['.', ',', ';', ':', '!', '?', ')']))
        .collect();
    pieces.extend(ended);
    pieces.retain(|piece| !piece.is_empty());
    pieces.sort_unstable();
    pieces.dedup();
    pieces
}
