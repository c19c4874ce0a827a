#!/usr/bin/env bash
# Measures the table of docs/performance.md on this machine: random weights with the shapes of 20b,
# some layers of them, and the small model that ships. Let nothing else run meanwhile.
#
#   scripts/bench.sh               four layers of 20b: 5 GB of memory, about five minutes
#   scripts/bench.sh --layers 24   all of it: 15 GB
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root"

layers=4
if [[ ${1:-} == --layers && -n ${2:-} ]]; then
    layers=$2
elif [[ $# -gt 0 ]]; then
    say "usage: scripts/bench.sh [--layers N]" >&2
    exit 1
fi

prefer_ninja
quietly bench-configure cmake --preset release
quietly bench-build cmake --build --preset release --target gptoss_tool
tool=build/release/bin/gptoss

say "--- machine"
lscpu | grep -E '^(Model name|CPU\(s\)|Thread\(s\) per core|L[123])' || true
uptime
"$tool" inspect --cpu

say
say "--- 20b, plain path: the first line of the ladder"
"$tool" bench --synth 20b --layers 1 --path scalar --prompt-tokens 4 --decode-tokens 4

for threads in 1 ""; do
    say
    say "--- 20b, fast path${threads:+, $threads thread}"
    "$tool" bench --synth 20b --layers "$layers" --prompt-tokens 32,128,512,2048 \
        --decode-tokens 16 ${threads:+--threads "$threads"}
done

say
say "--- 20b, fast path, 4,096 tokens of context"
"$tool" bench --synth 20b --layers "$layers" --prompt-tokens 4096 --decode-tokens 16 --repeats 1

say
say "--- nano"
"$tool" bench --prompt-tokens 32,128,512,2048,8192,32768 --decode-tokens 256 --repeats 3
