"""What needs training: the lectures' nets and makemore's, each the run of a recipe, and how they look inside."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.reproduce.job import Figures, Work
from benchmarks.windows import forwarded, over_items, windows_of
from moreish.api import TrainedRun
from moreish.data import Corpus
from moreish.data.batches import windows
from moreish.inference.evaluate import mean_loss
from moreish.inference.network import inference, module_of
from moreish.models import build_model, model_class
from moreish.models.batch_norm import fold_all
from moreish.models.net import Net
from moreish.models.wavenet import SlidingWaveNet, WaveNet
from moreish.training.loop import batches_for
from moreish.training.steps import token_loss

BATCHES_AT_START = 100


def recipe(name: str) -> Callable[[Work], Figures]:
    """The job of a recipe: parameters, loss at step 0, and the losses of the net that was best on val."""

    def measure(work: Work) -> Figures:
        trained = work.train(name)
        fresh = fresh_net(trained)
        found: Figures = {
            "parameters": float(sum(p.numel() for p in fresh.parameters() if p.requires_grad)),
            "step 0": _loss_at_start(fresh, trained),
            "seconds": training_seconds(trained),
        }
        for part in ("train", "val", "test"):
            if len(trained.corpus.split(part)):
                found[part] = mean_loss(trained.model, trained.corpus.split(part))
        return found

    return measure


def fresh_net(trained: TrainedRun) -> Net:
    """The net of a run as it was before the first step."""
    choice = trained.config.model
    return build_model(choice.name, choice.options, len(trained.corpus.vocab), trained.config.seed + choice.seed)


def training_seconds(trained: TrainedRun) -> float:
    """What training took, evaluations included."""
    return [record["seconds"] for record in trained.run.records("step")][-1]


def _loss_at_start(net: Net, trained: TrainedRun) -> float:
    """Mean over batches as training sees them, so with the batch's own statistics."""
    source = batches_for(net, trained.corpus.split("train"), trained.config.train, 0)
    losses = []
    with torch.no_grad():
        for batch in islice(source.epoch(0), BATCHES_AT_START):
            idx, targets = (torch.from_numpy(a.astype(np.int64)) for a in (batch.x, batch.y))
            losses.append(token_loss(net(idx), targets).item())
    return float(np.mean(losses))


def folding(work: Work) -> Figures:
    """Logits on val before and after the BatchNorm of the trained net became part of the Linear before it."""
    trained = work.train("lecture-batchnorm")
    idx = _val_windows(trained.corpus, 3)
    net = module_of(trained.model)
    with inference(net):
        before = net(idx)
        after = fold_all(net)(idx)
    return {"difference": (before - after).abs().max().item()}


def sliding(work: Work) -> Figures:
    """The trained WaveNet on val: as convolutions over whole items, and with contexts read once, beside windows."""
    trained = work.train("wavenet")
    net = module_of(trained.model)
    assert isinstance(net, WaveNet)
    slid = SlidingWaveNet.of(net, trained.config.model.options)
    val = trained.corpus.split("val")
    with inference(net), inference(slid):
        every = forwarded(net, *windows_of(val, slid.span))
        whole = over_items(slid, val)
    once = trained.model.score(val.ids, val.offsets)[1:]
    return {"difference": float(max(np.abs(every - whole).max(), np.abs(every - once).max()))}


def _val_windows(corpus: Corpus, block_size: int) -> Tensor:
    return torch.from_numpy(windows(corpus.split("val"), block_size)[0].astype(np.int64))


def deep_at_start(work: Work) -> Figures:
    """Five hidden layers without BatchNorm before the first step, with three gains and without any tanh."""
    found: Figures = {}
    for name, gain, activation in (
        ("gain 5/3", 5 / 3, "tanh"),
        ("gain 1", 1.0, "tanh"),
        ("gain 0.5", 0.5, "tanh"),
        ("linear, gain 0.5", 0.5, "identity"),
    ):
        options = model_class("mlp").Options(n_hidden=100, n_layer=5, hidden_gain=gain, activation=activation)
        net = build_model("mlp", options, len(work.names().vocab), 0)
        looks = [_look(net, work, seed) for seed in range(20)]
        mean = {key: np.mean([look[key] for look in looks], 0).tolist() for key in looks[0]}
        found |= {f"{name} {key}": values for key, values in mean.items()}
        found[f"{name} gradient ends"] = [mean["gradient"][0], mean["gradient"][-1]]
    return found


def deep(work: Work) -> Figures:
    """The net with BatchNorm after a thousand steps."""
    trained = work.train("lecture-deep")
    found = recipe("lecture-deep")(work)
    net = module_of(trained.model).train()
    looks = [_look(net, work, seed) for seed in range(20)]
    return found | {key: np.mean([look[key] for look in looks], 0).tolist() for key in looks[0]}


def _look(net: Net, work: Work, seed: int) -> dict[str, list[float]]:
    """Saturation (percent), spread and gradient spread after each hidden layer, and grad:data of each matrix."""
    assert net.block_size is not None
    x, y = windows(work.names().split("train"), net.block_size)
    rows = np.random.default_rng(seed).choice(len(y), 32, replace=False)
    idx, targets = (torch.from_numpy(a[rows].astype(np.int64)) for a in (x, y))
    with _outputs(net) as outputs:
        net.zero_grad()
        token_loss(net(idx), targets).backward()
    matrices = [p for p in net.parameters() if p.ndim == 2]
    return {
        "saturation": [100 * (t.abs() > 0.97).float().mean().item() for t in outputs],
        "std": [t.std().item() for t in outputs],
        "gradient": [t.grad.std().item() for t in outputs if t.grad is not None],
        "grad:data": [p.grad.std().item() / p.std().item() for p in matrices if p.grad is not None],
    }


@contextmanager
def _outputs(net: Net) -> Iterator[list[Tensor]]:
    """What leaves each activation, with its gradient kept."""
    seen: list[Tensor] = []

    def keep(_: nn.Module, __: object, out: Tensor) -> None:
        out.retain_grad()
        seen.append(out)

    activations = [m for m in net.modules() if isinstance(m, nn.Tanh | nn.Identity)]
    handles = [m.register_forward_hook(keep) for m in activations]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def makemore_parameters(work: Work) -> Figures:
    """The sizes of makemore's models, which need no training."""
    from moreish.recipes import resolve

    found: Figures = {}
    for name in ("bigram", "bow", "rnn", "gru", "mlp", "transformer"):
        choice = resolve(f"makemore-{name}").model
        net = build_model(choice.name, choice.options, len(work.names().vocab), 0)
        found[name] = float(sum(p.numel() for p in net.parameters()))
    return found
