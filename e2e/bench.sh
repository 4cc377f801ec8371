#!/usr/bin/env bash
# Builds the release programs and measures them against direct pipes; prints tables of Markdown.
# Wants a machine that does nothing else. No figure passes or fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo build --quiet --release --locked --workspace --bins
target=$(cargo metadata --format-version 1 --no-deps --locked |
    sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
bench=$target/release/aip-bench

title() { printf '\n### %s\n\n' "$*"; }

title "Round trips, one core"
"$bench" roundtrip --pin 0 --depth 1 --depth 64
"$bench" roundtrip --pin 0 --way request --size 1024 | tail -n +3
title "Round trips, any core"
"$bench" roundtrip
"$bench" roundtrip --way request --size 1024 | tail -n +3
title "Sessions at once, one core"
"$bench" sessions --pin 0
title "Sessions at once, any core"
"$bench" sessions
title "Start"
"$bench" startup --pin 0
title "Memory"
"$bench" memory
title "Idle"
"$bench" idle
title "Audit"
"$bench" audit
title "Programs"
"$bench" programs
