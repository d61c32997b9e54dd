"""Whatever goes through a file is paired by name: any order of the names, any model and optimizer, the same bytes."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load as safetensors_load

from moreish.data import Corpus
from moreish.errors import Damaged
from moreish.fitting.fit import Fitting, Snapshot
from moreish.models import MODELS
from moreish.recipes import Config, Overrides, resolve
from moreish.runs import events
from moreish.runs.checkpoint import dump_tensors

SMALL = {"n_hidden": 4, "n_embd": 4, "n_layer": 1, "n_head": 2, "block_size": 4, "dropout": 0.2}


def small(name: str, **train: object) -> Config:
    from moreish.models import model_class

    options = {key: value for key, value in SMALL.items() if key in model_class(name).Options.__dataclass_fields__}
    usual = {"steps": 8, "eval_every": 2, "log_every": 2, "batch_size": 16}
    return resolve(None, Overrides({"model": {"name": name, **options}, "train": {**usual, **train}}))


def until(fitting: Fitting, step: int) -> Snapshot:
    for event in fitting.fit():
        if isinstance(event, events.Eval) and event.step == step:
            break
    return fitting.snapshot()


def through_a_file(tensors: dict[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    """As a file system gives them back: in any order."""
    back = safetensors_load(dump_tensors(tensors))
    names = sorted(back)
    random.Random(seed).shuffle(names)
    return {name: back[name] for name in names}


@pytest.mark.slow
@settings(max_examples=8)
@given(
    name=st.sampled_from(sorted(MODELS)),
    train=st.fixed_dictionaries(
        {
            "optimizer": st.sampled_from(["adamw", "sgd"]),
            "momentum": st.sampled_from([0.0, 0.9]),
            "ema": st.sampled_from([0.0, 0.9]),
            "precision": st.sampled_from(["float32", "float64"]),
        }
    ),
    step=st.sampled_from([2, 6]),
    seed=st.integers(0, 2**32),
)
def test_a_checkpoint_survives_any_order_of_its_names(corpus: Corpus, name, train, step, seed):
    config = small(name, **train)
    snapshot = until(Fitting(corpus, config), step)
    tensors, optim = (through_a_file(dict(each or {}), seed) for each in (snapshot.tensors, snapshot.optim))
    resumed = Fitting.restore(corpus, config, snapshot.state, tensors, optim)
    uninterrupted = Fitting(corpus, config)
    for fitting in (resumed, uninterrupted):
        list(fitting.fit())
    want = uninterrupted.snapshot().tensors
    for key, array in resumed.snapshot().tensors.items():
        np.testing.assert_array_equal(array, want[key], err_msg=key)


@pytest.mark.parametrize("lost", ["everything", "one tensor", "a shape"])
def test_a_memory_that_is_not_that_of_the_training_is_refused_by_name(corpus: Corpus, lost):
    config = small("mlp", ema=0.9)
    snapshot = until(Fitting(corpus, config), 2)
    optim = dict(snapshot.optim or {})
    name = next(iter(sorted(optim)))
    if lost == "everything":
        optim = {}
    elif lost == "one tensor":
        del optim[name]
    else:
        optim[name] = optim[name][..., None]
    with pytest.raises(Damaged, match='the memory of the training is damaged: "average/'):
        Fitting.restore(corpus, config, snapshot.state, snapshot.tensors, optim)
