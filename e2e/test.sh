#!/usr/bin/env bash
# Builds everything and runs every test. On a machine with nothing but Rust and a C compiler the
# tests that need more are skipped by name; with CI=true they fail instead.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo build --quiet --locked --workspace --bins
e2e/install.sh

scratch=$(mktemp -d)
export AIP_SKIPPED_FILE=$scratch/skipped AIP_E2E_PERSON=$scratch/person
trap 'rm -rf "$scratch"' EXIT
: >"$AIP_SKIPPED_FILE"

# A terminal that is open before any client starts: what only a person may do is done there.
target=$(cargo metadata --format-version 1 --no-deps --locked |
    sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
"$target/debug/aip-person" "$AIP_E2E_PERSON" &
until [[ -S $AIP_E2E_PERSON ]]; do
    kill -0 $! 2>/dev/null || { echo "no terminal for the tests" >&2; exit 1; }
    sleep 0.02
done

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
