"""gdb prints views as rows with their shape; sourced by gptoss.py.

    (gdb) print a.attn_norm
    $1 = MatrixView (4, 96)
      [0]    0.5312  -1.2041   ...
"""
import re
import struct

import gdb
import gdb.printing

MAX_ROWS = 8  # what print shows; the command rows shows all
MAX_COLS = 8


def row_pointer_and_format(view):
    """The first element, and how struct.unpack reads one. BF16 is read as its bits."""
    if view.type.strip_typedefs().name.endswith("Bf16Matrix"):
        return view["bytes"], "H", 2
    element = view["data"].type.target().strip_typedefs()
    return view["data"], ("f" if element.code == gdb.TYPE_CODE_FLT else "i"), 4


def shape_of(view):
    fields = [field.name for field in view.type.strip_typedefs().fields()]
    if "size" in fields:
        return 1, int(view["size"])
    return int(view["rows"]), int(view["cols"])


def read_row(view, row, first_cols):
    """The first elements of a row, as numbers."""
    pointer, letter, width = row_pointer_and_format(view)
    _, cols = shape_of(view)
    address = int(pointer) + row * cols * width
    memory = gdb.selected_inferior().read_memory(address, first_cols * width)
    values = struct.unpack(f"<{first_cols}{letter}", bytes(memory))
    if letter == "H":  # BF16 is the upper half of a float
        return [struct.unpack("<f", struct.pack("<I", bits << 16))[0] for bits in values]
    return values


def format_row(view, row, max_cols):
    _, cols = shape_of(view)
    shown = min(cols, max_cols)
    numbers = "".join(f"{value:>12d}" if isinstance(value, int) else f"{value:>12.5g}"
                      for value in read_row(view, row, shown))
    return f"  [{row}]{numbers}{'  ...' if shown < cols else ''}"


def type_name(type_):
    return type_.strip_typedefs().unqualified().name or ""


def is_view(type_):
    name = type_name(type_)
    return re.match(r"^gptoss::((Const)?(Vector|Matrix|Ids)View|Bf16Matrix)$", name) is not None


def shape_line(view):
    name = type_name(view.type).replace("gptoss::", "")
    rows, cols = shape_of(view)
    return f"{name} ({cols})" if "Vector" in name else f"{name} ({rows}, {cols})"


def in_frame_line():
    """Is this an argument in a line of a backtrace? gdb before 13 does not tell."""
    return getattr(gdb, "print_options", dict)().get("summary", False)


class ViewPrinter:
    def __init__(self, view):
        self.view = view

    def to_string(self):
        rows, cols = shape_of(self.view)
        lines = [shape_line(self.view)]
        if rows * cols == 0 or in_frame_line():
            return lines[0]
        try:
            lines += [format_row(self.view, r, MAX_COLS) for r in range(min(rows, MAX_ROWS))]
        except gdb.MemoryError:
            lines.append("  (its memory cannot be read)")
        if rows > MAX_ROWS:
            lines.append("  ...")
        return "\n".join(lines)


class MembersPrinter:
    """A struct with views in it, a line per member; printing one of them shows its rows."""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        lines = [type_name(self.value.type).replace("gptoss::", "")]
        if in_frame_line():
            return lines[0]
        for field in self.value.type.strip_typedefs().fields():
            member = self.value[field.name]
            text = shape_line(member) if is_view(field.type) else member.format_string(max_depth=1)
            lines.append(f"  {field.name:<20}{text}")
        return "\n".join(lines)


class RowsCommand(gdb.Command):
    """rows VIEW [FIRST [LAST]]: rows [FIRST, LAST) of a view with all their columns."""

    def __init__(self):
        super().__init__("rows", gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        words = argument.split()
        view = gdb.parse_and_eval(words[0])
        n_rows, cols = shape_of(view)
        first = int(words[1]) if len(words) > 1 else 0
        last = int(words[2]) if len(words) > 2 else (first + 1 if len(words) > 1 else n_rows)
        for row in range(first, min(last, n_rows)):
            print(format_row(view, row, cols))


def lookup(value):
    type_ = value.type.strip_typedefs()
    if is_view(type_):
        return ViewPrinter(value)
    is_ours = type_.code == gdb.TYPE_CODE_STRUCT and type_name(type_).startswith("gptoss::")
    if is_ours and any(is_view(field.type) for field in type_.fields()):
        return MembersPrinter(value)
    return None


gdb.printing.register_pretty_printer(None, lookup, replace=True)
RowsCommand()
