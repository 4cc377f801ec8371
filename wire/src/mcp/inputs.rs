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

/// What a request has that is tried again with the input a result wanted.
const OF_A_RETRY: [&str; 2] = ["requestState", "inputResponses"];

/// The opaque state in a result that wants input, or in the params of the request tried again.
#[must_use]
pub fn request_state<'v>(holder: &'v Value<'_>) -> Option<&'v str> {
    holder.get("requestState")?.as_str()
}

/// Takes the state and the answers out of the params of a request tried again: an object with those
/// of the two that were there.
pub fn take_inputs<'a>(params: &mut Value<'a>) -> Value<'a> {
    let taken = OF_A_RETRY.map(|key| (key, params.remove(key)));
    Value::object(taken.into_iter().filter_map(|(key, it)| Some((key, it?))))
}

/// Puts back what [`take_inputs`] gave.
pub fn put_inputs<'a>(params: &mut Value<'a>, inputs: &Value<'a>) {
    for key in OF_A_RETRY {
        if let Some(it) = inputs.get(key) {
            params.insert(key, it.clone());
        }
    }
}

/// The members of a request's params that say what it asks for: without `_meta`, which is another with
/// each try, and without what a try brings.
#[must_use]
pub fn asked_for<'v>(params: &'v Value<'_>) -> Value<'v> {
    let members = params.as_object().unwrap_or_default().iter();
    let of_it = |key: &str| key != "_meta" && !OF_A_RETRY.contains(&key);
    let members = members.filter(|(key, _)| of_it(key));
    Value::object(members.map(|(key, it)| (key.as_ref(), it.borrowed())))
}

/// The answer under this key among what [`take_inputs`] gave, where it is the only one.
#[must_use]
pub fn only_response<'v, 'a>(inputs: &'v Value<'a>, key: &str) -> Option<&'v Value<'a>> {
    match inputs.get("inputResponses")?.as_object()? {
        [(one, response)] if one == key => Some(response),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(params: &str, then: impl Fn(Value<'_>)) {
        then(crate::json::parse(params.as_bytes()).unwrap().value);
    }

    #[test]
    fn what_a_try_brings_is_taken_and_put_back_and_no_more() {
        let params = r#"{"name":"t","requestState":"s","_meta":{},"inputResponses":{"a":{}}}"#;
        check(params, |mut params| {
            assert_eq!(request_state(&params), Some("s"));
            let inputs = take_inputs(&mut params);
            assert_eq!(params.to_json(), r#"{"name":"t","_meta":{}}"#);
            put_inputs(&mut params, &inputs);
            assert_eq!(
                params.to_json(),
                r#"{"name":"t","_meta":{},"requestState":"s","inputResponses":{"a":{}}}"#
            );
            assert_eq!(asked_for(&params).to_json(), r#"{"name":"t"}"#);
        });
        check(r#"{"name":"t","requestState":7}"#, |mut params| {
            assert_eq!(request_state(&params), None);
            assert_eq!(take_inputs(&mut params).to_json(), r#"{"requestState":7}"#);
            put_inputs(&mut params, &Value::object([]));
            assert_eq!(params.to_json(), r#"{"name":"t"}"#);
        });
    }

    #[test]
    fn an_answer_counts_where_it_is_the_only_one_and_under_its_key() {
        for (inputs, there) in [
            (r#"{"inputResponses":{"k":{"a":1}}}"#, true),
            (r#"{"inputResponses":{"k":{"a":1},"l":{}}}"#, false),
            (r#"{"inputResponses":{"K":{"a":1}}}"#, false),
            (r#"{"inputResponses":{}}"#, false),
            (r#"{"inputResponses":[{"a":1}]}"#, false),
            ("{}", false),
        ] {
            check(inputs, |inputs| {
                assert_eq!(only_response(&inputs, "k").is_some(), there, "{inputs:?}");
            });
        }
    }
}
