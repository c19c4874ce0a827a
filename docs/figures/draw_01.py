"""MXFP4: the fifteen numbers that four bits write, and one block of nano that is made of them."""
import numpy as np

from svg import Figure

VALUES = [0, 0.5, 1, 1.5, 2, 3, 4, 6]


def draw(run):
    f = Figure(760, 330, "The values of MXFP4, and a block of 32 weights of nano")
    f.text(30, 30, "what four bits can write, before the scale", "ink bold")

    def x_of(value):
        return 380 + value * 56

    f.line([(x_of(-6), 62), (x_of(6), 62)], "s-line", 2)
    for value in VALUES:
        for signed in {value, -value}:
            f.dot(x_of(signed), 62, "blue", 4)
            f.text(x_of(signed), 84, f"{signed:g}", "ink mid small")
    f.text(x_of(0), 100, "0 has two codes: + and −", "dim mid small")

    stack = run.model.weights.layers[0].mlp.gate_up
    weights, scale = stack.decode(0)[0, :32], int(stack.scales[0, 0, 0])
    f.text(30, 142, f"one block of nano: layer 0, expert 0, row 0; scale byte {scale}: "
                    f"2^({scale} − 127) = {2.0 ** (scale - 127):g}", "ink bold")
    largest = float(np.abs(weights).max())
    f.line([(30, 232), (730, 232)], "s-line")
    for i, weight in enumerate(weights):
        height, x = 62 * float(weight) / largest, 34 + 22 * i
        f.box(x, 232 - max(height, 0), 14, max(abs(height), 0.6), "blue" if weight >= 0 else "orange")
        code = float(weight) / 2.0 ** (scale - 127)
        f.text(x + 7, 312, f"{code:g}", "ink mid small")
    f.text(30, 326, "value of the code; times the scale it is the weight", "dim small")
    f.text(30, 164, f"largest {largest:g}", "dim small")
    f.height = 340
    return f
