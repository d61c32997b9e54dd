"""The listing: runs that only begin, runs whose folder is taken away, and run folders that lead elsewhere."""

import os
import shutil
import time

import pytest

from moreish.data.bundled import BUNDLED
from moreish.errors import Damaged, RunError
from moreish.runs import commands
from moreish.runs.folder import Run, create
from moreish.studio.listing import Listing

LIST = str(BUNDLED / "minerals.txt")


@pytest.fixture
def listing(tmp_path):
    made = Listing(tmp_path)
    yield made
    made.close()


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


def test_a_run_that_ended_and_whose_folder_is_taken_away_is_no_longer_listed(listing, tmp_path):
    id = listing.start("counted", ["train", LIST, "--model", "ngram"])
    until(lambda: states(listing).get(id) == "done")
    shutil.rmtree(tmp_path / id)
    until(lambda: states(listing) == {})
    assert listing.folder(id) is None


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
