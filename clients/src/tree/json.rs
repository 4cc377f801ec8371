//! JSON, strict or with comments and commas at the end of lists; nothing looser.

use std::ops::Range;

use jsonc_parser::ast::{ObjectPropName, Value as Ast};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::{DEPTH, Document, Member, Node, TOO_DEEP, Value};
use crate::broken::Broken;

const BOM: &str = "\u{feff}";

pub(super) fn read(text: &str, comments: bool) -> Result<Document, Broken> {
    let (bare, skipped) = match text.strip_prefix(BOM) {
        Some(bare) => (bare, BOM.len()),
        None => (text, 0),
    };
    let options = ParseOptions {
        allow_comments: comments,
        allow_trailing_commas: comments,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let parsed = parse_to_ast(bare, &CollectOptions::default(), &options).map_err(|error| {
        let why = if comments {
            "it is no JSON, not even with comments"
        } else {
            "it is no JSON"
        };
        Broken::at(text, error.range().start + skipped, why)
    })?;
    let reader = Reader { text, skipped };
    let root = parsed.value.as_ref().map(|it| reader.node(it, 0));
    Ok(Document {
        root: root.transpose()?,
        shared: false,
    })
}

struct Reader<'a> {
    text: &'a str,
    skipped: usize,
}

impl Reader<'_> {
    fn span(&self, it: &impl Ranged) -> Range<usize> {
        let range = it.range();
        range.start + self.skipped..range.end + self.skipped
    }

    fn node(&self, ast: &Ast<'_>, depth: usize) -> Result<Node, Broken> {
        let span = self.span(ast);
        if depth > DEPTH {
            return Err(Broken::at(self.text, span.start, TOO_DEEP));
        }
        let value = match ast {
            Ast::StringLit(it) => Value::Text(it.value.clone().into_owned()),
            Ast::NumberLit(it) => Value::Other(it.value.to_owned()),
            Ast::BooleanLit(it) => Value::Flag(it.value),
            Ast::NullKeyword(_) => Value::Null,
            Ast::Array(it) => {
                let items = it.elements.iter().map(|it| self.node(it, depth + 1));
                Value::List(items.collect::<Result<_, _>>()?)
            }
            Ast::Object(it) => {
                let members = it.properties.iter().map(|it| {
                    let key_span = match &it.name {
                        ObjectPropName::String(name) => self.span(name),
                        ObjectPropName::Word(name) => self.span(name),
                    };
                    Ok(Member {
                        key: it.name.as_str().to_owned(),
                        key_span,
                        node: self.node(&it.value, depth + 1)?,
                    })
                });
                Value::Map(members.collect::<Result<_, Broken>>()?)
            }
        };
        Ok(Node { span, value })
    }
}
