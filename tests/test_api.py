"""Training meets the run folder: a run carries all it needs, goes on bit for bit, and can be mixed."""

import json
import math
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import moreish
from moreish import api
from moreish.api import keeping, mixing, preparing
from moreish.data import from_items
from moreish.recipes import Overrides
from moreish.runs import events
from moreish.runs.folder import RunError
from tests.support.lists import made_items

SMALL = {
    "model": {"n_hidden": 8, "n_embd": 4, "dropout": 0.1},
    "train": {"steps": 30, "batch_size": 64, "lr": 0.02, "log_every": 3, "eval_every": 9, "device": "cpu"},
}


def small(corpus, folder, **changes):
    return moreish.train(corpus, model="gru", options=SMALL, seed=1, out=folder, **changes)


@pytest.fixture(scope="module")
def gru_run(corpus, tmp_path_factory):
    return small(corpus, tmp_path_factory.mktemp("runs") / "gru")


@pytest.fixture(scope="module")
def ngram_run(corpus, tmp_path_factory):
    return moreish.train(corpus, model="ngram", out=tmp_path_factory.mktemp("runs") / "ngram")


def curve(run):
    """All records without what differs from one day to the next."""
    return [{k: v for k, v in r.items() if k not in ("seconds", "run")} for r in run.records()]


def tensors(run):
    return run.checkpoint("best").model()


def test_a_run_ends_with_a_record_of_what_it_reached(gru_run):
    last = list(gru_run.run.records())[-1]
    assert set(last) == {"event", "run", "step", "val_loss"}
    assert (last["event"], last["step"]) == ("done", 30)
    assert last["val_loss"] == pytest.approx(gru_run.evaluate("val")["loss"], abs=1e-6)
    assert gru_run.run.finished


@pytest.mark.parametrize("name", ["gru_run", "ngram_run"])
def test_a_run_opened_again_answers_the_same(name, request):
    made = request.getfixturevalue(name)
    again = moreish.open_run(made.run.folder)
    assert list(again.more(20, seed=4)) == made.more(20, seed=4)
    assert [s.per_symbol for s in again.score("kalo", "mi")] == [s.per_symbol for s in made.score("kalo", "mi")]
    assert again.evaluate("test") == made.evaluate("test")
    assert again.config == made.config


def test_the_probabilities_of_an_item_are_given_symbol_by_symbol(ngram_run):
    (scored,) = ngram_run.score("kalo")
    assert [symbol for symbol, _ in scored.per_symbol] == ["k", "a", "l", "o", ""]
    assert scored.score.logprob == pytest.approx(sum(p for _, p in scored.per_symbol), abs=1e-5)


def test_evaluation_names_the_baselines_and_counts_every_symbol(gru_run, corpus):
    result = gru_run.evaluate("val")
    assert list(result["baselines"]) == ["uniform", "unigram", "bigram", "ngram"]
    assert result["baselines"]["uniform"] == pytest.approx(math.log(len(corpus.vocab)))
    assert result["symbols"] == corpus.split("val").n_predicted
    assert result["perplexity"] == pytest.approx(math.exp(result["loss"]))


def test_the_test_part_is_not_looked_at_before_it_is_named(corpus, tmp_path, monkeypatch):
    seen = []
    split = type(corpus).split
    monkeypatch.setattr(type(corpus), "split", lambda self, name: (seen.append(name), split(self, name))[1])
    monkeypatch.setattr(mixing.stored, "to_tensors", lambda c: stored_without_looking(c, split))
    made = small(corpus, tmp_path / "r")
    made.evaluate("val")
    made.more(3, seed=0)
    assert "test" not in seen
    made.evaluate("test")
    assert "test" in seen


def stored_without_looking(corpus, part):
    """The arrays as `stored.to_tensors` gives them; it reads every part to write them down."""
    whole = part(corpus, "all")
    counts = np.array([len(part(corpus, name)) for name in ("train", "val", "test")], np.int64)
    return {"ids": whole.ids, "offsets": whole.offsets, "parts": counts, "places": corpus.places}


@pytest.mark.parametrize("stop_at", [1, 3, 7, 8, 12])
def test_a_run_stopped_anywhere_and_resumed_has_the_same_bytes(corpus, tmp_path, gru_run, stop_at, monkeypatch):
    seen = 0

    def stop(record):
        nonlocal seen
        seen += 1
        if seen == stop_at:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(api.Interrupted) as interrupted:
        small(corpus, tmp_path / "run", watch=stop)
    run = moreish.open_run(interrupted.value.folder).run
    assert not run.finished
    assert len(moreish.open_run(run.folder).more(2, seed=0)) == 2, "what there is can be used already"
    resumed = api.resume(run)
    assert resumed.run.finished
    ours, whole = tensors(resumed.run), tensors(gru_run.run)
    assert all(np.array_equal(ours[k], whole[k]) for k in ours.keys() | whole.keys())
    once = [r for r in curve(resumed.run) if r["event"] not in ("network", "interrupted")]
    assert once == [r for r in curve(gru_run.run) if r["event"] != "network"]


def test_a_finished_run_is_not_resumed(gru_run):
    with pytest.raises(RunError, match="is finished"):
        api.resume(gru_run.run)


def test_another_torch_is_refused_unless_inexact_will_do(corpus, tmp_path, monkeypatch):
    def stop(record):
        if isinstance(record, events.Eval):
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(keeping, "this_machine", lambda: {"torch": "1.0", "processor": "pdp-11", "threads": 1})
    with pytest.raises(api.Interrupted) as interrupted:
        small(corpus, tmp_path / "run", watch=stop)
    monkeypatch.undo()
    with pytest.raises(RunError, match=r"trained with torch 1\.0 .* say inexact=True"):
        api.resume(interrupted.value.folder)
    assert api.resume(interrupted.value.folder, inexact=True).run.finished


def test_training_in_a_thread_works_without_signals(corpus, tmp_path):
    done = []
    worker = threading.Thread(target=lambda: done.append(small(corpus, tmp_path / "r").run.finished))
    worker.start()
    worker.join()
    assert done == [True]


def test_a_run_that_fails_before_its_first_checkpoint_leaves_nothing(corpus, tmp_path):
    options = {
        "model": {"n_hidden": 4},
        "train": {"optimizer": "sgd", "lr": 1e38, "clip": 0, "warmup": 0, "steps": 20, "eval_every": 20},
    }
    with pytest.raises(FloatingPointError, match="lower learning rate"):
        moreish.train(corpus, model="gru", options=options, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_mixture_is_a_run_like_any_other_and_better_than_its_parts(corpus, gru_run, ngram_run, tmp_path):
    mixed = moreish.mix([gru_run, ngram_run], out=tmp_path / "mixed")
    again = moreish.open_run(mixed.run.folder)
    loss = again.evaluate("val")["loss"]
    assert loss <= min(gru_run.evaluate("val")["loss"], ngram_run.evaluate("val")["loss"]) + 1e-6
    assert again.more(5, seed=1) == mixed.more(5, seed=1)
    thrice = moreish.mix([again, gru_run], out=tmp_path / "thrice")
    assert len(thrice.config.model.singles) == 3


def test_runs_of_different_lists_are_not_mixed(ngram_run, tmp_path):
    other = moreish.train(from_items(made_items(299)), model="ngram", out=tmp_path / "other")
    with pytest.raises(ValueError, match="not trained on the same list split in the same way"):
        moreish.mix([ngram_run, other], out=tmp_path / "mixed")
    with pytest.raises(ValueError, match="at least two runs"):
        moreish.mix([ngram_run], out=tmp_path / "mixed")


def test_tensors_that_the_configuration_does_not_imply_are_refused(gru_run, tmp_path):
    from moreish.errors import Damaged
    from moreish.runs.checkpoint import dump_tensors

    arrays = dict(tensors(gru_run.run))
    wrong = {**arrays, "0/head.bias": arrays["0/head.bias"][:-1]}
    from moreish.fitting.serialize import from_tensors

    leaf, size = gru_run.config.model, len(gru_run.vocab)
    with pytest.raises(Damaged, match=r'"head.bias" of the gru is float32 \[14\] .* makes it float32 \[15\]'):
        from_tensors(wrong, {"kind": "network"}, leaf, size)
    for name in arrays:
        fewer = {k: v for k, v in arrays.items() if k != name}
        with pytest.raises(Damaged, match="missing"):
            from_tensors(fewer, {"kind": "network"}, leaf, size)
    with pytest.raises(Damaged, match="belong to no model"):
        from_tensors({**arrays, "1/x": arrays["0/head.bias"]}, {"kind": "network"}, leaf, size)
    with pytest.raises(Damaged, match="does not hold the gru"):
        from_tensors(arrays, {"kind": "ngram"}, leaf, size)
    assert dump_tensors(arrays)


def test_a_damaged_best_checkpoint_is_named_and_an_older_one_serves(corpus, tmp_path):
    made = small(corpus, tmp_path / "run")
    best = made.run.checkpoint("best").folder
    target = best / "model.safetensors"
    data = bytearray(target.read_bytes())
    data[-1] ^= 1
    target.write_bytes(data)
    again = moreish.open_run(made.run.folder)
    assert again.more(2, seed=0)
    assert str(target) in " ".join(again.passed_over)


def test_every_step_and_option_of_a_run_is_json(gru_run):
    for name in ("config.json", "vocab.json", "manifest.json"):
        json.loads((gru_run.run.folder / name).read_text())
    for line in (gru_run.run.folder / "metrics.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))


def test_a_run_can_be_moved_and_copied(gru_run, tmp_path):
    shutil.copytree(gru_run.run.folder, tmp_path / "elsewhere")
    assert moreish.open_run(tmp_path / "elsewhere").more(3, seed=2) == gru_run.more(3, seed=2)


# ---- as anybody would expect ----


@pytest.mark.slow
def test_the_parts_of_moreish_are_there_without_being_imported():
    code = (
        "import sys, moreish\n"
        "assert 'moreish.backprop' not in sys.modules\n"
        "assert moreish.backprop.by_hand and moreish.scalar.Value\n"
        "assert {'train', 'read', 'backprop', 'doctor', '__version__'} <= set(dir(moreish)), dir(moreish)\n"
        "assert all(getattr(moreish, name) is not None for name in dir(moreish))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with pytest.raises(AttributeError, match="no attribute 'frobnicate'"):
        moreish.frobnicate  # noqa: B018


def test_a_list_may_be_given_as_items_as_a_file_or_as_a_name(tmp_path):
    items = made_items(60)
    (tmp_path / "some.txt").write_text("\n".join(items))
    counted = {"model": "ngram", "root": tmp_path / "runs"}
    from_list = moreish.train(items, **counted)
    from_file = moreish.train(tmp_path / "some.txt", **counted)
    from_text = moreish.train(str(tmp_path / "some.txt"), **counted)
    assert list(moreish.read(items)) == list(moreish.read(tmp_path / "some.txt")) == items
    assert from_list.more(5, seed=1) == from_file.more(5, seed=1) == from_text.more(5, seed=1)
    assert [run.run.name for run in (from_list, from_file)] == ["list-ngram-1", "some-ngram-1"]
    assert moreish.train("minerals", **counted).run.name == "minerals-ngram-1"
    assert len(moreish.read(iter(items))) == 60


def test_options_for_reading_a_list_that_was_read_already_are_refused(corpus, tmp_path):
    for options in ({"split": "lecture"}, {"unit": "word"}):
        with pytest.raises(ValueError, match="was read already: give its options"):
            moreish.train(corpus, model="ngram", options={"data": options}, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    with pytest.raises(ValueError, match="was read already"):
        moreish.read(corpus)


def test_what_a_model_would_not_use_is_refused_from_python_too(corpus, tmp_path):
    with pytest.raises(ValueError, match=r"train\.lr is for training a network"):
        moreish.train(corpus, model="ngram", options={"train": {"lr": 1}}, out=tmp_path / "run")
    both = {"train": {"steps": 3, "time_budget": 1}}
    with pytest.raises(ValueError, match=r"train\.steps and train\.time_budget both say"):
        moreish.train(corpus, options=both, out=tmp_path / "run")


def test_the_quick_recipe_without_val_only_counts_from_python_too(tmp_path):
    told = []
    prepared = api.prepare(api.TrainRequest(["emma"], background="none"), told.append)
    assert prepared.config.model.name == "ngram"
    assert told[-1] == preparing.NO_VAL
    assert moreish.train(["emma"], out=tmp_path / "run", background="none").more(1, seed=0)


def test_suggestions_are_new_and_each_once():
    items = made_items(30)
    made = moreish.suggest(items, 5)
    assert len(set(made)) == 5
    assert all(isinstance(item, str) and item for item in made)
    assert not set(made) & set(items)
    assert moreish.suggest(iter(items), 5, seed=4) == moreish.suggest(items, 9, seed=4)[:5]
    assert moreish.suggest(items, 5, seed=4) != moreish.suggest(items, 5, seed=5)
    assert moreish.suggest(items, 0) == []
    assert moreish.suggest(items, 5, temperature=0.4, seed=4) != moreish.suggest(items, 5, seed=4)


def test_a_name_in_place_of_the_items_is_not_taken_for_a_list_of_letters():
    with pytest.raises(ValueError, match="takes a list of texts"):
        moreish.suggest("names", 5)


def test_what_is_no_text_among_the_items_is_named():
    program = "import moreish; moreish.suggest([['a']])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.endswith("ValueError: suggest takes a list of texts, and ['a'] is none\n")


@pytest.mark.slow
def test_suggestions_of_many_threads_are_those_of_one():
    lists = [made_items(count) for count in (12, 20, 28, 36)]
    asked = [(items, seed) for items in lists for seed in range(4)]
    api._heard.cache_clear()
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda each: moreish.suggest(each[0], 6, seed=each[1]), asked * 2))
    assert together == [moreish.suggest(items, 6, seed=seed) for items, seed in asked] * 2


def test_a_list_that_was_listened_to_says_how_well_it_is_foretold():
    heard = moreish.listen(made_items(30))
    assert heard.measured is not None
    assert heard.measured.items == 30
    assert repr(heard).endswith("by cross-validation>")
    assert moreish.listen(["emma", "olivia"]).measured is None
    assert repr(moreish.listen(["emma"])).endswith("not measured>")
    with pytest.raises(ValueError, match="the background net reads lists of letters"):
        moreish.listen(moreish.read(made_items(30), unit="word"))


def test_few_items_may_be_trained_on_without_the_background_net(tmp_path):
    run = moreish.train(made_items(40), background="none", options={"train": {"time_budget": 1}}, out=tmp_path / "r")
    assert [choice.name for choice in run.config.model.singles] == ["ngram", "gru"]
    assert run.cross_validated is None
    assert len(run.corpus.split("val"))


def test_few_items_may_be_trained_on_by_so_many_processes_and_options_that_end_that_are_told(tmp_path):
    told = []

    def config(**train):
        overrides = Overrides(settings={"train": train})
        return api.prepare(api.TrainRequest(made_items(40), overrides=overrides), told.append).config

    assert config(processes=1, time_budget=1).model.name == "background"
    assert not any("background" in sentence for sentence in told)
    assert [choice.name for choice in config(threads=1).model.singles] == ["ngram", "gru"]
    assert any(sentence.startswith("train.threads is for a network") for sentence in told)


def test_items_to_score_may_be_a_list(ngram_run):
    apart = ngram_run.score("kalo", "mi")
    for same in (
        ngram_run.score(["kalo", "mi"]),
        ngram_run.score(iter(["kalo", "mi"])),
        ngram_run.score("kalo", ["mi"]),
    ):
        assert [s.per_symbol for s in same] == [s.per_symbol for s in apart]
    assert ngram_run.score([]) == ngram_run.score() == []


def test_an_item_with_an_unknown_symbol_is_impossible_and_the_others_are_scored(ngram_run):
    first, impossible, last = ngram_run.score("kalo", "k#?#", "mi")
    assert [first.per_symbol, last.per_symbol] == [s.per_symbol for s in ngram_run.score("kalo", "mi")]
    assert (impossible.unknown, first.unknown) == (("#", "?"), ())
    assert (impossible.score.loss, impossible.score.logprob) == (math.inf, -math.inf)
    assert [symbol for symbol, _ in impossible.per_symbol] == [*"k#?#", ""]
    assert "impossible" in repr(impossible)


@pytest.mark.slow
def test_a_number_of_items_that_is_none_is_refused(ngram_run):
    with pytest.raises(ValueError, match="the number of items to make is a whole number from 0 on, not -1"):
        ngram_run.more(-1)
    assert ngram_run.more(0) == []
    code = "import moreish; moreish.count(['ab', 'b']).more(2.5)"  # the tests themselves check types before that
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "is a whole number from 0 on, not 2.5" in done.stderr


def test_a_list_can_be_counted_without_keeping_a_run(corpus, ngram_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    counted = moreish.count(corpus)
    assert counted.more(5, seed=1) == ngram_run.more(5, seed=1)
    assert counted.evaluate("val") == ngram_run.evaluate("val")
    assert moreish.count(made_items(300)).more(5, seed=1) == counted.more(5, seed=1)
    assert list(tmp_path.iterdir()) == []


def test_a_run_can_be_evaluated_on_another_list(ngram_run, tmp_path):
    (tmp_path / "other.txt").write_text("kalo\nmika\n")
    from_file = ngram_run.evaluate(tmp_path / "other.txt")
    assert (from_file["items"], from_file["symbols"]) == (2, 10)
    assert ngram_run.evaluate(["kalo", "mika"])["loss"] == from_file["loss"]
    with pytest.raises(ValueError, match="the list has '!', which the list of ngram never has"):
        ngram_run.evaluate(["kalo!"])


def test_what_is_printed_says_what_it_is(ngram_run, corpus):
    assert repr(ngram_run).startswith(f"<run {ngram_run.run.folder}: ngram, val loss ")
    assert repr(corpus).startswith("<Corpus the list: 300 items of ")
    assert repr(moreish.count(corpus)).startswith("<n-gram of <Corpus the list: 300 items")
    assert repr(ngram_run.score("kalo")[0]).startswith("<'kalo': loss ")
    for thing in (corpus.vocab, corpus.items, corpus.split("val")):
        assert len(repr(thing)) < 100


TEXTS = """
import moreish
for items in (["a", 1], ["a", None], b"abc", None, 5):
    try:
        moreish.read(items)
    except ValueError as error:
        assert "only texts can be items" in str(error) or "a list of texts, a file or the name" in str(error)
    else:
        raise AssertionError(items)
"""


def test_what_is_no_list_of_texts_is_refused_in_a_sentence():
    """In a process of its own: here the tests' type checker would be faster."""
    done = subprocess.run([sys.executable, "-c", TEXTS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_options_of_reading_are_arguments_of_whatever_takes_a_list(tmp_path):
    path = tmp_path / "list.csv"
    rows = [f"{item};{k % 3 + 1}" for k, item in enumerate(made_items(40))]
    path.write_bytes("\n".join(["name;n", *rows, "é;1", "è;1"]).encode("latin-1"))
    options = {"column": "name", "encoding": "latin-1"}
    corpus = moreish.read(path, **options)
    assert list(moreish.count(path, **options).corpus.items) == list(corpus.items)
    assert list(moreish.listen(path, **options).corpus.items) == list(corpus.items)
    run = moreish.train(path, model="ngram", weight="n", out=tmp_path / "run", **options)
    assert run.config.data.weight == "n"
    assert run.evaluate(path, **options)["items"] == len(corpus)
    with pytest.raises(ValueError, match=r'there is no option "colum"; did you mean "column"'):
        moreish.train(path, colum="name", out=tmp_path / "wrong")
    with pytest.raises(ValueError, match='there is no option "colum"; did you mean "column"'):
        moreish.read(path, colum="name")
    with pytest.raises(ValueError, match='column="name" is about another list'):
        run.evaluate(column="name")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sources": "names"}, "several lists"),
        ({"seconds": 0}, "above 0"),
        ({"seconds": "2"}, "above 0"),
        ({"out": __file__}, "is a file"),
    ],
)
def test_a_background_net_that_cannot_be_is_refused_in_a_sentence(tmp_path, given, said):
    with pytest.raises(ValueError, match=said):
        api.background(**{"sources": ["names"], "out": tmp_path / "net", "seconds": 1, **given})
