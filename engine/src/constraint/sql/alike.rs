//! What databases read in different ways, told by the text and its tokens.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the grammar grows with the library; what is new in it is refused"
)]

use sqlparser::tokenizer::Token;

/// What every database takes for the same: no variables, no brackets, no quotes but the two.
pub(super) fn is_common(token: &Token) -> bool {
    match token {
        Token::Word(word) => match word.quote_style {
            None => word
                .value
                .chars()
                .all(|it| it.is_alphanumeric() || it == '_'),
            Some(quote) => quote == '"',
        },
        Token::EOF
        | Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::DoubleQuotedString(_)
        | Token::Comma
        | Token::Whitespace(_)
        | Token::Eq
        | Token::Neq
        | Token::Lt
        | Token::Gt
        | Token::LtEq
        | Token::GtEq
        | Token::Plus
        | Token::Minus
        | Token::Mul
        | Token::Div
        | Token::Mod
        | Token::StringConcat
        | Token::LParen
        | Token::RParen
        | Token::Period
        | Token::SemiColon => true,
        _ => false,
    }
}

/// To SQLite a variable, as `$a::b(...)`, goes on to its closing bracket, whatever quote is in it.
pub(super) fn is_sqlites(token: &Token) -> bool {
    match token {
        Token::Word(word) if word.quote_style.is_some() => true,
        Token::Placeholder(name) => name.starts_with('?'),
        Token::DoubleEq
        | Token::Arrow
        | Token::LongArrow
        | Token::Ampersand
        | Token::Pipe
        | Token::Tilde
        | Token::ShiftLeft
        | Token::ShiftRight => true,
        token => is_common(token),
    }
}

/// A comment's text that begins with white space, or has none.
pub(super) fn is_spaced(comment: &str) -> bool {
    comment.chars().next().is_none_or(char::is_whitespace)
}

/// What hides or shows a part of the text to one database only, whatever it is read as here.
pub(super) fn hides(text: &str) -> Option<&'static str> {
    let runs = ["/*!", "/*M!", "/*+"];
    if runs.iter().any(|it| text.contains(it)) {
        return Some("it has a comment that a database runs");
    }
    // Whether a backslash escapes is a setting of the database's.
    let escapes = ["\\'", "\\\"", "\\`"];
    if escapes.iter().any(|it| text.contains(it)) {
        return Some("it has a backslash before a quote; write the quote twice instead");
    }
    None
}

/// A character that some readers end at, skip or take for another: a carriage return alone ends a
/// comment to PostgreSQL only, and white space beyond ASCII is a letter to MySQL.
pub(super) fn odd(text: &str) -> Option<char> {
    let mut before = ' ';
    for it in text.chars().chain([' ']) {
        if before == '\r' && it != '\n' {
            return Some(before);
        }
        let control = it.is_control() && !matches!(it, '\n' | '\r' | '\t');
        let space = it.is_whitespace() && !it.is_ascii();
        let quote = matches!(
            it,
            '\u{2bc}' | '\u{2018}'..='\u{201f}' | '\u{ff07}' | '\u{ff1b}' | '\u{feff}'
        );
        if control || space || quote {
            return Some(it);
        }
        before = it;
    }
    None
}

pub(super) fn is_operator(token: &Token) -> bool {
    const WORDS: [&str; 15] = [
        "AND",
        "OR",
        "NOT",
        "UNION",
        "EXCEPT",
        "INTERSECT",
        "IS",
        "IN",
        "LIKE",
        "ILIKE",
        "BETWEEN",
        "COLLATE",
        "AT",
        "MINUS",
        "DIV",
    ];
    match token {
        Token::Word(word) => WORDS.iter().any(|it| word.value.eq_ignore_ascii_case(it)),
        Token::EOF
        | Token::Number(..)
        | Token::Char(_)
        | Token::SingleQuotedString(_)
        | Token::DoubleQuotedString(_)
        | Token::Comma
        | Token::Whitespace(_)
        | Token::LParen
        | Token::RParen
        | Token::SemiColon
        | Token::Placeholder(_) => false,
        // Also the period and the bracket: `a.b.c` and `a[1][2]` are chains.
        _ => true,
    }
}
