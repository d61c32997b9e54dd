"""Networks of a population come to what each comes to alone."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from moreish.models import build_model, model_class
from moreish.models.unrolled import unrolled
from moreish.runs import events
from moreish.training.loop import start, train
from moreish.training.options import TrainOptions
from moreish.training.population import Member, train_population

OPTIONS = TrainOptions(steps=24, batch_size=32, log_every=5, eval_every=7)
DIFFERENT = [
    {"lr": 1e-2},
    {"lr": 1e-3, "weight_decay": 0.3, "schedule": "step"},
    {"lr": 3e-2, "clip": 0.01, "betas": (0.5, 0.9)},
    {"lr": 5e-3, "clip": 0.0, "warmup": 0.5, "weight_decay": 0.01, "momentum": 0.9},
]
FAMILIES = {
    "mlp": {"n_hidden": 8, "n_embd": 4, "batch_norm": True},
    "gru": {"n_hidden": 6, "n_embd": 4, "n_layer": 2},
    "lstm": {"n_hidden": 6, "n_embd": 4},
    "transformer": {"n_embd": 8, "n_head": 2, "n_layer": 1, "block_size": 5},
    "wavenet": {"n_hidden": 6, "n_embd": 4, "n_layer": 2},
}


def members(corpus, family, base=OPTIONS, different=DIFFERENT, **options):
    cls = model_class(family).Options
    return [
        Member(
            build_model(family, cls(**{**FAMILIES[family], **options}), len(corpus.vocab), seed),
            replace(base, **own),
            seed,
        )
        for seed, own in enumerate(different)
    ]


def alone(corpus, member):
    state = start(member.module, member.options, member.seed)
    return state, list(train(state, corpus.split("train"), corpus.split("val")))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "change"),
    [
        ("mlp", {}),
        ("mlp", {"optimizer": "sgd", "label_smoothing": 0.1}),
        ("gru", {}),
        ("lstm", {}),
        ("transformer", {"precision": "float64"}),  # the keys' bias has no gradient but rounding
        ("wavenet", {"precision": "float64"}),
    ],
)
def test_each_network_comes_to_what_it_comes_to_alone(corpus, family, change):
    base = replace(OPTIONS, **change)
    together = members(corpus, family, base)
    train_population(together, corpus.split("train"), corpus.split("val"))
    for one, other in zip(together, members(corpus, family, base), strict=True):
        state, said = alone(corpus, other)
        for name, value in one.module.state_dict().items():
            assert (value.double() - other.module.state_dict()[name].double()).abs().max() < 1e-5, name
        assert (one.best_step, one.failed) == (state.best_step, None)
        assert one.best == pytest.approx(state.best, abs=1e-5)
        assert [type(e) for e in one.heard] == [type(e) for e in said]
        for mine, theirs in zip(one.heard, said, strict=True):
            assert mine.step == theirs.step
            if isinstance(mine, events.Step):
                assert (mine.tokens, mine.lr) == (theirs.tokens, theirs.lr)
                assert mine.loss == pytest.approx(theirs.loss, abs=1e-5)
            else:
                assert (mine.val_loss, mine.best) == (pytest.approx(theirs.val_loss, abs=1e-5), theirs.best)


def test_a_network_that_fails_fails_alone(corpus):
    base = replace(OPTIONS, optimizer="sgd", clip=0.0)
    different = [{"lr": 0.1, "clip": 1.0}, {"lr": 1e38, "clip": 0.0}]
    together = members(corpus, "mlp", base, different, batch_norm=False)
    train_population(together, corpus.split("train"), corpus.split("val"))
    assert "try a lower learning rate than 1e+38" in (together[1].failed or "")
    assert together[0].failed is None
    (healthy, _) = members(corpus, "mlp", base, different, batch_norm=False)
    state, _ = alone(corpus, healthy)
    assert together[0].best == pytest.approx(state.best, abs=1e-5)
    assert all(p.isfinite().all() for p in together[0].module.parameters())


def test_without_a_val_the_last_parameters_are_kept(corpus):
    together, others = (members(corpus, "mlp") for _ in range(2))
    train_population(together, corpus.split("train"), None)
    assert all(math.isinf(member.best) for member in together)
    state = start(others[0].module, others[0].options, 0)
    for _ in train(state, corpus.split("train"), None):
        pass
    for name, value in together[0].module.state_dict().items():
        torch.testing.assert_close(value, state.model.state_dict()[name], atol=1e-5, rtol=0)


@pytest.mark.parametrize("layer", [nn.GRU(5, 7, batch_first=True), nn.LSTM(5, 7, batch_first=True)])
def test_recurrent_layers_written_out_are_torchs(layer):
    written = unrolled(nn.ModuleDict({"layer": layer}))["layer"]
    x = torch.randn(3, 4, 5)
    expected, found = layer(x), written(x)
    torch.testing.assert_close(found[0], expected[0])
    torch.testing.assert_close(written(x[:, :2], found[1])[0], layer(x[:, :2], expected[1])[0])


def test_what_a_population_cannot_be_is_refused_in_a_sentence(corpus):
    train_split, val = corpus.split("train"), corpus.split("val")
    for change, says in (
        ({"time_budget": 3.0}, "train.time_budget is for networks that are trained one by one"),
        ({"ema": 0.9}, "train.ema is for networks"),
        ({"backward": "fused"}, "trained by autograd"),
    ):
        with pytest.raises(ValueError, match=says):
            train_population(members(corpus, "mlp", replace(OPTIONS, **change)), train_split, val)
    with pytest.raises(ValueError, match="have one shape"):
        train_population(members(corpus, "mlp") + members(corpus, "mlp", n_hidden=9), train_split, val)
    with pytest.raises(ValueError, match="have one shape"):
        train_population(members(corpus, "mlp", different=[{"steps": 3}, {"steps": 4}]), train_split, val)
    train_population([], train_split, val)
