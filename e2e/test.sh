#!/usr/bin/env bash
# Builds everything and runs every test. On a machine with nothing but Rust and a C compiler the
# tests that need more are skipped by name; with CI=true they fail instead.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo build --quiet --locked --workspace --bins
e2e/install.sh

AIP_SKIPPED_FILE=$(mktemp)
export AIP_SKIPPED_FILE
trap 'rm -f "$AIP_SKIPPED_FILE"' EXIT

status=0
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --config-file e2e/nextest.toml --locked --workspace --no-fail-fast \
        --status-level slow "$@" || status=$?
else
    cargo test --locked --workspace --no-fail-fast --quiet "$@" || status=$?
fi

echo
if [[ -s $AIP_SKIPPED_FILE ]]; then
    sort -u "$AIP_SKIPPED_FILE"
else
    echo "skipped: none"
fi
exit "$status"
