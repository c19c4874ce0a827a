"""Debugs as VS Code's C++ debugger does with .vscode/launch.json: gdb's machine interface (MI), the file's program,
folder, arguments, environment and setup commands, and -exec in front of what a person types.

    with Launched("step through one forward pass") as session:
        session.type("print a.tokens")      -> its lines, without what the program prints

A key of the file that this does not know is an error: it might change the session.
"""
import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
KNOWN = {"name", "type", "request", "program", "args", "cwd", "environment", "stopAtEntry", "MIMode", "setupCommands",
         "preLaunchTask"}


def filled(value):
    """${workspaceFolder}, in strings however deep."""
    if isinstance(value, str):
        value = value.replace("${workspaceFolder}", str(ROOT))
        assert "${" not in value, f"launch.json: {value} is not known here"
        return value
    if isinstance(value, list):
        return [filled(item) for item in value]
    return {key: filled(item) for key, item in value.items()} if isinstance(value, dict) else value


def configuration(name):
    launch = json.loads((ROOT / ".vscode" / "launch.json").read_text(encoding="utf-8"))
    tasks = json.loads((ROOT / ".vscode" / "tasks.json").read_text(encoding="utf-8"))["tasks"]
    found = [entry for entry in launch["configurations"] if entry["name"] == name]
    assert len(found) == 1, f"launch.json: has {len(found)} configurations '{name}', expected 1"
    entry = found[0]
    assert not set(entry) - KNOWN, f"launch.json: has {sorted(set(entry) - KNOWN)}, which this does not know"
    what = entry["type"], entry["request"], entry["MIMode"]
    assert what == ("cppdbg", "launch", "gdb"), f"launch.json: is {what}, expected cppdbg, launch, gdb"
    built = [task["command"] for task in tasks if task["label"] == entry["preLaunchTask"]]
    target = pathlib.Path(entry["program"]).name
    assert built and built[0].endswith(f"--target {target}"), f"tasks.json: nothing builds {target}"
    return filled(entry)


def unquoted(record):
    """The text of a stream record: ~"a line\\n"."""
    text = bytes(record[2:-1], "utf-8").decode("unicode_escape")
    return text.encode("latin-1").decode("utf-8")


class Launched:
    def __init__(self, name):
        self.entry = configuration(name)

    def __enter__(self):
        environment = {**os.environ, **{item["name"]: item["value"] for item in self.entry.get("environment", [])}}
        self.gdb = subprocess.Popen(["gdb", "-nx", "--interpreter=mi2"], cwd=self.entry["cwd"], env=environment,
                                    text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.ask(f"-environment-cd {json.dumps(self.entry['cwd'])}")
        for command in self.entry["setupCommands"]:             # those without - go to gdb as they are
            self.ask(command["text"])
        self.ask(f"-file-exec-and-symbols {json.dumps(self.entry['program'])}")
        if self.entry.get("args"):
            self.ask(f"-exec-arguments {' '.join(json.dumps(word) for word in self.entry['args'])}")
        if self.entry.get("stopAtEntry"):
            self.ask("-break-insert -t main")
        self.ask("-exec-run")
        return self

    def __exit__(self, *_):
        self.gdb.kill()
        self.gdb.wait()

    def ask(self, command):
        """Sends a line and waits until the program stands still again. -> what gdb's console shows"""
        self.gdb.stdin.write(command + "\n")
        self.gdb.stdin.flush()
        shown, is_running = [], False
        for line in self.gdb.stdout:
            if line.startswith('~"'):
                shown.append(unquoted(line.rstrip("\n")))
            elif line.startswith("^error"):
                message = line.partition('msg="')[2].rpartition('"')[0]
                shown.append(unquoted(f'~"{message}"') + "\n")
                break
            elif line.startswith("^running"):
                is_running = True
            elif line.startswith("*stopped") and is_running or line.startswith("^done"):
                break
        else:
            raise RuntimeError(f"gdb ended at {command}")
        return "".join(shown)

    def type(self, command):
        """As -exec COMMAND in the debug console."""
        return self.ask(f"-interpreter-exec console {json.dumps(command)}")
