"""gdb prints views as rows with their shape; sourced by gptoss.py.

    (gdb) print a.attn_norm
    $1 = MatrixView (4, 96)
      [0]    0.5312  -1.2041   ...
"""
import math
import re
import struct

import gdb
import gdb.printing

MAX_ROWS = 8  # what print shows; the command rows shows all
MAX_COLS = 8
MAX_CHILDREN = 10_000  # rows, and columns of each, in an editor's tree

MXFP4_VALUES = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0,
                -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0)


def type_name(type_):
    return (type_.strip_typedefs().unqualified().name or "").replace("gptoss::", "")


def is_view(type_):
    return re.match(r"^((Const)?(Vector|Matrix|Ids)View|DenseMatrix|Mxfp4Matrix|ExpertStack)$",
                    type_name(type_)) is not None


def extents_of(view):
    """size; rows and cols; or n_experts, rows and cols."""
    fields = [field.name for field in view.type.strip_typedefs().fields()]
    return [name for name in ("n_experts", "rows", "cols", "size") if name in fields]


def shape_of(view):
    return [int(view[name]) for name in extents_of(view)]


def rows_and_cols(view):
    """Like everywhere, rows are all indices but the last: row o of expert e is e * rows + o."""
    *others, cols = shape_of(view)
    return math.prod(others), cols


def shape_line(view):
    shape = shape_of(view)
    note = " (not a valid view)" if min(shape) < 0 else ""
    return f"{type_name(view.type)} ({', '.join(map(str, shape))}){note}"


def read_array(pointer, first, last, letter):
    """Elements [first, last) of an array; the letter is struct.unpack's for their type."""
    size = struct.calcsize(letter)
    address = int(pointer) + first * size
    memory = gdb.selected_inferior().read_memory(address, (last - first) * size)
    return struct.unpack(f"<{last - first}{letter}", bytes(memory))


def read_bf16(pointer, first, last):
    """BF16 is the upper half of a float."""
    bits = read_array(pointer, first, last, "H")
    return [struct.unpack("<f", struct.pack("<I", upper << 16))[0] for upper in bits]


def read_q8_0(pointer, first, last):
    """As in core/q8_0.hpp: a scale in FP16 before every 32 codes. first and last count from a row
    that begins with a block."""
    numbers = []
    for i in range(first, last):
        block = i // 32 * 34
        scale, = struct.unpack("<e", bytes(read_array(pointer, block, block + 2, "B")))
        code, = read_array(pointer, block + 2 + i % 32, block + 3 + i % 32, "b")
        numbers.append(scale * code)
    return numbers


def read_storage(storage, pointer, first, last):
    if storage == "bf16":
        return read_bf16(pointer, first, last)
    if storage == "q8_0":
        return read_q8_0(pointer, first, last)
    return read_array(pointer, first, last, {"f16": "e", "f32": "f"}[storage])


def read_dense(view, first, last):
    return read_storage(str(view["storage"]).rsplit("::", 1)[-1], view["bytes"], first, last)


def read_gguf_experts(view, row, first, last):
    """As in core/view.hpp: gate and up are two tensors; in MXFP4 the scale comes before 16 bytes of
    codes."""
    gguf, cols = view["gguf"], int(view["cols"])
    e, o = divmod(row, int(view["rows"]))
    n_tensors = int(gguf["n_tensors"])
    row_of_tensor = e * (int(view["rows"]) // n_tensors) + o // n_tensors
    tensor = gguf["tensors"][o % n_tensors]
    if not gguf["is_mxfp4"]:
        storage = str(gguf["storage"]).rsplit("::", 1)[-1]
        row_bytes = {"bf16": 2 * cols, "f16": 2 * cols, "f32": 4 * cols, "q8_0": cols // 32 * 34}
        return read_storage(storage, tensor + row_of_tensor * row_bytes[storage], first, last)
    numbers = []
    for i in range(first, last):
        block = (row_of_tensor * (cols // 32) + i // 32) * 17
        scale, code = read_array(tensor, block, block + 1, "B")[0], block + 1 + i % 16
        byte, = read_array(tensor, code, code + 1, "B")
        nibble = byte >> 4 if i % 32 >= 16 else byte & 15
        numbers.append(MXFP4_VALUES[nibble] * (math.nan if scale == 255 else 2.0 ** (scale - 127)))
    return numbers


def read_mxfp4(view, first, last):
    """As in core/mxfp4.hpp: two codes in a byte, and a scale for every 32 of them."""
    codes = read_array(view["codes"], first // 2, (last + 1) // 2, "B")
    scales = read_array(view["scales"], first // 32, (last + 31) // 32, "B")
    numbers = []
    for i in range(first, last):
        byte = codes[i // 2 - first // 2]
        code = byte >> 4 if i % 2 else byte & 15
        scale = scales[i // 32 - first // 32]
        numbers.append(MXFP4_VALUES[code] * (math.nan if scale == 255 else 2.0 ** (scale - 127)))
    return numbers


def read_row(view, row, first_col, last_col):
    """Columns [first_col, last_col) of a row, as numbers."""
    name = type_name(view.type)
    _, cols = rows_and_cols(view)
    first, last = row * cols + first_col, row * cols + last_col
    if name.endswith("IdsView"):
        return read_array(view["data"], first, last, "i")
    if name.endswith("View"):
        return read_array(view["data"], first, last, "f")
    if name == "DenseMatrix":
        return read_dense(view, first, last)
    if name == "ExpertStack" and view["transposed"] != 0:
        e, o = divmod(row, int(view["rows"]))  # element i is [e][i][o]
        places = [(e * cols + i) * int(view["rows"]) + o for i in range(first_col, last_col)]
        storage = str(view["storage"]).rsplit("::", 1)[-1]
        return [read_storage(storage, view["transposed"], place, place + 1)[0] for place in places]
    if name == "ExpertStack" and view["gguf"]["n_tensors"] > 0:
        return read_gguf_experts(view, row, first_col, last_col)
    return read_mxfp4(view, first, last)


def array_of(numbers):
    """A float or int array of gdb's, which it can take apart."""
    name = "int" if isinstance(numbers[0], int) else "float"
    memory = struct.pack(f"{len(numbers)}{name[0]}", *numbers)
    return gdb.Value(memory, gdb.lookup_type(name).array(len(numbers) - 1))


def format_row(view, row, first_col, last_col):
    numbers = "".join(f"{value:>12d}" if isinstance(value, int) else f"{value:>12.5g}"
                      for value in read_row(view, row, first_col, last_col))
    return f"  [{row}]{numbers}"


def in_frame_line():
    """Is this an argument in a line of a backtrace? gdb before 13 does not tell."""
    return getattr(gdb, "print_options", dict)().get("summary", False)


class ViewPrinter:
    """print asks for the text and then for children, an editor only for children."""

    def __init__(self, view):
        self.view = view
        self.is_shown = False

    def to_string(self):
        self.is_shown = True
        lines = [shape_line(self.view)]
        if min(shape_of(self.view)) <= 0 or in_frame_line():
            return lines[0]
        rows, cols = rows_and_cols(self.view)
        more = "  ..." if cols > MAX_COLS else ""
        try:
            for row in range(min(rows, MAX_ROWS)):
                lines.append(format_row(self.view, row, 0, min(cols, MAX_COLS)) + more)
            if rows > MAX_ROWS:
                lines.append("  ...")
        except (gdb.MemoryError, OverflowError):  # the latter for an address beyond 64 bits
            lines.append("  (memory that cannot be read)")
        return "\n".join(lines)

    def children(self):
        """The extents; then a row each, as an array to open, or an element each."""
        if self.is_shown:
            return
        yield from zip(extents_of(self.view), shape_of(self.view))
        if min(shape_of(self.view)) <= 0:
            return
        rows, cols = (min(extent, MAX_CHILDREN) for extent in rows_and_cols(self.view))
        try:
            for row in range(rows):
                array = array_of(read_row(self.view, row, 0, cols))
                if extents_of(self.view) == ["size"]:
                    yield from ((f"[{i}]", array[i]) for i in range(cols))
                else:
                    yield f"[{row}]", array[0] if cols == 1 else array
        except (gdb.MemoryError, OverflowError):
            return


class MembersPrinter:
    """A struct with views in it, a line per member; printing one of them shows its rows."""

    def __init__(self, value):
        self.value = value
        self.is_shown = False

    def to_string(self):
        self.is_shown = True
        lines = [type_name(self.value.type)]
        if in_frame_line():
            return lines[0]
        for field in self.value.type.strip_typedefs().fields():
            member = self.value[field.name]
            text = shape_line(member) if is_view(field.type) else member.format_string(max_depth=1)
            lines.append(f"  {field.name:<20}{text}")
        return "\n".join(lines)

    def children(self):
        if not self.is_shown:
            for field in self.value.type.strip_typedefs().fields():
                yield field.name, self.value[field.name]


def words_of(line):
    """Split at spaces, but not inside brackets: cache.layers[layer + 1].keys is one word."""
    return re.findall(r"(?:\[[^\]]*\]|\([^)]*\)|\S)+", line)


def evaluate_view(expression):
    """Its value; a pointer or a reference to a view will do."""
    named = value = gdb.parse_and_eval(expression)
    while value.type.strip_typedefs().code in (gdb.TYPE_CODE_PTR, gdb.TYPE_CODE_REF):
        value = value.referenced_value()
    if not is_view(value.type):
        raise gdb.error(f"{expression} is of type {named.type}, which is no view")
    if min(shape_of(value)) <= 0:
        raise gdb.error(f"{expression} is {shape_line(value)} and holds nothing")
    return value


def require_range(what, first, last, size):
    if not 0 <= first < last <= size:
        raise gdb.error(f"{what} [{first}, {last}) are not within [0, {size})")


def part_of(words):
    """Of VIEW [FIRST [LAST [FIRST_COL LAST_COL]]]: the view, its rows and its columns."""
    view = evaluate_view(words[0])
    limits = [int(gdb.parse_and_eval(word)) for word in words[1:]]
    n_rows, n_cols = rows_and_cols(view)
    first = limits[0] if limits else 0
    last = limits[1] if len(limits) > 1 else first + 1 if limits else n_rows
    first_col, last_col = limits[2:] or (0, n_cols)
    require_range("rows", first, last, n_rows)
    require_range("columns", first_col, last_col, n_cols)
    return view, (first, last), (first_col, last_col)


class RowsCommand(gdb.Command):
    """rows VIEW [FIRST [LAST [FIRST_COL LAST_COL]]]

    Rows [FIRST, LAST) of a view, with all columns or with [FIRST_COL, LAST_COL)."""

    def __init__(self):
        super().__init__("rows", gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        words = words_of(argument)
        if len(words) not in (1, 2, 3, 5):
            raise gdb.GdbError("usage: " + self.__doc__.split("\n")[0])
        try:
            view, (first, last), (first_col, last_col) = part_of(words)
            for row in range(first, last):
                print(format_row(view, row, first_col, last_col))
        except (gdb.error, OverflowError) as error:
            raise gdb.GdbError(f"rows: {error}")


def lookup(value):
    type_ = value.type.strip_typedefs()
    if value.is_optimized_out:  # as a whole or in part, where the program was optimized
        return None
    if is_view(type_):
        return ViewPrinter(value)
    is_ours = (type_.name or "").startswith("gptoss::") and type_.code == gdb.TYPE_CODE_STRUCT
    if is_ours and any(is_view(field.type) for field in type_.fields()):
        return MembersPrinter(value)
    return None


gdb.printing.register_pretty_printer(None, lookup, replace=True)
RowsCommand()
