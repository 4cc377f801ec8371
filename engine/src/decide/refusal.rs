//! A refusal: the code and reason for the client, the detail for the person and the record.

use std::sync::Arc;

/// Why a call does not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The JSON-RPC error.
    pub code: Code,
    /// What the record calls it.
    pub verdict: Verdict,
    /// For the client: names no other tool, no pattern and no value.
    pub reason: String,
    /// For the record and the person: which rule or list, and how near it was. No value.
    pub detail: String,
    /// The argument that failed.
    pub failed_arg: Option<String>,
    /// The pattern or list it failed on.
    pub failed_rule: Option<String>,
    /// The line in the policy.
    pub line: Option<usize>,
    /// The file of the policy beside the session's own that refuses.
    pub layer: Option<Arc<str>>,
    /// After how many milliseconds the next call would pass.
    pub retry_after_ms: Option<i64>,
}

/// How a refusal is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Against the policy.
    Block,
    /// Too often.
    RateLimited,
}

/// The errors AIP defines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// -32001
    Forbidden,
    /// -32002
    RateLimited,
    /// -32004
    UserDenied,
    /// -32005
    ApprovalTimeout,
    /// -32006
    MethodNotAllowed,
    /// -32007
    ProtectedPath,
    /// -32008
    TokenRequired,
    /// -32009
    TokenInvalid,
    /// -32010
    SignatureInvalid,
    /// -32011
    TokenRevoked,
    /// -32012
    AudienceMismatch,
    /// -32013
    SchemaMismatch,
    /// -32014
    RedactionFailed,
}

impl Code {
    /// The number in the JSON-RPC error.
    pub fn number(self) -> i32 {
        self.parts().0
    }

    /// The message in the JSON-RPC error.
    pub fn message(self) -> &'static str {
        self.parts().1
    }

    /// The stable word in `data.aip`.
    pub fn word(self) -> &'static str {
        self.parts().2
    }

    fn parts(self) -> (i32, &'static str, &'static str) {
        match self {
            Code::Forbidden => (-32001, "Forbidden", "forbidden"),
            Code::RateLimited => (-32002, "Rate limit exceeded", "rate_limited"),
            Code::UserDenied => (-32004, "User denied", "user_denied"),
            Code::ApprovalTimeout => (-32005, "User approval timeout", "approval_timeout"),
            Code::MethodNotAllowed => (-32006, "Method not allowed", "method_not_allowed"),
            Code::ProtectedPath => (-32007, "Access denied: protected path", "protected_path"),
            Code::TokenRequired => (-32008, "Token required", "token_required"),
            Code::TokenInvalid => (-32009, "Token invalid", "token_invalid"),
            Code::SignatureInvalid => (-32010, "Policy signature invalid", "signature_invalid"),
            Code::TokenRevoked => (-32011, "Token revoked", "token_revoked"),
            Code::AudienceMismatch => (-32012, "Audience mismatch", "audience_mismatch"),
            Code::SchemaMismatch => (-32013, "Schema mismatch", "schema_mismatch"),
            Code::RedactionFailed => (-32014, "DLP redaction failed", "redaction_failed"),
        }
    }
}

impl Refusal {
    /// A refusal that says the same to the client and to the record.
    pub(super) fn new(code: Code, reason: impl Into<String>) -> Refusal {
        let reason = reason.into();
        Refusal {
            code,
            verdict: Verdict::Block,
            detail: reason.clone(),
            reason,
            failed_arg: None,
            failed_rule: None,
            line: None,
            layer: None,
            retry_after_ms: None,
        }
    }

    pub(super) fn forbidden(reason: impl Into<String>) -> Refusal {
        Refusal::new(Code::Forbidden, reason)
    }

    pub(super) fn method(reason: &str) -> Refusal {
        Refusal::new(Code::MethodNotAllowed, reason)
    }

    pub(super) fn stopped() -> Refusal {
        Refusal::forbidden("all calls are stopped by the user").because("override: deny_all")
    }

    pub(super) fn baseless() -> Refusal {
        Refusal::forbidden("the policy is incomplete")
            .detailed("the base that the policy extends is not there")
            .because("extends")
    }

    /// Too often, by the rate as the policy writes it; `wait_ms` on, the next call would pass.
    pub(super) fn rate(rate: &str, wait_ms: i64) -> Refusal {
        let refusal = Refusal::new(Code::RateLimited, "rate limit of this tool is spent")
            .detailed(format!(
                "`{rate}` is spent, the next call would pass in {wait_ms} ms"
            ))
            .because(rate);
        Refusal {
            verdict: Verdict::RateLimited,
            retry_after_ms: Some(wait_ms),
            ..refusal
        }
    }

    pub(super) fn because(self, rule: impl Into<String>) -> Refusal {
        Refusal {
            failed_rule: Some(rule.into()),
            ..self
        }
    }

    pub(super) fn detailed(self, detail: impl Into<String>) -> Refusal {
        Refusal {
            detail: detail.into(),
            ..self
        }
    }

    pub(super) fn at_line(self, line: usize) -> Refusal {
        Refusal {
            line: Some(line),
            ..self
        }
    }

    pub(super) fn in_layer(self, path: Option<&Arc<str>>) -> Refusal {
        Refusal {
            layer: path.map(Arc::clone),
            ..self
        }
    }

    pub(super) fn of_arg(self, arg: impl Into<String>) -> Refusal {
        Refusal {
            failed_arg: Some(arg.into()),
            ..self
        }
    }
}
