#!/usr/bin/env bash
# The first thing to run: builds the tool, writes a small synthetic model to a temporary directory,
# looks at it and generates from it. Its weights are numbers from a formula, so the text is noise;
# every step is the one that a real checkpoint takes.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root"

build_tool() {
    quietly configure-release cmake --preset release
    quietly build-tool cmake --build --preset release --target gptoss_tool
}

show() {
    local word line="gptoss"
    for word in "$@"; do
        if [[ $word == *" "* ]]; then word="\"$word\""; fi
        line+=" ${word/#$model/MODEL}"
    done
    say
    say "\$ $line"
    build/release/bin/gptoss "$@"
}

scripts/setup.sh
prefer_ninja
say "Building the tool (a minute or two the first time) ..."
build_tool

model=$(mktemp -d)
trap 'rm -rf "$model"' EXIT

show synth --preset nano --out "$model/nano"
show inspect --model "$model/nano"
show generate --model "$model/nano" --max-tokens 24 "The quick brown fox"
show inspect --preset 20b
