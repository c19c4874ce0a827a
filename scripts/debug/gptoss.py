"""For stepping from a line of the forward into the loop that does the work, and for looking at
tensors; gdb only.

    gdb -x scripts/debug/gptoss.gdb build/debug/bin/step_through
    (gdb) break gptoss::attention_block
    (gdb) run
    (gdb) step                     one step per line; an op's line lands in layers/<op>.hpp
    (gdb) finish
    (gdb) print a.attn_norm        the view as rows, with its shape
    (gdb) rows a.attn_norm 2 4     rows [2, 4) in full; 2 4 0 32: their columns [0, 32)
    (gdb) break-site attn_q 3      where that activation has just been computed; heat, top-logits: tour.py
"""
import pathlib

import gdb

# step goes over what is not the subject: checks, whoever watches, views and their conversions, and
# other people's code.
SKIPPED = (
    "-rfu ^gptoss::require_",
    "-rfu ^gptoss::validate",
    "-fi gptoss/trace/watch.hpp",
    "-fi gptoss/core/check.hpp",
    "-fi gptoss/core/buffer.hpp",
    "-rfu ^gptoss::.*View::",
    "-rfu ^gptoss::.*Matrix::",
    "-rfu ^gptoss::DenseRow::",
    "-rfu ^gptoss::ExpertStack::(is_)?mxfp4",
    "-rfu ^gptoss::Mxfp4Row::(codes|scale)_of",
    "-rfu ^gptoss::rows_of",
    "-rfu ^gptoss::fast::kernels",
    "-rfu ^gptoss::fast::bf16_unit",
    "-rfu ^gptoss::fast::n_threads",
    "-rfu ^gptoss::fast::one_group",
    "-gfi *.c",  # glibc, where its debug symbols are installed
    "-gfi *.S",
    "-rfu ^std::",
    "-rfu ^__gnu_cxx::",
    "-rfu ^nlohmann::",
    "-rfu ^Catch::",
)
for what in SKIPPED:
    gdb.execute(f"skip {what}", to_string=True)

gdb.execute("set pagination off")
for part in ("views.py", "tour.py"):  # in the order they need
    gdb.execute(f"source {pathlib.Path(__file__).with_name(part)}")
