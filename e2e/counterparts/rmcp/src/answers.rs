//! Answers what a server may ask of a client, and notes that it did.

use std::sync::{Arc, Mutex, PoisonError};

use rmcp::ClientHandler;
use rmcp::model::{
    ClientCapabilities, ClientInfo, CreateMessageRequestParams, CreateMessageResult,
    ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationCapability, ErrorData,
    Implementation, ListRootsResult, LoggingMessageNotificationParam, ProgressNotificationParam,
    Root, RootsCapabilities, SamplingCapability, SamplingMessage,
};
use rmcp::service::{NotificationContext, RequestContext, RoleClient};
use serde_json::{Value, json};

type List = Arc<Mutex<Vec<Value>>>;

/// What the server asked and told so far.
#[derive(Clone, Default)]
pub struct Answers {
    asked: List,
    heard: List,
    progress: List,
}

impl Answers {
    /// What it asked, sorted.
    pub fn asked(&self) -> Vec<Value> {
        sorted(&self.asked)
    }

    /// The log messages, sorted.
    pub fn heard(&self) -> Vec<Value> {
        sorted(&self.heard)
    }

    /// The progress since the last time.
    pub fn take_progress(&self) -> Vec<Value> {
        std::mem::take(&mut *self.progress.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ClientHandler for Answers {
    fn get_info(&self) -> ClientInfo {
        let mut capabilities = ClientCapabilities::default();
        capabilities.roots = Some(RootsCapabilities::default());
        capabilities.sampling = Some(SamplingCapability::default());
        capabilities.elicitation = Some(ElicitationCapability::default());
        ClientInfo::new(capabilities, Implementation::new("aip-e2e-rmcp", "1"))
    }

    async fn list_roots(
        &self,
        _context: RequestContext<RoleClient>,
    ) -> Result<ListRootsResult, ErrorData> {
        note(&self.asked, json!({"roots": true}));
        Ok(ListRootsResult::new(vec![
            Root::new("file:///srv/project").with_name("project"),
        ]))
    }

    async fn create_message(
        &self,
        params: CreateMessageRequestParams,
        _context: RequestContext<RoleClient>,
    ) -> Result<CreateMessageResult, ErrorData> {
        note(&self.asked, json!({"sampling": params}));
        let message = SamplingMessage::assistant_text("a sampled answer");
        Ok(CreateMessageResult::new(message, "fixed".to_owned()))
    }

    async fn create_elicitation(
        &self,
        params: ElicitRequestParams,
        _context: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        note(&self.asked, json!({"elicitation": params}));
        let form = json!({"name": "Ada", "check": true});
        Ok(ElicitResult::new(ElicitationAction::Accept).with_content(form))
    }

    async fn on_logging_message(
        &self,
        params: LoggingMessageNotificationParam,
        _context: NotificationContext<RoleClient>,
    ) {
        note(&self.heard, json!(params));
    }

    async fn on_progress(
        &self,
        params: ProgressNotificationParam,
        _context: NotificationContext<RoleClient>,
    ) {
        note(&self.progress, json!(params));
    }
}

fn note(list: &List, value: Value) {
    list.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(value);
}

fn sorted(list: &List) -> Vec<Value> {
    let mut values = list.lock().unwrap_or_else(PoisonError::into_inner).clone();
    values.sort_by_key(Value::to_string);
    values
}
