//! Codes and tokens. Of both only the hash is kept: what is presented is hashed, and the hashes
//! are compared.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::audit::chain::hex;

/// How long a code can be traded, in ms.
pub(super) const CODE_LASTS: i64 = 30_000;
/// How long a token counts, in ms.
pub(super) const TOKEN_LASTS: i64 = 7 * 24 * 3600 * 1000;
/// Codes there can be at once; one more ends the oldest.
const CODES: usize = 4;
/// Tokens there can be at once; one more ends the oldest.
const TOKENS: usize = 32;
/// Codes that can be tried in a minute.
const TRIES: usize = 20;
const MINUTE: i64 = 60_000;

/// What a token lets its holder do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Scope {
    /// All the dashboard does.
    Full,
    /// Look, and change nothing.
    Read,
}

impl Scope {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Read => "read",
        }
    }
}

/// A hash that names a code or a token and lets nobody in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Named(String);

impl Named {
    pub(super) fn of(secret: &str) -> Self {
        Self(hex(&Sha256::digest(secret.as_bytes())))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Token {
    named: Named,
    scope: Scope,
    until_ms: i64,
}

/// Why a code gets no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoCode {
    /// Too many were tried.
    TooMany,
    /// There is none such: never was, was traded, or its time is over.
    Unknown,
}

/// The codes and tokens there are.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    codes: VecDeque<(Named, i64)>,
    tokens: VecDeque<Token>,
    tries: VecDeque<i64>,
}

impl Tokens {
    /// A code can be traded from now on.
    pub(super) fn offer(&mut self, code: &str, now_ms: i64) {
        self.codes.retain(|(_, until)| *until > now_ms);
        if self.codes.len() >= CODES {
            self.codes.pop_front();
        }
        self.codes
            .push_back((Named::of(code), now_ms.saturating_add(CODE_LASTS)));
    }

    /// Until when a code can be traded, ms since 1970; nothing where it no longer can be.
    #[must_use]
    pub(super) fn offered(&self, named: &Named) -> Option<i64> {
        let found = self.codes.iter().find(|(code, _)| code == named);
        found.map(|(_, until)| *until)
    }

    /// Takes a code away for good.
    ///
    /// # Errors
    /// Where there is none such, or too many were tried.
    pub(super) fn take(&mut self, code: &str, now_ms: i64) -> Result<(), NoCode> {
        self.tries
            .retain(|then| (0..MINUTE).contains(&(now_ms - then)));
        if self.tries.len() >= TRIES {
            return Err(NoCode::TooMany);
        }
        self.tries.push_back(now_ms);
        let named = Named::of(code);
        let at = self.codes.iter().position(|(code, _)| *code == named);
        let (_, until) = at
            .and_then(|at| self.codes.remove(at))
            .ok_or(NoCode::Unknown)?;
        if until <= now_ms {
            return Err(NoCode::Unknown);
        }
        Ok(())
    }

    /// A token counts from now on.
    pub(super) fn add(&mut self, token: &str, scope: Scope, now_ms: i64) {
        self.tokens.retain(|it| it.until_ms > now_ms);
        if self.tokens.len() >= TOKENS {
            self.tokens.pop_front();
        }
        self.tokens.push_back(Token {
            named: Named::of(token),
            scope,
            until_ms: now_ms.saturating_add(TOKEN_LASTS),
        });
    }

    /// What this token lets its holder do; nothing where it is none.
    #[must_use]
    pub(super) fn scope(&self, named: &Named, now_ms: i64) -> Option<Scope> {
        let mut tokens = self.tokens.iter();
        let found = tokens.find(|it| it.named == *named && it.until_ms > now_ms);
        found.map(|it| it.scope)
    }

    /// Ends one.
    pub(super) fn end(&mut self, named: &Named) {
        self.tokens.retain(|it| it.named != *named);
    }

    /// Ends all of them, codes too; how many tokens it were.
    pub(super) fn end_all(&mut self) -> usize {
        self.codes.clear();
        let count = self.tokens.len();
        self.tokens.clear();
        count
    }

    /// The tokens, as they are kept.
    #[must_use]
    pub(super) fn kept(&self) -> String {
        serde_json::to_string(&self.tokens).unwrap_or_default()
    }

    /// Takes what was kept in; what can't be read is none.
    pub(super) fn restore(&mut self, kept: &str) {
        self.tokens = serde_json::from_str(kept).unwrap_or_default();
        self.tokens.truncate(TOKENS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_good_once() {
        let mut tokens = Tokens::default();
        tokens.offer("c", 0);
        assert_eq!(tokens.take("d", 1), Err(NoCode::Unknown));
        assert_eq!(tokens.take("c", 2), Ok(()));
        assert_eq!(tokens.take("c", 3), Err(NoCode::Unknown));
    }

    #[test]
    fn a_code_is_good_for_thirty_seconds() {
        let mut tokens = Tokens::default();
        tokens.offer("c", 0);
        tokens.offer("d", 0);
        assert_eq!(tokens.take("c", CODE_LASTS - 1), Ok(()));
        assert_eq!(tokens.take("d", CODE_LASTS), Err(NoCode::Unknown));
    }

    #[test]
    fn one_code_more_than_there_may_be_ends_the_oldest() {
        let mut tokens = Tokens::default();
        for nth in 0..=CODES {
            tokens.offer(&nth.to_string(), 0);
        }
        assert_eq!(tokens.take("0", 1), Err(NoCode::Unknown));
        assert_eq!(tokens.take("1", 1), Ok(()));
    }

    #[test]
    fn who_guesses_is_stopped_for_a_minute() {
        let mut tokens = Tokens::default();
        tokens.offer("c", MINUTE - 10);
        for nth in 0..TRIES {
            assert_eq!(tokens.take(&format!("{nth}"), 0), Err(NoCode::Unknown));
        }
        assert_eq!(tokens.take("c", MINUTE - 1), Err(NoCode::TooMany));
        assert_eq!(tokens.take("c", MINUTE), Ok(()));
    }

    #[test]
    fn a_token_is_good_for_a_week_and_over_a_restart() {
        let mut tokens = Tokens::default();
        tokens.add("one", Scope::Full, 0);
        tokens.add("other", Scope::Read, 5);
        let kept = tokens.kept();
        assert!(!kept.contains("one") && !kept.contains(&hex(b"one")));
        let mut again = Tokens::default();
        again.restore(&kept);
        let scope = |token: &str, now| again.scope(&Named::of(token), now);
        assert_eq!(scope("one", TOKEN_LASTS - 1), Some(Scope::Full));
        assert_eq!(scope("one", TOKEN_LASTS), None);
        assert_eq!(scope("other", TOKEN_LASTS), Some(Scope::Read));
        assert_eq!(scope("neither", 1), None);
    }

    #[test]
    fn what_is_kept_and_can_not_be_read_is_no_token() {
        let mut tokens = Tokens::default();
        tokens.add("t", Scope::Full, 0);
        tokens.restore("[{\"named\":7}]");
        assert_eq!(tokens.scope(&Named::of("t"), 1), None);
    }

    #[test]
    fn an_ended_token_is_none() {
        let mut tokens = Tokens::default();
        for token in ["a", "b", "c"] {
            tokens.add(token, Scope::Full, 0);
        }
        tokens.end(&Named::of("b"));
        assert_eq!(tokens.scope(&Named::of("b"), 1), None);
        assert_eq!(tokens.scope(&Named::of("c"), 1), Some(Scope::Full));
        tokens.offer("code", 1);
        assert_eq!(tokens.end_all(), 2);
        assert_eq!(tokens.scope(&Named::of("c"), 1), None);
        assert_eq!(tokens.take("code", 2), Err(NoCode::Unknown));
    }
}
