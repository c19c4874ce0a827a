# Shared by the scripts beside it: where things are, how to build. Sourced, never run.
# shellcheck shell=bash
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
logs=$root/build/logs
jobs=$(nproc)

export CMAKE_BUILD_PARALLEL_LEVEL=$jobs

# After scripts/setup.sh. A build folder that exists keeps the generator it was made with.
prefer_ninja() {
    if command -v ninja >/dev/null; then export CMAKE_GENERATOR=Ninja; fi
}

say() { printf '%s\n' "$*"; }

# quietly LOG COMMAND...: the noise goes to build/logs/LOG.log; its end is shown on failure.
quietly() {
    local log=$logs/$1.log
    shift
    mkdir -p "$logs"
    if "$@" >"$log" 2>&1 </dev/null; then return 0; fi
    say "failed: $*" >&2
    tail -n 40 "$log" >&2
    say "(all of it: $log)" >&2
    return 1
}
