#!/usr/bin/env python3
"""Mistakes of a converter to GGUF, run by llama.cpp, what diagnose calls them, and what 8 bits cost.

    scripts/llama_cpp_mistakes.py --llama DIR            a minute or two: writes the tables of docs/llama-cpp.md
    scripts/llama_cpp_mistakes.py --llama DIR --check    compares seven rows of them, half a minute

DIR holds llama.cpp's libraries and, in include/, its headers. The environment needs numpy and gguf.
nano is written as most files of gpt-oss are, dense matrices in Q8_0 and experts in MXFP4, by llama.cpp's
own gguf package; each mistake is an edit of that file's bytes. llama.cpp runs it, the recorder of
examples/validate writes what it computes, and diagnose gets that file and the checkpoint that was
converted, and no flag. Exits 1 if a right file is not called right or a mistake gets another one's name.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "llama-cpp.md"
NANO = ROOT / "examples" / "nano" / "model"
QUESTION = "What is 17 + 25?"
BEGIN, END = "<!-- begin scripts/llama_cpp_mistakes.py {} -->", "<!-- end -->"
RIGHT = [("Q8_0", "MXFP4", ""), ("Q8_0", "MXFP4", "usual"), ("BF16", "MXFP4", ""), ("F16", "MXFP4", ""),
         ("F32", "F32", ""), ("F32", "F32", "usual")]
EXPERTS = ("ffn_gate_exps", "ffn_up_exps", "ffn_down_exps")


def call(*command, text=None):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True,
                          input=text).stdout


# --- The mistakes: each edits the arrays of one layer in place --------------------------------


def lose(name):
    def edit(layer):
        layer[name][:] = 0
    return edit


def exchange_norms(layer):
    one, other = layer["attn_norm.weight"], layer["post_attention_norm.weight"]
    one[:], other[:] = other.copy(), one.copy()


def move_experts(layer):
    for name in EXPERTS:
        for part in (".weight", ".bias"):
            layer[name + part][:] = np.roll(layer[name + part], 1, axis=0)


def cut_in_halves(layer):
    """The checkpoint's rows alternate, gate and up; a converter that cuts them in the middle."""
    for part in (".weight", ".bias"):
        gate, up = layer["ffn_gate_exps" + part], layer["ffn_up_exps" + part]
        rows = np.stack([gate, up], axis=2).reshape(gate.shape[0], -1, *gate.shape[2:])
        gate[:], up[:] = rows[:, :gate.shape[1]], rows[:, gate.shape[1]:]


def exchange_gate_and_up(layer):
    for part in (".weight", ".bias"):
        gate, up = layer["ffn_gate_exps" + part], layer["ffn_up_exps" + part]
        gate[:], up[:] = up.copy(), gate.copy()


def keep_nibbles(layer):
    """The checkpoint's codes, two neighbours in a byte, as they lie."""
    for name in EXPERTS:
        blocks = layer[name + ".weight"].reshape(-1, 17)
        codes = np.concatenate([blocks[:, 1:] & 15, blocks[:, 1:] >> 4], axis=1)
        blocks[:, 1:] = codes[:, ::2] | codes[:, 1::2] << 4


def raise_scales(layer):
    for name in EXPERTS:
        layer[name + ".weight"].reshape(-1, 17)[:, 0] += 1


def permute_for_llama(layer):
    """Rows of q and k in the order that Llama's rotation of neighbours needs."""
    for name in ("attn_q", "attn_k"):
        for part in (".weight", ".bias"):
            rows = layer[name + part]
            heads = rows.reshape(-1, 2, 16, *rows.shape[1:])  # nano's head_dim is 32
            rows[:] = heads.swapaxes(1, 2).reshape(rows.shape).copy()


def lower_sinks(layer):
    layer["attn_sinks.weight"][:] = -1e30


# The last word is a mistake's name; None: an order is no one mistake, but said in words.
MISTAKES = [
    ("the bias of q is lost", lose("attn_q.bias"), "q_bias_missing"),
    ("the bias of attention's output is lost", lose("attn_output.bias"), "out_bias_missing"),
    ("the bias of the router is lost", lose("ffn_gate_inp.bias"), "router_bias_missing"),
    ("the bias of down is lost", lose("ffn_down_exps.bias"), "down_bias_missing"),
    ("gate_up is cut in halves, not into even and odd rows", cut_in_halves, "gate_up_rows_halved"),
    ("gate and up are exchanged", exchange_gate_and_up, "gate_up_rows_exchanged"),
    ("nibbles are kept in the checkpoint's order", keep_nibbles, "nibbles_split"),
    ("scales have the exponent's bias 126", raise_scales, "scale_bias"),
    ("the two norms of a layer are exchanged", exchange_norms, "norm_gains_swapped"),
    ("sinks are lost: -1e30 stands for them", lower_sinks, "sinks_missing"),
    ("sinks are lost: 0 stands for them", lose("attn_sinks.weight"), "sinks_zero"),
    ("experts are in another order than the router's rows", move_experts, None),
    ("rows of q and k are in the order for Llama's rotation", permute_for_llama, "qk_rows_interleaved"),
]


def plant(edit, file):
    import gguf
    reader = gguf.GGUFReader(file, "r+")
    arrays = {tensor.name: tensor.data for tensor in reader.tensors}
    n_layers = 1 + max(int(name.split(".")[1]) for name in arrays if name.startswith("blk."))
    for number in range(n_layers):
        begin = f"blk.{number}."
        edit({name[len(begin):]: data for name, data in arrays.items() if name.startswith(begin)})
    reader.data.flush()


# --- Runs -------------------------------------------------------------------------------------


class Runs:
    def __init__(self, flags, folder):
        self.tool, self.folder = flags.tool, folder
        self.recorder = folder / "llama_cpp"
        call("g++", "-std=c++17", "-O1", f"-I{flags.llama}/include",
             ROOT / "examples/validate/recorders/llama_cpp.cpp", f"-L{flags.llama}", "-lllama", "-lggml",
             "-lggml-base", f"-Wl,-rpath,{flags.llama}", "-o", self.recorder)
        chat = json.dumps({"messages": [{"role": "user", "content": QUESTION}]})
        self.ids = call(self.tool, "harmony", "render", "--ids", "--model", NANO, "-", text=chat).split()

    def model(self, dense, experts):
        file = self.folder / f"{dense}_{experts}.gguf"
        if not file.exists():
            call(sys.executable, ROOT / "tests/golden/make_gguf.py", NANO, file, "--dense", dense,
                 "--experts", experts)
        return file

    def diagnosis(self, model, *how):
        dump = self.folder / "run.gguf"
        call(self.recorder, model, dump, ",".join(self.ids), *how)
        done = subprocess.run([self.tool, "diagnose", dump, "--model", NANO, "--json"],
                              capture_output=True, text=True)
        if not done.stdout.startswith("{"):
            raise SystemExit(f"diagnose {model.name}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def planted(self, edit):
        wrong = self.folder / "wrong.gguf"
        shutil.copy(self.model("Q8_0", "MXFP4"), wrong)
        plant(edit, wrong)
        return self.diagnosis(wrong)


def right_table(runs, files):
    rows, n_wrong = [], 0
    for dense, experts, how in files:
        found = runs.diagnosis(runs.model(dense, experts), *([how] if how else []))
        n_wrong += found["verdict"] != "pass"
        remarks = "; ".join(found["remarks"])
        rows.append([dense, experts, "as in its programs" if how else "float32", found["verdict"], remarks])
    head = ["dense", "experts", "attention", "verdict", "what diagnose says that it allows for"]
    return markdown(head, rows), n_wrong


def mistake_table(runs, mistakes):
    rows, n_wrong, n_without = [], 0, 0
    for what, edit, name in mistakes:
        found = runs.planted(edit)
        answer, first = found["diagnosis"], found["suspects"][0] if found["suspects"] else {}
        n_without += not answer and not found["hint"]
        n_wrong += found["verdict"] != "diverged" or answer not in (None, name) or len(found["either"]) > 1
        share = f"{100 * first['confidence']:.0f} %" if answer else "-"
        says = f"`{answer}`" if answer else found["hint"] or "none of the known mistakes"
        rows.append([what, f"`{found['first_divergent_site']}`", says, share])
    head = ["mistake in the file", "first site", "diagnose says", "confidence"]
    return markdown(head, rows), n_wrong, n_without


def cost_table(runs):
    """How far logits of a chat move from those of the checkpoint in float32, by who computes with 8 bits."""
    ids = call(runs.tool, "harmony", "render", "--ids", "--mode", "training", "--model", NANO,
               ROOT / "tests/golden/prompts/nano_chat.json").split()
    file = runs.model("Q8_0", "MXFP4")
    dumps = runs.folder / "dumps"             # not beside the model, where --out is refused
    dumps.mkdir()
    plain, other = dumps / "plain.safetensors", dumps / "other.safetensors"

    def trace(out, *how):
        call(runs.tool, "trace", "--sites", "logits", "--ids", ",".join(ids), "--out", out, *how)
        return out

    def recorded(*how):
        call(runs.recorder, file, runs.folder / "run.gguf", ",".join(ids), *how)
        return runs.folder / "run.gguf"

    trace(plain, "--model", NANO, "--path", "scalar")
    cases = [
        ("gptoss, the checkpoint with `--dense q8_0`",
         lambda: trace(other, "--model", NANO, "--path", "fast", "--dense", "q8_0")),
        ("gptoss, the file", lambda: trace(other, "--model", file, "--path", "fast")),
        ("llama.cpp, the file", lambda: recorded()),
        ("llama.cpp, the file, attention as in its programs", lambda: recorded("usual")),
    ]
    rows = []
    for what, run in cases:
        done = subprocess.run([runs.tool, "compare", plain, run(), "--sites", "logits", "--json"],
                              capture_output=True, text=True)
        found = json.loads(done.stdout)["logits"]
        rows.append([what, f"{100 * found['top_1']:.1f} %", f"{found['mean_kl']:.3f} nats",
                     f"{found['max_kl']:.1f} nats"])
    return markdown(["who computes", "same likeliest token", "mean KL", "largest KL"], rows)


def markdown(head, rows):
    lines = ["| " + " | ".join(row) + " |" for row in [head, *rows]]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]]) + "\n"


def put(page, name, table):
    begin = BEGIN.format(name) + "\n"
    before, rest = page.split(begin)
    return before + begin + table + rest[rest.index(END):]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--llama", type=pathlib.Path, required=True)
    parser.add_argument("--tool", type=pathlib.Path, default=ROOT / "build/release/bin/gptoss")
    parser.add_argument("--check", action="store_true")
    flags = parser.parse_args()
    files, planted = (RIGHT[:2], MISTAKES[::3]) if flags.check else (RIGHT, MISTAKES)
    with tempfile.TemporaryDirectory() as name:
        runs = Runs(flags, pathlib.Path(name))
        right, n_not_right = right_table(runs, files)
        mistakes, n_wrong, n_without = mistake_table(runs, planted)
        cost = "" if flags.check else cost_table(runs)  # its last digits depend on the machine
    print(f"{right}\n{mistakes}\n{cost}")
    print(f"{n_not_right} of {len(files)} right files not called right; of {len(planted)} mistakes {n_wrong} "
          f"called something else, {n_without} without a name")
    page = PAGE.read_text()
    if flags.check:
        differ = [row for row in (right + mistakes).splitlines() if row not in page.splitlines()]
        if differ:
            raise SystemExit(f"{PAGE.relative_to(ROOT)}: it has no row {differ[0]}")
    else:
        for name, table in (("right", right), ("mistakes", mistakes), ("cost", cost)):
            page = put(page, name, table)
        PAGE.write_text(page)
    sys.exit(n_not_right + n_wrong > 0)


if __name__ == "__main__":
    main()
