#!/usr/bin/env bash
# The tuned path on 64-bit ARM: its tests are compiled by a cross compiler and run by an emulator, with
# the NEON kernels and with the portable ones. It says nothing of speed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly compiler=aarch64-linux-gnu-g++
readonly kSkipStatus=77
for tool in $compiler qemu-aarch64; do
    command -v "$tool" >/dev/null && continue
    echo "SKIPPED: neon: $tool is not installed"
    exit $kSkipStatus
done
if [[ ! -e /usr/include/catch2/catch.hpp ]]; then
    echo "SKIPPED: neon: Catch2 3 is a compiled library, and there is none for ARM here"
    exit $kSkipStatus
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Header-only libraries are the same for every machine.
ln -s /usr/include/catch2 /usr/include/nlohmann /usr/include/eigen3 "$work"

compile() {  # compile SOURCE LEVEL
    $compiler -std=c++20 "$2" -static -ffp-contract=off -Wall -Wextra -Wpedantic -Wconversion -Werror \
        -DCATCH_CONFIG_FAST_COMPILE -Iinclude -Itests -isystem "$work" \
        -c "$1" -o "$work/$(basename "$1").o"
}
compile tests/main.cpp -O0
compile tests/fast/kernels_test.cpp -O1
compile tests/ops/fast_test.cpp -O1
$compiler -static "$work"/*.o -o "$work/neon_test"
qemu-aarch64 "$work/neon_test"
