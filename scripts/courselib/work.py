"""A student's folder, course/work/: the headers, and one file with what was started and reached.

GPTOSS_COURSE_WORK is another folder in its place (for the tests).
"""
import json
import os
import pathlib

from . import exercises, headers

WORK = pathlib.Path(os.environ.get("GPTOSS_COURSE_WORK", headers.ROOT / "course" / "work"))
STATE = WORK / "state.json"


def read_state():
    if not STATE.is_file():
        return {"lesson": 0, "best": {}, "hints": {}}
    return json.loads(STATE.read_text(encoding="utf-8"))


def write_state(state):
    WORK.mkdir(parents=True, exist_ok=True)
    new = STATE.with_suffix(".new")
    new.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
    new.replace(STATE)


def path_of(header):
    return WORK / "include" / "gptoss" / header


def shown(header):
    return f"course/work/include/gptoss/{header}"


def text_of(header):
    """What the student has written, with plain line ends."""
    path = path_of(header)
    if not path.is_file():
        raise SystemExit(f"course: {shown(header)} is missing; scripts/course start makes it")
    return path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")


def hand_out(lesson):
    """Makes the lesson's headers, but never over what is there. Returns the paths, and if new."""
    made = {}
    for exercise in exercises.of_lesson(lesson):
        path = path_of(exercise.header)
        if exercise.header not in made:
            made[exercise.header] = not path.exists()
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(headers.cut(exercise.header), encoding="utf-8")
    return made
