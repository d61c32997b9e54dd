"""The command line: every command on good input, and one clear sentence with exit code 2 for bad input."""

import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from moreish.cli.show import in_words
from moreish.runs import commands
from moreish.runs.folder import Run
from tests.support.disks import small_disk
from tests.support.systems import needs_signals

ENV = os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "100"}


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


# ---- every command does its job ----


def test_more_prints_one_item_a_line(moreish):
    code, out, err = moreish("more", "list-ngram-1", "-n", 7, "--seed", 1)
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 7
    assert moreish("more", "list-ngram-1", "-n", 7, "--seed", 1)[1] == out
    assert moreish("more", "list-ngram-1", "-n", 7, "--seed", 2)[1] != out


@pytest.mark.slow
def test_more_from_a_list_counts_and_keeps_nothing(moreish, folder):
    before = sorted(folder.rglob("*"))
    code, out, _ = moreish("more", "list.txt", "-n", 5)
    assert (code, len(out.splitlines())) == (0, 5)
    assert sorted(folder.rglob("*")) == before


def test_more_as_json_and_csv_names_what_is_known(moreish, folder):
    _, out, _ = moreish("more", "list-ngram-1", "-n", 30, "--json", "--seed", 0)
    items = set((folder / "list.txt").read_text().split())
    for item in lines_of(out):
        assert set(item) == {"item", "logprob", "known", "nearest", "distance"}
        assert (item["known"] == "new") == (item["item"] not in items)
    _, csv, _ = moreish("more", "list-ngram-1", "-n", 30, "--format", "csv", "--seed", 0)
    assert csv.splitlines()[0] == "item,logprob,known,nearest,distance"
    assert [row.split(",")[0] for row in csv.splitlines()[1:]] == [item["item"] for item in lines_of(out)]


def test_more_new_only_and_starts_with(moreish, folder):
    _, out, _ = moreish("more", "list-gru-1", "-n", 20, "--new-only", "--starts-with", "ka", "--seed", 0)
    items = set((folder / "list.txt").read_text().split())
    assert all(item.startswith("ka") and item not in items for item in out.split())


@pytest.mark.slow
def test_score_reads_items_from_the_command_line_and_from_standard_input(moreish, monkeypatch, folder):
    _, out, _ = moreish("score", "list-ngram-1", "kalo", "mi", "--json")
    first, second = lines_of(out)
    assert [s["symbol"] for s in first["symbols"]] == ["k", "a", "l", "o", ""]
    assert first["loss"] == pytest.approx(-sum(s["logprob"] for s in first["symbols"]) / 5, abs=1e-6)
    assert second["item"] == "mi"
    piped = subprocess.run(
        [sys.executable, "-m", "moreish", "score", "list-ngram-1", "--json"],
        input="kalo\n\nmi\n", cwd=folder, capture_output=True, text=True, env=ENV, check=True,
    )  # fmt: skip
    assert piped.stdout == out


def test_score_shows_where_an_item_surprises(moreish):
    code, out, _ = moreish("score", "list-ngram-1", "kalovu")
    assert code == 0
    assert out.count("the surprise") == 1
    assert "end" in out


def test_neighbours_are_named_nearest_first(moreish):
    code, out, _ = moreish("neighbours", "list-gru-1", "a", "k", "-n", "3", "--json")
    assert code == 0
    for asked, line in zip("ak", lines_of(out), strict=True):
        cosines = [found["cosine"] for found in line["neighbours"]]
        assert line["symbol"] == asked
        assert len(cosines) == 3
        assert cosines == sorted(cosines, reverse=True)
        assert all(-1 <= cosine <= 1 for cosine in cosines)
        assert asked not in [found["symbol"] for found in line["neighbours"]]
    code, shown, _ = moreish("neighbours", "list-gru-1")
    assert (code, shown.count("cosine")) == (0, 5)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["list-ngram-1", "a"], "only a network has embeddings"),
        (["list-gru-1", "ka"], '"ka" is 2 symbols'),
        (["list-gru-1", "a", "-n", "0"], "at least 1"),
    ],
)
def test_neighbours_that_there_are_not_are_a_sentence(moreish, words, sentence):
    code, _, err = moreish("neighbours", *words)
    assert code == 2
    assert sentence in err


def test_evaluate_stands_beside_the_baselines(moreish):
    _, out, _ = moreish("evaluate", "list-gru-1", "--json")
    result = json.loads(out)
    assert list(result) == ["on", "loss", "perplexity", "symbols", "items", "baselines", "remembered"]
    assert " of what it makes stands in the list" in result["remembered"]["sentence"]
    assert list(result["baselines"]) == ["uniform", "unigram", "bigram", "ngram"]
    code, shown, _ = moreish("evaluate", "list-gru-1", "--on", "test")
    assert code == 0
    assert "this run" in shown


def test_evaluate_on_another_list(moreish, folder):
    (folder / "other.txt").write_text("kalo\nmika\n")
    result = json.loads(moreish("evaluate", "list-ngram-1", "--on", "other.txt", "--json")[1])
    assert (result["items"], result["symbols"]) == (2, 10)
    (folder / "strange.txt").write_text("kalo\nzz!\n")
    code, out, err = moreish("evaluate", "list-ngram-1", "--on", "strange.txt")
    assert (code, out) == (2, "")
    assert "'!', 'z', which the list of list-ngram-1 never has" in err


def test_runs_and_compare_list_what_there_is(moreish):
    named = {row["run"]: row for row in lines_of(moreish("runs", "--json")[1])}
    assert named["list-gru-1"]["finished"]
    assert named["list-gru-1"]["model"] == "gru"
    _, out, _ = moreish("compare", "list-ngram-1", "list-gru-1")
    assert "model.name" in out
    assert "unigram" in out
    (first, second) = lines_of(moreish("compare", "list-ngram-1", "list-gru-1", "--json")[1])
    assert first["baselines"] == second["baselines"]


def test_mix_makes_a_run(moreish):
    code, out, _ = moreish("mix", "list-ngram-1", "list-gru-1", "--json")
    assert code == 0
    done = json.loads(out)
    assert done["event"] == "done"
    assert moreish("more", done["run"], "-n", 2)[0] == 0


def test_inspect_reports_as_a_page_and_as_json(moreish, folder):
    (folder / "odd.txt").write_text("abc\nabc\n a\u202eb \n\nxyz\n")
    code, page, err = moreish("inspect", "odd.txt")
    assert code == 0
    assert "duplicates" in page
    assert "\u202e" not in page + err, "a control character never reaches the terminal"
    report = json.loads(moreish("inspect", "odd.txt", "--json")[1])
    assert {"items", "unique", "symbols", "longest", "dropped", "suspicious"} <= set(report)
    assert (report["items"], report["unique"]) == (4, 3)
    assert report["suspicious"][0]["lines"] == [3]


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("abc", "of 3 symbols in 1 line"),
        ("ab\n", "of 3 symbols in 1 line"),
        ("a\r\nb\n\nc", "of 6 symbols in 4 lines"),
    ],
)
def test_a_running_text_is_inspected_as_one_and_not_as_an_item(moreish, folder, text, facts):
    (folder / "text.txt").write_text(text, encoding="utf-8", newline="")
    code, page, err = moreish("inspect", "--text", "text.txt")
    assert code == 0, err
    assert facts in page
    assert not re.search("items|duplicates|length", page)
    assert json.loads(moreish("inspect", "--text", "text.txt", "--json")[1])["lines"] == int(facts.split()[-2])


@pytest.mark.slow
def test_lists_are_all_there_and_each_can_be_made_more_of(moreish):
    entries = lines_of(moreish("lists", "--json")[1])
    assert {e["name"] for e in entries} >= {"names", "words", "towns", "dinosaurs", "minerals", "hindi"}
    for entry in entries:
        assert len(moreish("more", entry["name"], "-n", 2)[1].splitlines()) == 2


@pytest.mark.slow
def test_plot_draws_png_and_svg(moreish, folder):
    assert moreish("plot", "list-gru-1")[1].strip() == "list-gru-1.png"
    assert (folder / "list-gru-1.png").read_bytes().startswith(b"\x89PNG")
    moreish("plot", "list-gru-1", "--to", "curve.svg")
    assert "</svg>" in (folder / "curve.svg").read_text()
    code, _, err = moreish("plot", "list-gru-1", "--to", "curve.docx")
    assert (code, "has to end in .png" in err) == (2, True)
    code, _, err = moreish("plot", "list-ngram-1")
    assert (code, "no loss curve: it was made by counting" in err) == (2, True)


@pytest.mark.parametrize("what", ["embedding", "pairs", "contexts"])
def test_plot_draws_what_a_model_knows(what, moreish, folder):
    assert moreish("plot", "list-gru-1", "--what", what, "--to", f"{what}.png")[0] == 0
    assert (folder / f"{what}.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_find_lr_suggests_a_rate_with_its_reason(moreish, folder):
    arguments = ["find-lr", "list.txt", "--steps", 60, "--seeds", 2, "--to", "lr.svg"]
    code, out, err = moreish(*arguments)
    assert code == 0
    assert 1e-3 < float(out) < 3
    assert "the loss falls from" in err
    assert "</svg>" in (folder / "lr.svg").read_text()
    found = json.loads(moreish(*arguments, "--json")[1])
    assert found["lr"] == pytest.approx(float(out), rel=0.01)


def test_a_run_that_is_to_be_compared_and_is_not_there_is_an_error(moreish):
    code, out, err = moreish("compare", "list-ngram-1", "nosuch")
    assert code != 0
    assert not out
    assert 'there is no run "nosuch"' in err


@pytest.mark.parametrize(
    ("loss", "among"),
    [
        (2.0, "7.4"),
        (9.0, "8,103"),
        (16.0, "millions of"),
        (35.5, "countless"),
        (1e9, "countless"),
        (math.inf, "countless"),
    ],
)
def test_large_choices_are_said_with_commas_or_in_words(loss, among):
    assert in_words(loss) == f"as unsure as among {among} equally likely symbols"


def test_check_backward_compares_every_parameter(moreish):
    code, out, _ = moreish("check-backward", "lecture-mlp", "--on", "list.txt", "--json")
    rows = lines_of(out)
    assert code == 0
    assert {"wte.weight", "head.0.weight"} <= {row["name"] for row in rows}
    assert all(row["approximate"] and row["maxdiff"] < 1e-6 for row in rows)
    code, _, err = moreish("check-backward", "ngram", "--on", "list.txt")
    assert (code, "there is no gradient to check" in err) == (2, True)


SICK = """
import torch
net = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 4), torch.nn.Softmax(1))
optimizer = torch.optim.SGD(net.parameters(), 0.1)
x = torch.randn(64, 8)
for _ in range(60):
    loss = torch.nn.functional.cross_entropy(net(x), x[:, :4].argmax(1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("trained")
"""


@pytest.mark.slow
def test_doctor_names_what_is_wrong_with_a_script(moreish, folder):
    (folder / "sick.py").write_text(SICK)
    code, out, _ = moreish("doctor", "sick.py")
    assert code == 0
    assert "trained" in out
    assert "F38 double-softmax: softmax before cross-entropy" in out
    code, out, err = moreish("doctor", "sick.py", "--fail-on", "sick", "--json", "--html", "report.html")
    assert code == 1
    assert json.loads(out)["findings"][0]["id"] == "F38"
    assert "sick: " in err
    assert "</html>" in (folder / "report.html").read_text()
    assert moreish("doctor", "sick.py", "--fail-on", "double-softmax")[0] == 1
    assert moreish("doctor", "sick.py", "--fail-on", "F16")[0] == 0
    code, out, err = moreish("doctor", "sick.py", "--fail-on", "soft")
    assert (code, out, "there is no finding soft; " in err) == (2, "", True)
    (folder / "broken.py").write_text("1 / 0")
    code, out, err = moreish("doctor", "broken.py", "--fail-on", "sick")
    assert (code, "nothing to watch" in out) == (1, True)
    assert err.endswith(
        'broken.py", line 1, in <module>\n    1 / 0\n    ~~^~~\nZeroDivisionError: division by zero\n'
    )


def test_doctor_of_a_run_watches_its_network_once_more(moreish):
    code, out, _ = moreish("doctor", "list-gru-1", "--json")
    assert code == 0
    assert [f for f in json.loads(out)["findings"] if f["severity"] == "sick"] == []
    code, _, err = moreish("doctor", "list-ngram-1")
    assert (code, "there is no network to watch" in err) == (2, True)


@pytest.mark.slow
def test_a_doctor_attends_a_training_and_its_findings_stay_with_the_run(moreish, monkeypatch):
    loud = ["--model", "mlp", "--steps", "30", "--set", "model.head_std=3", "--doctor"]
    code, out, err = moreish("train", "list.txt", *loud, "--out", "loud")
    assert code == 0
    assert out.startswith("loud: val loss")
    said = err.splitlines()
    first = r"step \d+, sick: F01 over-confident-start head.0\. The first loss is"
    assert any(re.match(first, line) for line in said), err
    assert "mlp (1): 1 finding" in err
    assert "Do: " in err
    monkeypatch.setattr("moreish.training.loop.train", lambda *_: pytest.fail("nothing is trained again"))
    code, out, _ = moreish("doctor", "loud", "--html", "loud.html")
    assert (code, out.startswith("1 finding (30 steps")) == (0, True)
    assert "Updates, relative to the weights, by layer" in Path("loud.html").read_text(encoding="utf-8")
    code, out, err = moreish("doctor", "loud", "--json", "--fail-on", "sick")
    assert (code, json.loads(out)["findings"][0]["id"]) == (1, "F01")


def test_a_doctor_without_a_network_is_refused(moreish):
    code, _, err = moreish("train", "list.txt", "--model", "ngram", "--doctor", "--out", "counted-only")
    assert (code, "--doctor is for training a network, and the model ngram only counts" in err) == (2, True)


@pytest.mark.slow
def test_the_main_job_prints_new_items_and_keeps_the_run(moreish, folder):
    code, out, err = moreish("list.txt", "--time-budget", "1s", "-n", 5)
    assert code == 0
    assert len(out.splitlines()) == 5
    assert not set(out.split()) & set((folder / "list.txt").read_text().split())
    kept = re.search(r"kept in (runs/list-quick-\d+); more of them: moreish more (\S+)", err)
    assert kept is not None
    assert moreish("more", kept[2], "-n", 1)[0] == 0


@pytest.mark.slow
def test_the_main_job_as_json_has_nothing_else_on_stdout(moreish):
    code, out, err = moreish("list.txt", "--time-budget", "1s", "-n", 3, "--json")
    *items, done = lines_of(out)
    assert (code, err) == (0, "")
    assert [set(i) for i in items] == [{"item", "logprob", "known", "nearest", "distance"}] * 3
    assert set(done) == {"event", "run", "step", "val_loss"}


def test_a_toml_file_is_laid_under_the_flags(moreish, folder):
    (folder / "small.toml").write_text(
        'seed = 5\n[model]\nname = "mlp"\nn_hidden = 9\n[train]\nsteps = 3\nlr = 0.5\n'
    )
    code, _, _ = moreish(
        "train", "list.txt", "--config", "small.toml", "--lr", 0.25, "--out", "toml", "-q", "--seed", 6
    )
    options = json.loads((folder / "toml" / "config.json").read_text())["options"]["options"]
    assert code == 0
    assert (options["model"]["n_hidden"], options["train"]["steps"], options["train"]["lr"]) == (9, 3, 0.25)


# ---- bad input: one sentence, exit code 2, nothing written ----

BAD = {
    "a missing file": (["nowhere.txt"], "there is no file nowhere.txt"),
    "a name nearly right": (["inspect", "dinosars"], 'did you mean "dinosaurs"?'),
    "a folder": (["train", "adir"], "adir is a folder"),
    "an empty file": (["empty.txt"], "empty.txt is empty"),
    "a binary file": (["binary.bin"], "looks binary"),
    "UTF-16": (["utf16.txt"], "UTF-16"),
    "Latin-1": (["latin1.txt"], "latin1.txt, line 2, byte 4: not UTF-8 (0xE9). If the file is Latin-1, say"),
    "10 MB on one line": (["long.txt"], "long.txt, line 1"),
    "an unknown symbol in the prefix": (["more", "list.txt", "--starts-with", "ka#"], 'the prefix "ka#" has "#"'),
    "an unknown option": (["more", "list.txt", "--frobnicate"], "there is no option --frobnicate"),
    "an unknown setting": (["train", "list.txt", "--set", "train.lrr=1"], 'did you mean "train.lr"?'),
    "a setting out of range": (["train", "list.txt", "--lr", "-1"], "train.lr is -1, but must be more than 0"),
    "an unknown model": (["train", "list.txt", "--model", "gruu"], 'did you mean "gru"?'),
    "an unknown recipe": (["train", "list.txt", "--recipe", "quik"], 'did you mean "quick"?'),
    "an odd length of time": (["list.txt", "--time-budget", "soon"], '"soon" is not a length of time'),
    "an unknown run": (["score", "list-gru-9", "x"], 'there is no run "list-gru-9"'),
    "a word for a number": (["more", "list.txt", "-n", "many"], "many"),
    "a temperature below zero": (["more", "list.txt", "--temperature", "-1"], "temperature is -1"),
    "a broken TOML file": (["train", "list.txt", "--config", "latin1.txt"], "latin1.txt is not TOML"),
    "an unknown public list": (["data", "fetch", "nams"], "names"),
    "a pickle as a run": (["more", "model.pt"], "model.pt is a pickle"),
    "a taken folder": (["train", "list.txt", "--model", "ngram", "--out", "runs/list-gru-1"], "is a run already"),
}  # fmt: skip


@pytest.fixture(scope="module")
def bad_files(folder):
    (folder / "adir").mkdir()
    (folder / "empty.txt").write_bytes(b"")
    (folder / "binary.bin").write_bytes(bytes(range(256)) * 40)
    (folder / "utf16.txt").write_text("emma\nolivia\n", encoding="utf-16")
    (folder / "latin1.txt").write_bytes(b"abc\ncaf\xe9\n")
    (folder / "long.txt").write_bytes(b"a" * 10_000_000)
    (folder / "model.pt").write_bytes(b"\x80\x04N.")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_and_nothing_is_written(case, moreish, bad_files):
    arguments, sentence = BAD[case]
    before = {p: p.stat().st_mtime_ns for p in bad_files.rglob("*")}
    code, out, err = moreish(*arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("moreish: ")
    assert sentence in err
    assert len(err.splitlines()) == 1, err
    assert "Traceback" not in err
    assert {p: p.stat().st_mtime_ns for p in bad_files.rglob("*")} == before


def test_an_error_as_json_is_an_object_on_stderr(moreish, bad_files):
    code, out, err = moreish("inspect", "empty.txt", "--json")
    assert (code, out) == (2, "")
    assert json.loads(err) == {"error": "empty.txt is empty"}


@pytest.mark.slow
def test_a_request_that_cannot_be_met_has_exit_code_1(moreish):
    code, out, err = moreish("more", "list.txt", "-n", 3, "--temperature", 0)
    assert code == 1
    assert len(out.splitlines()) == 1
    assert "only 1 different item came" in err


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["config.json", "vocab.json", "manifest.json", "corpus.safetensors"])
@pytest.mark.parametrize("damage", ["flipped", "missing"])
def test_a_damaged_run_is_refused_by_name(name, damage, moreish, folder, tmp_path):
    import shutil

    broken = tmp_path / "run"
    shutil.copytree(folder / "runs" / "list-gru-1", broken)
    flip(broken / name) if damage == "flipped" else (broken / name).unlink()
    code, out, err = moreish("more", broken, "-n", 2)
    assert (code, out) == (2, "")
    assert name in err or (name == "manifest.json" and "not a run folder" in err)


def test_a_pickle_inside_a_run_is_refused(moreish, folder, tmp_path):
    import shutil

    broken = tmp_path / "run"
    shutil.copytree(folder / "runs" / "list-gru-1", broken)
    (broken / "weights.pt").write_bytes(b"x")
    code, _, err = moreish("more", broken)
    assert (code, "weights.pt may be a pickle" in err) == (2, True)


# ---- the world outside: pipes, signals, disks ----


def spawn(*arguments, cwd, **more):
    return subprocess.Popen(
        [sys.executable, "-m", "moreish", *map(str, arguments)],
        cwd=cwd, env=ENV, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more,
    )  # fmt: skip


@pytest.mark.slow
def test_a_closed_pipe_ends_it_quietly(folder):
    with spawn("more", "list.txt", "-n", 200_000, "--repeats", cwd=folder) as process:
        assert process.stdout.readline().strip()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 0


@pytest.mark.parametrize("arguments", [["inspect", "list.txt"], ["train", "--help"]])
def test_a_pipe_that_is_closed_before_a_table_or_help_is_written_ends_it_quietly(folder, arguments):
    with spawn(*arguments, cwd=folder) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 0


@pytest.mark.slow
@needs_signals
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_training_is_saved_and_can_go_on(folder, tmp_path, number):
    out = tmp_path / "run"
    small = ["--model", "gru", "--set", "model.n_hidden=8", "--steps", 100_000]
    process = spawn("train", folder / "list.txt", *small, "--out", out, cwd=tmp_path)
    metrics = out / "metrics.jsonl"
    deadline = time.monotonic() + 120
    while not (metrics.exists() and '"step"' in metrics.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"interrupted; go on with: moreish train --resume {out}" in err
    again = spawn("more", out, "-n", 2, cwd=tmp_path)
    items, err = again.communicate(timeout=60)
    assert (again.returncode, len(items.splitlines()), err) == (0, 2, "")


@pytest.mark.slow
def test_a_training_hears_what_is_wanted_of_it_while_it_loads(folder, tmp_path):
    out = tmp_path / "run"
    small = ["--model", "gru", "--set", "model.n_hidden=8", "--steps", 100_000]
    for n, arguments in enumerate([["train", folder / "list.txt", *small, "--out", out], ["train", "--resume", out]]):
        process = spawn(*arguments, cwd=tmp_path)
        deadline = time.monotonic() + 120
        while not ((out / "manifest.json").exists() and Run(out).running):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        commands.steer(out, commands.Stop())
        _, err = process.communicate(timeout=60)
        assert (process.returncode, "interrupted; go on with" in err) == (130, True)
        assert Run(out).steps()[-1] < 50 * (n + 1)


@pytest.fixture
def tiny_disk(tmp_path):
    """A disk of 200 kB, where the machine lets us mount one."""
    with small_disk(tmp_path / "disk", "size=200k") as disk:
        yield disk


def test_a_full_disk_is_one_sentence_and_leaves_nothing_behind(moreish, tiny_disk):
    (tiny_disk / "filler").write_bytes(b"x" * 150_000)
    code, out, err = moreish("train", "words", "--model", "ngram", "--out", tiny_disk / "run", "-q")
    assert (code, out) == (2, "")
    assert "no space left on device" in err
    assert [p.name for p in tiny_disk.iterdir()] == ["filler"]


def test_a_read_only_folder_is_one_sentence(moreish, tiny_disk):
    subprocess.run(["mount", "-o", "remount,ro", tiny_disk], check=True)
    code, out, err = moreish("train", "list.txt", "--model", "ngram", "--out", tiny_disk / "run", "-q")
    assert (code, out) == (2, "")
    assert "read-only" in err


def test_the_version_is_that_of_the_package(moreish):
    from moreish import __version__

    assert moreish("--version")[1].strip() == __version__


def test_a_fault_of_ours_is_a_sentence_too(moreish, monkeypatch):
    from moreish.data import bundled

    monkeypatch.setattr(bundled, "LISTS", {"names": None})
    code, _, err = moreish("lists")
    assert code == 1
    assert "a fault in moreish itself (AttributeError" in err


# ---- what people expect ----


def from_standard_input(folder, text, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "moreish", *map(str, arguments)],
        input=text, cwd=folder, capture_output=True, text=True, env=ENV, check=False,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ["-", "--set", "model.name=ngram", "-n", "2"],
        ["inspect", "-"],
        ["train", "-", "--model", "ngram"],
        ["more", "-", "-n", "2"],
        ["more", "-n", "2", "-"],
        ["evaluate", "list-ngram-1", "--on", "-"],
        ["check-backward", "lecture-mlp", "--on", "-", "--json"],
        ["find-lr", "-", "--steps", "20", "--seeds", "1", "--set", "model.n_hidden=8"],
    ],
    ids=" ".join,
)
def test_a_dash_is_standard_input_in_every_command_that_takes_a_file(arguments, folder):
    done = from_standard_input(folder, (folder / "list.txt").read_text(), *arguments)
    assert (done.returncode, done.stdout == "") == (0, False), done.stderr


def test_an_item_that_cannot_be_is_marked_and_the_others_are_scored(moreish):
    code, out, err = moreish("score", "list-ngram-1", "kalo", "k#l?#", "mi", "--json")
    first, impossible, last = lines_of(out)
    assert code == 1
    assert lines_of(out)[::2] == lines_of(moreish("score", "list-ngram-1", "kalo", "mi", "--json")[1])
    assert (first["item"], last["item"]) == ("kalo", "mi")
    assert (impossible["loss"], impossible["logprob"], impossible["unknown"]) == (None, None, ["#", "?"])
    assert [s["symbol"] for s in impossible["symbols"]] == [*"k#l?#", ""]
    assert "1 of 3 items cannot be scored" in json.loads(err)["error"]
    code, out, err = moreish("score", "list-ngram-1", "k#", "kalo")
    assert code == 1
    assert 'k#  impossible: the list never has "#"' in out
    assert out.count("the surprise") == 1
    assert "cannot be scored" in err


def test_standard_input_that_is_no_text_is_a_sentence(folder):
    done = subprocess.run(
        [sys.executable, "-m", "moreish", "score", "list-ngram-1"],
        input=b"kalo\ncaf\xe9\n", cwd=folder, capture_output=True, env=ENV, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith(
        b"moreish: standard input, line 2, byte 4: not UTF-8 (0xE9). If the file is Latin-1"
    )


@pytest.mark.slow
def test_what_is_in_the_list_and_that_torch_is_loading_is_said_before_it_is_loaded(folder, tmp_path):
    code = (
        "import sys\nfrom moreish.cli import show, run\n"
        "said = show.note\n"
        "show.note = lambda s: said(f\"{s} [{'torch' in sys.modules}]\")\n"
        "run(['train', 'list.txt', '--model', 'mlp', '--steps', '2', '--out', sys.argv[1]])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "r"], cwd=folder, capture_output=True, text=True, env=ENV, check=True
    )
    assert "list.txt: 200 items, 14 different symbols [False]\n" in done.stderr
    assert "loading PyTorch [False]\n" in done.stderr


def test_on_a_terminal_the_first_thing_is_what_is_being_done(monkeypatch):
    from io import StringIO

    from rich.console import Console

    from moreish.cli import show

    screen = StringIO()
    monkeypatch.setattr(show, "err", Console(file=screen, force_terminal=True, width=80))
    with show.telling("reading list.txt", quiet=False) as tell:
        assert "reading list.txt" in screen.getvalue()
        tell("loading PyTorch")
    assert "loading PyTorch" in screen.getvalue()
    with show.telling("reading more.txt", quiet=True) as tell:
        tell("nothing")
    assert "more.txt" not in screen.getvalue()
    assert "nothing" not in screen.getvalue()


def test_json_is_read_as_the_list_that_it_is(moreish, folder):
    (folder / "list.json").write_text(json.dumps(["emma", "olivia", "ava"]))
    code, out, _ = moreish("more", "list.json", "-n", "4", "--seed", "0")
    assert code == 0
    assert len(out.splitlines()) == 4
    assert not set("".join(out.split())) - set("emmaoliviaava")


@pytest.mark.slow
def test_several_files_are_one_list_and_each_can_be_a_kind(moreish, folder):
    soft = (f"{a}{b}la" for a in ("mi", "lo", "na", "su") for b in ("na", "la", "lo"))
    hard = (f"{a}{b}rk" for a in ("gr", "kr", "tr", "zr") for b in ("ak", "uk", "ok"))
    (folder / "soft.txt").write_text("\n".join(soft))
    (folder / "hard.txt").write_text("\n".join(hard))
    both = ("more", "soft.txt", "hard.txt", "--by", "file", "-n", "6", "--seed", "0")
    assert all(line.endswith("k") for line in moreish(*both, "--of", "hard", "--ends-with", "k")[1].splitlines())
    of_hard, of_soft = (moreish(*both, "--of", kind)[1] for kind in ("hard", "soft"))
    assert of_hard.count("k") > 3 * of_soft.count("k")
    code, out, _ = moreish(*both, "--of", "hard:0.5,soft:0.5")
    assert (code, len(out.splitlines())) == (0, 6)
    code, _, err = moreish(*both, "--of", "herd")
    assert (code, err.count("\n")) == (2, 1)
    assert 'there is no kind "herd" in soft.txt and hard.txt; did you mean "hard"?' in err


def test_json_is_read(moreish, folder):
    (folder / "list.json").write_text(json.dumps(["emma", "olivia", "ava"]))
    code, out, _ = moreish("inspect", "list.json", "--json")
    assert code == 0
    assert json.loads(out)["read_as"] == ["JSON, 3 rows"]


def test_inspect_shows_what_was_read_the_kinds_and_the_weights(moreish, folder):
    (folder / "g.csv").write_text("name,sex,count\nEmma,F,20355\nAva,F,3\nLiam,M,18342\nNoah,M,18326\n")
    code, page, _ = moreish("inspect", "g.csv", "--by", "sex", "--weight", "count")
    assert code == 0
    assert "CSV, column name of 3 columns" in page
    assert "F         2  " in page
    assert "20,355 (Emma), 57,026 in all" in " ".join(page.split())


def test_several_files_are_one_list_and_each_a_kind(moreish, folder):
    (folder / "elves.txt").write_text("elrond\nlegolas\ngaladriel\n")
    (folder / "dwarves.txt").write_text("gimli\nbalin\ndwalin\n")
    code, out, _ = moreish("inspect", "elves.txt", "dwarves.txt", "--by", "file", "--json")
    report = json.loads(out)
    assert (code, report["source"], report["items"]) == (0, "elves.txt and dwarves.txt", 6)
    assert [(kind["kind"], kind["items"]) for kind in report["kinds"]] == [("dwarves", 3), ("elves", 3)]
    code, out, _ = moreish("train", "elves.txt", "dwarves.txt", "--by", "file", "--model", "ngram", "-q")
    assert (code, out.split(":")[0]) == (0, str(Path("runs") / "elves-dwarves-ngram-1"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ["more", "list-ngram-1", "-n", "2"],
        ["score", "list-ngram-1", "kalo"],
        ["evaluate", "list-ngram-1"],
        ["neighbours", "list-gru-1", "a"],
        ["plot", "list-gru-1", "--to", "quiet.svg"],
        ["mix", "list-ngram-1", "list-gru-1"],
        ["find-lr", "list.txt", "--steps", "20", "--seeds", "1"],
        ["check-backward", "lecture-mlp", "--on", "list.txt"],
        ["train", "list.txt", "--model", "mlp", "--steps", "2"],
        ["list.txt", "--time-budget", "0.3s", "-n", "1"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_quiet_and_json_say_nothing_beside_the_result(arguments, moreish):
    code, out, err = moreish(*arguments, "-q")
    assert (code, err) == (0, "")
    code, out, err = moreish(*arguments, "--json")
    assert (code, err == "" or arguments[0] == "train") == (0, True)  # a training may take hours
    assert lines_of(out)
