"""The recipes of the lectures and of makemore, as name -> (what it is good for, plain values).

What they reach beside what was published is docs/ladder.md. Every one splits as the lectures do.
"""

from moreish.options import merge
from moreish.recipes.overrides import Plain

SGD = {
    "steps": 200_000,
    "batch_size": 32,
    "optimizer": "sgd",
    "lr": 0.1,
    "schedule": "step",
    "warmup": 0,
    "clip": 0,
    "log_every": 1000,
    "backward": "fused",
}
"""Plain gradient descent: 0.1, then 0.01 for the second half."""

LATE = SGD | {"step_at": 0.75}
ADAMW = {
    "steps": 20_000,
    "batch_size": 32,
    "lr": 5e-4,
    "schedule": "constant",
    "warmup": 0,
    "clip": 0,
    "weight_decay": 0.01,
    "log_every": 100,
    "eval_every": 500,
}
"""makemore's defaults, evaluated as often as it does."""

SMALL_HEAD = {"head_std": 0.01}
BATCHNORM = {"name": "mlp", "batch_norm": True, "momentum": 0.001} | SMALL_HEAD
FLAT = {"name": "mlp", "batch_norm": True, "hidden_gain": 1.0}
NET_64 = {"n_embd": 64, "n_hidden": 64}


def _lecture(purpose: str, model: Plain, train: Plain = SGD, data: Plain | None = None) -> tuple[str, Plain]:
    values = {"data": {"split": "lecture", "unit": "char"}, "model": model, "train": train}
    return purpose, merge(values, {"data": data or {}})


def _makemore(purpose: str, model: Plain, backward: str = "fused") -> tuple[str, Plain]:
    """A thousand of names.txt set aside, on which makemore both stops and measures."""
    return _lecture(purpose, model, ADAMW | {"backward": backward}, {"val_share": 0.0312175, "test_share": 0.0})


LECTURE_RECIPES: dict[str, tuple[str, Plain]] = {
    "lecture-mlp-randn": _lecture(
        "Bengio's MLP with every number drawn from N(0, 1): confidently wrong at the start",
        {"name": "mlp", "hidden_std": 1.0, "hidden_bias_std": 1.0, "head_std": 1.0, "head_bias_std": 1.0},
    ),
    "lecture-mlp-small-head": _lecture(
        "the same with a small last layer: no hockey stick",
        {"name": "mlp", "hidden_std": 1.0, "hidden_bias_std": 1.0} | SMALL_HEAD,
    ),
    "lecture-mlp-scaled": _lecture(
        "the same with small hidden weights too: tanh is no longer saturated",
        {"name": "mlp", "hidden_std": 0.2, "hidden_bias_std": 0.01} | SMALL_HEAD,
    ),
    "lecture-mlp": _lecture(
        "Bengio's MLP as in the lectures: block 3, 200 hidden units, 200,000 steps of plain SGD, Kaiming's gain",
        {"name": "mlp", "hidden_bias_std": 0.01} | SMALL_HEAD,
    ),
    "lecture-batchnorm": _lecture("the lectures' MLP with BatchNorm before the tanh", BATCHNORM),
    "lecture-by-hand": _lecture(
        "the same, with the bias that BatchNorm makes useless, every gradient derived by hand",
        BATCHNORM | {"bias": True, "hidden_bias_std": 0.1, "head_std": 0.1, "head_bias_std": 0.1},
        SGD | {"backward": "by-hand"},
    ),
    "lecture-deep": _lecture(
        "five hidden layers of 100 with BatchNorm, for as long as the lectures look at it",
        {"name": "mlp", "n_hidden": 100, "n_layer": 5, "hidden_gain": 1.0, "batch_norm": True, "head_norm": True},
        SGD | {"steps": 1000, "schedule": "constant", "log_every": 100},
    ),
    "wavenet-flat-3": _lecture("the WaveNet lecture's first net: a flat MLP over 3 symbols", FLAT, LATE),
    "wavenet-flat-8": _lecture("the flat MLP over 8 symbols", FLAT | {"block_size": 8}, LATE),
    "wavenet-by-position": _lecture(
        "pairs of pairs of pairs, with a BatchNorm that counts every position by itself by mistake",
        {"name": "wavenet", "n_embd": 10, "n_hidden": 68, "norm": "position"},
        LATE,
    ),
    "wavenet-small": _lecture(
        "the same with BatchNorm over batch and time", {"name": "wavenet", "n_embd": 10, "n_hidden": 68}, LATE
    ),
    "wavenet": _lecture(
        "the lectures' best net: 76,579 parameters, 8 symbols, three layers", {"name": "wavenet"}, LATE
    ),
    "makemore-bigram": _makemore("makemore's table of logits", {"name": "bigram"}),
    "makemore-bow": _makemore("makemore's bag of words", {"name": "bow"}),
    "makemore-mlp": _makemore(
        "makemore's MLP over 16 symbols", {"name": "mlp", "block_size": 16, "blank": True} | NET_64
    ),
    "makemore-rnn": _makemore("makemore's recurrent net", {"name": "rnn"} | NET_64, "autograd"),
    "makemore-gru": _makemore("makemore's gated recurrent net", {"name": "gru-cho"} | NET_64, "autograd"),
    "makemore-transformer": _makemore("makemore's Transformer: 4 layers, 4 heads, 64 wide", {"name": "transformer"}),
}
