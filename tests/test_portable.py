"""Linux, macOS and Windows: nothing in moreish needs what one of them lacks.

The first tests read the source. The others run the main job, a resume and a training in two processes in a Python
from which everything that one of the three lacks was taken away, and in which files obey Windows' rules: see
tests/support/elsewhere. Types are checked for each of the three by `make check`.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import moreish
from moreish import api
from tests.support.lists import made_items
from tests.support.systems import needs_proc
from tests.support.two_networks import write_two_networks

SRC = Path(moreish.__file__).parent
ELSEWHERE = Path(__file__).parent / "support" / "elsewhere"

# What src uses of the modules that differ from system to system. Before you add a name, look it up: all three must
# have it, and mean the same by it. What only some have is asked for with `getattr` and a default.
EVERYWHERE = {
    "errno": "EACCES EINVAL ENOLCK ENOSPC ENOTSUP EPERM EROFS",
    "os": "O_RDONLY O_RDWR O_WRONLY R_OK W_OK _exit access close cpu_count devnull dup dup2 environ fdopen fstat"
    " fsync getcwd getpid get_terminal_size isatty lstat mkdir name open path rename replace rmdir stat strerror"
    " truncate unlink walk write",
    "signal": "SIGINT SIGTERM SIG_DFL SIG_IGN default_int_handler getsignal raise_signal signal",
    "select": "",
    "shutil": "rmtree which",
    "socket": "AI_PASSIVE IPPROTO_TCP SOL_SOCKET SO_REUSEADDR getaddrinfo socket",
    "stat": "S_ISLNK S_ISREG",
    "subprocess": "run TimeoutExpired DEVNULL PIPE Popen STDOUT",
    "tempfile": "mkdtemp NamedTemporaryFile TemporaryFile TemporaryDirectory",
    "time": "monotonic perf_counter process_time sleep strftime thread_time time",
}
NOT_EVERYWHERE = """
    curses fcntl grp msvcrt nt ntpath pass_fds posix posixpath preexec_fn pty pwd readline resource
    syslog termios tty winreg winsound _posixsubprocess _winapi
    """  # and arguments of functions that only some take


def trees():
    for path in sorted(SRC.rglob("*.py")):
        yield path.relative_to(SRC), ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_of_the_systems_modules_only_names_are_used_that_all_three_systems_have():
    known = {module: set(names.split()) for module, names in EVERYWHERE.items()}
    for path, tree in trees():
        for node in ast.walk(tree):
            used: set[tuple[str, str]] = set()
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                used = {(node.value.id, node.attr)}
            elif isinstance(node, ast.ImportFrom):
                used = {(node.module or "", alias.name) for alias in node.names}
            for module, name in used:
                assert module not in known or name in known[module], f"{path}:{node.lineno}: {module}.{name}"


@pytest.mark.slow
def test_no_module_or_argument_is_used_that_one_system_lacks():
    for path, tree in trees():
        for node in ast.walk(tree):
            used: list[str] = []
            if isinstance(node, ast.Import):
                used = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                used = [node.module or ""]
            elif isinstance(node, ast.Call):
                used = [keyword.arg or "" for keyword in node.keywords]
            assert not {name.partition(".")[0] for name in used} & set(NOT_EVERYWHERE.split()), (
                f"{path}:{node.lineno}: {used}"
            )


@pytest.mark.slow
def test_every_text_is_read_and_written_in_an_encoding_that_is_named():
    for path, tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            places = node.args[isinstance(node.func, ast.Name) :]  # a path's own `open` is given the mode first
            modes = [a.value for a in places if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            mode = modes[0] if modes else "r" if isinstance(node.func, ast.Name) else "b"
            if called in ("read_text", "write_text") or (called == "open" and "b" not in mode):
                assert "encoding" in {keyword.arg for keyword in node.keywords}, f"{path}:{node.lineno}"


# ---- in a Python that has only what all three have ----

POOR = os.environ | {
    "PYTHONPATH": os.pathsep.join([str(ELSEWHERE), str(ELSEWHERE.parents[2])]),
    "PYTHONWARNDEFAULTENCODING": "1",
    "OMP_NUM_THREADS": "1",
}


def poor(folder: Path, *arguments: str, code: int = 0, says: str = "") -> str:
    """What a poor Python prints; `says` is what it must say beside it."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=POOR, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert says in done.stderr
    return done.stdout


RULES = """
import errno, os, signal, subprocess, sys, warnings
from pathlib import Path
def refused(what, kind, *args, **named):
    try:
        what(*args, **named)
    except kind:
        return True
    return False
for module in ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty"):
    assert refused(__import__, ImportError, module), module
for name in ("fork", "forkpty", "getuid", "O_DIRECTORY", "EX_OK", "sched_getaffinity", "killpg", "setsid"):
    assert not hasattr(os, name), name
assert not any(hasattr(signal, name) for name in ("SIGKILL", "SIGHUP", "SIGALRM", "SIGSTOP", "alarm"))
assert not hasattr(errno, "EDQUOT")
assert refused(subprocess.Popen, ValueError, [sys.executable], pass_fds=[1])
assert refused(os.open, PermissionError, ".", os.O_RDONLY)
os.mkdir("one"); os.mkdir("two")
assert refused(os.rename, FileExistsError, "one", "two")
with open("one/file", "wb") as file:
    os.fsync(file.fileno())
    assert refused(os.rename, PermissionError, "one", "three")
    assert refused(os.unlink, PermissionError, "one/file")
with open("one/file", "rb") as file:
    assert refused(os.fsync, OSError, file.fileno())
os.rename("one", "three")
os.unlink("three/file")
Path("moreish_one.py").write_text("open('three/x', 'w').close()", encoding="utf-8")
print("poor")
"""


@needs_proc
def test_the_poor_python_is_poor_and_so_are_its_children(tmp_path):
    assert poor(tmp_path, "-c", RULES) == "poor\n"
    (tmp_path / "again").mkdir()
    twice = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {RULES!r}], cwd='again', check=True)"
    assert poor(tmp_path, "-c", twice) == "poor\n"


@pytest.mark.slow
@needs_proc
def test_the_main_job_runs_in_it(tmp_path):
    out = poor(tmp_path, "-m", "moreish", "minerals", "--time-budget", "2s", says="kept in")
    assert len(out.splitlines()) == 20
    run = moreish.open_run("minerals-quick-1", tmp_path / "runs")
    assert run.run.finished
    assert len(run.run.steps()) <= 3, "what was pruned is gone"
    assert poor(tmp_path, "-m", "moreish", "runs", "--json").count("\n") == 1
    assert len(poor(tmp_path, "-m", "moreish", "more", "minerals-quick-1", "-n", "3").splitlines()) == 3


SMALL = {
    "model": {"n_hidden": 8, "n_embd": 4},
    "train": {"steps": 60, "batch_size": 64, "log_every": 4, "eval_every": 8, "device": "cpu"},
}
INTERRUPTED = """
import signal, sys
import moreish
from tests.support.lists import made_items
from tests.test_portable import SMALL
seen = []
def watch(event):
    seen.append(event)
    if len(seen) == 12:  # long before the end, so that what it goes on from is pruned while it is open
        signal.raise_signal(signal.SIGINT)
try:
    moreish.train(moreish.data.from_items(made_items(200)), model="gru", options=SMALL, out="run", watch=watch)
except KeyboardInterrupt as error:
    print(error)
"""


def assert_same_as(run: api.TrainedRun, whole: api.TrainedRun) -> None:
    ours, theirs = (r.run.checkpoint("last").model() for r in (run, whole))
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        np.testing.assert_array_equal(array, theirs[name], err_msg=name)


@pytest.mark.slow
@needs_proc
def test_an_interrupted_run_goes_on_in_it_bit_for_bit_as_if_it_had_never_stopped(tmp_path):
    assert "go on with: moreish.resume" in poor(tmp_path, "-c", INTERRUPTED)
    assert not moreish.open_run(tmp_path / "run").run.finished
    poor(tmp_path, "-m", "moreish", "train", "--resume", "run", "-q")
    corpus = moreish.data.from_items(made_items(200))
    whole = moreish.train(corpus, model="gru", options=SMALL, out=tmp_path / "whole")
    assert_same_as(moreish.open_run(tmp_path / "run"), whole)


@pytest.mark.slow
@needs_proc
def test_two_processes_train_in_it_what_they_train_in_any_python(tmp_path, monkeypatch):
    arguments = write_two_networks(tmp_path, steps=20)
    poor(tmp_path, "-m", "moreish", *arguments)
    monkeypatch.chdir(tmp_path)
    arguments[arguments.index("run")] = "whole"
    subprocess.run([sys.executable, "-m", "moreish", *arguments], check=True)
    assert_same_as(moreish.open_run("run"), moreish.open_run("whole"))
