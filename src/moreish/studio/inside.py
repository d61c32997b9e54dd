"""One item through every layer of a run's network: forward, loss, backward by hand and by autograd, the update."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from moreish.api.trained import TrainedRun
from moreish.backprop import by_hand
from moreish.doctor import inside
from moreish.fitting.fit import Fitting
from moreish.fitting.schedule import Schedule
from moreish.inference.network import module_of
from moreish.models.kinds import components_of
from moreish.models.net import Net
from moreish.studio.tree import tree_of
from moreish.training.histograms import rounded
from moreish.training.loop import start
from moreish.training.schedules import lr_at
from moreish.training.state import TrainState
from moreish.training.steps import token_loss

MOST_ROWS, MOST_COLUMNS = 24, 256
LONGEST = 64  # symbols of an item that is looked at
RULES = {
    "embedding": ("y = W[id]", "dW[id] += dy"),
    "linear": ("y = x Wᵀ + b", "dx = dy W,  dW = dyᵀ x,  db = Σ dy"),
    "tanh": ("y = tanh x", "dx = dy (1 − y²)"),
    "relu": ("y = max(x, 0)", "dx = dy where x > 0, else 0"),
    "sigmoid": ("y = 1 / (1 + e⁻ˣ)", "dx = dy y (1 − y)"),
    "gelu": ("y = x Φ(x)", "dx = dy (Φ(x) + x φ(x))"),
    "batch_norm": ("y = γ x̂ + β,  x̂ = (x − mean) rstd", "dx = γ rstd (dy − mean(dy) − x̂ mean(dy x̂))"),
    "layer_norm": ("y = γ x̂ + β,  x̂ = (x − mean) rstd", "dx = rstd (γ dy − mean(γ dy) − x̂ mean(γ dy x̂))"),
    "softmax": ("p = eˣ / Σ eˣ", "dx = p (dp − Σ dp p)"),
    "scaled_dot_product_attention": (
        "y = softmax(q kᵀ / √d) v",
        "dv = pᵀ dy,  dp = dy vᵀ,  ds = p (dp − Σ dp p),  dq = ds k / √d,  dk = dsᵀ q / √d",
    ),
    "cross_entropy": ("loss = −mean log softmax(x)[target]", "dx = (softmax(x) − onehot(target)) / n"),
    "gru": ("h' = (1 − z) n + z h", "dh = dh' z + what comes back through z, r and n"),
    "lstm": ("c' = f c + i g,  h' = o tanh c'", "dc = dc' f + dh' o (1 − tanh² c') ..."),
    "rnn_tanh": ("h' = tanh(W x + U h + b)", "dz = dh' (1 − h'²),  dh = dz U"),
}


def look_inside(run: TrainedRun, item: str) -> dict[str, object]:
    """All of it, as plain values. Raises ValueError where the run has no network, or the item no such symbols."""
    state, network, remembered = state_of(run)
    model = state.model
    idx, targets, symbols = _batch(run, model, item)

    def loss_of(logits: Tensor) -> Tensor:
        return token_loss(logits, targets)

    seen = inside(model, idx, loss_of)
    layers = [
        {
            "name": traced.layer,
            "op": traced.op,
            "shape": list(traced.output.shape),
            "values": matrix(traced.output),
            "gradient": None if traced.gradient is None else matrix(traced.gradient),
            "rule": RULES.get(traced.op.rstrip("_"), ("", "")),
            "weight": next((n for n in (f"{traced.layer}.weight", f"{traced.layer}") if n in seen.weights), None),
        }
        for traced in seen.layers
    ]
    logits = model_output(model, idx)
    exact = logits.flatten(0, -2).double().log_softmax(-1)  # what is nearly sure is not sure
    return {
        "run": run.run.name,
        "network": network,
        "item": item,
        "places": symbols,
        "contexts": _contexts(run, model, idx),
        "symbols": [*("" if i == 0 else run.vocab.decode([i]) for i in range(len(run.vocab)))],
        "targets": targets.flatten().tolist(),
        "layers": layers,
        "probabilities": matrix(exact.exp()),
        "loss": float(loss_of(logits)),
        "losses": [rounded(v) for v in (-exact.gather(1, targets.flatten()[:, None])).flatten().tolist()],
        "weights": list(_weights(state, idx, targets)),
        "remembered": remembered,
        "lr": lr_at(min(state.progress, 0.999), state.options) * state.lr_factor,
        "attention": attention_of(model, idx),
        "tree": _tree(model, idx),
    }


def state_of(run: TrainedRun) -> tuple[TrainState, str, bool]:
    """(training state of the first network as it was last saved, its name, whether the optimizer is remembered)."""
    checkpoint = run.run.checkpoint("last")
    networks = [(k, c) for k, c in enumerate(run.config.model.singles) if c in run.config.model.networks]
    if not networks:
        raise ValueError(f"{run.name} was not trained from nothing: there is no network to look into")
    k, choice = networks[0]
    if checkpoint.state.get("members"):
        restored = Fitting.restore(
            run.corpus, run.config, checkpoint.state, checkpoint.model(), checkpoint.optim(), None
        )
        if restored.members and restored.members[0].choice == choice:
            return restored.members[0].state, choice.name, True
    found = components_of(run.model)
    module = module_of(found[k if len(found) > 1 else 0])
    options = Schedule(run.corpus, run.config).options_of(choice)
    return start(copy.deepcopy(module), options, run.config.seed), choice.name, False


def _batch(run: TrainedRun, model: Net, item: str) -> tuple[Tensor, Tensor, list[str]]:
    ids = run.vocab.encode(run.vocab.normal(item))[:LONGEST].astype(np.int64)
    whole = np.concatenate([[0], ids, [0]])
    symbols = [*(run.vocab.decode([i]) for i in ids.tolist()), ""]
    if not model.windowed:
        return torch.from_numpy(whole[None, :-1].copy()), torch.from_numpy(whole[None, 1:].copy()), symbols
    assert model.block_size is not None
    padded = np.concatenate([np.zeros(model.block_size, np.int64), ids])
    windows = np.stack([padded[i : i + model.block_size] for i in range(len(ids) + 1)])
    return torch.from_numpy(windows), torch.from_numpy(whole[1:].copy()), symbols


def _contexts(run: TrainedRun, model: Net, idx: Tensor) -> list[list[str]]:
    rows = idx.tolist() if model.windowed else [row[: i + 1] for row in idx.tolist() for i in range(len(row))]
    return [["·" if i == 0 else run.vocab.decode([i]) for i in row] for row in rows]


def model_output(model: Net, idx: Tensor) -> Tensor:
    """Logits as in `inside`, without gradients."""
    with as_inside(model, idx), torch.no_grad():
        return model(idx)


@contextmanager
def as_inside(model: nn.Module, idx: Tensor) -> Iterator[None]:
    """The model in the mode of `inside`: BatchNorms take the batch's statistics, and remember nothing of it."""
    was = model.training
    model.eval()
    for m in model.modules():
        m.training = isinstance(m, nn.modules.batchnorm._NormBase) and len(idx) > 1
    kept = {name: value.clone() for name, value in model.named_buffers()}
    try:
        yield
    finally:
        for name, value in model.named_buffers():
            value.copy_(kept[name])
        model.train(was)


def _weights(state: TrainState, idx: Tensor, targets: Tensor) -> Iterator[dict[str, object]]:
    """Each parameter: its values, its gradient by hand and by autograd, and what one update makes of it."""
    hand, auto = (_gradients(state, idx, targets, by) for by in (True, False))
    before = {name: p.detach().clone() for name, p in state.model.named_parameters()}
    optimizer = state.optimizer
    for group in optimizer.param_groups:
        group["lr"] = lr_at(min(state.progress, 0.999), state.options) * state.lr_factor
    for name, p in state.model.named_parameters():
        p.grad = auto[name].clone()
    optimizer.step()
    after = {name: p.detach().clone() for name, p in state.model.named_parameters()}
    for name, p in state.model.named_parameters():
        difference = float((hand[name] - auto[name]).abs().max())
        with torch.no_grad():
            p.copy_(before[name])
        yield {
            "name": name,
            "shape": list(p.shape),
            "values": matrix(before[name]),
            "gradient": matrix(hand[name]),
            "autograd": matrix(auto[name]),
            "update": matrix(after[name] - before[name]),
            "difference": difference,
            "largest": float(auto[name].abs().max()),
        }


def _gradients(state: TrainState, idx: Tensor, targets: Tensor, hand: bool) -> dict[str, Tensor]:
    twin = copy.deepcopy(state.model)
    for m in twin.modules():
        m.training = isinstance(m, nn.modules.batchnorm._NormBase) and len(idx) > 1
    twin.zero_grad()
    if hand:
        with by_hand():
            token_loss(twin(idx), targets).backward()
    else:
        token_loss(twin(idx), targets).backward()
    return {name: torch.zeros_like(p) if p.grad is None else p.grad for name, p in twin.named_parameters()}


def attention_of(model: nn.Module, idx: Tensor) -> list[dict[str, object]]:
    """Of each block of a transformer, how much each place looks at each before it: a map a head."""
    found: list[dict[str, object]] = []

    def seen(name: str, module: Any) -> Any:
        def called(_: nn.Module, args: tuple[Tensor, ...], output: Tensor) -> None:
            x = args[0]
            q, k, _v = module.qkv(x).unflatten(2, (3, module.n_head, -1)).permute(2, 0, 3, 1, 4)
            scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
            later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
            weights = scores.masked_fill(later, -torch.inf).softmax(-1)
            found.append({"name": name, "heads": [matrix(head) for head in weights[0]]})

        return called

    hooks = [
        m.register_forward_hook(seen(name, m))
        for name, m in model.named_modules()
        if hasattr(m, "qkv") and hasattr(m, "n_head")
    ]
    try:
        if hooks:
            model_output(model, idx)  # type: ignore[arg-type]
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _tree(model: Net, idx: Tensor) -> dict[str, object] | None:
    with as_inside(model, idx):
        return tree_of(model, idx)


def matrix(values: Tensor) -> list[list[float]]:
    """Rows and columns of a tensor, as many as are shown; a vector is one row."""
    table = values.detach().float()
    table = table.reshape(1, -1) if table.dim() < 2 else table.flatten(0, -2)
    return [
        [rounded(v) for v in row] for row in table[: MOST_ROWS if table.shape[1] > 64 else 64, :MOST_COLUMNS].tolist()
    ]
