//! The walk through a statement: what it is, what it calls and what it locks.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the grammar grows with the library; what is new in it is refused"
)]

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, Ident, ObjectName, Query, Select, SetExpr, Statement, TableFactor,
    Visitor,
};

use super::{Dialect, PLAIN, READS, ReadOnly, functions};
use crate::constraint::Why;

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

/// Walks the whole statement; what is not known to read ends the walk.
pub(super) struct Reading<'r> {
    pub(super) allowed: &'r ReadOnly,
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
