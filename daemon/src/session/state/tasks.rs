//! Tasks: the server answers a call with one, and the client fetches the result later. A session
//! may reach for its own alone, unless the policy lists the method; what they answer is judged as
//! the answer to the call they stand for.

use engine::name::normal_form;
use wire::json::Value;
use wire::mcp;

use super::{Context, Judged, State};
use crate::session::learnt::Origin;
use crate::session::table::Entry;

const TASKS: &str = "tasks/";
const LIST: &str = "tasks/list";
const GET: &str = "tasks/get";
/// What a client answers with a task, where both sides have agreed on it.
const MAKES_CLIENT_TASKS: [&str; 2] = ["sampling/createMessage", "elicitation/create"];

impl State {
    /// The call that a request about a task stands for.
    pub(super) fn task_origin(&self, normal: &str, params: Option<&Value<'_>>) -> Option<&Origin> {
        let task = mcp::task_named(params).filter(|_| normal.starts_with(TASKS))?;
        self.learnt.tasks.origin(task)
    }

    /// Whether a request about tasks keeps to this session's own. The list does: what else is in
    /// it is taken out on its way back.
    pub(super) fn own_task(&self, normal: &str, params: Option<&Value<'_>>) -> bool {
        normal == LIST || self.task_origin(normal, params).is_some()
    }

    /// Takes in the task that a call was answered with.
    pub(super) fn learn_task(&mut self, judged: &mut Judged, entry: &Entry, result: &Value<'_>) {
        if entry.method.starts_with(TASKS) {
            return;
        }
        let Some(task) = mcp::task_created(result) else {
            return;
        };
        if self.learnt.tasks.takes(task) {
            let before = self.learnt.clone();
            let (tool, call_id) = (entry.tool.as_deref(), &entry.call_id);
            self.learnt.tasks.created(task, tool, call_id);
            self.learns(judged, before);
        }
    }

    /// Takes in the task that the client answers a request of the server's with.
    pub(super) fn learn_client_task(
        &mut self,
        judged: &mut Judged,
        entry: &Entry,
        result: &Value<'_>,
    ) {
        if !MAKES_CLIENT_TASKS.contains(&entry.method.as_str()) {
            return;
        }
        let task = mcp::task_created(result);
        if let Some(task) = task.filter(|task| self.learnt.client_tasks.takes(task)) {
            let before = self.learnt.clone();
            let call_id = &entry.call_id;
            self.learnt.client_tasks.created(task, None, call_id);
            self.learns(judged, before);
        }
    }

    /// Whether the server asks for a task the client made of a request it was let through: the
    /// answer to that request, only later.
    pub(super) fn client_task(&self, normal: &str, params: Option<&Value<'_>>) -> bool {
        let own = |task| self.learnt.client_tasks.knows(task);
        normal.starts_with(TASKS) && mcp::task_named(params).is_some_and(own)
    }

    /// Leaves other sessions' tasks out of a list; says whether any went.
    pub(super) fn keep_own_tasks(
        &self,
        ctx: &Context<'_>,
        entry: &Entry,
        result: &mut Value<'_>,
    ) -> bool {
        entry.method == LIST
            && !reaches_all(ctx, LIST)
            && mcp::keep_tasks(result, |task| self.learnt.tasks.knows(task))
    }

    /// Leaves other sessions' tasks out of what a client wants to hear of; says whether any went.
    pub(super) fn listen_to_own_tasks(
        &self,
        ctx: &Context<'_>,
        method: &str,
        params: &mut Value<'_>,
    ) -> bool {
        normal_form(method) == "subscriptions/listen"
            && !reaches_all(ctx, GET)
            && mcp::keep_listened_tasks(params, |task| self.learnt.tasks.knows(task))
    }
}

/// Whether the policy itself lists the method, so that it speaks of every task.
fn reaches_all(ctx: &Context<'_>, method: &str) -> bool {
    ctx.monitor() || ctx.policy().lists_method(method)
}
