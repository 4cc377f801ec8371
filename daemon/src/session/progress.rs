//! The tokens under which requests want to hear of their progress: who may tell of it.

use wire::json::Value;
use wire::mcp;
use wire::rpc::Id;

/// The longest token kept, in bytes.
const MAX_TOKEN: usize = 1024;

/// What a request says of its progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// Nothing: nobody may tell of it.
    None,
    /// It gave this one.
    Given(Id),
    /// It gave one that is not kept, or an earlier daemon knew: any may be its.
    Unknown,
}

impl Token {
    /// The token in a request's params.
    #[must_use]
    pub fn of(params: Option<&Value<'_>>) -> Self {
        let there = params.and_then(|it| it.get("_meta")?.get("progressToken"));
        match mcp::progress_token(params) {
            Some(Id::String(text)) if text.len() > MAX_TOKEN => Self::Unknown,
            Some(token) => Self::Given(token),
            None if there.is_some() => Self::Unknown,
            None => Self::None,
        }
    }

    /// Whether progress under this token may be of the request.
    #[must_use]
    pub fn may_be(&self, told: Option<&Id>) -> bool {
        match self {
            Self::None => false,
            Self::Given(token) => told == Some(token),
            Self::Unknown => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_value_and_what_is_not_kept_may_be_any() {
        let long = format!("\"{}\"", "x".repeat(MAX_TOKEN + 1));
        for (given, told, may) in [
            ("1", "1", true),
            ("1", "\"1\"", false),
            ("\"a\"", "\"a\"", true),
            ("\"a\"", "\"b\"", false),
            ("\"a\"", "null", false),
            ("1.5", "1.5", true),
            (&long, &long, true),
        ] {
            check(
                &format!(r#"{{"_meta":{{"progressToken":{given}}}}}"#),
                told,
                may,
            );
        }
        check("{}", "1", false);
        check(r#"{"progressToken":1}"#, "1", false);
        fn check(params: &str, told: &str, may: bool) {
            let params = wire::json::parse(params.as_bytes()).unwrap();
            let told = wire::json::parse(told.as_bytes()).unwrap();
            let token = Token::of(Some(&params.value));
            let got = token.may_be(Id::from_value(&told.value).as_ref());
            assert_eq!(got, may, "{token:?}");
        }
    }
}
