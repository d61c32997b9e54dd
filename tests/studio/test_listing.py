"""The listing: runs that only begin, runs whose folder is taken away, and run folders that lead elsewhere."""

import contextlib
import os
import shutil
import time

import pytest

import moreish
from moreish.data import from_items
from moreish.data.bundled import BUNDLED
from moreish.errors import Damaged, RunError
from moreish.runs import commands, events
from moreish.runs.folder import Run, create
from moreish.studio.listing import Listing
from tests.support.lists import made_items

LIST = str(BUNDLED / "minerals.txt")


@contextlib.contextmanager
def opened(root):
    """A listing; at the end its trainings are, too."""
    made = Listing(root)
    yield made
    made.close()
    for started in made._started.values():
        started.process.wait(60)
        started.forget()


@pytest.fixture
def listing(tmp_path):
    with opened(tmp_path) as made:
        yield made


def until(true, seconds=60.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


def states(listing):
    return {row["run"]: row["state"] for row in listing.summaries()}


def test_a_run_that_only_begins_says_so_and_a_stop_takes_it_away(listing, tmp_path):
    id = listing.start("early", ["train", LIST, "--model", "mlp"])
    assert states(listing) == {id: "starting"}
    with pytest.raises(RunError, match="only beginning"):
        listing.steer(id, commands.Pause())
    listing.steer(id, commands.Stop())
    until(lambda: states(listing) == {})
    assert not (tmp_path / id).exists()


@pytest.mark.slow
def test_a_run_that_ended_and_whose_folder_is_taken_away_is_no_longer_listed(listing, tmp_path):
    id = listing.start("counted", ["train", LIST, "--model", "ngram"])
    until(lambda: states(listing).get(id) == "done")
    shutil.rmtree(tmp_path / id)
    until(lambda: states(listing) == {})
    assert listing.folder(id) is None


@pytest.mark.slow
def test_a_run_whose_folder_is_taken_away_while_it_trains_is_gone_once_it_has_ended(listing, tmp_path):
    settings = ["--set=train.steps=1000000", "--set=model.n_hidden=8"]
    id = listing.start("taken", ["train", LIST, "--model", "mlp", *settings])
    until(lambda: states(listing)[id] == "running")
    until(lambda: shutil.rmtree(tmp_path / id, ignore_errors=True) or not (tmp_path / id).exists())
    assert states(listing) == {id: "damaged"}
    until(lambda: states(listing) == {})


@pytest.mark.slow
def test_a_run_that_cannot_begin_says_why(listing, tmp_path):
    id = listing.start("wrong", ["train", str(tmp_path / "no-list.txt")])
    until(lambda: states(listing) == {id: "failed"})
    (row,) = listing.summaries()
    assert "no-list.txt" in row["said"]


@pytest.mark.skipif(os.name == "nt", reason="links and pipes are made with rights there")
@pytest.mark.parametrize("name", ["metrics.jsonl", "live.jsonl", "watched", "commands.jsonl"])
def test_a_run_folder_in_which_something_leads_elsewhere_is_not_read_on(listing, tmp_path, name):
    folder = create(tmp_path / "plain", {}, {"symbols": ["a"]}).folder
    assert listing.followed("plain") == folder
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(tmp_path.parent / f"outside-{name}")
    assert listing.followed("plain") is None
    (folder / name).unlink()
    os.mkfifo(folder / name)  # whoever opens it waits for ever
    assert listing.followed("plain") is None
    with pytest.raises(Damaged, match="is no plain file"):
        Run(folder)
    assert states(listing) == {"plain": "damaged"}


OPTIONS = {"model": {"n_hidden": 8, "n_embd": 2}, "train": {"steps": 80, "eval_every": 20, "device": "cpu"}}


def broken(folder, *done):
    """A run whose loss is no number any more, because of what was done to it after its first checkpoint."""

    def person(event):
        match event:
            case events.Eval(step=20):
                for command in done:
                    commands.steer(folder, command)

    with pytest.raises(FloatingPointError):
        moreish.train(from_items(made_items(60)), model="mlp", options=OPTIONS, out=folder, watch=person)


@pytest.mark.slow
def test_a_run_whose_loss_was_lost_says_why_ever_after_and_goes_on_from_before(listing, tmp_path):
    broken(tmp_path / "one", commands.Break("F15", 1))
    (row,) = listing.summaries()
    assert (row["state"], row["ready"]) == ("failed", True)
    assert "infinity in one example" in row["said"]
    assert "the checkpoint of step 20, from before that" in row["said"]
    assert "lower learning rate" not in row["said"]
    listing.resume("one")
    until(lambda: listing._started["one"].ended)
    assert states(listing) == {"one": "done"}
    assert listing.summaries()[0]["said"] == ""


def test_a_run_that_lost_its_loss_by_itself_is_told_to_learn_more_slowly(listing, tmp_path):
    run = create(tmp_path / "fast", {}, {"symbols": ["a"]})
    with run.writing() as writer:
        for step, loss in ((10, 2.0), (20, None)):
            writer.append(events.to_record(events.Step(step, loss, 3.0, 100, 0.1, 0.5)))
    (row,) = listing.summaries()
    assert row["state"] == "failed"
    assert row["said"] == "the loss was no number any more at step 20: try a lower learning rate than 3"


def test_what_was_taken_back_is_not_why_and_what_is_in_the_checkpoint_is_said(listing, tmp_path):
    run = create(tmp_path / "twice", {}, {"symbols": ["a"]})
    with run.writing() as writer:
        for event in (
            events.Intervention(5, 5, "break", "broken: one thing", "F15"),
            events.Intervention(6, 6, "undo", "taken back"),
            events.Intervention(7, 7, "lr", "the learning rate times 9"),
        ):
            writer.append(events.to_record(event))
        writer.save(15, {})
        writer.append(events.to_record(events.Step(20, None, 3.0, 100, 0.1, 0.5)))
    (row,) = listing.summaries()
    assert "the learning rate times 9" in row["said"]
    assert "one thing" not in row["said"]
    assert "still in it" in row["said"]


@pytest.mark.slow
@pytest.mark.parametrize(("keep", "what"), [(0, "is empty"), (0.5, "was cut off at byte"), (1, "was changed")])
def test_a_run_whose_records_are_not_whole_is_damaged_and_says_how(listing, tmp_path, keep, what):
    options = {"model": {"n_hidden": 8, "n_embd": 4}, "train": {"steps": 20, "batch_size": 8, "device": "cpu"}}
    moreish.train(from_items(made_items(60)), model="mlp", options=options, out=tmp_path / "one")
    (row,) = listing.summaries()
    assert (row["state"], row["said"]) == ("done", "")
    records = tmp_path / "one" / "metrics.jsonl"
    data = records.read_bytes()
    records.write_bytes(data[: int(keep * len(data))] if keep < 1 else data.replace(b'"step":', b'"spet":', 1))
    (row,) = listing.summaries()
    assert (row["state"], row["ready"]) == ("damaged", True)
    assert f"metrics.jsonl {what}" in row["said"]


LONG = {"model": {"n_hidden": 8, "n_embd": 2}, "train": {"steps": 1_000_000, "eval_every": 50, "device": "cpu"}}


@pytest.fixture
def stopped(tmp_path):
    """The folder of a long run that was stopped soon."""
    folder = tmp_path / "one"

    def person(event):
        match event:
            case events.Eval(step=50):
                commands.steer(folder, commands.Stop())

    with pytest.raises(KeyboardInterrupt):
        moreish.train(from_items(made_items(60)), model="mlp", options=LONG, out=folder, watch=person)
    return folder


@pytest.mark.slow
def test_a_run_is_gone_on_with_once_and_whoever_comes_too_late_is_told(listing, stopped):
    assert states(listing) == {"one": "stopped"}
    listing.resume("one")
    assert states(listing) == {"one": "running"}
    with pytest.raises(RunError, match="one is running already"):
        listing.resume("one")
    first = listing._started["one"]
    until(lambda: Run(stopped).running)
    listing.steer("one", commands.Stop())
    until(lambda: first.ended)
    assert states(listing) == {"one": "stopped"}
    assert listing._started["one"] is first


@pytest.mark.slow
def test_of_two_studios_that_go_on_with_one_run_neither_calls_it_failed(listing, stopped, tmp_path):
    with opened(tmp_path) as other:
        neither_calls_it_failed(listing, other, stopped)


def neither_calls_it_failed(listing, other, stopped):
    for each in (listing, other):
        each.resume("one")
    processes = [each._started["one"] for each in (listing, other)]
    found = set()

    def one_ended():
        found.update(state for each in (listing, other) for state in states(each).values())
        return any(process.ended for process in processes)

    until(one_ended)
    until(lambda: Run(stopped).running)
    for each in (listing, other):
        assert states(each) == {"one": "running"}
    listing.steer("one", commands.Stop())
    until(lambda: all(process.ended for process in processes))
    for each in (listing, other):
        assert states(each) == {"one": "stopped"}
    assert found == {"running"}


def steps_of(folder):
    return [event.step for event in events.of_kind(Run(folder).events(), events.Step)]


@pytest.mark.slow
@pytest.mark.parametrize("command", [commands.Stop(), commands.Pause()])
def test_what_is_wanted_while_a_run_loads_again_is_done_and_what_was_before_is_not(listing, stopped, command):
    commands.steer(stopped, commands.Break("F15", 1))  # while nobody trained it
    listing.resume("one")
    listing.steer("one", command)
    if isinstance(command, commands.Stop):
        until(lambda: listing._started["one"].ended)
        assert states(listing) == {"one": "stopped"}
        assert Run(stopped).steps()[-1] < 60
    else:
        until(lambda: [*events.of_kind(Run(stopped).events(), events.Paused)])
        assert steps_of(stopped)[-1] < 60
    done = [event.kind for event in events.of_kind(Run(stopped).events(), events.Intervention)]
    assert "break" not in done


@pytest.mark.slow
def test_what_is_wanted_of_a_new_run_before_its_first_step_is_done(listing, tmp_path):
    settings = ["--set=train.steps=1000000", "--set=model.n_hidden=8"]
    id = listing.start("new", ["train", LIST, "--model", "mlp", *settings])
    until(lambda: states(listing)[id] == "running")
    listing.steer(id, commands.Stop())
    until(lambda: listing._started[id].ended)
    assert Run(tmp_path / id).steps()[-1] < 20


@pytest.mark.parametrize("keep", [0, 0.5])
def test_a_run_whose_records_are_damaged_is_not_gone_on_with_and_keeps_every_byte(listing, stopped, keep):
    records = stopped / "metrics.jsonl"
    left = records.read_bytes()[: int(keep * records.stat().st_size)]
    records.write_bytes(left)
    with pytest.raises(RunError, match=r"one cannot go on: metrics\.jsonl (is empty|was cut off at byte)"):
        listing.resume("one")
    with pytest.raises(RunError, match=r"metrics\.jsonl is damaged before byte"):
        moreish.resume(stopped)
    assert records.read_bytes() == left


@pytest.mark.slow
def test_what_a_run_told_after_its_checkpoint_is_kept_aside_and_said(listing, stopped):
    records = stopped / "metrics.jsonl"
    whole = records.read_bytes()
    records.write_bytes(whole[:-7])
    shutil.rmtree(stopped / "checkpoints")
    (stopped / "checkpoints").mkdir()
    count = sum(b'"kind": "stop"' not in line for line in whole.splitlines())
    said = listing.resume("one")
    assert said == (
        f"{count - 1} records and 1 damaged line from before any checkpoint are kept in dropped.jsonl: "
        "it is trained from the beginning"
    )
    until(lambda: Run(stopped).running and steps_of(stopped))
    assert listing.summaries()[0]["said"] == said
    assert (stopped / "dropped.jsonl").read_bytes().partition(b"\n")[2] == whole[:-7] + b"\n"


@pytest.mark.slow
def test_going_on_with_a_run_that_was_stopped_is_nothing_to_speak_of(listing, stopped):
    assert listing.resume("one") == ""
