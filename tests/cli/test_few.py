"""Few items on the command line: items at once, the sentence of cross-validation, and what cannot be, refused."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

from moreish import api as moreish_api
from moreish.background import weights
from moreish.cli.evaluate import ROWS
from moreish.cli.panel import BLENDS, Panel, print_line, validated_words
from moreish.runs import events, manifest
from moreish.runs.checkpoint import dump_tensors, load_tensors
from moreish.runs.files import Files
from tests.support.few import DISHES
from tests.support.lists import made_items
from tests.support.systems import needs_signals

ENV = os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "100"}
SENTENCE = re.compile(r"moreish: [^\n]+\n\Z")

# The words of a command, then whether torch is there when it is over.
WITHOUT = """
import sys
from moreish.cli import run
code = run(sys.argv[1:])
assert "torch" not in sys.modules, "torch was loaded"
raise SystemExit(code)
"""


@pytest.fixture
def here(folder, moreish, monkeypatch):
    """The folder, with a short list and one run of it that was only read."""
    path = folder / "few.txt"
    if not path.exists():
        path.write_text("\n".join(made_items(25)) + "\n")
        assert moreish("few.txt", "--time-budget", 0, "--out", "few-read", "-q")[0] == 0
    return folder


def alone(folder, *words):
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, *words], cwd=folder, env=ENV, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", [["few.txt", "--time-budget", "0"], ["more", "few.txt"]], ids=["the whole job", "more"]
)
def test_a_short_list_is_read_without_torch(here, words, tmp_path):
    kept = ["--out", str(tmp_path / "run")] if words[0] != "more" else []
    done = alone(here, *words, "-n", "9", *kept)
    assert done.returncode == 0, done.stderr
    assert len(set(done.stdout.splitlines())) == 9


@pytest.mark.slow
def test_more_from_a_run_that_was_read_needs_no_torch_either(here):
    done = alone(here, "more", "few-read", "-n", "4")
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 4), done.stderr


@pytest.mark.slow
def test_a_seed_among_the_settings_is_the_seed(here, moreish):
    def items(*asked):
        return moreish("more", "few.txt", "--count", 4, "-q", *asked)[1]

    assert (
        items("--set", "seed=3") == items("--seed", 3) == items("--seed", 3, "--set", "seed=4") != items("--seed", 4)
    )


@pytest.mark.slow
def test_the_whole_job_says_first_items_and_how_good_they_are(here, moreish, tmp_path):
    code, out, err = moreish("few.txt", "--time-budget", "0.5s", "-n", 6, "--out", tmp_path / "run")
    assert code == 0
    items = out.splitlines()
    assert len(items) == 6
    assert not set(items) & set(made_items(25))
    assert "first items, before any training: " in err
    assert len(re.findall(r"cross-validated on \d+ items: counting alone \d", err)) == 2, "before and after"
    assert re.search(r"trained on by it \d\.\d+; kept: [a-z ]+, \d\.\d+ ± \d\.\d+", err)
    assert re.search(r"loss on \d+ items, none of which it had seen then: \d\.\d+ ± \d\.\d+ nats a symbol", err)
    flat = " ".join(err.split())
    assert re.search(r"time for [1-9]\d?% of the training that is of use, so .* --time-budget \d+s allows", flat)


@pytest.mark.slow
def test_with_time_for_all_of_the_training_a_seed_makes_the_same_items_and_nothing_is_said(here, moreish, tmp_path):
    (tmp_path / "ten.txt").write_text("\n".join(made_items(10)) + "\n")
    words = [tmp_path / "ten.txt", "--time-budget", "5m", "--seed", 4, "-n", 5]
    done = [moreish(*words, "--out", tmp_path / name) for name in ("one", "other")]
    assert done[0][:2] == done[1][:2]
    assert "of the training that is of use" not in done[0][2]
    found = moreish_api.open_run(tmp_path / "one").cross_validated
    assert found is not None
    assert found.trained == 1


def test_evaluate_says_that_it_was_cross_validation(here, moreish):
    code, out, err = moreish("evaluate", "few-read")
    assert code == 0
    assert "cross-validation: 25 items" in out
    for name, words in ROWS.items():
        assert name == "tuned" or any(line.startswith(name) and words in line for line in out.splitlines()), name
    assert "nats a symbol: how much a symbol surprises" in err
    assert "foretold by models that were made without it" in err
    code, out, _ = moreish("evaluate", "few-read", "--json")
    row = json.loads(out)
    assert (code, row["on"], row["items"]) == (0, "cross-validation", 25)
    assert 0 < row["error"] < row["loss"]
    assert set(row["baselines"]) == {"counted", "read"}


def test_evaluate_on_train_is_no_cross_validation(here, moreish):
    row = json.loads(moreish("evaluate", "few-read", "--on", "train", "--json")[1])
    assert row["on"] == "train"
    assert "error" not in row


def test_without_the_background_net_it_is_as_before(here, moreish, tmp_path):
    code, out, err = moreish(
        "few.txt", "--background", "none", "--time-budget", 1, "-n", 3, "--out", tmp_path / "run"
    )
    assert (code, len(out.splitlines())) == (0, 3)
    assert "cross-validated" not in err
    assert "gru: " in err
    assert moreish_api.open_run(tmp_path / "run").config.model.name == "mixture"


REFUSED = {
    "no such net": (["few.txt", "--background", "/no/such"], "there is no background net in /no/such"),
    "a net that is none": (["few.txt", "--background", "few.txt"], "few.txt holds no background net"),
    "no such net, more": (["more", "few.txt", "--background", "/no/such"], "there is no background net in /no/such"),
    "a net for a network": (["train", "few.txt", "--background", "x", "--model", "gru"], "--background x is for"),
    "a net for words": (["few.txt", "--background", "x", "--unit", "word"], "--background x is for"),
    "a net for a long list": (["more", "names", "--background", "x"], "--background x is for"),
    "a net for counting": (["more", "few.txt", "--background", "x", "--set", "model.order=2"], "--background x is"),
    "a net for a run": (["more", "few-read", "--background", "x"], "few-read is a run"),
    "a net to go on": (
        ["train", "--resume", "few-read", "--background", "x"],
        "--background would change nothing",
    ),
    "no net and a net": (["train", "few.txt", "--model", "background", "--background", "none"], "drop one"),
    "no such net, by name": (
        ["train", "few.txt", "--model", "background", "--background", "/x"],
        "no background net",
    ),
    "no time for a network": (["train", "few.txt", "--time-budget", "0", "--model", "gru"], "gru has to be trained"),
    "no time for a long list": (["names", "--time-budget", "0"], "give it some seconds"),
    "steps for the net": (["train", "few.txt", "--model", "background", "--steps", "3"], "has a training of its own"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_in_a_sentence(here, moreish, case):
    words, sentence = REFUSED[case]
    before = sorted(here.rglob("*"))
    code, out, err = moreish(*words)
    assert (code, out) == (2, "")
    assert SENTENCE.search(err)
    assert sentence in err
    assert sorted(here.rglob("*")) == before


def test_a_net_of_ones_own_is_used(here, moreish, tmp_path):
    net = tmp_path / "net"
    net.mkdir()
    shutil.copy(weights.BUNDLED, net / weights.FILE)
    words = ["few.txt", "--time-budget", 0, "-q", "-n", 5]
    bundled = moreish(*words, "--out", tmp_path / "one")[1]
    assert moreish(*words, "--background", net, "--out", tmp_path / "two")[1] == bundled
    chosen = moreish_api.open_run(tmp_path / "two").config.model.options
    assert (chosen.weights, chosen.hash) == (str(net), weights.load().hash)


def test_a_damaged_tensor_is_refused_in_a_sentence(here, moreish, tmp_path):
    shutil.copytree(here / "few-read", tmp_path / "run")
    (path,) = (tmp_path / "run" / "checkpoints").glob("*/model.safetensors")
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    code, out, err = moreish("more", tmp_path / "run")
    assert (code, out) == (2, "")
    assert SENTENCE.search(err)


def test_tensors_that_do_not_fit_are_refused_in_a_sentence(here, moreish, tmp_path):
    """A file that is whole, in a folder whose hashes are right, and holds something else."""
    shutil.copytree(here / "few-read", tmp_path / "run")
    (path,) = (tmp_path / "run" / "checkpoints").glob("*/model.safetensors")
    tensors = load_tensors(path)
    name = next(name for name in tensors if name.endswith("frequency"))
    path.write_bytes(dump_tensors({**tensors, name: tensors[name][:-1]}))
    _write_hashes_anew(path.parent)
    code, out, err = moreish("more", tmp_path / "run")
    assert (code, out) == (2, "")
    assert SENTENCE.search(err)
    assert "frequency" in err


def _write_hashes_anew(folder):
    contents = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != manifest.MANIFEST}
    for path in list(folder.iterdir()):
        path.unlink()
    manifest.write_sealed(Files(), folder, contents)


def interrupted(folder, items, moment, *options):
    """What `moreish train` of these items says that is sent SIGINT when a line begins with `moment`."""
    (folder / "list.txt").write_text("\n".join(items) + "\n", encoding="utf-8")
    words = [sys.executable, "-m", "moreish", "train", "list.txt", "--out", "run", *options]
    process = subprocess.Popen(words, cwd=folder, env=ENV, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert process.stderr is not None
    said = b""
    for line in process.stderr:
        said += line
        if line.startswith(moment):
            process.send_signal(signal.SIGINT)
            break
    said += process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 130
    assert b"Traceback" not in said
    assert said.endswith(b"go on with: moreish train --resume run\n")
    return said


@pytest.mark.slow
@needs_signals
def test_ctrl_c_while_it_is_trained_on_leaves_a_run_that_goes_on(tmp_path):
    interrupted(tmp_path, DISHES, b"background: ", "--time-budget", "60")
    again = [sys.executable, "-m", "moreish", "train", "--resume", "run", "--json"]
    done = subprocess.run(again, cwd=tmp_path, env=ENV, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["event"] == "done"


@needs_signals
def test_ctrl_c_is_heard_while_what_was_read_is_measured(tmp_path):
    said = interrupted(tmp_path, made_items(500), b"first items")
    assert b"cross-validated" not in said, "it waited for the end of the measuring"


# ---- what the panel and the log say ----


VALIDATED = events.CrossValidated("tuned", 1.25, 0.04, 0.9, 30, 200, {"counted": 2.0, "read": 1.5, "tuned": 1.25}, 8)


def test_the_sentence_of_cross_validation_names_all_blends_and_the_one_that_is_kept():
    assert validated_words(VALIDATED) == (
        "cross-validated on 30 items: counting alone 2.000, having read the list 1.500, trained on by it 1.250; "
        "kept: trained on by it, 1.250 ± 0.040, temperature 0.9"
    )
    assert set(BLENDS) == {"counted", "read", "tuned"}


def test_what_was_not_measured_is_said_to_be_so():
    lacking = events.CrossValidated("counted", None, None, 1.0, 0, 0, {"counted": None}, 0)
    assert validated_words(lacking).endswith("kept: counting alone, not measured")


def test_the_log_has_first_items_and_the_sentence_each_on_a_line(capsys):
    print_line(events.Samples(0, ["anlo", "mi\x1b[2Jka"]))
    print_line(events.Samples(4, ["later"]))
    print_line(events.Samples(0, []))
    print_line(VALIDATED)
    said = capsys.readouterr().err
    assert "first items, before any training: anlo, " in said
    assert "\x1b" not in said
    assert "later" not in said
    assert validated_words(VALIDATED).split(";")[0] in said.replace("\n", " ")


def test_the_panel_shows_first_items_and_the_loss():
    panel = Panel()
    for event in (
        events.Counted(2, None, 0.1),
        events.Samples(0, ["anlo", "kalo"]),
        events.Network(1, 1, "background", 10, 1, 0),
        events.Step(4, 2.0, 0.1, 100, 0.1, 0.5),
        VALIDATED,
    ):
        panel.feed(event)
    shown = "\n".join(line.plain for line in panel.lines())
    assert "anlo  kalo" in shown
    assert "1.250" in shown
    assert "trained on by it 1.250" in shown
    assert panel.progress == 0.5
