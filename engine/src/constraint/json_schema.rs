//! The keywords of JSON Schema (draft 2020-12) that say something of one value by itself. `$ref` and
//! its like are not among them: a schema is a tree, so judging by it ends. A number is held by its
//! digits as they were written, never by a floating-point reading of them.

use std::borrow::Cow;

use super::Why;
use crate::{
    node::Node,
    policy::{Outcome, Pattern},
};

mod number;

pub(crate) use number::Number;

/// Every way down into a value is part of a detail; past this it is cut, in bytes.
const MAX_PLACE: usize = 200;

/// A schema.
#[derive(Clone, Debug)]
pub(crate) enum Schema {
    /// `true` lets every value pass, `false` none.
    All(bool),
    /// All of these hold.
    Keywords(Vec<Keyword>),
}

/// One keyword.
#[derive(Clone, Debug)]
pub(crate) enum Keyword {
    Type(Vec<Type>),
    /// `const` is an `enum` of one.
    Enum(Vec<Node<'static>>),
    Minimum(Number),
    Maximum(Number),
    ExclusiveMinimum(Number),
    ExclusiveMaximum(Number),
    MinLength(usize),
    MaxLength(usize),
    Pattern(Box<Pattern>),
    MinItems(usize),
    MaxItems(usize),
    Items(Box<Schema>),
    Required(Vec<String>),
    MinProperties(usize),
    MaxProperties(usize),
    /// `properties` with `additionalProperties`, which speaks of all the others.
    Properties(Vec<(String, Schema)>, Box<Schema>),
    AllOf(Vec<Schema>),
    AnyOf(Vec<Schema>),
    OneOf(Vec<Schema>),
    Not(Box<Schema>),
}

/// What `type` can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Null,
    Boolean,
    Object,
    Array,
    Number,
    Integer,
    String,
}

/// The words of `type`.
pub(crate) const TYPES: [(&str, Type); 7] = [
    ("null", Type::Null),
    ("boolean", Type::Boolean),
    ("object", Type::Object),
    ("array", Type::Array),
    ("number", Type::Number),
    ("integer", Type::Integer),
    ("string", Type::String),
];

impl Schema {
    pub(crate) fn check(&self, value: &Node<'_>) -> Result<(), Why> {
        let mut place = String::new();
        self.holds(value, &mut place).map_err(|keyword| {
            let at = if place.is_empty() { "it" } else { &place };
            let detail = format!("{at} does not hold `{keyword}`");
            Why::new("it has not the form it has to have", detail)
        })
    }

    /// About how much memory its patterns take, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let Self::Keywords(all) = self else { return 0 };
        let sum = |all: &[Self]| all.iter().map(Self::weight).sum::<usize>();
        let one = |it: &Keyword| match it {
            Keyword::Pattern(pattern) => pattern.weight(),
            Keyword::Items(it) | Keyword::Not(it) => it.weight(),
            Keyword::Properties(named, others) => {
                named.iter().map(|(_, it)| it.weight()).sum::<usize>() + others.weight()
            }
            Keyword::AllOf(all) | Keyword::AnyOf(all) | Keyword::OneOf(all) => sum(all),
            Keyword::Type(_)
            | Keyword::Enum(_)
            | Keyword::Minimum(_)
            | Keyword::Maximum(_)
            | Keyword::ExclusiveMinimum(_)
            | Keyword::ExclusiveMaximum(_)
            | Keyword::MinLength(_)
            | Keyword::MaxLength(_)
            | Keyword::MinItems(_)
            | Keyword::MaxItems(_)
            | Keyword::Required(_)
            | Keyword::MinProperties(_)
            | Keyword::MaxProperties(_) => 0,
        };
        all.iter().map(one).sum()
    }

    /// The keyword that fails, and in `place` where.
    fn holds(&self, value: &Node<'_>, place: &mut String) -> Result<(), &'static str> {
        match self {
            Self::All(true) => Ok(()),
            Self::All(false) => Err("false"),
            Self::Keywords(all) => all.iter().try_for_each(|it| it.holds(value, place)),
        }
    }

    fn is_met_by(&self, value: &Node<'_>) -> bool {
        self.holds(value, &mut String::new()).is_ok()
    }
}

impl Keyword {
    fn holds(&self, value: &Node<'_>, place: &mut String) -> Result<(), &'static str> {
        let met = |it: &Schema| it.is_met_by(value);
        let (name, holds) = match self {
            Self::Type(all) => ("type", all.iter().any(|it| it.is_of(value))),
            Self::Enum(all) => ("enum", all.iter().any(|it| same(it, value))),
            Self::Minimum(it) => ("minimum", compared(value, it, |order| order.is_ge())),
            Self::Maximum(it) => ("maximum", compared(value, it, |order| order.is_le())),
            Self::ExclusiveMinimum(it) => (
                "exclusiveMinimum",
                compared(value, it, |order| order.is_gt()),
            ),
            Self::ExclusiveMaximum(it) => (
                "exclusiveMaximum",
                compared(value, it, |order| order.is_lt()),
            ),
            Self::MinLength(least) => ("minLength", text(value, |it| it.chars().count() >= *least)),
            Self::MaxLength(most) => ("maxLength", text(value, |it| it.chars().count() <= *most)),
            Self::Pattern(pattern) => {
                let matches = |it: &str| pattern.outcome(it) == Outcome::Match;
                ("pattern", text(value, matches))
            }
            Self::MinItems(least) => ("minItems", items(value).is_none_or(|it| it.len() >= *least)),
            Self::MaxItems(most) => ("maxItems", items(value).is_none_or(|it| it.len() <= *most)),
            Self::Items(each) => return each_item(each, value, place),
            Self::Required(names) => {
                let has = |it: &String| value.member(it).is_some();
                (
                    "required",
                    members(value).is_none() || names.iter().all(has),
                )
            }
            Self::MinProperties(least) => (
                "minProperties",
                members(value).is_none_or(|it| it.len() >= *least),
            ),
            Self::MaxProperties(most) => (
                "maxProperties",
                members(value).is_none_or(|it| it.len() <= *most),
            ),
            Self::Properties(named, others) => return each_member(named, others, value, place),
            Self::AllOf(all) => return all.iter().try_for_each(|it| it.holds(value, place)),
            Self::AnyOf(all) => ("anyOf", all.iter().any(met)),
            Self::OneOf(all) => ("oneOf", all.iter().filter(|it| met(it)).count() == 1),
            Self::Not(it) => ("not", !met(it)),
        };
        if holds { Ok(()) } else { Err(name) }
    }
}

fn each_item(each: &Schema, value: &Node<'_>, place: &mut String) -> Result<(), &'static str> {
    let Some(all) = items(value) else {
        return Ok(());
    };
    all.iter()
        .enumerate()
        .try_for_each(|(at, item)| within(place, &at.to_string(), |place| each.holds(item, place)))
}

fn each_member(
    named: &[(String, Schema)],
    others: &Schema,
    value: &Node<'_>,
    place: &mut String,
) -> Result<(), &'static str> {
    let Some(all) = members(value) else {
        return Ok(());
    };
    all.iter().try_for_each(|(name, member)| {
        let own = named.iter().find(|(it, _)| it == name);
        let schema = own.map_or(others, |(_, schema)| schema);
        within(place, name, |place| match (schema, own) {
            (Schema::All(false), None) => Err("additionalProperties"),
            (schema, _) => schema.holds(member, place),
        })
    })
}

/// The place grows on the way down, and stays where something failed.
fn within(
    place: &mut String,
    step: &str,
    judge: impl FnOnce(&mut String) -> Result<(), &'static str>,
) -> Result<(), &'static str> {
    let length = place.len();
    if length + step.len() < MAX_PLACE {
        place.push('/');
        place.push_str(step);
    }
    judge(place)?;
    place.truncate(length);
    Ok(())
}

impl Type {
    fn is_of(self, value: &Node<'_>) -> bool {
        match (self, value) {
            (Self::Null, Node::Null)
            | (Self::Boolean, Node::Bool(_))
            | (Self::Object, Node::Object(_))
            | (Self::Array, Node::Array(_))
            | (Self::Number, Node::Number(_))
            | (Self::String, Node::String(_)) => true,
            // 1.0 is one too.
            (Self::Integer, Node::Number(it)) => Number::read(it).is_some_and(|it| it.is_whole()),
            _ => false,
        }
    }
}

/// What is no number, none can be too large. One that can't be read is too large for anything.
fn compared(
    value: &Node<'_>,
    bound: &Number,
    fits: impl FnOnce(std::cmp::Ordering) -> bool,
) -> bool {
    let Node::Number(lexeme) = value else {
        return true;
    };
    Number::read(lexeme).is_some_and(|it| fits(it.cmp(bound)))
}

fn text(value: &Node<'_>, holds: impl FnOnce(&str) -> bool) -> bool {
    value.as_text().is_none_or(holds)
}

fn items<'v>(value: &'v Node<'_>) -> Option<&'v [Node<'v>]> {
    match value {
        Node::Array(items) => Some(items),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) | Node::Object(_) => None,
    }
}

fn members<'v>(value: &'v Node<'_>) -> Option<&'v [(Cow<'v, str>, Node<'v>)]> {
    match value {
        Node::Object(members) => Some(members),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) | Node::Array(_) => None,
    }
}

/// Equal as JSON Schema has it: numbers by value, members in any order.
fn same(a: &Node<'_>, b: &Node<'_>) -> bool {
    match (a, b) {
        (Node::Number(a), Node::Number(b)) => {
            let (a, b) = (Number::read(a), Number::read(b));
            a.is_some() && a == b
        }
        (Node::Array(a), Node::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Node::Object(a), Node::Object(all)) => {
            let has = |(key, value): &(Cow<'_, str>, Node<'_>)| {
                b.member(key).is_some_and(|it| same(value, it))
            };
            a.len() == all.len() && a.iter().all(has)
        }
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests;
