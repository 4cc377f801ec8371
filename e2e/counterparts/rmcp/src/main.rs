//! Drives an MCP server over stdio with the official Rust SDK.
//!
//! usage: aip-e2e-rmcp [--auto] STEPS COMMAND        (steps and transcript:
//! e2e/drivers/transcript.py)
//!
//! With --auto it negotiates the newest revision; without, it does the older handshake.
#![expect(
    deprecated,
    reason = "what older revisions still have is marked so in the SDK"
)]

mod answers;
mod steps;

use std::error::Error;

use rmcp::model::ProtocolVersion;
use rmcp::service::{ClientLifecycleMode, ClientServiceExt};
use rmcp::transport::TokioChildProcess;
use serde_json::{Value, json};
use tokio::process::Command;

use answers::Answers;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let mut lifecycle = ClientLifecycleMode::Initialize;
    if args.first().is_some_and(|it| it == "--auto") {
        args.remove(0);
        lifecycle = ClientLifecycleMode::Auto {
            preferred_versions: vec![ProtocolVersion::LATEST],
            legacy_version: Some(ProtocolVersion::LATEST_WITH_INITIALIZE),
        };
    }
    let [steps, command] = args.as_slice() else {
        return Err("usage: aip-e2e-rmcp [--auto] STEPS COMMAND".into());
    };
    let steps: Vec<Value> = serde_json::from_str(steps)?;
    let answers = Answers::default();
    let session = answers
        .clone()
        .serve_with_lifecycle(TokioChildProcess::new(Command::new(command))?, lifecycle)
        .await?;
    let opened = serde_json::to_value(session.peer_info())?;
    let mut taken = Vec::new();
    for step in &steps {
        taken.push(steps::take(&session, &answers, step).await?);
    }
    session.cancel().await?;
    println!(
        "{}",
        json!({
            "opened": opened,
            "steps": taken,
            "asked": answers.asked(),
            "heard": answers.heard(),
        })
    );
    Ok(())
}
