#!/usr/bin/env bash
# Builds the fuzz targets with clang 19's libFuzzer and two sanitizers, and runs them from their seeds.
#
#   tests/fuzz/run.sh                 5,000 inputs each, the same ones on every run: the smoke of
#                                     scripts/test.sh --full
#   tests/fuzz/run.sh SECONDS         for so long each, from where the last run ended
#   tests/fuzz/run.sh --long 4        four hours each, as many at once as there are cores
#   tests/fuzz/run.sh --only gguf 60  one target, a minute
#   tests/fuzz/run.sh --inputs cheap 2000000
#                                     so many for each cheap (or dear) target, as fast as they go
#
# What they find stays in build/fuzz: corpus/NAME, and crash-* of an input that ends a target; run.sh prints
# the inputs tried and the edges of the program that they reach. The target again with a file:
# build/fuzz/gguf FILE.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly compiler=clang++-19
readonly kSkipStatus=77
readonly folder=build/fuzz
if ! command -v $compiler >/dev/null ||
    ! compgen -G "/usr/lib/llvm-19/lib/clang/19/lib/linux/libclang_rt.fuzzer-*.a" >/dev/null; then
    echo "SKIPPED: fuzz: $compiler or its libFuzzer (libclang-rt-19-dev) is not installed"
    exit $kSkipStatus
fi

compile() {  # compile SOURCE: unless it is compiled already and nothing that it reads is newer
    local object newer
    object=$folder/$(basename "$1" .cpp).o
    if [[ -e $object ]]; then
        newer=$(find include tests/fuzz -newer "$object" -name '*.[hc]pp' -print -quit)
        if [[ -z $newer ]]; then return; fi
    fi
    ${CMAKE_CXX_COMPILER_LAUNCHER:-} $compiler -std=c++20 -O1 -g1 \
        -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -Wall -Wextra -Wpedantic \
        -Wconversion -Werror -Iinclude "-DGPTOSS_SOURCE_DIR=\"$PWD\"" -c "$1" -o "$object"
}

build() {
    mkdir -p $folder
    printf '%s\n' tests/fuzz/*.cpp | xargs -P "$(nproc)" -n 1 "$0" --compile
    $compiler -fsanitize=fuzzer,address,undefined $folder/*.o -o $folder/fuzz_targets
    python3 tests/fuzz/seeds.py $folder/seeds
}

# run_target NAME LONGEST SECONDS|smoke|INPUTSx: prints a line; a failure prints all
run_target() {
    local name=$1 corpus=$folder/corpus/$1 log=$folder/$1.log
    local how=(-max_total_time="$3" -use_value_profile=1)
    if [[ $3 == smoke ]]; then
        corpus=$folder/smoke/$1 how=(-seed=1 -runs=5000 -use_value_profile=1)
        rm -rf "$corpus"
    elif [[ $3 == *x ]]; then
        how=(-runs="${3%x}")
    fi
    ln -sf fuzz_targets "$folder/$name"
    mkdir -p "$corpus"
    if ! "$folder/$name" "$corpus" "$folder/seeds/$name" -max_len="$2" "${how[@]}" -timeout=10 \
        -rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix="$folder/$name-" \
        -dict=tests/fuzz/words.dict >"$log" 2>&1; then
        tail -n 40 "$log"
        echo "fuzz: $name FAILED; the input is $folder/$name-*"
        return 1
    fi
    local inputs edges
    inputs=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
    edges=$(grep -o 'cov: [0-9]*' "$log" | tail -n 1)
    printf '%-16s %12s inputs   %6s edges\n' "$name" "$inputs" "${edges#cov: }"
}

run_all() {  # run_all SECONDS|smoke|INPUTSx [cheap|dear]
    ln -sf fuzz_targets $folder/fuzz
    $folder/fuzz --list | grep " ${2:-}" | sed "s/ [a-z]*$/ $1/" | xargs -P "$(nproc)" -L 1 "$0" --run
}

case ${1:-} in
    --compile) compile "$2" ;;
    --run) run_target "$2" "$3" "$4" ;;
    "" | [1-9]*) build && run_all "${1:-smoke}" ;;
    --long) build && run_all $((${2:?hours} * 3600)) ;;
    --inputs) build && run_all "${3:?how many}x" "${2:?cheap or dear}" ;;
    --only)
        build
        read -r name longest _ < <($folder/fuzz_targets --list | grep "^${2:?a target} ")
        run_target "$name" "$longest" "${3:?seconds}"
        ;;
    *) echo "usage: tests/fuzz/run.sh [SECONDS | --long HOURS | --only TARGET SECONDS | --inputs cheap|dear N]" >&2 && exit 2 ;;
esac
