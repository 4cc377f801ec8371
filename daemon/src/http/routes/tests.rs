//! The description is held against the routes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{ROUTES, Verb};

fn described() -> Value {
    serde_json::from_str(include_str!("../openapi.json")).unwrap()
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let routes: BTreeSet<(String, &str)> = ROUTES
        .iter()
        .map(|route| {
            let verb = match route.verb {
                Verb::Get => "get",
                Verb::Post => "post",
                Verb::Delete => "delete",
            };
            (route.path.to_owned(), verb)
        })
        .collect();
    let document = described();
    let paths = document["paths"].as_object().unwrap().iter();
    let operations: BTreeSet<(String, &str)> = paths
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(move |method| (path.clone(), method.as_str()))
        })
        .collect();
    assert_eq!(operations, routes);
    assert_eq!(routes.len(), ROUTES.len(), "a route is there twice");
}

/// What can be sent and comes back is named whole: a member more is a mistake.
#[test]
fn every_object_says_that_it_has_no_other_members() {
    check(&described()["paths"], "paths");
    check(&described()["components"], "components");
    fn check(value: &Value, place: &str) {
        match value {
            Value::Object(members) => {
                if members.get("type") == Some(&Value::from("object"))
                    && members.contains_key("properties")
                {
                    // A record has what its kind has.
                    let open = place.ends_with("schemas/Record");
                    assert_eq!(
                        members.get("additionalProperties"),
                        Some(&Value::from(open)),
                        "{place}"
                    );
                }
                for (name, value) in members {
                    check(value, &format!("{place}/{name}"));
                }
            }
            Value::Array(items) => {
                for item in items {
                    check(item, place);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}
