"""Grades what a class handed in: a folder or a .zip per student.

Out of a submission exactly the headers of the exercises are read, by name: no link is followed, no
archive unpacked, nothing else of it opened. Each exercise is compiled in a folder of its own that
holds nothing but it, and run under the limits of examples/course/jail.hpp.
"""
import csv
import json
import os
import pathlib
import stat
import tempfile
import zipfile

from . import build, bugs, exercises, rules, score


LARGEST_ARCHIVE = 10 << 20


def read_limited(file):
    data = file.read(rules.MOST_BYTES + 1)
    return data.decode("utf-8", "replace").replace("\r\n", "\n")


def read_from_folder(folder, name):
    """The text of folder/name, or None. No component may be a link, nor the file anything but a file."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        *parents, last = name.split("/")
        for parent in parents:
            below = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
            os.close(handle)
            handle = below
        file = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=handle)
        with os.fdopen(file, "rb") as opened:
            facts = os.fstat(opened.fileno())
            if not stat.S_ISREG(facts.st_mode) or facts.st_nlink != 1:
                return None
            return read_limited(opened)
    except OSError:
        return None
    finally:
        os.close(handle)


def read_from_zip(path, name):
    """The same out of an archive. Its two usual methods only: others take memory as they like."""
    try:
        if path.stat().st_size > LARGEST_ARCHIVE:
            return None
        with zipfile.ZipFile(path) as archive:
            member = archive.getinfo(name)
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                return None
            with archive.open(member) as file:
                return read_limited(file)
    except Exception:  # whatever is wrong with it, nothing was handed in
        return None


def read_file(submission, name):
    read = read_from_zip if submission.suffix == ".zip" else read_from_folder
    return read(submission, name)


def grade_exercise(submission, exercise, seed):
    name = f"include/gptoss/{exercise.header}"
    text = read_file(submission, name)
    if text is None:
        return {"failed": "not handed in"}
    with tempfile.TemporaryDirectory(prefix="course-") as folder:
        try:
            return build.report_of(text, exercise, pathlib.Path(folder) / "one", seed, name)
        except Exception as error:  # whatever a submission does, the batch goes on
            return {"failed": f"could not be judged ({type(error).__name__})"}


def grade_submission(submission, lessons, seed):
    reports = {exercise.name: grade_exercise(submission, exercise, seed)
               for exercise in exercises.EXERCISES if exercise.lesson in lessons}
    result = score.results(reports)
    if 10 in lessons:
        tests = bugs.tests_of(lambda name: read_file(submission, name), seed)
        result["tests"] += tests
        result["score"] = round(result["score"] + sum(test["score"] for test in tests), 1)
        result["max_score"] += sum(test["max_score"] for test in tests)
    return reports, result


def submissions_in(folder):
    for path in sorted(pathlib.Path(folder).iterdir()):
        if path.is_symlink() or path.name.startswith("."):
            print(f"{path.name}: passed over, a link or a hidden file")
        elif path.is_dir() or path.suffix == ".zip":
            yield path


def command(arguments):
    folder = pathlib.Path(arguments.folder)
    if not folder.is_dir():
        raise SystemExit(f"course: {folder} is no folder")
    build.require_runner()
    lessons = [arguments.lesson] if arguments.lesson else list(exercises.LESSONS)
    names = [exercise.name for exercise in exercises.EXERCISES if exercise.lesson in lessons]
    out = pathlib.Path(arguments.out or str(folder).rstrip("/") + "-grades")
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    for submission in submissions_in(folder):
        student = submission.stem if submission.suffix == ".zip" else submission.name
        if student in {row[0] for row in rows}:
            student = submission.name  # alice and alice.zip
        reports, result = grade_submission(submission, lessons, arguments.seed)
        (out / f"{student}.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        rows.append([student, result["score"], result["max_score"]]
                    + [score.total(reports[name]) for name in names])
        print(f"{student}: {result['score']:g} of {result['max_score']}", flush=True)
    with open(out / "grades.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["student", "score", "max_score", *names], *rows])
    print(f"{out}/grades.csv: {len(rows)} students")
    return 0
