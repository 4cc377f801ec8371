//! `sql: read_only`: one statement, which reads. What can't be read, or could be read in another
//! way by the database, is refused.
//!
//! A statement passes by what is known of it, never for want of a finding: the statement's kind,
//! and each function it calls, have to be among those that only read. Residual: a view, a rule or
//! an operator of the database's own that does more than read, also a function of one's own called
//! as `row.function`; what the server does with the text before it runs it; and time: a read can be
//! slow.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the grammar grows with the library; what is new in it is refused"
)]

use std::ops::ControlFlow;

use sqlparser::{
    ast::{Statement, Visit},
    dialect::{
        Dialect as Grammar, GenericDialect, MsSqlDialect, MySqlDialect, PostgreSqlDialect,
        SQLiteDialect,
    },
    parser::Parser,
    tokenizer::{Token, Tokenizer, Whitespace},
};

use super::Why;
use crate::node::Node;

mod alike;
mod functions;
mod walk;

use alike::{hides, is_common, is_operator, is_spaced, is_sqlites, odd};
use walk::Reading;

/// The longest statement, in bytes.
const MAX_LENGTH: usize = 64 << 10;
/// The most tokens, white space not counted.
const MAX_TOKENS: usize = 8_000;
/// The most operators: a chain of them is a tree as deep as it is long.
const MAX_OPERATORS: usize = 400;
/// How deep a statement may nest.
const MAX_DEPTH: usize = 40;

/// The database that reads the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Any of them: what they read differently is refused.
    Any,
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
    /// SQLite.
    Sqlite,
    /// Microsoft SQL Server.
    MsSql,
}

/// The words for it in a policy.
pub(crate) const DIALECTS: [(&str, Dialect); 5] = [
    ("any", Dialect::Any),
    ("postgres", Dialect::Postgres),
    ("mysql", Dialect::MySql),
    ("sqlite", Dialect::Sqlite),
    ("mssql", Dialect::MsSql),
];

impl Dialect {
    fn grammar(self) -> &'static dyn Grammar {
        match self {
            Self::Any => &GenericDialect {},
            Self::Postgres => &PostgreSqlDialect {},
            Self::MySql => &MySqlDialect {},
            Self::Sqlite => &SQLiteDialect {},
            Self::MsSql => &MsSqlDialect {},
        }
    }

    pub(crate) fn word(self) -> &'static str {
        DIALECTS
            .iter()
            .find(|(_, it)| *it == self)
            .map_or("any", |(word, _)| word)
    }
}

/// The demand.
#[derive(Clone, Debug)]
pub(crate) struct ReadOnly {
    pub(crate) dialect: Dialect,
    /// Functions that may be called besides those known to read, in lower case.
    pub(crate) functions: Vec<String>,
}

const ONE: &str = "it has to be one SQL statement";
const READS: &str = "it has to be an SQL statement that only reads";
const PLAIN: &str = "it has to be SQL that can be read in one way only";

impl ReadOnly {
    pub(super) fn check(&self, value: &Node<'_>) -> Result<(), Why> {
        let Node::String(text) = value else {
            return Err(Why::new(ONE, "it is no text"));
        };
        if text.len() > MAX_LENGTH {
            return Err(Why::new(
                ONE,
                format!("it is longer than {MAX_LENGTH} bytes"),
            ));
        }
        if let Some(odd) = odd(text) {
            return Err(Why::new(
                PLAIN,
                format!("it holds U+{:04X}", u32::from(odd)),
            ));
        }
        if let Some(what) = hides(text) {
            return Err(Why::new(PLAIN, what));
        }
        let tokens = self.tokens(text)?;
        let statement = self.one_statement(tokens)?;
        match statement.visit(&mut Reading { allowed: self }) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(why) => Err(why),
        }
    }

    fn tokens(&self, text: &str) -> Result<Vec<Token>, Why> {
        let unreadable = |error: &dyn std::fmt::Display| {
            let detail = format!("it can't be read as SQL ({}): {error}", self.dialect.word());
            Why::new(ONE, detail)
        };
        let tokens = Tokenizer::new(self.dialect.grammar(), text).tokenize();
        let tokens = tokens.map_err(|error| unreadable(&error))?;
        let counted = tokens
            .iter()
            .filter(|it| !matches!(it, Token::Whitespace(_)));
        let (all, operators) = counted.fold((0, 0), |(all, operators), token| {
            (all + 1, operators + usize::from(is_operator(token)))
        });
        if all > MAX_TOKENS || operators > MAX_OPERATORS {
            let detail = format!("it has {all} words, {operators} of them operators: too many");
            return Err(Why::new(ONE, detail));
        }
        match tokens.iter().find_map(|token| self.ambiguous(token)) {
            Some(what) => Err(Why::new(PLAIN, what)),
            None => Ok(tokens),
        }
    }

    fn one_statement(&self, tokens: Vec<Token>) -> Result<Statement, Why> {
        let mut parser = Parser::new(self.dialect.grammar())
            .with_recursion_limit(MAX_DEPTH)
            .with_tokens(tokens);
        let mut all = parser.parse_statements().map_err(|error| {
            let detail = format!("it can't be read as SQL ({}): {error}", self.dialect.word());
            Why::new(ONE, detail)
        })?;
        match (all.pop(), all.len()) {
            (Some(one), 0) => Ok(one),
            (Some(_), more) => Err(Why::new(ONE, format!("it is {} statements", more + 1))),
            (None, _) => Err(Why::new(ONE, "it is empty")),
        }
    }

    /// What databases are known to read in different ways, so that what stands behind it to one is
    /// hidden to another.
    fn ambiguous(&self, token: &Token) -> Option<String> {
        let any = self.dialect == Dialect::Any;
        let what = match token {
            Token::Whitespace(Whitespace::MultiLineComment(text)) if text.contains("/*") => {
                "it has a comment within a comment"
            }
            // To MySQL, `--1` is minus minus one.
            Token::Whitespace(Whitespace::SingleLineComment { prefix, comment })
                if any && (prefix != "--" || !is_spaced(comment)) =>
            {
                "it has a comment that not every database reads; name its `dialect`"
            }
            Token::DollarQuotedString(_) if self.dialect != Dialect::Postgres => {
                "it has a text between dollars, which only PostgreSQL reads so"
            }
            token if any && !is_common(token) => {
                return Some(format!(
                    "it has `{token}`, which not every database reads so; name its `dialect`"
                ));
            }
            token if self.dialect == Dialect::Sqlite && !is_sqlites(token) => {
                return Some(format!(
                    "it has `{token}`, which SQLite reads in its own way"
                ));
            }
            _ => return None,
        };
        Some(what.to_owned())
    }
}

#[cfg(test)]
mod tests;
