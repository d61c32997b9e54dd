"""moreish background: a net of one's own lists is made and used, and what cannot be is refused at once."""

import json
import re

import pytest

from moreish import api as moreish_api
from moreish.background import weights
from tests.support.lists import made_items

SENTENCE = re.compile(r"moreish: [^\n]+\n\Z")


@pytest.fixture
def here(folder, moreish):
    """The folder, with two lists, one that is too short, and a net of the two."""
    if not (folder / "a.txt").exists():
        (folder / "a.txt").write_text("\n".join(made_items(30)) + "\n")
        (folder / "b.txt").write_text("\n".join(item[::-1] + "o" for item in made_items(40)) + "\n")
        (folder / "short.txt").write_text("x\ny\n")
        code, out, err = moreish("background", "a.txt", "b.txt", "--out", "net", "--time-budget", "1s")
        assert (code, out) == (0, "")
        assert "2 lists, 70 items, " in err
        assert "kept in net; use it with: moreish LIST --background net\n" in err
    return folder


@pytest.mark.slow
def test_a_net_of_ones_own_lists_is_kept_and_reads_a_list(here, moreish, tmp_path):
    assert [path.name for path in (here / "net").iterdir()] == [weights.FILE]
    about = weights.about(here / "net")
    assert (about["lists"], about["items"]) == (["a.txt", "b.txt"], 70)
    words = ["a.txt", "--background", "net", "--time-budget", 0, "-n", 4, "--out", tmp_path / "run"]
    code, out, err = moreish(*words)
    assert (code, len(set(out.splitlines()))) == (0, 4)
    assert "cross-validated on 30 items" in err
    options = moreish_api.open_run(tmp_path / "run").config.model.options
    assert (options.weights, options.hash) == ("net", weights.load(here / "net").hash)
    code, out, _ = moreish("more", "a.txt", "--background", "net", "-n", 3)
    assert (code, len(out.splitlines())) == (0, 3)


def test_what_was_made_is_told_as_json(here, moreish, tmp_path):
    words = ["background", "a.txt", "--out", tmp_path / "new" / "net", "--time-budget", "0.5s", "--json"]
    code, out, err = moreish(*words)
    assert (code, err) == (0, "")
    hash_ = weights.load(tmp_path / "new" / "net").hash
    assert json.loads(out) == {"folder": str(tmp_path / "new" / "net"), "hash": hash_, "lists": 1}


def test_training_goes_on_from_another_net(here, moreish, tmp_path):
    words = ["background", "a.txt", "--from", "net", "--out", tmp_path / "further", "--time-budget", "0.5s"]
    code, out, err = moreish(*words)
    assert (code, out) == (0, "")
    assert "will hardly do" not in err
    before, after = weights.load(here / "net"), weights.load(tmp_path / "further")
    before, after = before.nets[0], after.nets[0]
    assert before.n_hidden == after.n_hidden
    apart = abs(after.bias_hidden - before.bias_hidden).mean()
    assert 0 < apart < abs(before.bias_hidden).mean() / 2, "not the same net, and not one from nothing"


def test_a_list_that_the_net_was_trained_on_is_told_when_it_is_read(here, moreish, tmp_path):
    words = ["--background", "net", "--time-budget", 0, "-n", 2]
    code, _, err = moreish("a.txt", *words, "--out", tmp_path / "seen")
    assert (code, "The background net in net was trained on 100% of these items" in err) == (0, True)
    run = moreish_api.open_run(tmp_path / "seen")
    kept = run.cross_validated
    assert kept.seen == (1.0 if kept.chosen != "counted" else 0.0)
    too_good = "the background net had been trained on 100%" in err
    assert too_good == (kept.chosen != "counted")
    told = json.loads(moreish("evaluate", tmp_path / "seen", "--json")[1]).get("told", [])
    assert [sentence for sentence in told if "had been trained on 100% of these items" in sentence] == told
    assert bool(told) == too_good
    (tmp_path / "new.txt").write_text("\n".join(item[::-1] + "q" for item in made_items(30)) + "\n")
    code, _, err = moreish(tmp_path / "new.txt", *words, "--out", tmp_path / "unseen")
    assert (code, "was trained on" in err) == (0, False)


REFUSED = {
    "no such net": (["a.txt", "--from", "nowhere"], "there is no background net in nowhere"),
    "no lists": ([], "which lists? moreish background FILE FILE ... --out FOLDER"),
    "words": (["a.txt", "--unit", "word"], "learns from lists of letters"),
    "a running text": (["a.txt", "--text"], "learns from lists of letters"),
    "no such list": (["a.txt", "nosuch.txt"], "nosuch.txt"),
    "too short": (["short.txt"], "no list has 12 items or more"),
    "no time": (["a.txt", "--time-budget", "0"], "leaves no time to train"),
    "an option of a model": (["a.txt", "--set", "model.order=2"], "model.order is not about how lists are read"),
    "an option of training": (["a.txt", "--set", "train.lr=2"], "train.lr is for training a network"),
    "a seed as a setting": (["a.txt", "--set", "seed=5"], "seed is not about how lists are read"),
    "a file for a folder": (["a.txt", "--out", "b.txt"], "b.txt is a file"),
    "a file on the way": (["a.txt", "--out", "b.txt/net"], "b.txt/net"),
    "a net that is there": (["a.txt", "--out", "net"], "net holds a background net already"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_in_a_sentence_before_any_training(here, moreish, case):
    words, sentence = REFUSED[case]
    words = words if "--time-budget" in words else [*words, "--time-budget", "2s"]
    before = sorted(here.rglob("*"))
    code, out, err = moreish("background", *words, *([] if "--out" in words else ["--out", "deep/new"]))
    assert (code, out) == (2, "")
    assert SENTENCE.fullmatch(err), "what is trained on is told first"
    assert sentence in err
    assert sorted(here.rglob("*")) == before, "nothing is left behind"
