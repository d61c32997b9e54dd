"""Trainings in several processes, begun from wherever people begin them, and ended as they are ended."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import moreish
from moreish.runs.folder import open_run
from tests.support.systems import needs_groups, needs_proc
from tests.support.two_networks import write_two_networks

TRAIN = """
import moreish
from tests.support.lists import made_items
parts = [{"name": "gru", "n_hidden": 6, "n_embd": 4, "seed": seed} for seed in (0, 1)]
train = {"steps": 6, "batch_size": 32, "log_every": 2, "eval_every": 6, "processes": 2}
run = moreish.train(
    moreish.data.from_items(made_items(200)),
    options={"model": {"name": "mixture", "components": parts}, "train": train}, out="run",
)
print("trained", run.run.finished, len(run.more(3, seed=0)))
"""
SPEAK = """
from moreish.fitting import channel
children = [channel.start("tests.support.echo", {}) for _ in range(2)]
for number, (_, way) in enumerate(children):
    way.send(number)
print("answered", [way.receive() for _, way in children])
for child, way in children:
    child.kill()
    child.wait()
    way.close()
"""
ROOT = Path(__file__).parents[2]
SOURCES = os.pathsep.join([str(Path(moreish.__file__).parents[1]), str(ROOT)])
ENV = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": SOURCES}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "program", "said"),
    [
        ("an unguarded script", SPEAK, "answered [0, 1]\n"),
        ("python -c", SPEAK, "answered [0, 1]\n"),
        ("standard input", SPEAK, "answered [0, 1]\n"),
        ("standard input", TRAIN, "trained True 3\n"),  # which nobody could run a second time
    ],
)
def test_processes_begin_wherever_the_program_comes_from(tmp_path, how, program, said):
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    arguments = {"an unguarded script": ["program.py"], "python -c": ["-c", program], "standard input": ["-"]}[how]
    done = subprocess.run(
        [sys.executable, *arguments],
        input=program,
        cwd=tmp_path,
        env=ENV,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == (said, 0), done.stderr
    assert done.stderr == ""
    assert sum(json.loads(line)["event"] == "network" for line in records(tmp_path)) == 2 * (program == TRAIN)


def records(folder: Path) -> list[bytes]:
    path = folder / "run" / "metrics.jsonl"
    return path.read_bytes().splitlines() if path.exists() else []


def begun(folder: Path) -> "subprocess.Popen[str]":
    """A training in two processes whose second worker was started just now, so that both still load torch."""
    command = [sys.executable, "-m", "moreish", *write_two_networks(folder, steps=100_000)]
    process = subprocess.Popen(
        command, cwd=folder, env=ENV, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while sum(b'"network"' in line for line in records(folder)) < 2:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.002)
    return process


@pytest.mark.slow
@needs_groups
@pytest.mark.parametrize("request_to_stop", ["SIGINT", "SIGTERM"])
def test_asked_to_stop_while_the_workers_load_it_saves_and_goes_on_later(tmp_path, request_to_stop):
    with begun(tmp_path) as process:
        os.killpg(process.pid, getattr(signal, request_to_stop))
        assert process.stderr is not None
        said = process.stderr.read()
    assert (process.returncode, said.count("\n")) == (130, 1), said
    assert "interrupted; go on with: moreish train --resume" in said
    run = open_run(tmp_path / "run")
    assert run.steps()
    assert not run.running


def children(pid: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
        except OSError:  # it ended meanwhile
            continue
        if int(parent) == pid and state != "Z":
            found.append(int(path.parent.name))
    return found


@pytest.mark.slow
@needs_groups
def test_workers_that_are_killed_while_they_load_are_sentences_and_the_training_comes_to_its_end(tmp_path):
    """One before it can ignore a request to stop, and one in the middle of loading torch."""
    command = [sys.executable, "-m", "moreish", *write_two_networks(tmp_path, steps=24)]
    with subprocess.Popen(command, cwd=tmp_path, env=ENV, stderr=subprocess.PIPE, text=True) as process:
        while len(workers := children(process.pid)) < 2:
            assert process.poll() is None
            time.sleep(0.002)
        for worker, (seconds, how) in zip(workers, ((0.05, signal.SIGTERM), (0.45, signal.SIGKILL)), strict=True):
            time.sleep(seconds)
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, how)
        assert process.stderr is not None
        said = process.stderr.read()
    assert process.returncode == 0, said
    run = open_run(tmp_path / "run")
    assert run.finished
    deaths = sum(1 for record in run.records("died"))
    assert said.count("another process trains it on") == said.count("\n") - said.count("val loss") == deaths <= 2


@pytest.mark.slow
@needs_proc
def test_workers_end_when_their_owner_is_killed(tmp_path):
    with begun(tmp_path) as process:
        workers = children(process.pid)
        assert len(workers) == 2
        process.kill()
    while any(Path(f"/proc/{worker}").exists() for worker in workers):  # the time limit of all tests is the judge
        time.sleep(0.01)
    assert not open_run(tmp_path / "run").running
