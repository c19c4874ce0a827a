"""Lesson 10: mistakes planted in dumps and in a numpy port, and the answers graded.

Four dumps and a port, 20 points each: the site where it leaves the right run (8), the cause (8: the
pitfall's name, or none if it is in no list) and what to mend (4). For a dump that is a function's
name, config or weights; for the port it is port.py itself, mended: it is right if it is, as Python
reads it, the port that ships. Nothing of a student's is run.
"""
import ast
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

from . import build, headers, work

SITE, CAUSE, MEND = 8, 8, 4
DUMPS = [f"dump_{number}" for number in range(1, 5)]
PORT = headers.ROOT / "examples" / "validate" / "numpy_port.py"

# The functions that write a site, in the words of an answer.
WRITES = {
    "embedding": "embed", "attn.norm": "rmsnorm", "attn.q": "linear", "attn.k": "linear",
    "attn.v": "linear", "attn.q_rope": "rope rope_table", "attn.k_rope": "rope rope_table",
    "attn.scores": "attend score_keys first_visible_position cache_store",
    "attn.weights": "attend softmax_with_sink", "attn.sink_share": "attend softmax_with_sink",
    "attn.mix": "attend mix_values softmax_with_sink", "attn.out": "linear", "attn.residual": "add_residual",
    "mlp.norm": "rmsnorm", "mlp.router_logits": "linear", "mlp.expert_ids": "route",
    "mlp.expert_weights": "route", "mlp.gate_up": "expert_linear mxfp4_decode_block",
    "mlp.swiglu": "swiglu", "mlp.expert_out": "expert_linear mxfp4_decode_block", "mlp.out": "combine",
    "mlp.residual": "add_residual", "final_norm": "rmsnorm", "logits": "unembed",
}

# The port's mistakes: where each shows, what the list calls it, and the edits that make it.
PORT_BUGS = ["eps_outside_root", "rope_interleaved", "sinks_scaled", "softmax_before_top_k",
             "swiglu_without_one", "nibbles_swapped", "heads_modulo", "scale_bias"]
PORT_SITES = {"eps_outside_root": "block.0.attn.norm", "rope_interleaved": "block.0.attn.q_rope",
              "sinks_scaled": "block.0.attn.weights", "softmax_before_top_k": "block.0.mlp.expert_weights",
              "swiglu_without_one": "block.0.mlp.swiglu", "nibbles_swapped": "block.0.mlp.gate_up",
              "heads_modulo": "block.0.attn.scores", "scale_bias": "block.0.mlp.gate_up"}


def numpy_edits():
    """BUGS of tests/confusion/numpy_bugs.py, read without numpy."""
    source = (headers.ROOT / "tests" / "confusion" / "numpy_bugs.py").read_text(encoding="utf-8")
    tree = ast.parse(source)
    plain = [node for node in tree.body if isinstance(node, ast.Assign)]
    names = {}
    exec(compile(ast.Module([n for n in plain if n.targets[0].id != "PORT"], []), "numpy_bugs", "exec"), names)
    return names["BUGS"]


def planted_port(seed):
    """The name of the mistake, and the port that makes it, without comments."""
    name = random.Random(f"port {seed}").choice(PORT_BUGS)
    source = PORT.read_text(encoding="utf-8")
    for old, new in numpy_edits()[name]:
        assert old in source, f"{PORT.name} has no {old!r}"
        source = source.replace(old, new)
    return name, ast.unparse(ast.parse(source)) + "\n"


def truth_of(seed, folder):
    """Plants the dumps in folder; what they hold."""
    done = subprocess.run([str(build.RUNNER), "plant", str(seed), str(folder)],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"course: {done.stderr.strip()}")
    truth = json.loads(done.stdout)
    name, _ = planted_port(seed)
    truth["port"] = {"site": PORT_SITES[name], "cause": name, "kind": "port"}
    return truth


def is_mended(text):
    """Parsed in a process of its own: Python's parser may end with what is nested too deep."""
    program = ("import ast, sys; parts = sys.stdin.read().split(chr(0)); "
               "sys.exit(ast.dump(ast.parse(parts[0])) != ast.dump(ast.parse(parts[1])))")
    both = (text or "").replace("\0", "") + "\0" + PORT.read_text(encoding="utf-8")
    done = subprocess.run([sys.executable, "-I", "-c", program], input=both.encode("utf-8", "replace"),
                          preexec_fn=build.limited, capture_output=True, check=False)
    return done.returncode == 0


def mends(right, answer, port_text):
    if right["kind"] == "port":
        return is_mended(port_text)
    if right["kind"] != "function":
        return answer.startswith(right["kind"])
    site = right["site"].split(".", 2)[-1] if right["site"].startswith("block.") else right["site"]
    return answer.strip("() ") in WRITES[site].split()


def answers_from(text):
    """What is in answers.json that is text; the rest counts as no answer."""
    try:
        read = json.loads(text or "{}")
    except (ValueError, RecursionError):
        read = {}
    read = read if isinstance(read, dict) else {}
    answers = {}
    for name in [*DUMPS, "port"]:
        given = read.get(name)
        given = given if isinstance(given, dict) else {}
        answers[name] = {key: str(given.get(key, "")).strip() for key in ("site", "cause", "mend")}
    return answers


def tests_of(read_file, seed):
    """The graded answers, as score.tests_of has them. read_file gives a handed-in file's text."""
    answers = answers_from(read_file("bugs/answers.json"))
    port_text = read_file("bugs/port.py")
    with tempfile.TemporaryDirectory(prefix="course-") as folder:
        truth = truth_of(seed, folder)
    tests = []
    for name, right in truth.items():
        given = answers[name]
        for part, most, good in (("site", SITE, given["site"] == right["site"]),
                                 ("cause", CAUSE, given["cause"] == right["cause"]),
                                 ("mend", MEND, mends(right, given["mend"], port_text))):
            tests.append({"name": f"bugs: {name}, {part}", "score": most if good else 0, "max_score": most,
                          "visibility": "visible", "output": "" if good else "not right yet"})
    return tests


def hand_out(seed):
    folder = work.WORK / "bugs"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    truth_of(seed, folder)
    (folder / "port.py").write_text(planted_port(seed)[1], encoding="utf-8")
    blank = {name: {"site": "", "cause": "", "mend": ""} for name in [*DUMPS, "port"]}
    (folder / "answers.json").write_text(json.dumps(blank, indent=2) + "\n", encoding="utf-8")
    shown = "course/work/bugs"
    print(f"{shown}/: four dumps of the model in {shown}/model, and port.py, each with one mistake.\n"
          f"Write into {shown}/answers.json; docs/course/lesson-10.md says how. Then\n"
          f"    scripts/course bugs --seed {seed} --check")


def command(arguments):
    build.require_runner()
    folder = work.WORK / "bugs"
    if not arguments.check:
        return hand_out(arguments.seed)
    if not folder.is_dir():
        raise SystemExit("course: nothing is planted; scripts/course bugs")

    def read(name):
        path = pathlib.Path(work.WORK / name)
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None

    tests = tests_of(read, arguments.seed)
    for test in tests:
        print(f"{test['name']:<28} {test['score']} of {test['max_score']}")
    earned, most = (sum(test[key] for test in tests) for key in ("score", "max_score"))
    print(f"{earned} of {most}")
    return 0 if earned == most else 1
