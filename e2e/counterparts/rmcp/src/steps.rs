//! One step of the steps.

use std::error::Error;

use rmcp::model::{
    CallToolRequestParams, ClientRequest, GetPromptRequestParams, LoggingLevel, PingRequest,
    ReadResourceRequestParams, SetLevelRequestParams, SubscribeRequestParams,
};
use rmcp::service::{RoleClient, RunningService, ServiceError};
use serde::Serialize;
use serde_json::{Value, json};

use crate::answers::Answers;

type Session = RunningService<RoleClient, Answers>;

/// Takes the step; gives what becomes of it in the transcript.
pub async fn take(
    session: &Session,
    answers: &Answers,
    step: &Value,
) -> Result<Value, Box<dyn Error>> {
    let text = |key: &str| step[key].as_str().unwrap_or_default().to_owned();
    let args = step["args"].as_object().cloned();
    let known = |key: &str| step.get(key).is_some();
    let outcome = if known("tools") {
        kept(session.list_tools(None).await)?
    } else if known("resources") {
        kept(session.list_resources(None).await)?
    } else if known("templates") {
        kept(session.list_resource_templates(None).await)?
    } else if known("prompts") {
        kept(session.list_prompts(None).await)?
    } else if known("call") {
        let mut params = CallToolRequestParams::new(text("call"));
        params.arguments = Some(args.unwrap_or_default());
        kept(session.call_tool(params).await)?
    } else if known("read") {
        kept(
            session
                .read_resource(ReadResourceRequestParams::new(text("read")))
                .await,
        )?
    } else if known("prompt") {
        let mut params = GetPromptRequestParams::new(text("prompt"));
        params.arguments = args;
        kept(session.get_prompt(params).await)?
    } else if known("complete") {
        let (prompt, name, value) = (text("complete"), text("argument"), text("value"));
        kept(
            session
                .complete_prompt_argument(prompt, name, value, None)
                .await,
        )?
    } else if known("ping") {
        kept(
            session
                .send_request(ClientRequest::PingRequest(PingRequest::default()))
                .await,
        )?
    } else if known("level") {
        let level: LoggingLevel = serde_json::from_value(step["level"].clone())?;
        kept(session.set_level(SetLevelRequestParams::new(level)).await)?
    } else if known("subscribe") {
        kept(
            session
                .subscribe(SubscribeRequestParams::new(text("subscribe")))
                .await,
        )?
    } else {
        return Err(format!("unknown step {step}").into());
    };
    Ok(json!({"step": step, "outcome": outcome, "progress": answers.take_progress()}))
}

/// The result, or the error the server answered; any other error ends the run.
fn kept<T: Serialize>(outcome: Result<T, ServiceError>) -> Result<Value, Box<dyn Error>> {
    match outcome {
        Ok(result) => Ok(json!({"result": result})),
        Err(ServiceError::McpError(error)) => Ok(json!({"error": error})),
        Err(ServiceError::UnexpectedResponse) => Ok(json!({"error": "unexpected response"})),
        Err(error) => Err(error.into()),
    }
}
