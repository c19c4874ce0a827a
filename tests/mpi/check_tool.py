#!/usr/bin/env python3
"""gptoss-mpi on several ranks of this machine: it says what gptoss says, and it ends well.

    tests/mpi/check_tool.py build/release/bin/gptoss build/release/bin/gptoss-mpi [--ranks 2]

Whatever is wrong, mpirun has to end within LIMIT seconds with a status that is not 0, and standard error has
one line of ours.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
NANO = ROOT / "examples/nano/model"
LIMIT = 60  # seconds on a busy machine; on a quiet one it is one or two
LONG = ["bench", "--prompt-tokens", "4", "--decode-tokens", "1000000"]

problems = []


def check(is_right, what):
    print(("ok    " if is_right else "WRONG ") + what, flush=True)
    if not is_right:
        problems.append(what)


class Mpi:
    def __init__(self, flags):
        self.gptoss, self.tool, self.n = flags.gptoss, flags.tool, flags.ranks
        version = subprocess.run(["mpirun", "--version"], capture_output=True, text=True).stdout
        self.is_open_mpi = "Open MPI" in version
        more = ["--oversubscribe", "--bind-to", "none", "--quiet"] if self.is_open_mpi else []
        self.mpirun = ["mpirun", *more]
        self.environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                            "OMPI_MCA_btl_vader_single_copy_mechanism": "none"}

    def command(self, arguments, n=None):
        return [*self.mpirun, "-n", str(n or self.n), self.tool, *arguments, "--path", "mpi"]

    def apart(self, one, other):
        """Rank 0 and rank 1 with arguments of their own."""
        def part(arguments):
            return ["-n", "1", self.tool, *arguments, "--path", "mpi"]
        return [*self.mpirun, *part(one), ":", *part(other)]

    def start(self, command, **how):
        how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **how}
        return subprocess.Popen(command, text=True, env=self.environment, **how)

    def run(self, command, text=None):
        done = subprocess.run(command, input=text, capture_output=True, text=True, env=self.environment,
                              timeout=10 * LIMIT)
        return done.returncode, done.stdout, done.stderr

    def alone(self, arguments, text=None):
        done = subprocess.run([self.gptoss, *arguments], input=text, capture_output=True, text=True)
        return done.stdout


def our_lines(errors):
    return [line for line in errors.splitlines() if line.startswith(("gptoss: ", '{"error"'))]


# --- The same answers ----------------------------------------------------------------------------
def check_answers(mpi, folder):
    generate = ["generate", "--max-tokens", "24", "17 + 25 = "]
    status, text, errors = mpi.run(mpi.command(generate))
    expected = mpi.alone(generate)
    check((status, text) == (0, expected), f"generate: the greedy text is that of one machine {errors}")
    check(mpi.run(mpi.command(generate, mpi.n + 1))[1] == expected, f"generate: the same on {mpi.n + 1} ranks")
    check(mpi.run(mpi.command([*generate[:-1], "-"]), generate[-1])[1] == expected, "generate: rank 0 reads the prompt")

    chat = ["chat", "--json", "--temperature", "0"]
    talk = "What is 17 + 25?\n/reset\nWhat is 3 + 4?\n"
    status, text, errors = mpi.run(mpi.command(chat), talk)
    check((status, text) == (0, mpi.alone(chat, talk)), f"chat: two answers are those of one machine {errors}")

    perplexity = ["perplexity", "--question", "What is 17 + 25?", "17 + 25 = 42."]
    check(mpi.run(mpi.command(perplexity))[1] == mpi.alone(perplexity), "perplexity: that of one machine")

    dumps = [str(folder / name) for name in ("mpi.safetensors", "alone.safetensors")]
    trace = ["trace", "--sites", "all", "7+5=", "--out"]
    status, _, errors = mpi.run(mpi.command([*trace, dumps[0]]))
    check(status == 0, f"trace: a dump is written {errors}")
    mpi.alone([*trace, dumps[1]])
    compared = subprocess.run([mpi.gptoss, "compare", dumps[1], dumps[0]], capture_output=True, text=True)
    check(compared.returncode == 0, f"compare: the two dumps agree {compared.stdout[-300:]}{compared.stderr}")


def check_bench(mpi):
    bench = ["bench", "--json", "--prompt-tokens", "8", "--decode-tokens", "4", "--repeats", "1"]
    status, text, errors = mpi.run(mpi.command(bench))
    if status != 0:
        return check(False, f"bench: {errors}")
    ranks = json.loads(text)["rows"][0]["ranks"]
    model = json.loads(mpi.alone(["inspect", "--json", "--ranks", str(mpi.n)]))["shares"]
    token = model["per_token"]
    check(len(ranks) == mpi.n, "bench: every rank reports")
    for rank, share in zip(ranks, model["ranks"]):
        check((rank["mpi_calls_per_token"], rank["mpi_bytes_per_token"]) == (token["mpi_calls"], token["mpi_bytes"]),
              f"bench: calls and bytes of rank {rank['rank']} are those of inspect --ranks")
        check(rank["first_expert"] == share["first_expert"], f"bench: rank {rank['rank']} owns what inspect says")
    total = sum(rank["expert_bytes_per_token"] for rank in ranks)
    layers, expert = 4, 3 * 96 * 64 // 32 * 17
    check(total == layers * 4 * expert, "bench: the ranks read every chosen expert once")


# --- Wrong from the beginning ---------------------------------------------------------------------
def copy_of_nano(folder, name, change):
    copy = folder / name
    shutil.copytree(NANO, copy)
    change(copy)
    return str(copy)


def flip_bit_of_q(model):
    data = bytearray((model / "model.safetensors").read_bytes())
    size = int.from_bytes(data[:8], "little")
    begin = json.loads(data[8 : 8 + size])["model.layers.2.self_attn.q_proj.weight"]["data_offsets"][0]
    data[8 + size + begin + 1000] ^= 1
    (model / "model.safetensors").write_bytes(data)


def other_config(model):
    config = json.loads((model / "config.json").read_text())
    config["sliding_window"] = 8
    (model / "config.json").write_text(json.dumps(config))


def check_refused(mpi, folder):
    run = ["generate", "--max-tokens", "4", "7+5="]
    bad_bit = copy_of_nano(folder, "bit", flip_bit_of_q)
    bad_config = copy_of_nano(folder, "config", other_config)
    for what, command, message in (
        ("a rank without files", mpi.apart(run, [*run, "--model", "/nowhere"]), r"rank 1 on \S+: /nowhere: is not a dir"),
        ("rank 0 without files", mpi.apart([*run, "--model", "/nowhere"], run), r"gptoss: /nowhere: is not a directory"),
        ("a rank with another bit", mpi.apart(run, [*run, "--model", bad_bit]), r"rank 1 on \S+: fingerprint of the weights is"),
        ("a rank with another config", mpi.apart(run, [*run, "--model", bad_config]), r"rank 1 on \S+: config is"),
        ("more ranks than experts", mpi.command(run, 17), r"ranks: there are 17, expected 1 to 16"),
        ("a flag that is none", mpi.command(["generate", "--nonsense", "x"]), r"--nonsense"),
        ("beams", mpi.command([*run, "--beams", "2"]), r"--beams runs on one machine"),
    ):
        begin = time.monotonic()
        status, text, errors = mpi.run(command)
        seconds = time.monotonic() - begin
        lines = our_lines(errors)
        check(status == 1 and len(lines) == 1 and re.search(message, lines[0]) and text == "" and seconds < LIMIT,
              f"{what}: status {status}, {seconds:.1f} s: {errors.strip() or text}")
    status, text, _ = mpi.run(mpi.command(["--version"]))
    check(status == 0 and text.count("gptoss ") == 1, "--version: one line, of rank 0")


def check_cut(mpi, folder):
    cut = [sys.executable, str(ROOT / "scripts/cut_for_rank.py"), str(NANO)]
    run = ["generate", "--max-tokens", "24", "17 + 25 = "]
    models = []
    for rank in range(2):
        models.append(str(folder / f"cut{rank}"))
        subprocess.run([*cut, models[-1], "--ranks", "2", "--rank", str(rank)], check=True, capture_output=True)
    right = mpi.apart([*run, "--model", models[0]], [*run, "--model", models[1]])
    check(mpi.run(right)[1] == mpi.alone(run), "cut files: two ranks with their own experts say what one machine says")
    swapped = mpi.apart([*run, "--model", models[1]], [*run, "--model", models[0]])
    status, _, errors = mpi.run(swapped)
    check(status == 1 and "as in a file cut for another rank" in errors, f"cut files, swapped: {errors.strip()}")


# --- Ended in the middle ---------------------------------------------------------------------------
def ranks_of(mpirun):
    """Process ids below mpirun, by rank."""
    found = {}
    for folder in pathlib.Path("/proc").iterdir():
        try:
            environment = (folder / "environ").read_bytes()
            parents = ancestors(int(folder.name))
        except (OSError, ValueError):
            continue
        rank = re.search(rb"\0(?:OMPI_COMM_WORLD_RANK|PMI_RANK)=(\d+)", b"\0" + environment)
        if rank and mpirun.pid in parents:
            found[int(rank[1])] = int(folder.name)
    return found


def ancestors(pid):
    found = []
    while pid > 1:
        found.append(pid)
        pid = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return found


def cpu_ticks(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def wait_until_busy(process, n):
    """Until every rank has computed for half a second."""
    ticks = os.sysconf("SC_CLK_TCK") // 2
    deadline = time.monotonic() + 4 * LIMIT
    while time.monotonic() < deadline and process.poll() is None:
        ranks = ranks_of(process)
        if len(ranks) == n and all(cpu_ticks(pid) > ticks for pid in ranks.values()):
            return ranks
        time.sleep(0.1)
    return {}


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def still_alive(pids):
    """Those that have not ended LIMIT / 4 seconds after mpirun."""
    deadline = time.monotonic() + LIMIT / 4
    while any(is_alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.1)
    return [pid for pid in pids if is_alive(pid)]


def check_ended(mpi, what, end, numbers_of_lines):
    process = mpi.start(mpi.command(LONG))
    ranks = wait_until_busy(process, mpi.n)
    if not ranks:
        process.kill()
        return check(False, f"{what}: the ranks did not begin: {process.communicate()[1]}")
    begin = time.monotonic()
    end(process, ranks)
    try:
        _, errors = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        for pid in ranks.values():
            os.kill(pid, signal.SIGKILL)
        process.kill()
        return check(False, f"{what}: nothing has ended after {LIMIT} s")
    seconds = time.monotonic() - begin
    alive = still_alive(ranks.values())
    lines = our_lines(errors)
    has_lines = len(lines) in numbers_of_lines or not mpi.is_open_mpi  # MPICH kills rank 0 before it can speak
    check(process.returncode != 0 and not alive and has_lines,
          f"{what}: status {process.returncode}, {seconds:.1f} s: {errors.strip()}")


def check_killed(mpi):
    check_ended(mpi, "the last rank dies", lambda _, ranks: os.kill(ranks[mpi.n - 1], signal.SIGKILL), [1])
    check_ended(mpi, "rank 0 dies", lambda _, ranks: os.kill(ranks[0], signal.SIGKILL), [0])
    # mpirun, once told to end, may have stopped listening when rank 0 speaks.
    check_ended(mpi, "Ctrl-C", lambda process, _: process.send_signal(signal.SIGINT), [0, 1])
    check_ended(mpi, "Ctrl-C that only rank 0 hears", lambda _, ranks: os.kill(ranks[0], signal.SIGINT), [1])


def check_closed_pipe(mpi):
    """The reader of a session's answers goes away, the questions go on."""
    process = mpi.start(mpi.command(["chat", "--json", "--temperature", "0"]), stdin=subprocess.PIPE)
    ranks, first_line = {}, ""
    try:
        process.stdin.write("What is 17 + 25?\n")
        process.stdin.flush()
        first_line = process.stdout.readline()
        ranks = ranks_of(process)
        process.stdout.close()
        begin = time.monotonic()
        while process.poll() is None and time.monotonic() < begin + LIMIT:
            process.stdin.write("What is 3 + 4?\n")
            process.stdin.flush()
            time.sleep(0.2)
    except BrokenPipeError:
        pass
    try:
        status = process.wait(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        return check(False, "a closed pipe: nothing has ended")
    alive = still_alive(ranks.values())
    errors = process.stderr.read()
    has_begun = first_line.startswith('{"event"') and len(ranks) == mpi.n
    check(has_begun and status != 0 and not alive and len(our_lines(errors)) <= 1,
          f"a closed pipe: status {status}: {errors.strip()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gptoss")
    parser.add_argument("tool")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--only", default="answers,bench,refused,cut,killed,pipe")
    flags = parser.parse_args()
    mpi = Mpi(flags)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        parts = {"answers": lambda: check_answers(mpi, folder), "bench": lambda: check_bench(mpi),
                 "refused": lambda: check_refused(mpi, folder), "cut": lambda: check_cut(mpi, folder),
                 "killed": lambda: check_killed(mpi), "pipe": lambda: check_closed_pipe(mpi)}
        for part in flags.only.split(","):
            parts[part]()
    print(f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
