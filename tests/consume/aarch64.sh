#!/usr/bin/env bash
# 64-bit ARM: a cross compiler compiles, an emulator runs. The plain path gives the bits of this machine, and
# the tests of layers/ pass, but for those at the widths of 20b; so do those of the tuned path, with the NEON
# kernels and with the portable ones. It says nothing of speed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly compiler=aarch64-linux-gnu-g++
readonly kSkipStatus=77
readonly layers_tests=build/release/tests/layers_tests.cpp  # made by cmake --preset release
for tool in $compiler qemu-aarch64; do
    command -v "$tool" >/dev/null && continue
    echo "SKIPPED: aarch64: $tool is not installed"
    exit $kSkipStatus
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# --- The same bits ------------------------------------------------------------------------------
hash_sites() {  # hash_sites NAME COMPILER [RUNNER]
    "$2" -std=c++20 -O1 -ffp-contract=off -static -Iinclude tests/house/site_hash.cpp -o "$work/$1"
    ${3:-} "$work/$1" >"$work/$1.txt"
}
hash_sites here g++
hash_sites arm $compiler qemu-aarch64
[[ -s $work/here.txt ]]
diff "$work/here.txt" "$work/arm.txt"

# --- The tests ----------------------------------------------------------------------------------
if [[ ! -e /usr/include/catch2/catch.hpp ]]; then
    echo "SKIPPED: aarch64: Catch2 3 is a compiled library, and there is none for ARM here"
    exit
fi
# Header-only libraries are the same for every machine.
ln -s /usr/include/catch2 /usr/include/nlohmann /usr/include/eigen3 "$work"

compile() {  # compile SOURCE LEVEL
    $compiler -std=c++20 "$2" -static -ffp-contract=off -Wall -Wextra -Wpedantic -Wconversion -Werror \
        "-DGPTOSS_SOURCE_DIR=\"$PWD\"" "-DGPTOSS_GOLDEN_DIR=\"$PWD/build/release/tests/golden\"" \
        -DCATCH_CONFIG_FAST_COMPILE -Iinclude -Itests -Itests/layers -isystem "$work" \
        -c "$1" -o "$work/$(basename "$1").o"
}
compile tests/main.cpp -O0 &
compile $layers_tests -O1 &
compile tests/golden.cpp -O1
compile tests/fast/kernels_test.cpp -O1
compile tests/ops/fast_test.cpp -O1
wait %1 && wait %2
$compiler -static "$work"/*.o -o "$work/arm_tests"
qemu-aarch64 "$work/arm_tests" "~*20b*"
