#!/usr/bin/env bash
# Builds the programs and shows the main job: a real MCP server behind aip, one call allowed,
# one redacted, one blocked, each with its record. Needs Rust and a C compiler, nothing else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo build --quiet --locked --workspace --bins
exec cargo run --quiet --locked --package aip-e2e --bin aip-demo
