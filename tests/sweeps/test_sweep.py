"""Studies: every trial a run, none lost or doubled, whatever dies when."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

import moreish
from moreish import api
from moreish.errors import Damaged
from moreish.recipes import Overrides
from moreish.runs import events
from moreish.sweeps import Range, parse_space, sweep, work_together
from moreish.sweeps.journal import cut_half_line
from moreish.sweeps.study import join_study
from moreish.sweeps.work import begin, work
from tests.support.lists import made_items

pytest.importorskip("optuna", reason="not installed here: pip install 'moreish[sweep]'")
pytestmark = [pytest.mark.filterwarnings("ignore:Argument")]
SMALL = Overrides(
    settings={
        "model": {"name": "mlp", "n_hidden": 8, "n_embd": 4},
        "train": {"steps": 40, "batch_size": 64, "eval_every": 20},
    }
)
OVER = ["train.lr=1e-4..1e-1:log", "model.n_hidden=4,8"]
LONG = "MOREISH_LONG" in os.environ


def assert_whole(study, trials):
    """So many trials, each finished once, each the run of its own options."""
    found = study.trials()
    assert [trial.number for trial in found] == list(range(trials))
    assert len({trial.folder for trial in found}) == trials
    for trial in found:
        assert trial.state in ("complete", "pruned"), trial
        run = api.open_run(trial.folder)
        train, model = run.config.train, run.config.model.options
        assert (train.lr, model.n_hidden) == (trial.values["train.lr"], trial.values["model.n_hidden"])
        if trial.state == "complete":
            assert run.done.val_loss == trial.value
    assert len({trial.values["train.lr"] for trial in found}) == trials
    folders = {p.name for p in study.folder.glob("trial-*")}
    assert {name for name in folders if "-broken-" not in name} == {t.folder.name for t in found}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("studies") / "study"
    return sweep(made_items(200), OVER, trials=12, overrides=SMALL, study=folder)


@pytest.mark.slow
def test_every_trial_is_a_run_and_the_best_is_the_lowest(study):
    assert_whole(study, 12)
    values = [trial.value for trial in study.trials() if trial.state == "complete"]
    assert study.best.value == min(values)
    assert study.importance().keys() == {"train.lr", "model.n_hidden"}
    assert sum(study.importance().values()) == pytest.approx(1)


def test_a_trial_is_what_training_with_its_options_gives(study, tmp_path):
    best = study.best
    alone = moreish.train(
        made_items(200),
        model="mlp",
        options={
            "model": {"n_hidden": best.values["model.n_hidden"], "n_embd": 4},
            "train": {"steps": 40, "batch_size": 64, "eval_every": 20, "lr": best.values["train.lr"]},
        },
        out=tmp_path / "alone",
    )
    assert alone.done.val_loss == best.value


@pytest.mark.slow
def test_the_same_seed_suggests_the_same_and_a_study_goes_on_where_it_was(study, tmp_path):
    first = sweep(made_items(200), OVER, trials=5, overrides=SMALL, study=tmp_path / "again")
    again = sweep(None, [], trials=12, study=tmp_path / "again")
    assert [t.values for t in again.trials()] == [t.values for t in study.trials()]
    assert [t.value for t in again.trials()] == [t.value for t in study.trials()]
    assert first.folder == again.folder


@pytest.mark.slow
def test_trials_that_fall_behind_are_pruned_and_can_be_gone_on_with(tmp_path):
    over = parse_space(["train.lr=1e-2,1e-9", "seed=0,1,2,3,4"])  # the good ones first
    steps = {"steps": 40, "batch_size": 64, "eval_every": 10}
    options = Overrides(settings={**SMALL.settings, "train": steps})
    found = sweep(
        made_items(200), over, trials=10, overrides=options, study=tmp_path / "study", sampler="grid"
    ).trials()
    assert {(t.values["train.lr"], t.values["seed"]) for t in found} == {
        (lr, s) for lr in (1e-9, 1e-2) for s in range(5)
    }
    slow = [t for t in found if t.values["train.lr"] == 1e-9]
    assert all(t.state == "complete" for t in found if t not in slow)
    assert {t.state for t in slow} == {"pruned"}
    assert api.resume(slow[0].folder).done.step == 40


@pytest.mark.slow
def test_ctrl_c_loses_nothing(tmp_path, monkeypatch):
    study, seen = begin(made_items(200), OVER, None, SMALL, tmp_path / "study"), []

    def tell(trial):
        seen.append(trial)
        if len(seen) == 2:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        work(study, 6, tell)
    original = api.Fitting.snapshot

    def snapshot(self):
        if not api.open_run(study.trials()[-1].folder).run.steps():  # at its first checkpoint
            signal.raise_signal(signal.SIGINT)
        return original(self)

    monkeypatch.setattr(api.Fitting, "snapshot", snapshot)
    with pytest.raises(KeyboardInterrupt, match="go on with: moreish sweep --study"):
        work(study, 6)
    monkeypatch.undo()
    interrupted = study.trials()[-1]
    assert interrupted.state == "running"
    assert any(isinstance(e, events.Interrupted) for e in api.open_run(interrupted.folder).run.events())
    work(join_study(study.folder, None, None), 6)
    assert_whole(study, 6)


def start(folder, trials):
    command = [sys.executable, "-m", "moreish", "sweep", "--study", str(folder), "--trials", str(trials), "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_two_processes_share_the_trials_and_one_that_is_killed_loses_none(tmp_path):
    """The long form, of 60 trials, runs under `make sweeps`."""
    trials, steps = (60, 600) if LONG else (8, 300)
    longer = Overrides(settings={**SMALL.settings, "train": {"steps": steps, "batch_size": 64}})
    study = begin(made_items(200), OVER, None, longer, tmp_path / "study", prune=False)
    killed, other = start(study.folder, trials), start(study.folder, trials)
    try:
        while len([t for t in study.trials() if t.state == "complete"]) < trials // 3:
            time.sleep(0.01)
            assert other.poll() is None
        killed.kill()
        out, err = other.communicate(timeout=800 if LONG else 250)
    finally:
        for process in (killed, other):
            process.kill()
            process.communicate()
    assert other.returncode == 0, err
    assert_whole(study, trials)
    said = [json.loads(line) for line in out.splitlines()]
    assert said[-1]["trials"] == trials
    assert said[-1]["best"]["val_loss"] == study.best.value
    numbers = [line["trial"] for line in said[:-1]]
    assert len(numbers) == len(set(numbers))


def test_a_trial_whose_process_died_before_it_trained_is_begun_anew(tmp_path):
    study = begin(made_items(200), OVER, None, SMALL, tmp_path / "study")
    claim = study.claim(3)
    assert claim is not None
    claim.folder.mkdir()
    (claim.folder / "half").write_bytes(b"half")
    assert join_study(study.folder, None, None).claim(1) is None
    claim.lock.free()  # as the system does when a process dies
    work(study, 3)
    assert [t.state for t in study.trials()] == ["complete"] * 3
    assert study.trials()[0].values == claim.values
    assert (study.folder / "trial-0000-broken-1" / "half").read_bytes() == b"half"


def test_a_training_that_fails_is_a_failed_trial_with_its_reason(tmp_path):
    over = {"train.lr": parse_space(["train.lr=1e-2,1e38"])["train.lr"]}
    options = {**SMALL.settings, "train": {**SMALL.settings["train"], "optimizer": "sgd", "clip": 0.0}}
    found = sweep(
        made_items(200), over, trials=2, overrides=Overrides(settings=options), study=tmp_path / "s", sampler="grid"
    ).trials()
    assert [t.state for t in found] == ["complete", "failed"]
    assert "the loss became" in found[1].why


def test_what_an_interrupted_write_left_is_cut_off(study, tmp_path):
    whole = (study.folder / "journal.log").read_bytes()
    for left in (b"", b'{"op', b'{"op_code": 4}'):
        (tmp_path / "journal.log").write_bytes(whole + left)
        cut_half_line(tmp_path / "journal.log")
        assert (tmp_path / "journal.log").read_bytes() == whole


@pytest.mark.parametrize(
    ("over", "says"),
    [
        (["model.n_layers=1,2"], 'there is no option "model.n_layers"; did you mean "model.n_layer"'),
        (["train.lr=-1..1"], "train.lr is -1, but must be more than 0"),
        (["train.schedule=cosine,cubic"], "train.schedule is one of cosine, step, constant"),
    ],
)
def test_what_could_not_be_tried_is_refused_before_anything_is_made(over, says, tmp_path):
    with pytest.raises(ValueError, match=says):
        sweep(made_items(200), over, overrides=SMALL, study=tmp_path / "study")
    assert not (tmp_path / "study").exists()


def test_another_plan_or_list_does_not_join(study, tmp_path):
    with pytest.raises(ValueError, match=r"study with another space \(--over\)"):
        begin(made_items(200), ["train.lr=1e-3..1"], None, SMALL, study.folder)
    with pytest.raises(ValueError, match="study of another list"):
        begin(made_items(250), OVER, None, SMALL, study.folder)
    with pytest.raises(ValueError, match="is no study"):
        join_study(tmp_path / "nothing", None, None)
    assert not (tmp_path / "nothing").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    with pytest.raises(ValueError, match="is not empty and is no study"):
        begin(made_items(200), OVER, None, SMALL, tmp_path / "mine")


def test_a_plan_of_a_stranger_is_checked(study, tmp_path):
    for name in ("corpus.safetensors", "vocab.json"):
        (tmp_path / name).write_bytes((study.folder / name).read_bytes())
    plan = json.loads((study.folder / "study.json").read_text())
    for wrong in ({"prune": "yes"}, {"space": {"train.lr": {"type": "range", "low": "a", "high": 1}}}, {"extra": 1}):
        (tmp_path / "study.json").write_text(json.dumps(plan | wrong))
        with pytest.raises(Damaged, match=r"study\.json is damaged"):
            join_study(tmp_path, None, None)


def test_pictures_of_a_study_are_drawn(study, tmp_path):
    from moreish.plots.sweeps import axis, importances, parallel_coordinates

    rows = [(t.values, t.value) for t in study.trials() if t.value is not None]
    parallel_coordinates(rows, {"train.lr": "log", "model.n_hidden": "even"}, tmp_path / "parallel.png")
    importances(study.importance(), tmp_path / "importance.png")
    assert all((tmp_path / f"{name}.png").stat().st_size > 2000 for name in ("parallel", "importance"))
    assert axis([1, 10, 100], "log").places == pytest.approx([0, 0.5, 1])
    assert [label for _, label in axis([128, 16, 64], "even").ticks] == ["16", "64", "128"]
    assert Range(1, 2, True).scale == "log"


@pytest.mark.slow
def test_a_sweep_by_populations_has_the_same_losses_as_one_by_one(tmp_path):
    over = ["train.lr=1e-4..1e-1:log", "model.n_hidden=4,8"]
    alone = sweep(
        made_items(200), over, trials=5, overrides=SMALL, study=tmp_path / "a", sampler="random", prune=False
    )
    together = begin(made_items(200), over, None, SMALL, tmp_path / "b", sampler="random", prune=False)
    seen = []
    work_together(together, 5, seen.append)
    assert_whole(together, 5)
    assert [t.values for t in together.trials()] == [t.values for t in alone.trials()]
    assert [t.value for t in together.trials()] == pytest.approx([t.value for t in alone.trials()], abs=1e-5)
    assert sorted(t.number for t in seen) == list(range(5))
    run = api.open_run(together.best.folder)
    assert run.evaluate("val")["loss"] == pytest.approx(together.best.value, abs=1e-5)
    kinds = [type(event).__name__ for event in run.run.events()]
    assert kinds[:2] == ["Baselines", "Network"]
    assert kinds[-2:] == ["Fitted", "Done"]
    mixture = begin(made_items(200), ["train.lr=1e-3,1e-2"], "quick", None, tmp_path / "c")
    with pytest.raises(ValueError, match="a population is of single networks"):
        work_together(mixture, 2)


def test_every_trial_that_ended_gets_a_board_once(study):
    pytest.importorskip("tensorboardX")
    from moreish.sweeps.boards import write_boards

    write_boards(study)
    folders = [trial.folder / "tensorboard" for trial in study.trials()]
    files = {path: path.stat().st_mtime_ns for folder in folders for path in folder.iterdir()}
    assert len({path.parent for path in files}) == len(folders) == 12
    write_boards(study)
    assert {path: path.stat().st_mtime_ns for folder in folders for path in folder.iterdir()} == files
    assert api.open_run(folders[0].parent).run.finished or study.trials()[0].state == "pruned"
