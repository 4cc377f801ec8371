//! What an edited document is meant to say, as a change of the tree and not of the text.

use super::Wrapped;
use crate::entries::{Form, Spot};
use crate::tree::{Document, Member, Node, Value};

/// The entry with aip in front.
pub(super) fn wrapped(document: &mut Document, spot: &Spot<'_>, form: &Form<'_>, done: &Wrapped) {
    let front = done.front.iter().map(|it| text(it));
    let aip = done.aip.clone();
    change(document, spot, form, |map, command| {
        let old = list(map, command, form).cloned();
        let rest = old.as_ref().and_then(Node::items).unwrap_or_default();
        let items = front.chain(rest.iter().cloned()).collect();
        set_list(map, command, form, items);
        if matches!(form, Form::Split { .. }) {
            set(map, command, text(&aip));
        }
    });
}

/// The entry as it was before; `without` where no list is left.
pub(super) fn unwrapped(
    document: &mut Document,
    spot: &Spot<'_>,
    form: &Form<'_>,
    done: &Wrapped,
    without: bool,
) {
    let before = match (form, &done.command) {
        (Form::Split { .. }, Some(_)) => done.front.last().cloned(),
        (Form::Split { .. } | Form::Whole(_), _) => None,
    };
    let null = done
        .list
        .as_ref()
        .is_some_and(|(before, _)| !before.trim_start().starts_with(['[', '-']));
    change(document, spot, form, |map, command| {
        let old = list(map, command, form).cloned();
        let rest = old.as_ref().and_then(Node::items).unwrap_or_default();
        let items: Vec<Node> = rest.iter().skip(done.front.len()).cloned().collect();
        if without {
            if let Value::Map(members) = &mut map.value {
                members.retain(|it| it.key != "args");
            }
        } else if null && items.is_empty() {
            set(map, "args", node(Value::Null));
        } else {
            set_list(map, command, form, items);
        }
        if let Some(before) = before {
            set(map, command, text(&before));
        }
    });
}

/// Finds the map that holds the command, by where it stands in the document as it was.
fn change(
    document: &mut Document,
    spot: &Spot<'_>,
    form: &Form<'_>,
    how: impl FnOnce(&mut Node, &str),
) {
    let (map, command) = match form {
        Form::Split { map, command, .. } => (map.span.clone(), command.key.as_str()),
        Form::Whole(list) => {
            let of = |it: &&Member| it.node.span == list.span;
            let command = spot.node.members().iter().find(of);
            (
                spot.node.span.clone(),
                command.map_or("", |it| it.key.as_str()),
            )
        }
    };
    let Some(root) = &mut document.root else {
        return;
    };
    if let Some(map) = find(root, &spot.at.0, &map) {
        how(map, command);
    }
}

/// The map below these members, or below the last of them, that has this span.
fn find<'a>(
    node: &'a mut Node,
    path: &[String],
    span: &std::ops::Range<usize>,
) -> Option<&'a mut Node> {
    let Some((step, rest)) = path.split_first() else {
        if node.span == *span {
            return Some(node);
        }
        let Value::Map(members) = &mut node.value else {
            return None;
        };
        let inner = members.iter_mut().map(|it| &mut it.node);
        return inner.into_iter().find(|it| it.span == *span);
    };
    match &mut node.value {
        Value::Map(members) => {
            let next = members.iter_mut().rev().find(|it| it.key == *step)?;
            find(&mut next.node, rest, span)
        }
        Value::List(items) => {
            let named = |it: &Node| {
                let name = it.get("name").and_then(|it| it.node.text());
                name == Some(step.as_str())
            };
            let next = items.iter_mut().find(|it| named(it))?;
            find(next, rest, span)
        }
        Value::Text(_) | Value::Flag(_) | Value::Null | Value::Other(_) => None,
    }
}

fn list<'a>(map: &'a Node, command: &str, form: &Form<'_>) -> Option<&'a Node> {
    let key = match form {
        Form::Split { .. } => "args",
        Form::Whole(_) => command,
    };
    map.get(key).map(|it| &it.node)
}

fn set_list(map: &mut Node, command: &str, form: &Form<'_>, items: Vec<Node>) {
    let list = node(Value::List(items));
    match form {
        Form::Whole(_) => set(map, command, list),
        Form::Split { args: Some(_), .. } => set(map, "args", list),
        Form::Split { args: None, .. } => {
            let Value::Map(members) = &mut map.value else {
                return;
            };
            let at = members.iter().position(|it| it.key == command).unwrap_or(0);
            let member = Member {
                key: "args".to_owned(),
                key_span: 0..0,
                node: list,
            };
            members.insert(at, member);
        }
    }
}

fn set(map: &mut Node, key: &str, to: Node) {
    let Value::Map(members) = &mut map.value else {
        return;
    };
    if let Some(member) = members.iter_mut().rev().find(|it| it.key == key) {
        member.node.value = to.value;
    }
}

fn text(text: &str) -> Node {
    node(Value::Text(text.to_owned()))
}

fn node(value: Value) -> Node {
    Node { span: 0..0, value }
}
