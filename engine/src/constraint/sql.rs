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
    ast::{
        BinaryOperator, Expr, Ident, ObjectName, Query, Select, SetExpr, Statement, TableFactor,
        Visit, Visitor,
    },
    dialect::{
        Dialect as Grammar, GenericDialect, MsSqlDialect, MySqlDialect, PostgreSqlDialect,
        SQLiteDialect,
    },
    parser::Parser,
    tokenizer::{Token, Tokenizer, Whitespace},
};

use super::Why;
use crate::node::Node;

mod functions;

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

    fn word(self) -> &'static str {
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

/// What every database takes for the same: no variables, no brackets, no quotes but the two.
fn is_common(token: &Token) -> bool {
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
fn is_sqlites(token: &Token) -> bool {
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
fn is_spaced(comment: &str) -> bool {
    comment.chars().next().is_none_or(char::is_whitespace)
}

/// What hides or shows a part of the text to one database only, whatever it is read as here.
fn hides(text: &str) -> Option<&'static str> {
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

/// Words that begin a statement of SQL Server's even where no semicolon stands before them: there,
/// behind a table's name, they are no alias.
const BEGIN: [&str; 46] = [
    "ALTER",
    "BACKUP",
    "BEGIN",
    "BREAK",
    "BULK",
    "CHECKPOINT",
    "CLOSE",
    "COMMIT",
    "CREATE",
    "DBCC",
    "DEALLOCATE",
    "DECLARE",
    "DELETE",
    "DENY",
    "DISABLE",
    "DROP",
    "ENABLE",
    "EXEC",
    "EXECUTE",
    "GOTO",
    "GRANT",
    "INSERT",
    "KILL",
    "MERGE",
    "OPEN",
    "PRINT",
    "RAISERROR",
    "READTEXT",
    "RECONFIGURE",
    "RESTORE",
    "RETURN",
    "REVERT",
    "REVOKE",
    "ROLLBACK",
    "SAVE",
    "SETUSER",
    "SET",
    "SHUTDOWN",
    "THROW",
    "TRUNCATE",
    "UPDATE",
    "UPDATETEXT",
    "USE",
    "WAITFOR",
    "WHILE",
    "WRITETEXT",
];

/// A character that some readers end at, skip or take for another: a carriage return alone ends a
/// comment to PostgreSQL only, and white space beyond ASCII is a letter to MySQL.
fn odd(text: &str) -> Option<char> {
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

fn is_operator(token: &Token) -> bool {
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

/// Walks the whole statement; what is not known to read ends the walk.
struct Reading<'r> {
    allowed: &'r ReadOnly,
}

impl Reading<'_> {
    fn function(&self, name: &ObjectName) -> ControlFlow<Why> {
        let written = name.to_string();
        let plain = name.0.iter().map(|part| {
            let ident = part.as_ident()?;
            ident
                .quote_style
                .is_none()
                .then(|| ident.value.to_ascii_lowercase())
        });
        let plain: Option<Vec<String>> = plain.collect();
        let known = plain.is_some_and(|parts| match parts.as_slice() {
            [name] => functions::reads(name) || self.allowed.functions.contains(name),
            [schema, name] if schema == "pg_catalog" => functions::reads(name),
            parts => self.allowed.functions.contains(&parts.join(".")),
        });
        if known {
            return ControlFlow::Continue(());
        }
        ControlFlow::Break(Why::new(
            "it calls a function that is not known to only read",
            format!(
                "it calls `{written}`, which is not known to only read; `functions` can name it"
            ),
        ))
    }
}

fn writes(what: &str) -> ControlFlow<Why> {
    ControlFlow::Break(Why::new(READS, what))
}

impl Visitor for Reading<'_> {
    type Break = Why;

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<Why> {
        match statement {
            Statement::Query(_)
            | Statement::Explain { .. }
            | Statement::ExplainTable { .. }
            | Statement::ShowTables { .. }
            | Statement::ShowColumns { .. }
            | Statement::ShowDatabases { .. }
            | Statement::ShowSchemas { .. } => ControlFlow::Continue(()),
            other => {
                let text = other.to_string();
                let word = text
                    .split_whitespace()
                    .next()
                    .unwrap_or("it")
                    .to_uppercase();
                writes(&format!("`{word}` does more than read"))
            }
        }
    }

    fn pre_visit_ident(&mut self, ident: &Ident) -> ControlFlow<Why> {
        let begins = |it: &&&str| ident.value.eq_ignore_ascii_case(it);
        let sql_server = matches!(self.allowed.dialect, Dialect::Any | Dialect::MsSql);
        match BEGIN.iter().find(begins) {
            Some(word) if sql_server && ident.quote_style.is_none() => {
                let detail = format!(
                    "`{word}` as a name begins a statement of SQL Server's; quote it, or name the \
                     `dialect`"
                );
                ControlFlow::Break(Why::new(PLAIN, detail))
            }
            Some(_) | None => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Why> {
        if !query.locks.is_empty() {
            return writes("it locks what it reads (`FOR UPDATE` or the like)");
        }
        if query.settings.is_some() || query.format_clause.is_some() {
            return writes("it changes settings");
        }
        if !query.pipe_operators.is_empty() {
            return writes("it has pipes, which are not read here");
        }
        body(&query.body)
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Why> {
        match select.into {
            Some(_) => writes("`SELECT ... INTO` writes"),
            None => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_table_factor(&mut self, table: &TableFactor) -> ControlFlow<Why> {
        match table {
            TableFactor::Table {
                name, args: Some(_), ..
            }
            | TableFactor::Function { name, .. } => self.function(name),
            TableFactor::Table { with_hints, .. } if !with_hints.iter().all(takes_no_lock) => {
                writes("it locks what it reads (a hint behind the table)")
            }
            // To SQLite such a table runs what it is named after.
            TableFactor::Table { name, .. }
                if name.to_string().to_ascii_lowercase().contains("pragma_") =>
            {
                self.function(name)
            }
            TableFactor::Table { .. }
            | TableFactor::Derived { .. }
            // Its function is an expression, and looked at as one.
            | TableFactor::TableFunction { .. }
            | TableFactor::UNNEST { .. }
            | TableFactor::JsonTable { .. }
            | TableFactor::OpenJsonTable { .. }
            | TableFactor::NestedJoin { .. }
            | TableFactor::Pivot { .. }
            | TableFactor::Unpivot { .. } => ControlFlow::Continue(()),
            _ => writes("it reads from something that is not known here"),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Why> {
        match expr {
            Expr::Function(function) => self.function(&function.name),
            Expr::BinaryOp {
                op: BinaryOperator::Assignment,
                ..
            } => writes("`:=` assigns"),
            // None of these is a call by itself; what is in them is walked.
            Expr::Identifier(_)
            | Expr::CompoundIdentifier(_)
            | Expr::CompoundFieldAccess { .. }
            | Expr::JsonAccess { .. }
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsUnknown(_)
            | Expr::IsNotUnknown(_)
            | Expr::IsDistinctFrom(..)
            | Expr::IsNotDistinctFrom(..)
            | Expr::In { .. }
            | Expr::Between { .. }
            | Expr::BinaryOp { .. }
            | Expr::Like { .. }
            | Expr::ILike { .. }
            | Expr::SimilarTo { .. }
            | Expr::RLike { .. }
            | Expr::AnyOp { .. }
            | Expr::AllOp { .. }
            | Expr::UnaryOp { .. }
            | Expr::Convert { .. }
            | Expr::Cast { .. }
            | Expr::AtTimeZone { .. }
            | Expr::Extract { .. }
            | Expr::Ceil { .. }
            | Expr::Floor { .. }
            | Expr::Position { .. }
            | Expr::Substring { .. }
            | Expr::Trim { .. }
            | Expr::Overlay { .. }
            | Expr::Collate { .. }
            | Expr::Nested(_)
            | Expr::Value(_)
            | Expr::TypedString(_)
            | Expr::Case { .. }
            | Expr::Exists { .. }
            | Expr::Subquery(_)
            | Expr::GroupingSets(_)
            | Expr::Cube(_)
            | Expr::Rollup(_)
            | Expr::Tuple(_)
            | Expr::Array(_)
            | Expr::Interval(_)
            | Expr::MatchAgainst { .. }
            | Expr::Wildcard(_)
            | Expr::QualifiedWildcard(..) => ControlFlow::Continue(()),
            _ => writes("it has an expression that is not known here"),
        }
    }
}

fn takes_no_lock(hint: &Expr) -> bool {
    let text = hint.to_string();
    let known = ["NOLOCK", "READUNCOMMITTED", "READPAST"];
    known.iter().any(|it| text.eq_ignore_ascii_case(it))
}

fn body(body: &SetExpr) -> ControlFlow<Why> {
    match body {
        SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) | SetExpr::Table(_) => {
            ControlFlow::Continue(())
        }
        SetExpr::SetOperation { left, right, .. } => {
            self::body(left)?;
            self::body(right)
        }
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
            writes("a part of it writes")
        }
    }
}

#[cfg(test)]
mod tests;
