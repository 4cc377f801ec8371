#!/usr/bin/env bash
# Fuzzes one target for so many seconds, beginning with the committed corpus:
#     fuzz/run.sh [session|frames] [SECONDS]
# What is new is kept under the target folder; `MERGE=1` takes what adds coverage of the model's
# and the daemon's code into the committed corpus.
# Needs nothing but the pinned toolchain and a C++ compiler: the flags below are those of LLVM's own
# coverage pass, which stable rustc hands through.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

name=${1:-session}
seconds=${2:-60}
host=$(rustc -vV | sed -n 's/^host: //p')
target=${CARGO_TARGET_DIR:-$PWD/target}

flags=(--cfg fuzzing -Cpasses=sancov-module)
for option in level=4 inline-8bit-counters pc-table trace-compares; do
    flags+=("-Cllvm-args=-sanitizer-coverage-$option")
done
RUSTFLAGS=${flags[*]} CARGO_TARGET_DIR=$target cargo build --quiet --locked --release \
    --target "$host" --bin "$name"

found=$target/found/$name
crashes=$target/crashes/$name/
mkdir -p "$found" "$crashes" "corpus/$name"
bin=$target/$host/release/$name
bounds=(-max_len=1024 -timeout=20 -rss_limit_mb=1024)

if [[ -n ${MERGE:-} ]]; then
    fresh=$(mktemp -d)
    "$bin" "${bounds[@]}" -merge=1 "$fresh" "corpus/$name" "$found" 2>&1 | tail -n 1
    rm -rf "corpus/$name" && mv "$fresh" "corpus/$name"
    exit
fi

log=$target/$name.log
status=0
"$bin" "${bounds[@]}" -max_total_time="$seconds" -print_final_stats=1 \
    -artifact_prefix="$crashes" "$found" "corpus/$name" 2>"$log" || status=$?
stat() { sed -n "s/^stat::$1: *//p" "$log"; }
if ((status != 0)); then
    grep -m 1 -A 2 'panicked at\|ERROR: libFuzzer' "$log" || true
    sed -n 's/.*Test unit written to //p' "$log" | while read -r input; do
        echo "the input is $input; its steps:"
        AIP_SPELL=1 "$bin" "$input" 2>&1 | sed -n '/^under policy/,/^$/p'
    done
    echo "$name: FAILED after $(grep -c . <<<"$(ls "$found")") inputs kept; see $log"
    exit 1
fi
cov=$(sed -n 's/.*DONE *cov: \([0-9]*\) ft: \([0-9]*\) corp: \([0-9]*\).*/\1 edges, \2 features, \3 inputs/p' "$log")
echo "$name: clean after $seconds s: $(stat number_of_executed_units) executions" \
    "($(stat average_exec_per_sec) a second), $cov, peak $(stat peak_rss_mb) MB"
