//! What a server asks for inside a message that is no request: in the result of a call or of a
//! task (2026-07-28), in the notice of a task, or in an error that wants an address visited
//! (2025-11-25).

use crate::json::Value;

use super::no_look_alike;
use super::shape::INPUT_REQUEST;

/// The error that wants an address visited before the call is tried again.
const URL_ELICITATION_REQUIRED: &str = "-32042";

/// A request that a result carries instead of an answer (revision 2026-07-28).
#[derive(Clone, Copy, Debug)]
pub struct InputRequest<'v, 'a> {
    /// Under which it is to be answered.
    pub key: &'v str,
    /// As sent.
    pub method: &'v str,
    /// An object, or absent.
    pub params: Option<&'v Value<'a>>,
}

/// The requests a result, or the params of a notice, carries; none in most. What a task's result
/// carries in turn is among them.
///
/// # Errors
/// When they are not what the protocol says: they can't be judged then.
pub fn input_requests<'v, 'a>(holder: &'v Value<'a>) -> Result<Vec<InputRequest<'v, 'a>>, String> {
    let holders = std::iter::once(holder).chain(holder.get("result"));
    let mut all = Vec::new();
    for requests in holders.filter_map(|it| it.get("inputRequests")) {
        let members = requests
            .as_object()
            .ok_or("`inputRequests` must be an object")?;
        for (key, request) in members {
            all.push(input_request(key, request)?);
        }
    }
    Ok(all)
}

fn input_request<'v, 'a>(
    key: &'v str,
    request: &'v Value<'a>,
) -> Result<InputRequest<'v, 'a>, String> {
    no_look_alike(&INPUT_REQUEST, request, "an input request")?;
    let method = request.get("method").and_then(Value::as_str);
    let method = method.ok_or("`method` of an input request must be a string")?;
    let params = request.get("params");
    if params.is_some_and(|it| it.as_object().is_none()) {
        return Err("`params` of an input request must be an object".to_owned());
    }
    Ok(InputRequest {
        key,
        method,
        params,
    })
}

/// The errors that a result, or the params of a notice, carries: those of the tasks that failed.
pub fn task_errors<'v, 'a>(holder: &'v Value<'a>) -> impl Iterator<Item = &'v Value<'a>> {
    let holders = std::iter::once(holder).chain(holder.get("result"));
    holders.filter_map(|it| it.get("error"))
}

/// Whether an error asks the client to have an address visited.
#[must_use]
pub fn wants_url(error: &Value<'_>) -> bool {
    let code =
        matches!(error.get("code"), Some(Value::Number(code)) if code == URL_ELICITATION_REQUIRED);
    code || error
        .get("data")
        .is_some_and(|data| data.get("elicitations").is_some())
}

/// The client's answers to the requests a result carried, given with the call that is tried again
/// or with an update of a task.
pub fn input_responses<'v, 'a>(
    params: Option<&'v Value<'a>>,
) -> impl Iterator<Item = &'v Value<'a>> {
    let responses = params.and_then(|params| params.get("inputResponses")?.as_object());
    responses.unwrap_or_default().iter().map(|(_, it)| it)
}
