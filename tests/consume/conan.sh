#!/usr/bin/env bash
# The Conan recipe without a server: packages the library, then finds, compiles and runs a consumer.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly venv=build/venv-conan
if [[ ! -x $venv/bin/conan ]]; then
    python3 -m venv $venv && $venv/bin/pip install --quiet conan==2.34.0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CONAN_HOME=$work/home TMP=$work

$venv/bin/conan profile detect
$venv/bin/conan create tests/consume/json_of_the_system
$venv/bin/conan create packaging/conan -s compiler.cppstd=20 \
    -c tools.cmake.cmake_layout:test_folder="$work/test" 2>&1 | tee "$work/log"
grep -q '^0.8485 1.1314$' "$work/log"
