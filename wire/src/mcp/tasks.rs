//! Tasks: a call that is answered later. Revision 2025-11-25 has them in the protocol, 2026-07-28
//! as an extension; each spells them its own way.

use crate::json::Value;

/// The extension's name among the capabilities.
pub const TASKS_EXTENSION: &str = "io.modelcontextprotocol/tasks";

/// The task that a result makes in place of an answer: under `task` in 2025-11-25, at the top of
/// a result of type `task` in 2026-07-28.
#[must_use]
pub fn task_created<'v>(result: &'v Value<'_>) -> Option<&'v str> {
    let of_type = result.get("resultType").and_then(Value::as_str);
    let holder = if of_type == Some("task") {
        result
    } else {
        result.get("task")?
    };
    holder.get("taskId")?.as_str()
}

/// The task a request or notification is about.
#[must_use]
pub fn task_named<'v>(params: Option<&'v Value<'_>>) -> Option<&'v str> {
    params?.get("taskId")?.as_str()
}

/// Leaves out of a list of tasks all but those `keep` knows; says whether any went. A task that
/// can't be told is not kept.
pub fn keep_tasks(result: &mut Value<'_>, keep: impl Fn(&str) -> bool) -> bool {
    kept(result.get_mut("tasks"), |task| {
        task.get("taskId")
            .and_then(Value::as_str)
            .is_some_and(&keep)
    })
}

/// Leaves out of what a `subscriptions/listen` wants to hear of all tasks but those `keep` knows;
/// says whether any went.
pub fn keep_listened_tasks(params: &mut Value<'_>, keep: impl Fn(&str) -> bool) -> bool {
    let wanted = params.get_mut("notifications");
    let ids = wanted.and_then(|wanted| wanted.get_mut("taskIds"));
    kept(ids, |id| id.as_str().is_some_and(&keep))
}

/// What is no list to us may be one to its reader: nothing of it is kept.
fn kept<'a>(list: Option<&mut Value<'a>>, keep: impl Fn(&Value<'a>) -> bool) -> bool {
    let Some(list) = list.filter(|it| **it != Value::Null) else {
        return false;
    };
    let Some(entries) = list.as_array_mut() else {
        *list = Value::Array(Vec::new());
        return true;
    };
    let before = entries.len();
    entries.retain(|it| keep(it));
    before != entries.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    fn created(result: &str) -> Option<String> {
        let parsed = parse(result.as_bytes()).unwrap();
        task_created(&parsed.value).map(str::to_owned)
    }

    #[test]
    fn a_task_is_read_as_each_revision_spells_it() {
        let old = r#"{"task":{"taskId":"a","status":"working"}}"#;
        let new = r#"{"resultType":"task","taskId":"b","status":"working"}"#;
        assert_eq!(created(old).as_deref(), Some("a"));
        assert_eq!(created(new).as_deref(), Some("b"));
    }

    #[test]
    fn what_is_no_task_is_not_taken_for_one() {
        for result in [
            r#"{"taskId":"a"}"#,
            r#"{"resultType":"complete","taskId":"a"}"#,
            r#"{"task":{"taskId":7}}"#,
            r#"{"resultType":"task"}"#,
            r#"{"task":"a"}"#,
        ] {
            assert_eq!(created(result), None, "{result}");
        }
    }
}
