#!/usr/bin/env bash
# CMake 3.22, the oldest that gptoss may be used with: add_subdirectory, with the export of a library
# that links it, FetchContent and find_package.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly venv=build/venv-cmake-3.22
if [[ ! -x $venv/bin/cmake ]]; then
    python3 -m venv $venv && $venv/bin/pip install --quiet cmake==3.22.6
fi
cmake=$PWD/$venv/bin/cmake
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

$cmake -S . -B "$work/build" -DGPTOSS_TESTS=OFF -DGPTOSS_EXAMPLES=OFF
for way in add_subdirectory fetch_content find_package; do
    $cmake -DWAY=$way -DSMALL=ON "-DSOURCE=$PWD" "-DBUILD=$work/build" "-DWORK=$work/$way" \
        "-DGENERATOR=${CMAKE_GENERATOR:-Unix Makefiles}" -DCOMPILER=g++ -P tests/consume/use_by.cmake
done
