"""Going on from a run on another list: what was learned is there, new symbols and kinds are added."""

import numpy as np
import pytest

from moreish import api
from moreish.data import from_items
from moreish.data.extend import extended, ids_in, united
from moreish.errors import RunError
from moreish.inference.evaluate import mean_loss
from moreish.inference.network import network_of
from moreish.models import MODELS, build_model, model_class
from moreish.models.inherit import inherit
from moreish.options import build
from tests.support.lists import made_items

OLD = made_items(400)
NEW = [f"{item}x" for item in made_items(90)[30:]] + ["zaza", "zuzu", "zozo"]


@pytest.fixture(scope="module")
def gru(tmp_path_factory):
    options = {"model": {"n_hidden": 24, "n_embd": 12}, "train": {"steps": 150, "lr": 0.01}}
    return api.train(OLD, model="gru", options=options, out=tmp_path_factory.mktemp("old") / "gru")


def test_a_list_gets_the_symbols_of_the_other_and_its_items_stay():
    old, new = from_items(OLD), from_items(NEW)
    both = extended(new, old)
    assert list(both) == list(new)
    assert both.vocab.symbols == tuple(sorted({*"".join(OLD), *"".join(NEW)}))
    assert [both.split(name).n_predicted for name in ("train", "val", "test")] == [
        new.split(name).n_predicted for name in ("train", "val", "test")
    ]
    assert all(both.where(item) == new.where(item) for item in NEW)
    ids = ids_in(old.vocab, both.vocab)
    assert [i for i in ids if i >= 0] == list(range(len(old.vocab)))
    assert {both.vocab.symbols[i - 1] for i in np.flatnonzero(ids < 0)} == set("xz") - set("".join(OLD))


def test_lists_that_mean_something_else_by_a_symbol_are_refused():
    with pytest.raises(ValueError, match="different symbols"):
        extended(from_items(["ab"], build(type(from_items(["a"]).options), {"unit": "grapheme"})), from_items(["ab"]))
    assert united(from_items(["ab"]).vocab, from_items(["bc"]).vocab).symbols == ("a", "b", "c")


@pytest.mark.parametrize("name", [name for name in MODELS if name != "wavenet-sliding"])
def test_a_network_foretells_old_items_as_the_one_that_it_begins_from(name):
    old, new = from_items(OLD[:50]), from_items(["kalozz", "xyz"])
    both = extended(new, old)
    options = build(model_class(name).Options, {})
    learned = build_model(name, options, len(old.vocab), 1)
    fresh = build_model(name, options, len(both.vocab), 2)
    inherit(fresh, learned.state_dict(), ids_in(old.vocab, both.vocab), np.zeros(1, np.int64))
    ids, there = (np.array([0, *each.vocab.encode("kalo"), 0], np.uint8) for each in (old, both))
    offsets = np.array([0, len(ids) - 1])
    _, rows = network_of(learned.eval()).start(1)
    _, wider = network_of(fresh.eval()).start(1)
    known = np.flatnonzero(ids_in(old.vocab, both.vocab) >= 0)
    among_known = wider[0, known] - np.logaddexp.reduce(wider[0, known])
    np.testing.assert_allclose(among_known, rows[0], atol=1e-5)
    assert np.isfinite(network_of(fresh).score(there, offsets)).all()
    assert np.isfinite(network_of(learned).score(ids, offsets)).all()


def test_a_new_kind_begins_as_the_mean_of_the_kinds():
    options = build(model_class("gru").Options, {})
    learned = build_model("gru", options, 5, 1, kinds=2)
    with_rows = learned.state_dict()["wte.weight"]
    with_rows[5:] += 1.0
    fresh = build_model("gru", options, 5, 2, kinds=3)
    inherit(fresh, learned.state_dict(), np.arange(5), np.array([0, 1, -1]))
    table = fresh.state_dict()["wte.weight"].view(3, 5, -1)
    np.testing.assert_allclose(table[2], table[:2].mean(0), atol=1e-6)


@pytest.mark.slow
def test_few_steps_on_a_new_list_are_worth_more_after_a_run_than_from_nothing(gru, tmp_path):
    few = {"train": {"steps": 10}}
    after = api.train(NEW, begin_from=gru.run.folder, options=few, out=tmp_path / "after")
    plain = {"model": {"n_hidden": 24, "n_embd": 12}, "train": {"steps": 10, "lr": 0.01}}
    alone = api.train(NEW, model="gru", options=plain, out=tmp_path / "alone")
    val = alone.corpus.split("val")
    assert mean_loss(after.model, after.corpus.split("val")) < mean_loss(alone.model, val) - 0.2
    opened = api.open_run(after.run.folder)
    assert opened.score("zaza")[0].score.logprob == pytest.approx(after.score("zaza")[0].score.logprob, abs=1e-5)
    assert opened.run.config["source"]["from"]["digest"] == gru.digest


def test_an_ngram_that_goes_on_backs_off_to_both_lists(tmp_path):
    everything = made_items(800)
    old = api.train(everything[::2], model="ngram", out=tmp_path / "old")
    few, others = [*everything[1::16], "zaza"], everything[3::8]
    after = api.train(few, begin_from=old.run.folder, out=tmp_path / "after")
    alone = api.train(few, model="ngram", out=tmp_path / "alone")
    loss = after.evaluate(others)["loss"]
    assert loss < alone.evaluate(others)["loss"] - 0.05
    opened = api.open_run(tmp_path / "after")
    assert opened.evaluate(others)["loss"] == pytest.approx(loss, abs=1e-6)
    assert opened.more(5, seed=0, starts_with="z")


@pytest.mark.slow
def test_what_cannot_go_on_is_a_sentence(gru, tmp_path):
    with pytest.raises(ValueError, match="is to keep its model"):
        api.train(NEW, model="mlp", begin_from=gru.run.folder, out=tmp_path / "a")
    few = api.train(OLD[:20], out=tmp_path / "few", options={"train": {"time_budget": 0}})
    with pytest.raises(ValueError, match="give both lists at once"):
        api.train(NEW, begin_from=few.run.folder, out=tmp_path / "b")
    with pytest.raises(RunError, match="there is no run"):
        api.train(NEW, begin_from=tmp_path / "nowhere", out=tmp_path / "c")
    assert not (tmp_path / "a").exists()
