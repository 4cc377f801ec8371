//! The stable words of `data.aip`: AIP's own for its codes, and ours for what has no code of its
//! own. `docs/errors.md` explains each.

use engine::decide::Code;

/// What `data.aip` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum Word {
    /// The code's.
    Of(Code),
    AlreadyRan,
    AskInBatch,
    AuditUnavailable,
    Changed,
    Dlp,
    Malformed,
    MalformedAnswer,
    ServerEnded,
    StaleState,
    TooManyOutstanding,
    TooManyPrompts,
}

impl Word {
    pub(in crate::session) fn text(self) -> &'static str {
        match self {
            Self::Of(code) => code.word(),
            Self::AlreadyRan => "already_ran",
            Self::AskInBatch => "ask_in_batch",
            Self::AuditUnavailable => "audit_unavailable",
            Self::Changed => "changed",
            Self::Dlp => "dlp",
            Self::Malformed => "malformed",
            Self::MalformedAnswer => "malformed_answer",
            Self::ServerEnded => "server_ended",
            Self::StaleState => "stale_state",
            Self::TooManyOutstanding => "too_many_outstanding",
            Self::TooManyPrompts => "too_many_prompts",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every word; the match below stops the build when one is missing.
    const ALL: [Word; 24] = [
        Word::Of(Code::Forbidden),
        Word::Of(Code::RateLimited),
        Word::Of(Code::UserDenied),
        Word::Of(Code::ApprovalTimeout),
        Word::Of(Code::MethodNotAllowed),
        Word::Of(Code::ProtectedPath),
        Word::Of(Code::TokenRequired),
        Word::Of(Code::TokenInvalid),
        Word::Of(Code::SignatureInvalid),
        Word::Of(Code::TokenRevoked),
        Word::Of(Code::AudienceMismatch),
        Word::Of(Code::SchemaMismatch),
        Word::Of(Code::RedactionFailed),
        Word::AskInBatch,
        Word::AuditUnavailable,
        Word::Changed,
        Word::Dlp,
        Word::Malformed,
        Word::MalformedAnswer,
        Word::ServerEnded,
        Word::TooManyOutstanding,
        Word::TooManyPrompts,
        Word::AlreadyRan,
        Word::StaleState,
    ];

    fn place(word: Word) -> usize {
        match word {
            Word::Of(code) => match code {
                Code::Forbidden => 0,
                Code::RateLimited => 1,
                Code::UserDenied => 2,
                Code::ApprovalTimeout => 3,
                Code::MethodNotAllowed => 4,
                Code::ProtectedPath => 5,
                Code::TokenRequired => 6,
                Code::TokenInvalid => 7,
                Code::SignatureInvalid => 8,
                Code::TokenRevoked => 9,
                Code::AudienceMismatch => 10,
                Code::SchemaMismatch => 11,
                Code::RedactionFailed => 12,
            },
            Word::AskInBatch => 13,
            Word::AuditUnavailable => 14,
            Word::Changed => 15,
            Word::Dlp => 16,
            Word::Malformed => 17,
            Word::MalformedAnswer => 18,
            Word::ServerEnded => 19,
            Word::TooManyOutstanding => 20,
            Word::TooManyPrompts => 21,
            Word::AlreadyRan => 22,
            Word::StaleState => 23,
        }
    }

    #[test]
    fn the_page_on_errors_has_every_word_and_code_and_no_other() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/errors.md");
        let page = std::fs::read_to_string(page).unwrap();
        let mut told: Vec<&str> = page
            .lines()
            .filter_map(|line| line.strip_prefix("### `")?.split('`').next())
            .collect();
        let mut words = vec!["unavailable"];
        for (nth, word) in ALL.into_iter().enumerate() {
            assert_eq!(place(word), nth);
            words.push(word.text());
            if let Word::Of(code) = word {
                let wanted = format!(
                    "### `{}`, {}: {}",
                    code.word(),
                    code.number(),
                    code.message()
                );
                assert!(
                    page.lines().any(|line| line == wanted),
                    "no line `{wanted}`"
                );
            }
        }
        told.sort_unstable();
        words.sort_unstable();
        assert_eq!(told, words);
    }
}
