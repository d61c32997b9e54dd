"""A watched program is run as the interpreter runs it: what it sees, what it says, how it ends."""

import json
import os
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
import torch

from moreish.doctor import SickRun, watch_module, watch_script
from moreish.doctor.ask.program import ending
from tests.support.systems import needs_signals

ENV = os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "100"}
TRAINING = """
import torch
net = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 4), torch.nn.Softmax(1))
optimizer = torch.optim.SGD(net.parameters(), 0.1)
x = torch.randn(64, 8)
for _ in range(12):
    loss = torch.nn.functional.cross_entropy(net(x), x[:, :4].argmax(1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


def run(folder, *words, code=0):
    """(stdout, stderr) of a Python that was given these words."""
    done = subprocess.run([sys.executable, *words], cwd=folder, env=ENV, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


def assert_alike(folder, *words, code=0, as_json=False):
    """By itself and under the doctor: the same exit code, the same stderr, and the same stdout beside the report."""
    out, err = run(folder, *words, code=code)
    watched_out, watched_err = run(folder, "-m", "moreish", "doctor", *words, code=code)
    assert watched_err == err
    assert [line for line in watched_out.splitlines() if line in out.splitlines()] == out.splitlines()
    assert "steps," in watched_out or "nothing to watch" in watched_out
    if not as_json:
        return
    json_out, json_err = run(folder, "-m", "moreish", "doctor", "--json", *words, code=code)
    assert set(json.loads(json_out)) >= {"findings", "steps"}
    assert sorted(json_err.splitlines()) == sorted((out + err).splitlines())


SEES = """
import atexit, subprocess, sys, warnings
import beside
atexit.register(print, "at exit")
print(sys.argv, __file__, __name__, __package__, __spec__, sys.path[0], sorted(n for n in globals() if n[0] != "_"))
print(type(__loader__).__name__, sys.modules["__main__"].__dict__ is globals(), flush=True)
subprocess.run([sys.executable, "-c", "print('a child')"])
warnings.warn("old", DeprecationWarning)
sys.exit(3)
"""


@pytest.mark.slow
def test_a_script_sees_what_it_sees_by_itself(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "beside.py").write_text("")
    (tmp_path / "sub" / "a.py").write_text(SEES)
    words = ["--epochs", "3", "--lr=0.1", "", "-1", "--", "x"]
    assert_alike(tmp_path, os.path.join("sub", "a.py"), *words, code=3, as_json=True)


CLASSES = """
import io, multiprocessing, pickle, sys, torch
class Pair:
    def __init__(self, x): self.x = x
class Net(torch.nn.Linear):
    pass
def doubled(pair): return Pair(pair.x * 2)
if __name__ == "__main__":
    for method in multiprocessing.get_all_start_methods():
        with multiprocessing.get_context(method).Pool(1) as pool:
            print([pair.x for pair in pool.map(doubled, [Pair(1), Pair(2)])])
    file = io.BytesIO()
    torch.save(Net(2, 2), file)
    file.seek(0)
    print(type(torch.load(file, weights_only=False)) is Net, pickle.loads(pickle.dumps(Net)) is Net)
"""


@pytest.mark.slow
def test_classes_of_a_script_go_to_other_processes_and_into_files(tmp_path):
    (tmp_path / "a.py").write_text(CLASSES)
    assert_alike(tmp_path, "a.py")


@pytest.mark.slow
def test_a_module_sees_what_it_sees_by_itself(tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "beside.py").write_text("X = 3")
    (package / "a.py").write_text(
        "import sys\nfrom .beside import X\n"
        "print(X, sys.argv, sys.path[0], __file__, __name__, __package__, __spec__.name)"
    )
    (package / "__main__.py").write_text("from . import a\nraise SystemExit('no data')")
    assert_alike(tmp_path, "-m", "package.a", "--epochs", "3")
    assert_alike(tmp_path, "-m", "package", code=1, as_json=True)


FAILS = """
import torch
import torch.nn.functional as F
net = torch.nn.Linear(4, 3)
optimizer = torch.optim.SGD(net.parameters(), 0.1)
def step(rows):
    loss = F.cross_entropy(net(torch.randn(8, 4)), torch.zeros(rows, dtype=torch.long))
    optimizer.step(lambda: loss.backward())
try:
    step(7)
except ValueError as error:
    torch.optim.SGD([], 0.1)
"""


@pytest.mark.slow
def test_a_traceback_is_the_scripts_own_also_through_what_the_doctor_watches(tmp_path):
    (tmp_path / "a.py").write_text(FAILS)
    assert_alike(tmp_path, "a.py", code=1, as_json=True)


@pytest.mark.slow
def test_a_script_of_another_encoding_fails_as_by_itself(tmp_path):
    (tmp_path / "a.py").write_bytes(b"# -*- coding: latin-1 -*-\nprint('caf\xe9')\nraise KeyError('\xe9')\n")
    assert_alike(tmp_path, "a.py", code=1)


@pytest.mark.slow
def test_a_script_that_leaves_by_os_exit_gets_its_report_and_its_exit_code(tmp_path):
    (tmp_path / "a.py").write_text(f"{TRAINING}\nimport os\nprint('trained', flush=True)\nos._exit(5)")
    out, err = run(tmp_path, "-m", "moreish", "doctor", "a.py", code=5)
    assert out.startswith("trained\n1 finding (12 steps")
    assert err == ""
    (tmp_path / "b.py").write_text(f"{TRAINING}\nimport os\nos._exit(0)")
    out, err = run(tmp_path, "-m", "moreish", "doctor", "--json", "--fail-on", "sick", "b.py", code=1)
    assert json.loads(out)["steps"] == 12
    assert err.startswith("moreish: sick: cross_entropy gets probabilities")


@pytest.mark.slow
def test_children_that_leave_by_os_exit_say_nothing(tmp_path):
    if not hasattr(os, "fork"):
        pytest.skip("there is no fork here")
    (tmp_path / "a.py").write_text("import os\nif not os.fork():\n    os._exit(0)\nprint(os.wait()[1])")
    assert_alike(tmp_path, "a.py")


@pytest.mark.slow
@needs_signals
def test_ctrl_c_ends_the_script_and_the_report_comes(tmp_path):
    script = f"{TRAINING}\nimport os, signal\nprint(1, flush=True)\nsignal.raise_signal(signal.SIGINT)\nprint(2)"
    (tmp_path / "a.py").write_text(script)
    out, err = run(tmp_path, "-m", "moreish", "doctor", "a.py", code=130)
    assert out.startswith("1\n1 finding (12 steps")
    assert err.endswith("KeyboardInterrupt\n")
    assert "moreish" not in err


@pytest.mark.slow
def test_of_several_processes_the_first_speaks_for_all(tmp_path):
    pytest.importorskip("torch.distributed.run")
    if not torch.distributed.is_available() or not torch.distributed.is_gloo_available():
        pytest.skip("there is no gloo here")
    (tmp_path / "a.py").write_text(SHARED)
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    out, _ = run(tmp_path, *launch, "-m", "moreish", "doctor", "a.py", "--seed", "1")
    torch.manual_seed(1)
    exec(TRAINING, alone := {})  # the mean of two equal gradients is each of them
    said = sorted(line for line in out.splitlines() if line.startswith("rank"))
    assert said == [f"rank {rank} {alone['loss'].item()}" for rank in (0, 1)]
    assert out.count("1 finding (12 steps") == 1
    assert out.count("F38 double-softmax: softmax before cross-entropy") == 1


SHARED = f"""
import sys
import torch
torch.distributed.init_process_group("gloo")
rank = torch.distributed.get_rank()
torch.manual_seed(int(sys.argv[2]))
{TRAINING.replace("optimizer =", "net = torch.nn.parallel.DistributedDataParallel(net); optimizer =", 1)}
sys.stdout.write(f"rank {{rank}} {{loss.item()}}\\n")  # at once, for two write at the same time
sys.stdout.flush()
torch.distributed.destroy_process_group()
"""


# ---- in this process ----


def lines_of(error):
    """(file, line) of each frame of a traceback."""
    return [(Path(f.filename).name, f.lineno) for f in traceback.extract_tb(error.__traceback__)]


def test_the_failure_of_a_script_is_given_back_with_its_own_frames_only(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("def f():\n    return 1 / 0\ntry:\n    f()\nexcept ArithmeticError:\n    raise OSError(3)")
    watched = watch_script(path)
    assert lines_of(watched.error) == [("a.py", 6)]
    assert lines_of(watched.error.__context__) == [("a.py", 4), ("a.py", 2)]
    path.write_text("x = (")
    error = watch_script(path).error
    assert (type(error), error.lineno) == (SyntaxError, 1)
    assert "program.py" not in dict(lines_of(error))


def test_what_was_before_a_script_is_there_after_it(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("import sys\nsys.argv = sys.path = None\nsys.modules['__main__'] = None\nraise SystemExit")
    before = sys.argv, sys.path, sys.path[:], sys.modules["__main__"], os._exit
    assert watch_script(path, ["x"]).error is None
    assert (sys.argv, sys.path, sys.path[:], sys.modules["__main__"], os._exit) == before


def test_a_module_that_is_not_there_is_refused_and_what_a_package_raises_is_its_own(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "failing_package").mkdir()
    (tmp_path / "failing_package" / "__init__.py").write_text("import not_there_at_all")
    for name in ("not_there_at_all", "not_there.at_all", "json.nothing", "json", ".json", "itertools"):
        with pytest.raises(ValueError, match="there is no module"):
            watch_module(name)
    assert isinstance(watch_module("failing_package.a").error, ModuleNotFoundError)


@pytest.mark.parametrize(
    ("failure", "code", "says"),
    [
        (None, 0, ""),
        (SystemExit(), 0, ""),
        (SystemExit(0), 0, ""),
        (SystemExit(7), 7, ""),
        (SystemExit("no data"), 1, "no data\n"),
        (SystemExit(2.5), 1, "2.5\n"),
        (KeyboardInterrupt(), 130, "KeyboardInterrupt\n"),
        (ValueError("bad"), 1, "ValueError: bad\n"),
    ],
)
def test_the_exit_code_is_the_interpreters(capsys, failure, code, says):
    assert ending(failure) == code
    assert capsys.readouterr().err == says


def test_a_script_is_stopped_after_the_step_in_which_it_was_found_sick(tmp_path):
    path = tmp_path / "a.py"
    path.write_text(TRAINING)
    watched = watch_script(path, stop_on="sick")
    assert isinstance(watched.error, SickRun)
    assert watched.error.finding.id == "F38"
    assert lines_of(watched.error)[0] == ("a.py", 10)
    assert watched.doctor.to_dict()["steps"] == 1


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_that_the_program_forks_leaves_without_a_report(tmp_path):
    path = tmp_path / "forks.py"
    path.write_text(
        "import os, sys, torch\n"
        "net = torch.nn.Linear(3, 1); o = torch.optim.SGD(net.parameters(), 0.1)\n"
        "for _ in range(5): o.zero_grad(); net(torch.ones(4, 3)).pow(2).mean().backward(); o.step()\n"
        "if os.fork() == 0: sys.exit(0)\n"
        "os.wait(); print('done')\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "moreish", "doctor", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("done\n")
    assert done.stdout.count("looked at") == 1


@pytest.mark.slow
def test_a_program_that_closes_stdout_ends_with_its_own_exit_code(tmp_path):
    path = tmp_path / "closes.py"
    path.write_text("import sys; print('x', flush=True); sys.stdout.close(); sys.exit(4)\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "moreish", "doctor", path], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (4, "x\n", "")
