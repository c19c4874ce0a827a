#!/usr/bin/env bash
# A checkpoint of the size of 20b, with synthetic weights: it opens in under a second, and a token
# is generated in less than 16 GiB, mapped pages included.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
gptoss=build/release/bin/gptoss

free_gb=$(($(df --output=avail -k build | tail -n 1) / 1000000))
if [[ $free_gb -lt 16 ]]; then
    echo "SKIPPED: real_size: needs 16 GB of disk, there are $free_gb"
    exit 77
fi

model=$(mktemp -d -p build real-size.XXXXXX)
trap 'rm -rf "$model"' EXIT

milliseconds() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

timed() {  # timed LIMIT_MS COMMAND...
    local limit=$1 start elapsed
    shift
    start=$(milliseconds)
    "$@"
    elapsed=$(($(milliseconds) - start))
    echo "$elapsed ms (allowed $limit): $*"
    [[ $elapsed -lt $limit ]]
}

timed 900000 $gptoss synth --preset 20b --out "$model/20b"
$gptoss inspect --model "$model/20b" --verify
timed 1000 $gptoss inspect --model "$model/20b"

ulimit -v $((16 * 1024 * 1024)) # KiB
timed 1800000 $gptoss generate --model "$model/20b" --ids 1,2,3 --max-tokens 2
