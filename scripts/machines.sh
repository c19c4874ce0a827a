#!/usr/bin/env bash
# One model on several machines, tried on this one: builds gptoss-mpi and starts it on some ranks.
#
#   scripts/machines.sh                  nano on two ranks: a text, and what each rank did
#   scripts/machines.sh 4                on four
#   scripts/machines.sh --check          the goldens, the tool, and every way to end (scripts/test.sh --full)
#   scripts/machines.sh --measure DIR    what docs/machines.md says of 20b's shapes: writes two layers of them
#                                        to DIR (3.3 GB), and runs one rank and two
#   scripts/machines.sh --run N ARGUMENTS...      gptoss-mpi with --path mpi on N ranks; its status is 0 or 1
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root"

readonly tool=build/release/bin/gptoss-mpi

require_mpi() {
    local program
    for program in mpirun mpicxx; do
        if command -v "$program" >/dev/null; then continue; fi
        say "machines.sh: $program is not installed (apt-get install openmpi-bin libopenmpi-dev)" >&2
        exit 1
    done
}

build() {  # build TARGET...
    if command -v ninja >/dev/null && [[ ! -e build/release/CMakeCache.txt ]]; then
        export CMAKE_GENERATOR=Ninja
    fi
    quietly machines-build cmake --preset release -DGPTOSS_MPI=ON &&
        quietly machines-build cmake --build --preset release --target "$@"
}

# Open MPI refuses root, and reads another rank's memory in a way that containers forbid, unless told.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_btl_vader_single_copy_mechanism=none

# start N PROGRAM...: more ranks than cores are fine, and threads go where there is room. What mpirun has
# to say of a rank that died is left out: rank 0 says so in a line.
start() {
    local n=$1 flags=()
    shift
    if mpirun --version | grep -q 'Open MPI'; then flags=(--oversubscribe --bind-to none --quiet); fi
    mpirun "${flags[@]}" -n "$n" "$@" || return 1
}

run() {  # run N ARGUMENTS...
    local n=$1
    shift
    start "$n" "$tool" "$@" --path mpi
}

demo() {
    local n=$1 question='17 + 25 = '
    build gptoss_mpi
    say "$question, continued by $n ranks:"
    run "$n" generate --max-tokens 12 "$question"
    say
    run "$n" bench --prompt-tokens 32 --decode-tokens 32 --repeats 1
}

check() {
    local n
    build gptoss_tool gptoss_mpi mpi_tests
    for n in 1 2 3; do
        say "the goldens on $n ranks"
        OMP_NUM_THREADS=1 start "$n" build/release/tests/mpi_tests
    done
    tests/mpi/check_tool.py build/release/bin/gptoss $tool
}

# In counts, which depend on the machine in nothing, and rates, which do.
measure() {
    local model=$1 n
    build gptoss_tool gptoss_mpi
    if [[ ! -e $model/config.json ]]; then
        build/release/bin/gptoss synth --preset 20b --layers 2 --out "$model"
    fi
    for n in 1 2; do
        run "$n" bench --model "$model" --prompt-tokens 8 --decode-tokens 16 --repeats 1 --threads 1 --exact
    done
}

require_mpi
case ${1:-2} in
    --check) check ;;
    --measure) measure "${2:?a directory to write the model to}" ;;
    --run) build gptoss_mpi && run "${@:2}" ;;
    [1-9]*) demo "${1:-2}" ;;
    *) say "usage: scripts/machines.sh [N | --check | --measure DIR | --run N ARGUMENTS...]" >&2 && exit 2 ;;
esac
