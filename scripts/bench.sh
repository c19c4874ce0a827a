#!/usr/bin/env bash
# Measures the tables of docs/performance.md on this machine: one op from the plain loop up, random
# weights with the shapes of 20b, some layers of them, and the small model that ships. Let nothing
# else run meanwhile.
#
#   scripts/bench.sh               four layers of 20b: 5 GB of memory, three to six minutes
#   scripts/bench.sh --layers 24   all of it: 15 GB
#   scripts/bench.sh --context     only what docs/context.png shows, drawn anew (needs matplotlib)
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root"

layers=4
context_only=no
if [[ ${1:-} == --layers && -n ${2:-} ]]; then
    layers=$2
elif [[ ${1:-} == --context ]]; then
    context_only=yes
elif [[ $# -gt 0 ]]; then
    say "usage: scripts/bench.sh [--layers N | --context]" >&2
    exit 1
fi

prefer_ninja
quietly bench-configure cmake --preset release
quietly bench-build cmake --build --preset release \
    --target gptoss_tool gptoss_ladder gptoss_ladder_native
tool=build/release/bin/gptoss

# Two layers of 20b: one that slides, one that sees everything.
context() {
    "$tool" bench --prompt-tokens 32,2048,4096,8192,16384,32512 --decode-tokens 256 \
        --repeats 3 --json >build/context-nano.json
    "$tool" bench --synth 20b --layers 2 --prompt-tokens 32,2048,4064 --decode-tokens 32 \
        --repeats 3 --json >build/context-20b.json
    scripts/plot_context.py build/context-nano.json build/context-20b.json
}

if [[ $context_only == yes ]]; then
    context
    exit
fi

say "--- machine"
lscpu | grep -E '^(Model name|CPU\(s\)|Thread\(s\) per core|L[123])' || true
uptime
"$tool" inspect --cpu

say
say "--- one op, from the plain loop up"
build/release/tests/gptoss_ladder
say
say "--- the same, compiled for this machine only"
build/release/tests/gptoss_ladder_native | sed -n '/^linear of 512/,/^$/p'

say
say "--- 20b, plain path"
"$tool" bench --synth 20b --layers 1 --path scalar --prompt-tokens 4 --decode-tokens 4 --repeats 1

say
say "--- 20b, fast path"
"$tool" bench --synth 20b --layers "$layers" --decode-tokens 16
say
say "--- 20b, fast path, one thread"
"$tool" bench --synth 20b --layers "$layers" --prompt-tokens 32 --decode-tokens 16 --threads 1
say
say "--- 20b, fast path, dense weights in 8 bits"
"$tool" bench --synth 20b --layers "$layers" --prompt-tokens 32 --decode-tokens 16 --dense q8_0

say
say "--- nano"
"$tool" bench --decode-tokens 256
