#!/usr/bin/env bash
# packages.sh [BUILD]: gptoss as a .deb, with pkg-config, with nothing but a compiler and as a vcpkg
# port. Each is made, then used by tests/consume/consumer/main.cpp.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly build=${1:-build/release}
readonly warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
consumer=$PWD/tests/consume/consumer
version=$(sed -n 's/^#define GPTOSS_VERSION "\(.*\)"/\1/p' include/gptoss/core/version.hpp)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "packages: $*" && exit 1; }

expect() {  # expect WHAT GOT EXPECTED
    [[ $2 == "$3" ]] || fail "$1 is '$2', expected '$3'"
}

# compiles_and_runs COMPILER FLAG...: main.cpp prints what tests/layers/rmsnorm_test.cpp works out
compiles_and_runs() {
    "$@" "$consumer/main.cpp" -o "$work/program"
    expect "what main.cpp prints ($*)" "$("$work/program")" "0.8485 1.1314"
}

newest_clang() { compgen -c | grep -E '^clang\+\+(-[0-9]+)?$' | sort -V | tail -n 1; }

# --- The .deb: what it needs, and its tool --------------------------------------------------------
cpack -G DEB --config "$build/CPackConfig.cmake" -B "$work/deb"
deb=$(echo "$work"/deb/*.deb)
expect "the version of the .deb" "$(dpkg-deb -f "$deb" Version)" "$version"
for needed in "nlohmann-json3-dev (>= 3.11)" libc6 libgomp1; do
    [[ $(dpkg-deb -f "$deb" Depends) == *$needed* ]] || fail "the .deb does not depend on $needed"
done
dpkg-deb -x "$deb" "$work/root"
expect "what its tool says" "$("$work/root/usr/bin/gptoss" --version)" "gptoss $version"
answer=$("$work/root/usr/bin/gptoss" chat "What is 17 + 25?")
[[ $answer == *"17 + 25 = 42."* ]] || fail "its tool answers '$answer', expected '17 + 25 = 42.'"

# --- pkg-config, in the unpacked .deb; and a plain compiler ---------------------------------------
export PKG_CONFIG_PATH=$work/root/usr/share/pkgconfig
expect "pkg-config's version" "$(pkg-config --modversion gptoss)" "$version"
read -r -a flags < <(pkg-config --cflags gptoss)
compilers=(g++)
clang=$(newest_clang || true)
if [[ -n $clang ]]; then
    compilers+=("$clang")
else
    echo "SKIPPED: packages: there is no clang++; only g++ was looked at"
fi
for compiler in "${compilers[@]}"; do
    compiles_and_runs "$compiler" -std=c++20 "${flags[@]}"
    compiles_and_runs "$compiler" -std=c++23 "${warnings[@]}" -Iinclude
    "$compiler" -std=c++23 "${warnings[@]}" -Iinclude -fsyntax-only "$consumer/everything.cpp"
done

# --- vcpkg's port ---------------------------------------------------------------------------------
cmake "-DPORT_FOLDER=$PWD/packaging/vcpkg/gptoss" "-DCURRENT_PACKAGES_DIR=$work/vcpkg" "-DWORK=$work" \
    -DGENERATOR="Unix Makefiles" -P tests/consume/vcpkg_functions.cmake
cmake -S "$consumer" -B "$work/consumer" -DWAY=find_package -DSMALL=ON -DCMAKE_PREFIX_PATH="$work/vcpkg"
cmake --build "$work/consumer"
expect "what the consumer of the port prints" "$("$work/consumer/consumer")" "0.8485 1.1314"
