#!/usr/bin/env bash
# Settles the CUDA path on a machine with an NVIDIA GPU: builds it for that GPU, runs all of its
# tests, compute-sanitizer where it is installed, and the benchmarks. In under eight minutes: what
# would take longer is cut off and says so. A short table comes last.
#
#   scripts/gpu-check.sh     also writes tests/cuda/results.json and docs/cuda.md, to be committed
# A failure is a row of the table and the next step runs, so -e is off.
set -uo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root" || exit

readonly kAllSeconds=470
readonly folder=build/gpu
readonly cuda_test=$folder/tests/cuda_test
readonly tool=$folder/bin/gptoss
rows=()
n_failed=0

refuse() {
    say "gpu-check: $*" >&2
    exit 1
}

require_gpu() {
    command -v nvcc >/dev/null || refuse "nvcc is not in PATH: it needs the CUDA toolkit, 12 or later"
    command -v nvidia-smi >/dev/null || refuse "no NVIDIA device: nvidia-smi is not installed"
    local list
    list=$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>&1) ||
        refuse "no NVIDIA device: $list"
    gpu=$(head -n 1 <<<"$list" | cut -d, -f1)
    say "$list"
    nvcc --version | grep release
}

add_row() {  # add_row NAME VERDICT SECONDS DETAIL
    rows+=("$(printf '%-28s %-8s %5d s   %s' "$1" "$2" "$3" "$4")")
    say "${rows[-1]}"
    if [[ $2 == FAILED || $2 == "cut off" ]]; then n_failed=$((n_failed + 1)); fi
}

# step NAME LIMIT COMMAND...: a row of the table; output goes to build/logs/gpu-NAME.log
step() {
    local name=$1 limit=$2 log start=$SECONDS status=0 verdict=ok
    log=$logs/gpu-${name//[ \/]/-}.log
    shift 2
    local left=$((kAllSeconds - SECONDS))
    if [[ $left -lt 5 ]]; then
        add_row "$name" "cut off" 0 "no time was left"
        return 1
    fi
    timeout $((limit < left ? limit : left)) "$@" >"$log" 2>&1 </dev/null || status=$?
    if [[ $status -eq 124 ]]; then verdict="cut off"; elif [[ $status -ne 0 ]]; then verdict=FAILED; fi
    add_row "$name" "$verdict" $((SECONDS - start)) "$(last_word_of "$log")"
    if [[ $verdict == FAILED ]]; then tail -n 30 "$log"; fi
    return $status
}

# What a log says of how it went.
last_word_of() {
    grep -E 'SKIPPED|test cases|tests passed|ERROR SUMMARY|RACECHECK SUMMARY' "$1" | tail -n 1 |
        sed 's/^=* *//'
}

build() {
    cmake --preset release -B $folder -DGPTOSS_CUDA=ON -DCMAKE_CUDA_ARCHITECTURES=native &&
        cmake --build $folder --target cuda_test gptoss_tool
}
export -f build
export folder

# The tests of each op on their own, so that the table of docs/cuda.md has a verdict for each.
test_ops() {
    local tag verdicts=$logs/gpu-verdicts.txt
    : >"$verdicts"
    while IFS= read -r tag; do
        if step "tests of $tag" 60 $cuda_test "[$tag]"; then
            say "$tag passed" >>"$verdicts"
        else
            say "$tag FAILED" >>"$verdicts"
        fi
    done < <(scripts/cuda_status.py --tags)
    scripts/cuda_status.py --record "$verdicts" "$gpu" && scripts/quote_docs.py >/dev/null
}

sanitize() {
    if ! command -v compute-sanitizer >/dev/null; then
        add_row "compute-sanitizer" skipped 0 "it is not installed"
        return
    fi
    local kind
    for kind in memcheck racecheck initcheck; do
        step "$kind" 45 compute-sanitizer --tool "$kind" --error-exitcode 9 \
            $cuda_test "*CUDA twin is near*,*tensor cores*,cuda: weights are uploaded*"
    done
}

# bench NAME LIMIT ARGUMENT...: a row for each length of the prompt
bench() {
    local name=$1 limit=$2 line
    shift 2
    step "bench $name" "$limit" $tool bench --path cuda --json "$@" || return
    while IFS= read -r line; do
        rows+=("    $line")
    done < <(python3 - "$logs/gpu-bench-${name//[ \/]/-}.log" <<'PYTHON'
import json
import sys

report = json.loads(open(sys.argv[1], encoding="utf-8").read().strip().splitlines()[-1])
gigabyte = 1e9
for row in report["rows"]:
    rate = row["decode_tokens_per_s"]
    print(
        f"prompt {row['prompt_tokens']}: prefill {row['prefill_tokens_per_s']:.0f} tokens/s, "
        f"decode {rate:.1f} tokens/s = {rate * report['bytes_per_token'] / gigabyte:.0f} GB/s, "
        f"{100 * row['decode_share_of_roof']:.0f} % of copying at "
        f"{report['read_bytes_per_s'] / gigabyte:.0f} GB/s"
    )
PYTHON
    )
}

main() {
    if [[ $# -gt 0 ]]; then
        say "usage: scripts/gpu-check.sh" >&2
        exit 2
    fi
    require_gpu
    mkdir -p "$logs"
    prefer_ninja
    if step "build" 240 bash -c build; then
        test_ops
        bench "20b" 150 --synth 20b --prompt-tokens 128,2048 --decode-tokens 128 --repeats 2
        bench "nano" 20 --prompt-tokens 128 --decode-tokens 64 --repeats 2
        sanitize
    fi
    say
    say "$gpu, $(date +%F), $SECONDS s"
    printf '%s\n' "${rows[@]}"
    say "$n_failed failed or cut off"
    [[ $n_failed -eq 0 ]]
}

main "$@"
