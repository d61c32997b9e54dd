"""Networks, one file a family, under one contract: ids (B, T) in, logits out; nothing here knows about text.

A network is a plain `torch.nn.Module` (`net.Net`) with

- `Options`: its frozen dataclass of options,
- `windowed`: True if windows (B, block_size) give logits (B, V), False if sequences (B, T) give (B, T, V),
- `block_size`: how many ids it can look back on (None: no limit),
- optionally `step(idx (B,), state) -> (logits (B, V), state)` where it can read one id at a time, and
  `read(idx (B, T), state) -> (logits (B, T, V), state)` for pieces of a long item; the state is one tensor (B, ...)
  or says itself how to take rows of it (`net.Rows`).

`MODELS` names them. A new one is a file and a line, and the conformance tests run over it from then on.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from moreish.options import did_you_mean
from moreish.rng import torch_alone

if TYPE_CHECKING:
    from moreish.models.net import Net

MODELS = {
    "bigram": "moreish.models.bigram:Bigram",
    "mlp": "moreish.models.mlp:MLP",
    "wavenet": "moreish.models.wavenet:WaveNet",
    "wavenet-sliding": "moreish.models.wavenet:SlidingWaveNet",
    "wavenet-gated": "moreish.models.gated_wavenet:GatedWaveNet",
    "rnn": "moreish.models.rnn:RNN",
    "gru": "moreish.models.gru:GRU",
    "gru-cho": "moreish.models.cho_gru:ChoGRU",
    "lstm": "moreish.models.lstm:LSTM",
    "bow": "moreish.models.bow:BagOfWords",
    "transformer": "moreish.models.transformer:Transformer",
}


def model_class(name: str) -> type["Net"]:
    """The network class of this name. Raises ValueError for an unknown one."""
    if name not in MODELS:
        raise ValueError(f'there is no model "{name}"{did_you_mean(name, MODELS)}')
    module, _, attribute = MODELS[name].partition(":")
    return getattr(import_module(module), attribute)


def build_model(name: str, options: object, vocab_size: int, seed: int, kinds: int = 1) -> "Net":
    """A freshly initialised network; the same seed gives the same parameters, and torch's own stream is untouched."""
    from moreish.models.net import with_kinds

    with torch_alone(seed):
        return with_kinds(model_class(name)(options, vocab_size), kinds)
