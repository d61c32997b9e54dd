"""Running text: a Transformer over characters; Bengio's net, counts and their mixture over words."""

import numpy as np
import torch

from benchmarks.reproduce.job import QUICK_PART, Figures, Work
from benchmarks.reproduce.networks import training_seconds
from moreish import ngram
from moreish.fitting.counting import counts_of
from moreish.inference.evaluate import mean_loss
from moreish.inference.network import module_of
from moreish.models import model_class
from moreish.models.mixture import Mixture, fit_weights

SHAKESPEARE = "tinyshakespeare.txt"


def characters(work: Work) -> Figures:
    """4 layers, 128 wide, 64 characters, 2,000 steps of batch 12; the last tenth is val."""
    trained = work.train("text", SHAKESPEARE)
    return {
        "parameters": float(sum(p.numel() for p in module_of(trained.model).parameters())),
        "val": mean_loss(trained.model, trained.corpus.split("val")),
        "seconds": training_seconds(trained),
    }


def words(work: Work) -> Figures:
    """Test perplexities: the net, the interpolated trigram, Kneser-Ney, half and half, and weights fitted on val."""
    trained = work.train("words", SHAKESPEARE, {"model": {"components": _short_parts()}} if work.quick else None)
    corpus = trained.corpus
    train, val, test = (corpus.split(name) for name in ("train", "val", "test"))
    mixture = trained.model
    assert isinstance(mixture, Mixture)
    kneser_ney, net = mixture.components
    parts = [ngram.AddK.fit(train.ids, train.offsets, len(corpus.vocab), order, 0.0) for order in (1, 2, 3)]
    parts.append(ngram.baselines(counts_of(train, len(corpus.vocab), 2, weighted=False))["uniform"])
    weights = fit_weights(np.stack([part.score(val.ids, val.offsets)[1:] for part in parts]))
    models = {
        "trigram": Mixture(parts, weights),
        "kneser-ney": kneser_ney,
        "net": net,
        "half and half": Mixture([kneser_ney, net], np.array([0.5, 0.5])),
        "fitted": mixture,
    }
    found: Figures = {name: float(np.exp(mean_loss(model, test))) for name, model in models.items()}
    tokens = [float(part.n_predicted) for part in (train, val, test)]
    return found | {"vocabulary": float(len(corpus.vocab)), "tokens": tokens, "seconds": training_seconds(trained)}


def _short_parts() -> list[dict[str, object]]:
    from moreish.recipes import RECIPES

    return [{**part, "train": QUICK_PART["train"]} for part in RECIPES["words"].values["model"]["components"]]


def bengio_parameters(_: Work) -> Figures:
    """|V| (1 + n m + h) + h (1 + (n - 1) m) with direct connections: n = 5, h = 100, m = 30, |V| = 16,383."""
    model = model_class("mlp")
    with torch.device("meta"):
        net = model(model.Options(block_size=4, n_embd=30, n_hidden=100, direct=True), 16_383)
    return {"parameters": float(sum(p.numel() for p in net.parameters()))}
