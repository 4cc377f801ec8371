#!/usr/bin/env bash
# Builds the release programs and measures them, beside the same server on direct pipes; prints
# tables of Markdown. Wants a machine that does nothing else. No figure passes or fails.
#
#   e2e/bench.sh           everything, in some five minutes once it is built
#   e2e/bench.sh --full    queries and screens on stores of 1,000,000 records, not 100,000
#   e2e/bench.sh --write   also puts the tables into docs/performance.md
#   AIP_BENCH_CORE=1       the core for what is measured on one core, 0 unless given
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

PAGE=docs/performance.md

records=100000
write=false
for word in "$@"; do
    case $word in
    --full) records=1000000 ;;
    --write) write=true ;;
    *)
        echo "usage: e2e/bench.sh [--full] [--write]" >&2
        exit 2
        ;;
    esac
done

cargo build --quiet --release --locked --workspace --bins --bench hot
target=$(cargo metadata --format-version 1 --no-deps --locked |
    sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
hot=$(cargo build --quiet --release --locked --package aipd --bench hot --message-format json |
    sed -n 's/.*"executable":"\([^"]*\/hot-[^"]*\)".*/\1/p')
core=${AIP_BENCH_CORE:-0}

measure() { "$target/release/aip-bench" "$@"; }
on_one_core() { measure "$@" --pin "$core"; }
title() { printf '\n### %s\n\n' "$*"; }

everything() {
    measure machine
    title "Round trips, one core"
    on_one_core roundtrip --depth 1 --depth 64
    on_one_core roundtrip --way request --size 1024 | tail -n +3
    title "Round trips, any core"
    measure roundtrip
    measure roundtrip --way request --size 1024 | tail -n +3
    title "Sessions at once, one core"
    on_one_core sessions
    title "Sessions at once, any core"
    measure sessions
    title "Start, one core"
    on_one_core startup
    title "Memory"
    measure memory
    title "While nothing happens"
    measure idle
    title "What a call leaves behind"
    measure audit
    title "Calls that wait for a person"
    measure asks
    title "Programs"
    measure programs
    title "Pieces, one core"
    taskset -c "$core" "$hot"
    title "Queries, one core"
    taskset -c "$core" "$hot" store "$records"
    title "Screens, one core"
    taskset -c "$core" "$hot" screens "$records"
}

figures=$(mktemp)
trap 'rm -f "$figures" "$figures.page"' EXIT
everything | tee "$figures"

if $write; then
    awk -v figures="$figures" '
        /^<!-- figures end -->$/ { between = 0 }
        !between { print }
        /^<!-- figures begin/ {
            between = 1
            print ""
            while ((getline line < figures) > 0) print line
            print ""
        }
    ' "$PAGE" >"$figures.page"
    cat "$figures.page" >"$PAGE"
fi
