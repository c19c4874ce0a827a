#!/usr/bin/env bash
# The notebooks: runs them all, or opens them in a browser.
#
#   scripts/notebooks.sh              runs all of notebooks/; build/notebooks/ has cells and figures
#   scripts/notebooks.sh 01 06        those
#   scripts/notebooks.sh --open       JupyterLab, in the notebooks' folder
#   scripts/notebooks.sh --install    only makes the environment, build/venv-python
#
# The first time it makes the environment and builds the module: a minute or two. When a header or
# the package has changed, the module is built again.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root"

readonly venv=build/venv-python
readonly python=$venv/bin/python

require_python() {
    if ! command -v python3 >/dev/null; then
        say "python3 is not installed: scripts/setup.sh --full installs it" >&2
        return 1
    fi
    if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
        say "$(python3 --version) is too old, expected 3.10 or later" >&2
        return 1
    fi
    if ! python3 -c 'import ensurepip' 2>/dev/null; then
        say "python3 has no venv: scripts/setup.sh --full installs python3-venv" >&2
        return 1
    fi
}

# What the environment was made of: if it is the same, it is current.
state() {
    { cat pyproject.toml CMakeLists.txt
      find python include/gptoss examples/live examples/nano/model -type f -not -name '*.pyc' -print0 |
          sort -z | xargs -0 sha256sum; } | sha256sum
}

# From the sdist, so that nothing can be missing in it; what did not change is not compiled again.
build_wheel() {
    rm -f build/dist/gptoss-*
    quietly pip-install-build $venv/bin/pip install build
    quietly sdist $venv/bin/python -m build --sdist --outdir build/dist
    quietly unpack-sdist $venv/bin/python tests/consume/unpack_sdist.py build/dist/gptoss-*.tar.gz build/sdist
    quietly wheel $venv/bin/pip wheel --no-deps --wheel-dir build/dist build/sdist
}

install() {
    local now
    now=$(state)
    if [[ -e $venv/state && $(cat $venv/state) == "$now" ]]; then return; fi
    if [[ ! -x $venv/bin/pip ]]; then python3 -m venv --clear $venv; fi
    build_wheel
    local wheel
    wheel=$(echo build/dist/gptoss-*.whl)
    quietly pip-install $venv/bin/pip install "${wheel}[notebooks,tests]"
    # The version says nothing about what changed since.
    quietly pip-install-wheel $venv/bin/pip install --no-deps --force-reinstall "$wheel"
    say "$now" >$venv/state
}

require_python
install
case ${1:-} in
    --install) ;;
    --open)
        if [[ ! -x $venv/bin/jupyter-lab ]]; then
            quietly pip-jupyterlab $venv/bin/pip install jupyterlab
        fi
        cd notebooks && exec "../$venv/bin/jupyter-lab"
        ;;
    *) exec $python scripts/run_notebooks.py "$@" ;;
esac
