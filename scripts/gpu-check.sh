#!/usr/bin/env bash
# Settles the CUDA path on a machine with an NVIDIA GPU: runs all of its tests, compute-sanitizer where
# it is installed, and the benchmarks. In under eight minutes: what would take longer is cut off and
# says so. A short table comes last.
#
#   scripts/gpu-check.sh               on a machine with the CUDA toolkit: builds for its GPU, runs, and
#                                      writes tests/cuda/results.json and docs/cuda.md, to be committed
# A machine with a driver and nothing else takes programs that were built here:
#   scripts/gpu-check.sh --prepare DIR   here: DIR then holds them, their files and this script
#   DIR/scripts/gpu-check.sh             there: builds nothing; what was found lies in DIR/results
#   scripts/gpu-check.sh --record DIR    here again, with DIR/results in place
# A failure is a row of the table and the next step runs, so -e is off.
set -uo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root" || exit

readonly kAllSeconds=470
readonly kMostMebibytes=64  # of a prepared folder
# A100 and newer of its kind, H100 and H200, RTX 50; the driver makes code for others out of PTX.
readonly kArchitectures="80-real;90;120-real"
rows=()
n_failed=0

is_prepared=false
if [[ -x bin/cuda_test ]]; then is_prepared=true; fi
if $is_prepared; then
    folder=.
    results=$root/results
    logs=$results/logs
    cuda_test=bin/cuda_test
else
    folder=build/gpu
    results=$root/$folder/results
    cuda_test=$folder/tests/cuda_test
fi
readonly folder results cuda_test
readonly tool=$folder/bin/gptoss

refuse() {
    say "gpu-check: $*" >&2
    exit 1
}

require_gpu() {
    command -v nvidia-smi >/dev/null || refuse "no NVIDIA device: nvidia-smi is not installed"
    local list
    list=$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>&1) ||
        refuse "no NVIDIA device: $list"
    gpu=$(head -n 1 <<<"$list" | cut -d, -f1)
    say "$list"
}

add_row() {  # add_row NAME VERDICT SECONDS DETAIL
    rows+=("$(printf '%-28s %-8s %5d s   %s' "$1" "$2" "$3" "$4")")
    say "${rows[-1]}"
    if [[ $2 == FAILED || $2 == "cut off" ]]; then n_failed=$((n_failed + 1)); fi
}

# step NAME LIMIT COMMAND...: a row of the table; output goes to the log gpu-NAME.log
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
    local tag source
    : >"$results/verdicts"
    while read -r tag source; do
        if step "tests of $tag" 60 $cuda_test "[$tag]"; then
            say "$tag $source passed" >>"$results/verdicts"
        else
            say "$tag $source FAILED" >>"$results/verdicts"
        fi
    done < <(if $is_prepared; then cat tags; else scripts/cuda_status.py --tags; fi)
}

record() {  # record RESULTS: into results.json and the page
    [[ -s $1/verdicts && -s $1/gpu ]] || refuse "$1 has no verdicts, expected what a run leaves there"
    scripts/cuda_status.py --record "$1/verdicts" "$(cat "$1/gpu")" && scripts/quote_docs.py >/dev/null
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

# bench NAME LIMIT ARGUMENT...: with the lines of its report
bench() {
    local name=$1 limit=$2 line
    shift 2
    step "bench $name" "$limit" $tool bench --path cuda "$@" || return
    while IFS= read -r line; do
        rows+=("    $line")
    done < <(grep -E '^ *(prompt|[0-9]+|device) ' "$logs/gpu-bench-${name//[ \/]/-}.log")
}

# --- A folder for a machine with a driver only ------------------------------------------------
build_portable() {
    cmake --preset release -B build/gpu-portable -DGPTOSS_CUDA=ON -DGPTOSS_PORTABLE=ON \
        "-DCMAKE_CUDA_ARCHITECTURES=$kArchitectures" \
        "-DOpenMP_gomp_LIBRARY=$(g++ -print-file-name=libgomp.a)" &&
        cmake --build build/gpu-portable --target cuda_test gptoss_tool
}

# fill DIR PROGRAM_OF_TESTS TOOL GOLDENS: programs, the files they read, and the scripts that run them
fill() {
    local golden dir=$1
    mkdir -p "$dir"/{bin,golden,scripts,examples/nano,include/gptoss/tokenizer} &&
        cp "$2" "$dir/bin/cuda_test" && cp "$3" "$dir/bin/gptoss" &&
        strip "$dir"/bin/{cuda_test,gptoss} &&
        cp scripts/common.sh scripts/gpu-check.sh "$dir/scripts/" &&
        cp -r examples/nano/model "$dir/examples/nano/" &&
        cp -r include/gptoss/tokenizer/data "$dir/include/gptoss/tokenizer/" || return
    for golden in tiny odd block20b; do
        cp "$4/$golden.safetensors" "$dir/golden/" || return
    done
    scripts/cuda_status.py --tags >"$dir/tags"
}

# The C library that programs ask for, at least.
needed_libc() { objdump -T "$@" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1 | tr _ ' '; }

# Programs must start where neither CUDA nor OpenMP nor the compiler's libraries are installed.
require_few_libraries() {
    local needed
    needed=$(ldd "$@" | grep -E 'libcud|libgomp|libstdc|libgcc_s|not found')
    [[ -z $needed ]] || refuse "a prepared program needs $needed"
}

prepare() {  # prepare DIR
    local dir
    dir=$(realpath -m "$1")
    if [[ -e $dir && ! -e $dir/tags ]]; then refuse "$dir exists, expected a new folder"; fi
    rm -rf "$dir"
    quietly gpu-prepare build_portable || exit
    fill "$dir" build/gpu-portable/tests/cuda_test build/gpu-portable/bin/gptoss \
        build/gpu-portable/tests/golden || refuse "$dir could not be filled"
    require_few_libraries "$dir"/bin/*
    local mebibytes
    mebibytes=$(du -sm "$dir" | cut -f1)
    [[ $mebibytes -lt $kMostMebibytes ]] ||
        refuse "$dir has $mebibytes MiB, expected less than $kMostMebibytes"
    say "$dir: $mebibytes MiB for $kArchitectures, needs $(needed_libc "$dir"/bin/*) or newer;" \
        "on the other machine: its scripts/gpu-check.sh"
}

check() {
    require_gpu
    mkdir -p "$logs" "$results"
    say "$gpu" >"$results/gpu"
    if ! $is_prepared; then
        command -v nvcc >/dev/null ||
            refuse "nvcc is not in PATH: without the CUDA toolkit, 12 or later, it takes a folder that" \
                "--prepare has made"
        prefer_ninja
        step "build" 240 bash -c build
    fi
    if [[ -x $cuda_test && $n_failed -eq 0 ]]; then
        test_ops
        bench "20b" 150 --synth 20b --prompt-tokens 128,2048 --decode-tokens 128 --repeats 2
        bench "nano" 20 --prompt-tokens 128 --decode-tokens 64 --repeats 2
        sanitize
    fi
    if ! $is_prepared && [[ -s $results/verdicts ]]; then record "$results"; fi
    {
        say
        say "$gpu, $(date +%F), $SECONDS s"
        printf '%s\n' "${rows[@]}"
        say "$n_failed failed or cut off"
    } | tee "$results/table"
    [[ $n_failed -eq 0 ]]
}

main() {
    case "$#:${1:-}:$is_prepared" in
        0::*) check ;;
        2:--prepare:false) prepare "$2" ;;
        2:--record:false) record "$2/results" ;;
        *) say "usage: scripts/gpu-check.sh [--prepare DIR | --record DIR]" >&2 && exit 2 ;;
    esac
}

main "$@"
