//! TOML.

use toml_edit::{Document as Toml, Item, Key, TableLike, Value as Ast};

use super::{DEPTH, Document, Member, Node, TOO_DEEP, Value};
use crate::broken::Broken;

pub(super) fn read(text: &str) -> Result<Document, Broken> {
    let parsed = Toml::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |it| it.start);
        Broken::at(text, at, "it is no TOML")
    })?;
    let reader = Reader { text };
    let root = Node {
        span: 0..text.len(),
        value: reader.table(parsed.as_table(), 0)?,
    };
    Ok(Document {
        root: Some(root),
        shared: false,
    })
}

struct Reader<'a> {
    text: &'a str,
}

impl Reader<'_> {
    fn table(&self, table: &dyn TableLike, depth: usize) -> Result<Value, Broken> {
        if depth > DEPTH {
            return Err(Broken::at(self.text, 0, TOO_DEEP));
        }
        let mut members = Vec::new();
        for (name, item) in table.iter() {
            if let Some(node) = self.item(item, depth + 1)? {
                members.push(Member {
                    key: name.to_owned(),
                    key_span: table.key(name).and_then(Key::span).unwrap_or_default(),
                    node,
                });
            }
        }
        Ok(Value::Map(members))
    }

    fn item(&self, item: &Item, depth: usize) -> Result<Option<Node>, Broken> {
        let span = item.span().unwrap_or_default();
        let value = match item {
            Item::None => return Ok(None),
            Item::Value(value) => return self.value(value, depth).map(Some),
            Item::Table(table) => self.table(table, depth)?,
            Item::ArrayOfTables(tables) => {
                let nodes = tables.iter().map(|table| {
                    Ok(Node {
                        span: table.span().unwrap_or_default(),
                        value: self.table(table, depth + 1)?,
                    })
                });
                Value::List(nodes.collect::<Result<_, Broken>>()?)
            }
        };
        Ok(Some(Node { span, value }))
    }

    fn value(&self, ast: &Ast, depth: usize) -> Result<Node, Broken> {
        let span = ast.span().unwrap_or_default();
        if depth > DEPTH {
            return Err(Broken::at(self.text, span.start, TOO_DEEP));
        }
        let written = || self.text.get(span.clone()).unwrap_or_default().to_owned();
        let value = match ast {
            Ast::String(it) => Value::Text(it.value().clone()),
            Ast::Boolean(it) => Value::Flag(*it.value()),
            Ast::Integer(_) | Ast::Float(_) | Ast::Datetime(_) => Value::Other(written()),
            Ast::Array(it) => {
                let items = it.iter().map(|it| self.value(it, depth + 1));
                Value::List(items.collect::<Result<_, _>>()?)
            }
            Ast::InlineTable(it) => self.table(it, depth)?,
        };
        Ok(Node { span, value })
    }
}
