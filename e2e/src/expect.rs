//! What a JSON value must say, among other things.

use serde_json::Value;

/// Holds a value against all that is expected of it; it may say more.
///
/// # Panics
/// When a member is missing or different.
#[track_caller]
pub fn holds(value: &Value, expected: &Value) {
    if let Some(members) = expected.as_object() {
        for (name, member) in members {
            let found = value.get(name).unwrap_or(&Value::Null);
            if member.is_object() {
                holds(found, member);
            } else {
                assert_eq!(found, member, "`{name}` in {value}");
            }
        }
    }
}
