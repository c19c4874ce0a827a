#!/usr/bin/env bash
# The first thing to run: builds the tool and talks to the small trained model that ships with it.
# Every step is the one that a released checkpoint takes.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root"

build() {
    quietly configure-release cmake --preset release
    quietly build-tool cmake --build --preset release --target gptoss_tool example_15_tool_call
}

show() {
    local word line="gptoss"
    for word in "$@"; do
        if [[ $word == *" "* ]]; then word="\"$word\""; fi
        line+=" $word"
    done
    say
    say "\$ $line"
    build/release/bin/gptoss "$@"
}

scripts/setup.sh
prefer_ninja
say "Building the tool (a minute or two the first time) ..."
build

show chat "What is 17 + 25?"
show chat --effort low "Sort: sun hat cat"
show chat "Jon: red dog. Mia: blue car. What does Jon have?"
show chat "How many experts does gpt-oss-20b have?"
say
say "A call of a function, and the answer to its result (examples/15_tool_call.cpp):"
build/release/bin/example_15_tool_call
show trace --sites attn_sink_share,mlp_residual "What is 17 + 25?"
show inspect --preset 20b
