"""Which rules a layer is made of: one function for each kind of module, and one for each net."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from moreish.fast.library import Uncompiled
from moreish.fast.plan import LARGEST_VECTOR, Layer, Plan, Signal
from moreish.models.batch_norm import BatchNorm1d
from moreish.models.bigram import Bigram
from moreish.models.bow import BagOfWords
from moreish.models.gated_wavenet import GatedWaveNet
from moreish.models.mlp import MLP
from moreish.models.transformer import CausalSelfAttention, Transformer
from moreish.models.wavenet import PositionNorm, WaveNet


def embedding(plan: Plan, table: nn.Embedding, places: int) -> Signal:
    """The rows of the batch's ids."""
    y = plan.signal(places, table.embedding_dim)
    plan.add(
        "embedding",
        [plan.checked(table.weight), _needed(plan, table.weight), y.value, y.grad],
        [places, table.embedding_dim, table.num_embeddings],
    )
    return y


def linear(plan: Plan, layer: nn.Linear, x: Signal, onto: Signal | None = None) -> Signal:
    """x W^T + b, in a signal of its own or added `onto` another."""
    y = plan.signal(x.places, layer.out_features) if onto is None else onto
    w, b = plan.checked(layer.weight), plan.checked(layer.bias)
    scratch = plan.buffer(layer.in_features, layer.out_features)
    pointers = [
        x.value, x.grad, w, _needed(plan, layer.weight), b, plan.grad_of(layer.bias), y.value, y.grad, scratch
    ]  # fmt: skip
    sizes = [x.places, layer.in_features, layer.out_features, onto is not None]
    plan.add("linear", pointers, sizes, reads=x)
    return y


def positions(plan: Plan, table: nn.Embedding, x: Signal) -> None:
    """The row of each step is added to x."""
    pointers = [plan.checked(table.weight), _needed(plan, table.weight), x.value, x.grad]
    plan.add("positions", pointers, [0, x.channels, table.num_embeddings])


def batch_norm(plan: Plan, layer: BatchNorm1d, x: Signal) -> Signal:
    """Over all rows and places."""
    if layer.running_mean is None or (layer.momentum is None and not plan.reading):
        raise Uncompiled("the compiled BatchNorm moves its running statistics by a fixed momentum, and this has none")
    y = plan.signal(x.places, x.channels)
    z, inverse = y.value if plan.reading else plan.buffer(*x.value.shape), plan.buffer(x.channels)
    gain, bias = plan.checked(layer.weight), plan.checked(layer.bias)
    running = [plan.checked(layer.running_mean), plan.checked(layer.running_var)]
    grads = [plan.grad_of(layer.weight), plan.grad_of(layer.bias)]
    pointers = [x.value, x.grad, gain, grads[0], bias, grads[1], y.value, y.grad, *running, z, inverse]
    plan.add("batch_norm", pointers, [x.places, x.channels, layer.correction], [layer.eps, layer.momentum or 0.0])
    plan.counted.append(layer)
    return y


def position_norm(plan: Plan, layer: PositionNorm, x: Signal) -> Signal:
    """Each place by itself, then one gain and bias for all."""
    normal = batch_norm(plan, layer.normal, plan.viewed(x, 1, x.places * x.channels))
    normal = plan.viewed(normal, x.places, x.channels)
    y = plan.signal(x.places, x.channels)
    gain, bias = plan.checked(layer.weight), plan.checked(layer.bias)
    grads = _needed(plan, layer.weight), _needed(plan, layer.bias)
    pointers = [normal.value, normal.grad, gain, grads[0], bias, grads[1], y.value, y.grad]
    plan.add("scale", pointers, [x.places, x.channels])
    return y


def layer_norm(plan: Plan, layer: nn.LayerNorm, x: Signal) -> Signal:
    """Over the channels of each place; what it read may be overwritten."""
    if layer.normalized_shape != (x.channels,) or layer.weight is None:
        raise Uncompiled("the compiled LayerNorm is over the channels, with a gain")
    y, z, inverse = plan.signal(x.places, x.channels), plan.buffer(*x.value.shape), plan.buffer(len(x.value))
    gain, bias = plan.checked(layer.weight), plan.checked(layer.bias)
    grads = _needed(plan, layer.weight), plan.grad_of(layer.bias)
    pointers = [x.value, x.grad, gain, grads[0], bias, grads[1], y.value, y.grad, z, inverse]
    plan.add("layer_norm", pointers, [x.places, x.channels], [layer.eps], reads=x)
    return y


def attention(plan: Plan, layer: CausalSelfAttention, qkv: Signal) -> Signal:
    """What every place gets from those before it and itself."""
    heads, size = layer.n_head, qkv.channels // 3 // layer.n_head
    y = plan.signal(0, heads * size)
    shares = mask = None
    if plan.reading:
        scratch = plan.buffer(plan.longest)
    else:
        shares = plan.buffer(plan.rows * heads, plan.steps, plan.steps)
        mask = plan.buffer(*shares.shape) if layer.p else None
        scratch = plan.buffer(size + 2 * plan.steps, plan.steps + LARGEST_VECTOR)
    pointers = [qkv.value, qkv.grad, y.value, y.grad, shares, mask, scratch]
    plan.add("attention", pointers, [0, heads * size, heads, len(plan.ops)], [layer.p])
    return y


def in_place(plan: Plan, rule: str, x: Signal, number: float = 0.0, kept: bool = False) -> Signal:
    """A rule that overwrites what it reads."""
    pointers = [x.value, x.grad, plan.buffer(*x.value.shape) if kept else None]
    plan.add(rule, pointers, [x.places, x.channels, len(plan.ops)], [number])
    return x


def _gelu(plan: Plan, layer: nn.GELU, x: Signal) -> Signal:
    return in_place(plan, "gelu" if layer.approximate == "none" else "tanh_gelu", x, kept=True)


def _dropout(plan: Plan, layer: nn.Dropout, x: Signal) -> Signal:
    return in_place(plan, "dropout", x, layer.p, kept=True) if layer.p and not plan.reading else x


def sequential(plan: Plan, layers: nn.Sequential, x: Signal) -> Signal:
    """One after the other. Raises Uncompiled for a layer that has no rule here, with its name."""
    for layer in layers:
        if type(layer) not in LAYERS:
            raise Uncompiled(f"the compiled step has no rule for {type(layer).__name__}")
        x = LAYERS[type(layer)](plan, layer, x)
    return x


LAYERS: dict[type[nn.Module], Layer] = {
    nn.Linear: linear,
    BatchNorm1d: batch_norm,
    PositionNorm: position_norm,
    nn.LayerNorm: layer_norm,
    nn.Tanh: lambda plan, layer, x: in_place(plan, "tanh", x),
    nn.Sigmoid: lambda plan, layer, x: in_place(plan, "sigmoid", x),
    nn.ReLU: lambda plan, layer, x: in_place(plan, "leaky_relu", x),
    nn.LeakyReLU: lambda plan, layer, x: in_place(plan, "leaky_relu", x, layer.negative_slope),
    nn.ELU: lambda plan, layer, x: in_place(plan, "elu", x, layer.alpha),
    nn.GELU: _gelu,
    nn.Identity: lambda plan, layer, x: x,
    nn.Dropout: _dropout,
    nn.Sequential: sequential,
}


def bigram(plan: Plan, net: Bigram) -> Signal:
    """A table of logits."""
    return embedding(plan, net.logits, 0)


def mlp(plan: Plan, net: MLP) -> Signal:
    """Embeddings side by side, hidden layers, logits, and straight to them where it has that way."""
    assert net.block_size is not None
    x = embedding(plan, net.wte, net.block_size)
    x = plan.viewed(x, 1, net.block_size * x.channels)
    logits = sequential(plan, net.head, sequential(plan, net.hidden, x))
    return logits if net.direct is None else linear(plan, net.direct, x, logits)


def wavenet(plan: Plan, net: WaveNet) -> Signal:
    """Each layer reads `group` neighbours side by side: the same memory with fewer places."""
    assert net.block_size is not None
    x = embedding(plan, net.wte, net.block_size)
    for layer in net.layers:
        x = sequential(plan, layer, plan.viewed(x, x.places // net.group, x.channels * net.group))
    return linear(plan, net.head, x)


def gated_wavenet(plan: Plan, net: GatedWaveNet) -> Signal:
    """Two taps, gate, and the fork to the next block and to the logits."""
    x = embedding(plan, net.wte, 0)
    skips = plan.signal(0, x.channels)
    for i, block in enumerate(net.blocks):
        taps = plan.signal(0, 2 * x.channels)
        plan.add(
            "taps",
            [x.value, x.grad, taps.value, taps.grad],
            [0, x.channels, block.dilation],
            reads=x,
        )
        both = linear(plan, block.gated, taps)
        gated = plan.signal(0, both.channels // 2)
        plan.add("gate", [both.value, both.grad, gated.value, gated.grad], [0, gated.channels])
        both = linear(plan, block.out, _dropout(plan, block.dropout, gated))
        after = plan.signal(0, x.channels)
        pointers = [both.value, both.grad, after.value, after.grad, x.value, x.grad, skips.value, skips.grad]
        plan.add("fork", pointers, [0, x.channels, i == 0], reads=x)
        x = after
    skips = in_place(plan, "leaky_relu", skips)
    return linear(plan, net.head, in_place(plan, "leaky_relu", linear(plan, net.mix, skips)))


def bag_of_words(plan: Plan, net: BagOfWords) -> Signal:
    """x + mean of x so far, then x + MLP(x), then logits."""
    x = embedding(plan, net.wte, 0)
    positions(plan, net.wpe, x)
    mixed = plan.signal(0, x.channels)
    plan.add("mean_so_far", [x.value, x.grad, mixed.value, mixed.grad], [0, x.channels], reads=x)
    hidden = _dropout(plan, net.dropout, in_place(plan, "tanh", linear(plan, net.hidden, mixed)))
    out = linear(plan, net.out, hidden)
    plan.add("add", [mixed.value, mixed.grad, out.value, out.grad], [0, x.channels], reads=mixed)
    return linear(plan, net.head, out)


def transformer(plan: Plan, net: Transformer) -> Signal:
    """One stream, to which every block adds two branches that read norms of it."""
    if net.head is None:
        raise Uncompiled("the compiled Transformer has a matrix of its own for the logits, and this one is tied")
    stream = embedding(plan, net.wte, 0)
    positions(plan, net.wpe, stream)
    _dropout(plan, net.dropout, stream)
    for block in net.blocks:
        heads = attention(plan, block.attn, linear(plan, block.attn.qkv, layer_norm(plan, block.ln_1, stream)))
        _add(plan, block.attn.proj, heads, block.attn.dropout, stream)
        wide = in_place(plan, "tanh_gelu", linear(plan, block.fc, layer_norm(plan, block.ln_2, stream)), kept=True)
        _add(plan, block.proj, wide, block.dropout, stream)
    return linear(plan, net.head, layer_norm(plan, net.ln_f, stream))


def _add(plan: Plan, layer: nn.Linear, x: Signal, dropout: nn.Dropout, stream: Signal) -> None:
    """A branch's last layer, added to the stream."""
    if not dropout.p or plan.reading:
        linear(plan, layer, x, stream)
        return
    branch = _dropout(plan, dropout, linear(plan, layer, x))
    plan.add("add", [branch.value, branch.grad, stream.value, stream.grad], [0, stream.channels], reads=branch)


NETS: dict[type[nn.Module], Callable[[Plan, Any], Signal]] = {
    Bigram: bigram,
    MLP: mlp,
    WaveNet: wavenet,
    GatedWaveNet: gated_wavenet,
    BagOfWords: bag_of_words,
    Transformer: transformer,
}
"""The nets whose step is compiled, and how each is walked from the ids to the logits."""


def _needed(plan: Plan, parameter: torch.Tensor) -> torch.Tensor | None:
    grad = plan.grad_of(parameter)
    if grad is None and not plan.reading:
        raise Uncompiled("the compiled step trains every parameter, and one of these is frozen")
    return grad
