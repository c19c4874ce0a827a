#!/usr/bin/env bash
# Makes anew everything that is derived from the shipped model, examples/nano/model: its scores and
# what each mechanism does in it, the card's tables, the outputs that examples and pages show, its
# goldens. Then the manifest says so; a test fails while something in it was made from another model.
#
#   scripts/regenerate.sh          seven to twelve minutes on two cores; installs PyTorch into build/
#   scripts/regenerate.sh --check  changes nothing: the first answers must come out the same, Hugging
#                                  Face must agree, and the other layouts must hold the same model
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root"

readonly nano=examples/nano
readonly results=$nano/results
readonly kFewPrompts=30  # of each task, in --check
venv=build/venv-golden
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

prepare() {
    scripts/setup.sh
    prefer_ninja
    quietly configure-release cmake --preset release
    quietly build-nano cmake --build --preset release --target nano_evaluate gptoss_tool \
        example_15_tool_call
    if [[ ! -x $venv/bin/python ]]; then
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet -r tests/golden/requirements.txt
    fi
}

# The tool's answers to N held-out prompts of each task, and the table of how many are right.
scores() {  # scores N
    "$venv/bin/python" $nano/generate_data.py --count "$1" --out "$work/cases.jsonl"
    build/release/bin/nano_evaluate $nano/model "$work/cases.jsonl" "$work/answers.jsonl" \
        2>"$logs/nano-wrong-answers.log"
}

# The scalar path gives the same bits everywhere, so the answers are the same everywhere.
hash_of_answers() { sha256sum <"$work/answers.jsonl" | cut -d ' ' -f 1; }

# Whatever is written appears under its name once it is whole.
write_to() {  # write_to FILE COMMAND...
    local file=$1
    shift
    "$@" >"$file.partial"
    mv "$file.partial" "$file"
}

# What Hugging Face and OpenAI's own model compute of it; README.md in tests/golden says how.
goldens() {
    "$venv/bin/pip" install --quiet --no-deps --ignore-requires-python gpt-oss==0.0.9
    "$venv/bin/python" tests/golden/make_golden.py --write --trained
    "$venv/bin/python" tests/golden/make_bf16.py --write --trained
}

# What an example prints goes to the end of its source.
show_output() {  # show_output NN_name
    local source=examples/$1.cpp
    sed '/^\/\/ Expected output:/q' "$source"
    "build/release/bin/example_$1" | sed 's|^|// |; s| *$||'
}

hugging_face() {  # hugging_face EVERY: compares every Nth answer
    "$venv/bin/python" $nano/hf_check.py --cases "$work/cases.jsonl" \
        --answers "$work/answers.jsonl" --every "$1"
}

# The other layouts, from the shipped one: the tool must find nothing wrong in any.
layouts() {
    local tool=build/release/bin/gptoss
    "$venv/bin/python" $nano/export.py --from $nano/model --out "$work/openai" --layout openai
    "$venv/bin/python" $nano/export.py --from $nano/model --out "$work/shards" --shards 3
    for model in $nano/model "$work/openai" "$work/shards"; do
        $tool inspect --verify --model "$model" >"$work/inspected"
        $tool chat --hide-analysis --temperature 0 --model "$model" "What is 17 + 25?" |
            grep -F "17 + 25 = 42."
    done
}

check() {
    say "the first answers of each task"
    scores $kFewPrompts
    diff $results/answers.sha256 <(hash_of_answers)
    say "Hugging Face, every 14th of them"
    hugging_face 14
    say "the other layouts"
    layouts
}

main() {
    case ${1:-} in
        "" | --check) ;;
        *) say "usage: scripts/regenerate.sh [--check]" >&2 && exit 2 ;;
    esac
    prepare
    if [[ ${1:-} == --check ]]; then
        check
        return
    fi
    mkdir -p "$results"
    say "scores ..."
    scores $kFewPrompts
    write_to $results/answers.sha256 hash_of_answers
    write_to $results/scores.md scores 200
    say "what Hugging Face makes of it ..."
    write_to $results/hugging_face.txt hugging_face 20
    say "mechanisms switched off ..."
    write_to $results/ablations.md "$venv/bin/python" $nano/evaluate.py --count 30 --ablations
    say "experts switched off ..."
    write_to $results/experts.md "$venv/bin/python" $nano/evaluate.py --count 6 --experts
    say "goldens ..."
    goldens
    write_to examples/15_tool_call.cpp show_output 15_tool_call
    python3 $nano/update_card.py
    python3 scripts/quote_docs.py
    python3 scripts/update_manifest.py --remade
}

main "$@"
