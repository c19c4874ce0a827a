#!/usr/bin/env bash
# The scalar path gives the same bits with gcc and clang, at -O0 and -O3, and as the one header of
# scripts/amalgamate.py: a hash of every activation of the tiny model, from five builds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

hash_sites() {  # hash_sites COMPILER LEVEL: into $work/COMPILER-LEVEL
    local name=$1-$2
    "$1" -std=c++20 "-$2" -ffp-contract=off -Iinclude tests/house/site_hash.cpp -o "$work/program"
    "$work/program" >"$work/$name"
    printf '%s: %s sites\n' "$name" "$(wc -l <"$work/$name")"
}

clang=$(compgen -c | grep -E '^clang\+\+(-[0-9]+)?$' | sort -V | tail -n 1 || true)
compilers=(g++)
if [[ -n $clang ]]; then
    compilers+=("$clang")
else
    echo "SKIPPED: same_bits: there is no clang++ to compare with; only g++ was looked at"
fi

for compiler in "${compilers[@]}"; do
    hash_sites "$compiler" O0
    hash_sites "$compiler" O3
done

# So does the scalar path as one header, alone in a folder.
scripts/amalgamate.py >"$work/gptoss_scalar.hpp"
{ echo '#include "gptoss_scalar.hpp"' && grep -v '^#include "gptoss/' tests/house/site_hash.cpp; } \
    >"$work/one_header.cpp"
g++ -std=c++20 -O0 -ffp-contract=off -Wall -Wextra -Wpedantic -Wconversion -Werror \
    "$work/one_header.cpp" -o "$work/program"
"$work/program" >"$work/one_header-O0"

[[ -s $work/g++-O0 ]]
for result in "$work"/*-O?; do
    diff "$work/g++-O0" "$result" || { echo "${result##*/} differs from g++-O0" && exit 1; }
done
