#!/usr/bin/env python3
"""Two engines on the same files, in turn: a table of medians and of ratios within a round.

    bench_peers.py --ours TOOL --theirs LLAMA_BENCH --files BF16.gguf Q8_0.gguf [--rounds 4]

scripts/bench_peers.sh makes what it needs. Before each run it waits until nothing else runs, and it says
how much did nevertheless. A machine's memory changes its speed within minutes, so engines are compared
within a round, where one runs right behind the other.
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time

PROMPTS = (128, 512)
DECODED = 32
QUIET = 0.05            # share of all cores that others may use
LONGEST_WAIT = 600      # seconds
KINDS = ("prefill 128", "prefill 512", "decode behind 128", "decode behind 512")


# --- How busy the machine is ------------------------------------------------------------------

def busy_seconds():
    """Of all cores since the machine started: everything but idle and waiting for a disk."""
    fields = [int(word) for word in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def child_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def share_of_others(seconds, before, own):
    return max(0.0, busy_seconds() - before - own) / (seconds * os.cpu_count())


def wait_until_quiet():
    end = time.monotonic() + LONGEST_WAIT
    while True:
        before = busy_seconds()
        time.sleep(1)
        if share_of_others(1, before, 0) <= QUIET or time.monotonic() > end:
            return


class Run:
    """A command that ran, when nothing else did: its output, seconds, memory, and what others used."""

    def __init__(self, *command):
        wait_until_quiet()
        before, own, start = busy_seconds(), child_seconds(), time.monotonic()
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
        self.output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.seconds = time.monotonic() - start
        if process.returncode != 0:
            raise SystemExit(f"{command[0]} ended with {process.returncode}: {' '.join(map(str, command))}")
        self.peak_bytes = 1024 * usage.ru_maxrss
        self.others = share_of_others(self.seconds, before, child_seconds() - own)


# --- The engines ------------------------------------------------------------------------------

class Ours:
    name = "gptoss"

    def __init__(self, program):
        self.program = program

    def measure(self, file):
        run = Run(self.program, "bench", "--model", file, "--prompt-tokens", ",".join(map(str, PROMPTS)),
                  "--decode-tokens", DECODED, "--repeats", 1, "--json")
        answer = json.loads(run.output)
        rates = [row["prefill_tokens_per_s"] for row in answer["rows"]]
        rates += [row["decode_tokens_per_s"] for row in answer["rows"]]
        roofs = {"read": answer["read_bytes_per_s"], "flop": answer["float32_flop_per_s"],
                 "bytes_per_token": answer["bytes_per_token"]}
        return rates, run.others, roofs

    def first_token(self, file):
        return Run(self.program, "generate", "--model", file, "--ids", 1, "--max-tokens", 1)


class Theirs:
    name = "llama.cpp"

    def __init__(self, program):
        self.program = program

    def bench(self, file, *flags):
        return Run(self.program, "-m", file, "-t", os.cpu_count(), "-r", 1, "-o", "json", *flags)

    def measure(self, file):
        prompts = ",".join(map(str, PROMPTS))
        prefill = self.bench(file, "-p", prompts, "-n", 0)
        decode = self.bench(file, "-p", 0, "-n", DECODED, "-d", prompts)
        rates = [row["avg_ts"] for run in (prefill, decode) for row in json.loads(run.output)]
        return rates, max(prefill.others, decode.others), None

    def first_token(self, file):
        return self.bench(file, "-p", 1, "-n", 0, "--no-warmup")


# --- The table --------------------------------------------------------------------------------

def spread(values, form="{:.1f}"):
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{form.format(middle)} ({form.format(low)} to {form.format(high)})"


def cells_of(rounds, engine, dense):
    return [spread([one[engine, dense][k] for one in rounds]) for k in range(len(KINDS))]


def print_tables(rounds, firsts, roofs, denses):
    print(f"\nTokens/s, medians and ranges of {len(rounds)} rounds\n")
    print("| | " + " | ".join(KINDS) + " | share of its roof | first token, s | peak GiB |")
    print("|---" * (len(KINDS) + 4) + "|")
    for engine in ("gptoss", "llama.cpp"):
        for dense in denses:
            decoded = statistics.median(one[engine, dense][2] for one in rounds)
            share = decoded * statistics.median(r["bytes_per_token"] / r["read"] for r in roofs[dense])
            first = firsts[engine, dense]
            row = [f"{engine}, {dense} dense", *cells_of(rounds, engine, dense), f"{100 * share:.0f} %",
                   spread([run.seconds for run in first]),
                   f"{max(run.peak_bytes for run in first) / 2**30:.2f}"]
            print("| " + " | ".join(row) + " |")
    print("\nOurs over theirs, within a round\n")
    print("| | " + " | ".join(KINDS) + " |")
    print("|---" * (len(KINDS) + 1) + "|")
    for dense in denses:
        ratios = [spread([one["gptoss", dense][k] / one["llama.cpp", dense][k] for one in rounds],
                         "{:.2f}") for k in range(len(KINDS))]
        print(f"| {dense} dense | " + " | ".join(ratios) + " |")


def print_machine(roofs):
    lines = pathlib.Path("/proc/cpuinfo").read_text().split("\n")
    name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "?")
    every = [roof for of_dense in roofs.values() for roof in of_dense]
    print(f"\n{name}, {os.cpu_count()} threads: reads "
          f"{spread([roof['read'] / 1e9 for roof in every])} GB/s, computes "
          f"{spread([roof['flop'] / 1e9 for roof in every], '{:.0f}')} GFLOP/s in float32")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--ours", type=pathlib.Path, required=True)
    parser.add_argument("--theirs", type=pathlib.Path, required=True)
    parser.add_argument("--files", type=pathlib.Path, nargs="+", required=True)
    parser.add_argument("--rounds", type=int, default=4)
    flags = parser.parse_args()
    files = {file.stem.rpartition("-")[2]: file for file in flags.files}
    engines = (Ours(flags.ours), Theirs(flags.theirs))
    rounds, roofs, firsts = [], {dense: [] for dense in files}, {}
    for number in range(flags.rounds):
        rounds.append({})
        for dense, file in files.items():
            for engine in engines:
                rates, others, roof = engine.measure(file)
                rounds[-1][engine.name, dense] = rates
                firsts.setdefault((engine.name, dense), []).append(engine.first_token(file))
                if roof:
                    roofs[dense].append(roof)
                print(f"round {number + 1}: {engine.name:10} {dense}: "
                      + ", ".join(f"{rate:.1f}" for rate in rates)
                      + f"; others used {100 * others:.1f} % of the machine", flush=True)
    print_machine(roofs)
    print_tables(rounds, firsts, roofs, files)
    return 0


if __name__ == "__main__":
    sys.exit(main())
