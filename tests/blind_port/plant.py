"""What the files of bugs share: how a bug is written down, and a few ways to plant one."""
import dataclasses
import typing

BUGS = {}


@dataclasses.dataclass(frozen=True)
class Bug:
    name: str
    wrong: str                                                  # one line: what is wrong
    plant: typing.Callable                                      # changes a Port before it loads its weights


def bug(wrong):
    def register(plant):
        assert plant.__name__ not in BUGS, plant.__name__
        BUGS[plant.__name__] = Bug(plant.__name__, wrong, plant)
        return plant
    return register


def loaded(port, change):
    """Does change(port) once its weights are there."""
    port.after_load = [*getattr(port, "after_load", []), change]


def each(port, change):
    """Does change(block) to every block once the weights are there."""
    loaded(port, lambda p: [change(b) for b in p.blocks])


def around(port, name, wrap):
    """Replaces a step by wrap(step), a function of the right one."""
    setattr(port, name, wrap(getattr(port, name)))
