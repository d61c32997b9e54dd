"""The Transformer of GPT-2: every symbol asks all before it which of them matter."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Integer
from torch import Tensor, nn

from moreish.models.cache import LARGEST_CACHE, Cache
from moreish.models.net import Layers, Net
from moreish.options import option


@dataclass(frozen=True)
class TransformerOptions:
    """Sizes of the network. Raises ValueError where the heads cannot share the width evenly."""

    block_size: int = option(16, "longest stretch that it reads, the opening boundary included", low=2, high=65536)
    n_embd: int = option(64, "width", low=1, high=8192)
    n_head: int = option(4, "heads of attention", low=1, high=256)
    n_layer: int = option(4, "blocks", low=1, high=64)
    dropout: float = option(0.0, "share left out of embeddings, attention and both branches", low=0, below=1)
    tie: bool = option(False, "one matrix for reading a symbol and for predicting it")

    def __post_init__(self) -> None:
        if self.n_embd % self.n_head:
            raise ValueError(
                f"n_head={self.n_head} does not divide n_embd={self.n_embd}: every head needs an equal share"
            )


class CausalSelfAttention(nn.Module):
    """softmax(Q K^T / sqrt(hs)) V over this position and those before it, n_head times side by side."""

    def __init__(self, options: TransformerOptions) -> None:
        super().__init__()
        self.n_head, self.p = options.n_head, options.dropout
        self.qkv = nn.Linear(options.n_embd, 3 * options.n_embd)
        self.proj = nn.Linear(options.n_embd, options.n_embd)
        self.dropout = nn.Dropout(options.dropout)

    def forward(self, x: Float[Tensor, "B T C"]) -> Float[Tensor, "B T C"]:
        """The same shape."""
        q, k, v = self.qkv(x).unflatten(2, (3, self.n_head, -1)).permute(2, 0, 3, 1, 4)  # each (B, nh, T, hs)
        p = self.p if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=p, is_causal=True)
        return self.dropout(self.proj(y.transpose(1, 2).flatten(2)))

    def step(self, x: Float[Tensor, "B C"], kept: Float[Tensor, "T 2 B C"]) -> Float[Tensor, "B C"]:
        """The same for one more position alone; its key and value go to the last place of `kept`."""
        q, k, v = self.qkv(x).chunk(3, 1)
        kept[-1, 0], kept[-1, 1] = k, v
        keys, values = kept.unflatten(3, (self.n_head, -1)).unbind(1)  # each (T, B, nh, hs)
        q = q.unflatten(1, (self.n_head, -1)) * keys.shape[3] ** -0.5
        attention = (keys * q).sum(3, keepdim=True).softmax(0)  # few places: quicker than a product for every head
        return self.proj((attention * values).sum(0).flatten(1))


class Block(nn.Module):
    """x + attention(norm(x)), then x + MLP(norm(x)), the MLP four times as wide."""

    def __init__(self, options: TransformerOptions) -> None:
        super().__init__()
        size = options.n_embd
        self.ln_1, self.ln_2 = nn.LayerNorm(size), nn.LayerNorm(size)
        self.attn = CausalSelfAttention(options)
        self.fc, self.proj = nn.Linear(size, 4 * size), nn.Linear(4 * size, size)
        self.dropout = nn.Dropout(options.dropout)

    def forward(self, x: Float[Tensor, "B T C"]) -> Float[Tensor, "B T C"]:
        """The same shape."""
        x = x + self.attn(self.ln_1(x))
        return x + self._mlp(x)

    def step(self, x: Float[Tensor, "B C"], kept: Float[Tensor, "T 2 B C"]) -> Float[Tensor, "B C"]:
        """The same for one more position alone, in eval mode; see `CausalSelfAttention.step`."""
        x = x + self.attn.step(self.ln_1(x), kept)
        return x + self._mlp(x)

    def _mlp(self, x: Float[Tensor, "*rows C"]) -> Float[Tensor, "*rows C"]:
        return self.dropout(self.proj(F.gelu(self.fc(self.ln_2(x)), approximate="tanh")))


class Transformer(Net):
    """Symbol and position embeddings, blocks, a last norm, logits (Radford et al. 2019; sizes as in makemore).

    With weight tying (Press & Wolf 2016) the matrix of the logits is that of the embeddings.
    """

    Options = TransformerOptions
    windowed = False

    def __init__(self, options: TransformerOptions, vocab_size: int) -> None:
        super().__init__(options, vocab_size)
        self.block_size = options.block_size
        self.wte = nn.Embedding(vocab_size, options.n_embd)
        self.wpe = nn.Embedding(options.block_size, options.n_embd)
        self.dropout = nn.Dropout(options.dropout)
        self.blocks = Layers(Block(options) for _ in range(options.n_layer))
        self.ln_f = nn.LayerNorm(options.n_embd)
        self.head = None if options.tie else nn.Linear(options.n_embd, vocab_size, bias=False)
        for name, p in self.named_parameters():
            if p.ndim == 2:  # the two branches of a block add up over the depth, so they begin smaller
                depth = (2 * options.n_layer) ** 0.5 if name.endswith("proj.weight") else 1
                nn.init.normal_(p, std=0.02 / depth)
            elif name.endswith("bias"):
                nn.init.zeros_(p)

    def forward(self, idx: Integer[Tensor, "B T"]) -> Float[Tensor, "B T V"]:
        """Logits of the next symbol at every position; T is at most block_size."""
        positions = torch.arange(idx.shape[1], device=idx.device)
        x = self.dropout(self.wte(idx) + self.wpe(positions))
        for block in self.blocks:
            x = block(x)
        return self._logits(x)

    def step(self, idx: Integer[Tensor, " B"], state: Cache | None) -> tuple[Float[Tensor, "B V"], Cache]:
        """Logits after reading one id a row, and the new state, which holds the last block_size ids.

        Keys and values are kept until block_size ids were read, or there is no room for them (LARGEST_CACHE); from
        then on all ids are read again for every one more.
        """
        longest = self.wpe.num_embeddings
        assert self.block_size is not None
        ids = idx[:, None] if state is None else torch.cat([state.ids, idx[:, None]], 1)
        rows = torch.arange(len(idx), device=idx.device)
        if state is not None and state.kept is None:
            ids = ids[:, -longest:]
            return self(ids)[:, -1], Cache(ids, None, rows)
        x = self.wte(idx) + self.wpe.weight[ids.shape[1] - 1]
        kept = x.new_empty(1, len(self.blocks), 2, *x.shape) if state is None else state.longer()
        for i, block in enumerate(self.blocks):
            x = block.step(x, kept[:, i])
        full = ids.shape[1] == longest or kept.nbytes > LARGEST_CACHE
        return self._logits(x), Cache(ids, None if full else kept, rows)

    def _logits(self, x: Float[Tensor, "*rows C"]) -> Float[Tensor, "*rows V"]:
        return F.linear(self.ln_f(x), self.wte.weight if self.head is None else self.head.weight)
