#!/usr/bin/env bash
# The tool with the CUDA path in it, out of the objects of build/release and the one that nvcc compiled
# for the tests: does it link, and say what it lacks? The tool itself is then not compiled once more.
#
#   tests/cuda/link_tool.sh FOLDER [BUILD]   after cuda_test was built in FOLDER, and the tool in BUILD,
#                                            which is build/release
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"
cd "$root"

folder=$1
build=${2:-build/release}
tool=$folder/gptoss
mapfile -t objects < <(grep "\.o$" "$build"/examples/gptoss/objects_of_tool.txt | grep -v forward_cuda_missing)
kernels=$(find "$folder" -name 'forward_cuda.cu.o' | head -n 1)
nvcc "${objects[@]}" "$kernels" -o "$tool" -lgomp

status=0
said=$("$tool" generate --path cuda --max-tokens 4 'What is 17' 2>&1) || status=$?
if [[ $status -eq 0 ]]; then
    [[ $said == "$("$tool" generate --max-tokens 4 'What is 17' 2>&1)" ]]  # a GPU is here
elif [[ $said != "gptoss: cuda: "* ]]; then
    say "gptoss --path cuda says: $said, expected what keeps it from a GPU" >&2
    exit 1
fi
