# For stepping from a line of the forward into the loop that does the work, and for looking at
# tensors. Use it from the repository's root:
#
#     gdb -x scripts/debug/gptoss.gdb build/debug/bin/step_through
#     (gdb) break gptoss::attention_block
#     (gdb) run
#     (gdb) step                     one step per line; an op's line lands in layers/<op>.hpp
#     (gdb) finish
#     (gdb) print a.attn_norm        the view as rows, with its shape
#     (gdb) rows a.attn_norm 2 4     rows [2, 4) in full
set pagination off

python
# step goes over what is not the subject: views and their conversions, and other people's headers.
import pathlib

for header in sorted(pathlib.Path("include/gptoss/core").glob("*.hpp")):
    gdb.execute(f"skip -fi gptoss/core/{header.name}", to_string=True)
for functions in ("^std::", "^__gnu_cxx::", "^nlohmann::", "^Catch::"):
    gdb.execute(f"skip -rfu {functions}", to_string=True)
end

source scripts/debug/views.py
