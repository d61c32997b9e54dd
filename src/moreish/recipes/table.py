"""The recipes: full configurations with a name and a purpose."""

from dataclasses import dataclass, field

from moreish.recipes.lectures import LECTURE_RECIPES
from moreish.recipes.overrides import Plain


@dataclass(frozen=True)
class Recipe:
    """A configuration with a name and what it is good for.

    grows : another time budget than its own makes another number of networks
    patient : how networks are trained that then have PATIENCE times as long as in the recipe, up to LONGEST times
    """

    purpose: str
    values: Plain
    grows: bool = False
    patient: Plain = field(default_factory=dict)


RECIPES = {
    "quick": Recipe(
        "more items in seconds: an n-gram and a small GRU, mixed",
        {
            "model": {
                "name": "mixture",
                "components": [{"name": "ngram"}, {"name": "gru", "n_embd": 32, "n_hidden": 160, "dropout": 0.2}],
            },
            "train": {
                "time_budget": 15,
                "processes": 0,
                "batch_size": 256,
                "lr": 6e-3,
                "weight_decay": 0.01,
                "backward": "fused",
                "precision": "auto",
            },
        },
    ),
    "best": Recipe(
        "the lowest loss in ten minutes on two cores: six LSTMs, two at a time, and an n-gram",
        {
            "model": {
                "name": "mixture",
                "components": [
                    {"name": "ngram"},
                    *({"name": "lstm", "n_embd": 32, "n_hidden": 288, "dropout": 0.5, "seed": i} for i in range(6)),
                ],
            },
            "train": {
                "time_budget": 555,
                "processes": 0,
                "batch_size": 256,
                "lr": 4e-3,
                "weight_decay": 0.05,
                "backward": "fused",
                "precision": "auto",
                "log_every": 20,
            },
        },
        grows=True,
        patient={"weight_drop": 0.15},
    ),
    "ngram": Recipe("counting only: modified Kneser-Ney, well under a second", {"model": {"name": "ngram"}}),
    "bigram": Recipe(
        "the table of logits, trained by gradient descent",
        {"model": {"name": "bigram"}, "train": {"steps": 2000, "lr": 0.05, "batch_size": 1024, "backward": "fused"}},
    ),
    "tiny": Recipe(
        "the smallest net that is worth its seconds: a GRU of 32 units",
        {
            "model": {"name": "gru", "n_embd": 16, "n_hidden": 32},
            "train": {"time_budget": 10, "batch_size": 128, "lr": 1e-2},
        },
    ),
    "transformer": Recipe(
        "GPT-2's architecture at the size of a list, regularised",
        {
            "model": {"name": "transformer", "block_size": 64, "n_embd": 96, "n_layer": 3, "dropout": 0.1},
            "train": {
                "steps": 8000,
                "batch_size": 128,
                "lr": 2e-3,
                "weight_decay": 0.1,
                "backward": "fused",
                "precision": "auto",
            },
        },
    ),
    "text": Recipe(
        "running text, symbol by symbol: a Transformer of 4 layers that looks back on 64",
        {
            "data": {"text": True, "test_share": 0.0},
            "model": {"name": "transformer", "block_size": 64, "n_embd": 128, "tie": True},
            "train": {
                "steps": 2000,
                "batch_size": 12,
                "lr": 4e-3,
                "warmup": 0.1,
                "weight_decay": 0.1,
                "eval_every": 500,
                "backward": "fused",
                "precision": "auto",
            },
        },
    ),
    "words": Recipe(
        "running text, word by word: Bengio's MLP mixed with Kneser-Ney counts",
        {
            "data": {"text": True, "unit": "word", "lower": True, "min_count": 3},
            "model": {
                "name": "mixture",
                "components": [
                    {"name": "ngram", "order": 3},
                    {"name": "mlp", "block_size": 4, "n_embd": 64, "n_hidden": 128, "dropout": 0.3},
                ],
            },
            "train": {"steps": 6000, "batch_size": 256, "lr": 2e-3, "weight_decay": 0.1, "backward": "fused"},
        },
    ),
    **{name: Recipe(purpose, values) for name, (purpose, values) in LECTURE_RECIPES.items()},
}
