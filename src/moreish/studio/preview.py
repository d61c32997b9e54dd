"""A net before any training: its parameters, its first loss, how wide its activations are; its best lr."""

import math
from typing import Any

import numpy as np
import torch

from moreish.data import Corpus
from moreish.doctor import inside
from moreish.models import build_model
from moreish.recipes import Config
from moreish.training.find_lr import find_lr
from moreish.training.histograms import extreme, histogram, rounded, sampled
from moreish.training.loop import batches_for
from moreish.training.steps import token_loss


def preview(corpus: Corpus, config: Config) -> dict[str, object]:
    """What is known of the first network: parameters, the first loss, and each layer's activations and gradients."""
    networks, guessing = config.model.networks, rounded(math.log(len(corpus.vocab)))
    if not networks:
        return {"parameters": 0, "loss": None, "guessing": guessing, "layers": []}
    network, train = networks[0], corpus.split("train")
    model = build_model(network.name, network.options, len(corpus.vocab), config.seed + network.seed)
    batch = next(iter(batches_for(model, train, config.train, config.seed).epoch(0)))
    idx, targets = (torch.from_numpy(a.astype(np.int64)) for a in (batch.x, batch.y))
    losses: list[float] = []

    def loss_of(logits: torch.Tensor) -> torch.Tensor:
        loss = token_loss(logits, targets)
        losses.append(loss.item())
        return loss

    seen = inside(model, idx, loss_of)
    layers = []
    for traced in seen.layers:
        values = sampled(traced.output)
        layers.append(
            {
                "name": traced.layer,
                "op": traced.op,
                "shape": list(traced.output.shape),
                "activation": _plain(histogram(values, extreme(traced.op, values))),
                "gradient": None if traced.gradient is None else _plain(histogram(sampled(traced.gradient))),
            }
        )
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "named": [{"name": name, "shape": list(p.shape)} for name, p in model.named_parameters()],
        "loss": rounded(losses[0]),
        "guessing": guessing,
        "layers": layers,
    }


def range_test(corpus: Corpus, config: Config, steps: int, seeds: int) -> dict[str, object]:
    """The learning-rate range test of the first network. Raises ValueError where nothing was learned."""
    if not config.model.networks:
        raise ValueError("this model only counts: it has no learning rate")
    network = config.model.networks[0]
    found = find_lr(
        lambda seed: build_model(network.name, network.options, len(corpus.vocab), seed),
        corpus.split("train"),
        config.train,
        seed=config.seed,
        seeds=seeds,
        steps=steps,
    )
    low, high = found.band
    return {
        "lr": found.lr,
        "reason": found.reason,
        "exponents": found.exponents.tolist(),
        "mean": [rounded(v) for v in found.smoothed.mean(0).tolist()],
        "low": [rounded(v) for v in low.tolist()],
        "high": [rounded(v) for v in high.tolist()],
    }


def _plain(found: Any) -> Any:
    import msgspec

    return None if found is None else msgspec.to_builtins(found)
