"""python -m tests.attacks.kills [SECONDS [SEED]]: trainings killed at random moments, resumed, compared by the byte.

Every training is made once undisturbed. Then it is begun again and again, and each time something kills it: SIGKILL
of the process, of its group, of a worker; SIGINT or SIGTERM to the process or the group, once or twice. It is resumed
until it is done, and its model must be the one that was made undisturbed. What is found is printed as a table.
"""

import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from moreish.__main__ import main as main_of_moreish
from moreish.models import MODELS, model_class
from moreish.runs.folder import Run, open_run
from tests.support.lists import made_items

SMALL = {"n_hidden": 8, "n_embd": 8, "n_layer": 1, "n_head": 2, "block_size": 4, "dropout": 0.2}
MODES: dict[str, tuple[str, ...]] = {
    "adamw": (),
    "sgd": ("train.optimizer=sgd", "train.momentum=0.9"),
    "ema": ("train.ema=0.9",),
    "float64": ("train.precision=float64",),
    "doctor": ("train.doctor=true",),
}
KILLS = ("SIGKILL process", "SIGKILL group", "SIGINT process", "SIGINT group", "SIGTERM process", "SIGTERM group")
WORKER = "SIGKILL worker"
STEPS = 200
PROMISES = (0, 130, -signal.SIGKILL)


@dataclass(frozen=True)
class Job:
    """A training: the words of the command line that make it."""

    name: str
    words: tuple[str, ...]
    workers: bool = False


def jobs(models: Iterable[str] = tuple(MODELS)) -> Iterator[Job]:
    """Every model, every mode of training, and mixtures in processes of their own."""
    common = ("-q", "--set", f"train.steps={STEPS}", "--set", "train.eval_every=20", "--set", "train.batch_size=32")
    for model in models:
        known = model_class(model).Options.__dataclass_fields__
        own = [f"model.{key}={value}" for key, value in SMALL.items() if key in known]
        for mode, settings in MODES.items():
            words = [word for setting in (*own, *settings) for word in ("--set", setting)]
            yield Job(f"{model} {mode}", ("train", "list.txt", "--model", model, *common, *words))
    for mode, settings in MODES.items():
        words = [word for setting in (*settings, "train.processes=2") for word in ("--set", setting)]
        yield Job(f"workers {mode}", ("train", "list.txt", "--config", "two.toml", *common, *words), workers=True)


@dataclass
class Found:
    """What came of the attacks: how many of each kind, and what went wrong."""

    kills: Counter[str] = field(default_factory=Counter)
    jobs: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def table(self) -> str:
        """As lines of Markdown."""
        lines = ["| what is killed | times |", "|---|---|"]
        lines += [f"| {kind} | {count} |" for kind, count in sorted(self.kills.items())]
        lines += ["", f"{sum(self.kills.values())} kills over {len(self.jobs)} trainings; {len(self.faults)} faults"]
        return "\n".join([*lines, *self.faults])


class Campaign:
    """Trainings in a folder of their own, each beside what it is undisturbed."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.rng, self.found = folder, random.Random(seed), Found()
        self.undisturbed: dict[str, tuple[dict[str, bytes], float]] = {}
        (folder / "list.txt").write_text("\n".join(made_items(200)), encoding="utf-8")
        part = '[[model.components]]\nname = "gru"\nn_hidden = 6\nn_embd = 4\nseed = '
        (folder / "two.toml").write_text(f'[model]\nname = "mixture"\n{part}0\n{part}1\n', encoding="utf-8")

    def attack(self, job: Job) -> None:
        """One training with up to three kills."""
        model, seconds = self._undisturbed(job)
        out = self.folder / "killed"
        shutil.rmtree(out, ignore_errors=True)
        self.found.jobs[job.name] += 1
        kills: list[str] = []
        words: tuple[str, ...] = (*job.words, "--out", "killed")
        for attempt in range(12):
            kind = self.rng.choice((*KILLS, WORKER) if job.workers else KILLS) if attempt < 3 else None
            code, said = self._killed(words, kind, seconds)
            if kind is not None:
                kills.append(kind)
            if code not in PROMISES or "a fault in moreish" in said or "Traceback" in said:
                self._fault(job, kills, f"exit {code}, {said[-600:]}")
                return
            run = _opened(out)
            if code == 130 and run is None and "go on with" in said:
                self._fault(job, kills, f"the run is lost: {said}")
                return
            if run is not None and run.finished:
                break
            words = ("train", "--resume", "killed", "-q") if run is not None else words
            if run is None:
                shutil.rmtree(out, ignore_errors=True)  # what was never whole
        else:
            self._fault(job, kills, "it never ended")
            return
        if _model(run) != model:
            self._fault(job, kills, "the model is another")

    def _undisturbed(self, job: Job) -> tuple[dict[str, bytes], float]:
        if job.name not in self.undisturbed:
            out = self.folder / "alone"
            shutil.rmtree(out, ignore_errors=True)
            began = time.monotonic()
            code, said = self._killed((*job.words, "--out", "alone"), None, 0)
            assert code == 0, said
            self.undisturbed[job.name] = _model(open_run(out)), time.monotonic() - began
        return self.undisturbed[job.name]

    def _killed(self, words: tuple[str, ...], kind: str | None, seconds: float) -> tuple[int, str]:
        """The exit code, and what was said, of a process that was killed in this way at a random moment."""
        process = Forked(words, self.folder)
        if kind is not None:
            self._kill(process, kind, seconds)
        return process.wait(), process.said()

    def _kill(self, process: "Forked", kind: str, seconds: float) -> None:
        name, whom = kind.split()
        until = time.monotonic() + self.rng.uniform(0, 1.05) * seconds
        while time.monotonic() < until and process.poll() is None:
            time.sleep(0.02)
        if process.poll() is not None:
            return
        self.found.kills[kind] += 1
        number = getattr(signal, name)
        with contextlib.suppress(ProcessLookupError):
            if whom == "worker":
                for worker in self.rng.sample(found := children(process.pid), min(1, len(found))):
                    os.kill(worker, number)
            elif whom == "group":
                os.killpg(process.pid, number)
            else:
                os.kill(process.pid, number)
            if number != signal.SIGKILL and self.rng.random() < 0.2:  # impatient
                time.sleep(self.rng.uniform(0, 0.2))
                os.kill(process.pid, number)

    def _fault(self, job: Job, kills: list[str], what: str) -> None:
        self.found.faults.append(f"{job.name} after {kills}: {what}")
        print("fault:", self.found.faults[-1])


class Forked:
    """The command line in a process of its own, in a group of its own, with torch loaded already."""

    def __init__(self, words: tuple[str, ...], folder: Path) -> None:
        self._output = folder / "said"
        self._code: int | None = None
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            self._live(words, folder)

    def _live(self, words: tuple[str, ...], folder: Path) -> NoReturn:
        code: object = 70
        try:
            os.setsid()
            os.chdir(folder)
            output = os.open(self._output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(output, 1)
            os.dup2(output, 2)
            sys.argv[1:] = words
            main_of_moreish()
        except SystemExit as end:
            code = end.code
        finally:
            with contextlib.suppress(BaseException):
                sys.stdout.flush()
            os._exit(code if isinstance(code, int) else 0)

    def poll(self) -> int | None:
        """The exit code once it has ended; negative where a signal ended it."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code

    def wait(self) -> int:
        """The exit code. Raises TimeoutError where it takes ten minutes."""
        until = time.monotonic() + 600
        while (code := self.poll()) is None:
            if time.monotonic() > until:
                os.killpg(self.pid, signal.SIGKILL)
                raise TimeoutError("it hangs")
            time.sleep(0.01)
        return code

    def said(self) -> str:
        """What it wrote to both streams."""
        return self._output.read_text(errors="replace") if self._output.exists() else ""


def children(pid: int) -> list[int]:
    """The processes that this one has begun, where the system says so."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid and state != "Z":
                found.append(int(path.parent.name))
    return found


def _opened(folder: Path) -> Run | None:
    return open_run(folder) if (folder / "manifest.json").exists() else None


def _model(run: Run) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in run.checkpoint("last").model().items()}


def main(arguments: list[str]) -> int:
    """1 where there is a fault."""
    seconds = float(arguments[0]) if arguments else 3600
    seed = int(arguments[1]) if len(arguments) > 1 else 0
    until = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(Path(folder), seed)
        order = list(jobs())
        while time.monotonic() < until:
            campaign.rng.shuffle(order)
            for job in order:
                if time.monotonic() > until:
                    break
                campaign.attack(job)
                print(f"{sum(campaign.found.kills.values())} kills, {len(campaign.found.faults)} faults, {job.name}")
                sys.stdout.flush()
    print(campaign.found.table())
    return int(bool(campaign.found.faults))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
