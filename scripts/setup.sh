#!/usr/bin/env bash
# Installs what is missing on Debian 12 or Ubuntu 24.04, saying what and why; uses sudo only when
# it is not root. When nothing is missing it says nothing and ends at once.
#
#   scripts/setup.sh           what scripts/demo.sh and scripts/test.sh need
#   scripts/setup.sh --python  what `pip install .` needs
#   scripts/setup.sh --full    also what scripts/test.sh --full needs
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

missing=()  # names of packages

# want PACKAGE PROBE REASON: PROBE is a command, or a file that the package brings.
want() {
    local package=$1 probe=$2 reason=$3
    if command -v "$probe" >/dev/null || [[ $probe == /* && -e $probe ]]; then return; fi
    if [[ " ${missing[*]} " == *" $1 "* ]]; then return; fi
    printf '  %-22s %s\n' "$package" "$reason"
    missing+=("$package")
}

want_for_building_and_testing() {
    want g++ g++ "the compiler"
    want cmake cmake "the build system, 3.25 or later for its presets"
    want make make "runs the build when CMake is called by hand"
    want ninja-build ninja "runs the build, faster"
    want nlohmann-json3-dev /usr/include/nlohmann/json.hpp "reads config.json and safetensors headers"
    want libcli11-dev /usr/include/CLI/CLI.hpp "reads the tool's command line"
    want catch2 /usr/include/catch2 "the test framework"
    want libeigen3-dev /usr/include/eigen3/Eigen/Core "computes linear and attention once more, in the tests"
    want python3 python3 "checks the documents and the data manifest"
    if lacks_numpy_of_the_system; then
        want python3-numpy "" "runs the numpy port and the lines that the pages show"
    fi
}

# A python3 from elsewhere has its packages from elsewhere; what needs numpy is skipped then.
lacks_numpy_of_the_system() {
    if ! command -v python3 >/dev/null; then return 0; fi
    [[ $(python3 -c 'import sys; print(sys.prefix)') == /usr ]] &&
        ! python3 -c 'import numpy' 2>/dev/null
}

lacks_headers_of_the_system() {
    local include
    include=$(python3 -c 'import sysconfig; print(sysconfig.get_path("include"))' 2>/dev/null) ||
        return 0
    [[ ! -e $include/Python.h ]]
}

want_for_full_testing() {
    want gdb gdb "the test that steps from the forward into each op"
    want clang-14 clang++-14 "second compiler"
    want clang-19 clang++-19 "third compiler"
    want libclang-rt-19-dev /usr/lib/llvm-19/lib/clang/19/lib/linux/libclang_rt.asan-x86_64.a \
        "its address, undefined-behaviour and thread sanitizers"
    want libomp-19-dev /usr/lib/llvm-19/lib/libarcher.so "its OpenMP, which tells the thread sanitizer"
    want g++-aarch64-linux-gnu aarch64-linux-gnu-g++ "compiles for 64-bit ARM"
    want qemu-user qemu-aarch64 "runs its tests, and those of layers"
    want clang-format-19 clang-format-19 "the layout check"
    want openmpi-bin mpirun "starts one model on several ranks"
    want libopenmpi-dev mpicxx "compiles what they say to each other"
    want shellcheck shellcheck "the check of these scripts"
    want pkgconf pkg-config "the check of gptoss.pc"
    want dpkg-dev dpkg-shlibdeps "finds out what a .deb depends on"
    want emscripten em++ "compiles the library for the live page"
    want nodejs node "runs it without a browser"
    want chromium chromium "opens the live page"
    want firefox-esr firefox-esr "opens it too"
    want_for_the_python_module
}

want_for_the_python_module() {
    want g++ g++ "the compiler"
    want nlohmann-json3-dev /usr/include/nlohmann/json.hpp "reads config.json and safetensors headers"
    want python3 python3 "the interpreter, 3.10 or later"
    if ! python3 -c 'import ensurepip' 2>/dev/null; then
        want python3-venv "" "an environment to install packages into"
    fi
    if lacks_headers_of_the_system; then
        want python3-dev "" "headers to build the Python module with"
    fi
}

as_root() {
    if [[ $(id -u) -eq 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        say "not root, and there is no sudo: please run this as root: $*" >&2
        return 1
    fi
}

installable() { [[ -n $(apt-cache madison "$1" 2>/dev/null) ]]; }

install_missing() {
    if ! command -v apt-get >/dev/null; then
        say "no apt-get here: please install the packages above by hand" >&2
        return 1
    fi
    # A third-party source that does not answer is no reason to stop.
    quietly apt-update as_root apt-get update || say "apt-get update failed; going on" >&2

    local found=() package
    for package in "${missing[@]}"; do
        if installable "$package"; then
            found+=("$package")
        else
            say "  $package is not to be had here; what needs it will be skipped or fail"
        fi
    done
    if [[ ${#found[@]} -eq 0 ]]; then return; fi
    quietly apt-install as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "${found[@]}"
    say "installed: ${found[*]}"
}

main() {
    # The list is printed under a heading, so it is collected first.
    local list
    list=$(mktemp)
    case ${1:-} in
        --python) want_for_the_python_module >"$list" ;;
        --full) { want_for_building_and_testing && want_for_full_testing; } >"$list" ;;
        *) want_for_building_and_testing >"$list" ;;
    esac
    if [[ ${#missing[@]} -gt 0 ]]; then
        say "Missing here, to be installed with apt-get:"
        cat "$list"
    fi
    rm -f "$list"
    if [[ ${#missing[@]} -gt 0 ]]; then install_missing; fi
}

main "$@"
