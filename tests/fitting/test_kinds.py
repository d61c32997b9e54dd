"""A list whose items have kinds, through everything: counting, every network, the mixture, the run folder."""

import signal

import numpy as np
import pytest

from moreish import api
from moreish.data import Corpus, Split, from_items
from moreish.inference.evaluate import mean_loss, scores_of
from moreish.inference.network import network_of
from moreish.models import MODELS, build_model, model_class
from moreish.models.kinds import Kinded, one_kind_of
from moreish.options import build
from moreish.recipes import Overrides
from moreish.runs.events import Eval
from moreish.training.loop import batches_for
from moreish.training.options import TrainOptions

SYLLABLES = {"elves": ["la", "lie", "ren", "ae", "thi", "nuv"], "dwarves": ["gr", "um", "bok", "dur", "zha", "k"]}


def items_of_kinds(count: int = 90) -> dict[str, list[str]]:
    rng = np.random.default_rng(0)
    return {
        kind: sorted({"".join(rng.choice(syllables, rng.integers(2, 5))) for _ in range(count)})
        for kind, syllables in SYLLABLES.items()
    }


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    found = items_of_kinds()
    kind_of = {item: k for k, items in enumerate(found.values()) for item in items}
    plain = from_items(kind_of)
    whole = plain.split("all")
    kinds = np.array([kind_of[whole.item(i, plain.vocab)] for i in range(len(whole))], np.uint8)
    counts = [len(plain.split(name)) for name in ("train", "val", "test")]
    with_kinds = Split(whole.ids, whole.offsets, kinds)
    return Corpus(plain.vocab, with_kinds, counts, plain.places, plain.options, plain.report, None, tuple(found))


def fitted(corpus: Corpus, tmp_path, model: str, **train: object) -> api.TrainedRun:
    small = {"n_embd": 8, "n_hidden": 16, "n_layer": 1, "n_head": 2, "block_size": 8}
    sizes = {key: size for key, size in small.items() if key in model_class(model).Options.__dataclass_fields__}
    options = {"model": {"name": model, **sizes}, "train": {"steps": 60, **train}}
    return api.train(corpus, model=model, options=options, out=tmp_path / model)


def test_counting_by_kind_foretells_better_than_counting_all_alike(corpus, tmp_path):
    with_kinds = api.train(corpus, model="ngram", out=tmp_path / "kinds")
    without = api.train(list(corpus), model="ngram", out=tmp_path / "plain")
    assert isinstance(with_kinds.model, Kinded)
    val = corpus.split("val")
    assert mean_loss(with_kinds.model, val) < without.evaluate()["loss"] - 0.05


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in MODELS if name != "wavenet-sliding"])
def test_every_network_learns_kinds_and_comes_back_from_its_folder(name, corpus, tmp_path):
    run = fitted(corpus, tmp_path, name, lr=0.01, batch_size=16, optimizer="adamw")
    assert isinstance(run.model, Kinded)
    opened = api.open_run(run.run.folder)
    val = opened.corpus.split("val")
    assert opened.corpus.kinds == ("elves", "dwarves")
    assert val.kinds is not None
    np.testing.assert_allclose(scores_of(opened.model, val), scores_of(run.model, val), atol=1e-6)
    swapped = Split(val.ids, val.offsets, 1 - val.kinds)
    assert mean_loss(opened.model, val) < mean_loss(opened.model, swapped), "the kind is heeded"


@pytest.mark.parametrize("name", MODELS)
def test_all_kinds_of_a_fresh_network_begin_alike_and_are_the_one_without_kinds(name, corpus):
    options = build(model_class(name).Options, {})
    plain, kinded = (network_of(build_model(name, options, len(corpus.vocab), 3, kinds)) for kinds in (1, 2))
    val = corpus.split("val")
    for each in kinded.of_kind:
        np.testing.assert_allclose(each.score(val.ids, val.offsets), plain.score(val.ids, val.offsets), atol=1e-5)


@pytest.mark.parametrize("name", ["mlp", "gru"])
def test_batches_say_of_which_kind_each_row_is(name, corpus):
    net = build_model(name, build(model_class(name).Options, {}), len(corpus.vocab), 0, 2)
    letters = [{i for i, s in enumerate(corpus.vocab.symbols, 1) if s in "".join(p)} for p in SYLLABLES.values()]
    batches = batches_for(net, corpus.split("train"), TrainOptions(batch_size=8), 0)
    for batch in batches.epoch(0):
        for row, kind in zip(batch.x.reshape(len(batch.x), -1), batch.kinds, strict=True):
            assert set(row.tolist()) - {0} <= letters[kind]


def test_a_net_whose_table_serves_twice_says_that_it_cannot_learn_kinds(corpus, tmp_path):
    with pytest.raises(ValueError, match="Transformer cannot learn kinds"):
        api.train(corpus, model="transformer", options={"model": {"tie": True}}, out=tmp_path / "r")


@pytest.mark.slow
def test_a_mixture_of_kinds_comes_back_from_its_folder(corpus, tmp_path):
    options = {"model": {"name": "mixture", "components": [{"name": "ngram"}, {"name": "gru", "n_hidden": 16}]}}
    run = api.train(corpus, options={**options, "train": {"steps": 40}}, out=tmp_path / "mixed")
    opened = api.open_run(run.run.folder)
    val = opened.corpus.split("val")
    np.testing.assert_allclose(scores_of(opened.model, val), scores_of(run.model, val), atol=1e-6)
    assert mean_loss(opened.model, val) == pytest.approx(run.done.val_loss, abs=1e-4)


def test_training_that_was_interrupted_goes_on_with_its_kinds(corpus, tmp_path):
    overrides = Overrides(flags={"model": {"name": "gru", "n_hidden": 16}, "train": {"steps": 40, "eval_every": 20}})
    whole = api.fit(api.prepare(api.TrainRequest(corpus, None, overrides, tmp_path / "whole")))

    def stop(event: object) -> None:
        if isinstance(event, Eval) and event.step == 20:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(api.Interrupted):
        api.fit(api.prepare(api.TrainRequest(corpus, None, overrides, tmp_path / "cut")), stop)
    resumed = api.resume(tmp_path / "cut")
    val = corpus.split("val")
    assert (scores_of(resumed.model, val) == scores_of(whole.model, val)).all()
    assert isinstance(one_kind_of(resumed.model), type(one_kind_of(whole.model)))
