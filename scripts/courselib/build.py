"""Compiles a student's header into a program, under limits, and has the runner judge it."""
import hashlib
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess

from . import headers, rules

ROOT = headers.ROOT
RUNNER = ROOT / "build" / "release" / "bin" / "course_runner"
COURSE = ROOT / "examples" / "course"
FLAGS = ["-std=c++20", "-O1", "-w", "-ffp-contract=off", "-static", "-fmax-errors=3",
         "-ftemplate-depth=200", "-fdiagnostics-color=never"]
COMPILER_LIMITS = {
    resource.RLIMIT_CPU: 20,              # seconds; a header takes two to five
    resource.RLIMIT_AS: 1536 << 20,       # bytes
    resource.RLIMIT_FSIZE: 64 << 20,
    resource.RLIMIT_CORE: 0,
}
SECONDS_OF_COMPILER = 120                 # of the clock
MOST_OUTPUT = 4000


class Failed(Exception):
    """An exercise that cannot be judged: its text says why."""


def limited():
    for kind, most in COMPILER_LIMITS.items():
        resource.setrlimit(kind, (most, most))


def run_limited(command, folder):
    """Status (None: too slow) and what it said. All that it started ends with it."""
    said = folder / "compiler.txt"
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TMPDIR": str(folder)}
    with open(said, "wb") as output:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=output, env=environment, preexec_fn=limited,
                                   start_new_session=True)
        try:
            status = process.wait(timeout=SECONDS_OF_COMPILER)
        except subprocess.TimeoutExpired:
            status = None
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
    with open(said, "rb") as text:
        return status, text.read(MOST_OUTPUT).decode("utf-8", "replace")


def main_text(exercise):
    includes = [f"gptoss/{exercise.header}", *exercise.includes, "serve.hpp"]
    lines = [f'#include "{name}"' for name in includes]
    served = ", ".join(f'served<&{function}>("{name}")' for name, function in exercise.serves.items())
    return "\n".join(lines + ["", "int main() {", "    using namespace gptoss::course;",
                              f"    return serve({{{served}}});", "}", ""])


def check_rules(text, exercise, shown_path):
    try:
        rules.check(text, headers.repository_text(exercise.header))
    except rules.Refused as refused:
        raise Failed(f"{shown_path}: {refused}") from None


def program_of(text, exercise, folder, shown_path):
    """The path of the compiled program; Failed if there is none."""
    if headers.function_text(text, exercise.name) is None:
        raise Failed(f"{shown_path} has no function {exercise.name}")
    own = folder / "include" / "gptoss" / exercise.header
    own.parent.mkdir(parents=True, exist_ok=True)
    whole = headers.for_one(text, exercise, shown_path)
    check_rules("\n".join(line for line in whole.split("\n") if not line.startswith("#line ")),
                exercise, shown_path)  # again: a comment may begin in what was replaced
    own.write_text(whole, encoding="utf-8")
    (folder / "main.cpp").write_text(main_text(exercise), encoding="utf-8")
    compiler = os.environ.get("CXX", "g++")
    command = [compiler, *FLAGS, f"-I{folder / 'include'}", f"-I{ROOT / 'include'}", f"-I{COURSE}",
               str(folder / "main.cpp"), "-o", str(folder / "program")]
    status, said = run_limited(command, folder)
    if status is None or status == -signal.SIGXCPU:
        raise Failed("compiling takes too long: a loop in a template or a constant?")
    if status != 0:
        raise Failed("does not compile:\n" + said.replace(str(folder) + "/", ""))
    return folder / "program"


def judge(program, exercise, seed, serves=None):
    """What the runner finds: a dictionary (examples/course/runner.cpp)."""
    names = ",".join(serves or exercise.serves)
    command = [str(RUNNER), "check", exercise.name, str(program), "--serves", names, "--seed", str(seed)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if answer.returncode != 0:
        raise RuntimeError(f"course_runner: {answer.stderr.strip()}")
    return json.loads(answer.stdout)


def fingerprint(text, exercise, seed):
    """Of all that a report depends on; the places of the other functions are not in it."""
    own = headers.for_one(text, exercise, "")
    lines = [line for line in own.split("\n") if not line.startswith("#line ")]
    times = f"{RUNNER.stat().st_mtime_ns} {seed}"
    return hashlib.sha256("\n".join([times, *lines]).encode()).hexdigest()


def kept_report(text, exercise, folder, seed, shown_path):
    """report_of, or what it was for the same function."""
    kept = pathlib.Path(folder) / "report.json"
    mark = fingerprint(text, exercise, seed)
    if kept.is_file():
        before = json.loads(kept.read_text(encoding="utf-8"))
        if before["fingerprint"] == mark:
            return before["report"]
    report = report_of(text, exercise, folder, seed, shown_path)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps({"fingerprint": mark, "report": report}), encoding="utf-8")
    return report


def report_of(text, exercise, folder, seed, shown_path):
    """Compiles and judges; `failed` says why there is nothing to judge."""
    folder = pathlib.Path(folder)
    try:
        check_rules(text, exercise, shown_path)
        if headers.is_untouched(text, exercise):
            return {"failed": "not written yet"}
    except Failed as failed:
        return {"failed": str(failed)}
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        return judge(program_of(text, exercise, folder, shown_path), exercise, seed)
    except Failed as failed:
        return {"failed": str(failed)}


def is_current(program):
    if not program.is_file():
        return False
    sources = [*COURSE.iterdir(), *(ROOT / "include").rglob("*.hpp")]
    return program.stat().st_mtime > max(path.stat().st_mtime for path in sources)


def require_runner():
    """Builds the runner if it is missing or older than its sources."""
    if is_current(RUNNER):
        return
    environment = dict(os.environ)
    if shutil.which("ninja"):
        environment.setdefault("CMAKE_GENERATOR", "Ninja")
    for command in (["cmake", "--preset", "release"],
                    ["cmake", "--build", "--preset", "release", "--target", "course_runner"]):
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"course: {' '.join(command)} failed:\n{(done.stdout + done.stderr)[-3000:]}"
                             "\n(scripts/setup.sh installs what is missing)")
    os.utime(RUNNER)  # CMake may have had nothing to do
