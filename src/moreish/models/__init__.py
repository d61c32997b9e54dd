"""Networks, one file a family, under one contract: ids (B, T) in, logits out; nothing here knows about text.

A network is a plain `torch.nn.Module` (`net.Net`) with

- `Options`: its frozen dataclass of options,
- `windowed`: True if windows (B, block_size) give logits (B, V), False if sequences (B, T) give (B, T, V),
- `block_size`: how many ids it can look back on (None: no limit),
- optionally `step(idx (B,), state) -> (logits (B, V), state)` where it can read one id at a time, and
  `read(idx (B, T), state) -> (logits (B, T, V), state)` for pieces of a long item; the state is one tensor (B, ...)
  or says itself how to take rows of it (`net.Rows`).

`MODELS` names them. A new one is a file and a line, and the conformance tests run over it from then on. Packages that
are installed beside moreish add others by an entry point of the group `moreish.models`: docs/export.md says how.
"""

from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
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


GROUP = "moreish.models"


@cache
def foreign_models() -> dict[str, EntryPoint]:
    """Networks of other packages that are installed here; a name of ours stays ours."""
    return {found.name: found for found in entry_points(group=GROUP) if found.name not in MODELS}


def model_class(name: str) -> type["Net"]:
    """The network class of this name. Raises ValueError for an unknown one, and for one that cannot be used."""
    if name not in MODELS:
        if name in foreign_models():
            return _foreign(foreign_models()[name])
        raise ValueError(f'there is no model "{name}"{did_you_mean(name, [*MODELS, *foreign_models()])}')
    module, _, attribute = MODELS[name].partition(":")
    return getattr(import_module(module), attribute)


def _foreign(found: EntryPoint) -> type["Net"]:
    """The class that an entry point names. Raises ValueError where it is no network of this contract."""
    from moreish.models.net import Net

    package = f" of {found.dist.name}" if found.dist else ""
    try:
        loaded = found.load()
    except Exception as error:  # whatever a stranger's module does when it is imported
        raise ValueError(
            f'the model "{found.name}"{package} cannot be loaded ({type(error).__name__}: {error}): bring it '
            "up to date, or uninstall that package"
        ) from None
    told = isinstance(loaded, type) and issubclass(loaded, Net)
    if not told or not all(hasattr(loaded, name) for name in ("Options", "windowed", "block_size")):
        raise ValueError(
            f'the model "{found.name}"{package} is no network for moreish: it has to be a subclass of '
            "moreish.models.net.Net with Options, windowed and block_size"
        )
    return loaded


def build_model(name: str, options: object, vocab_size: int, seed: int, kinds: int = 1) -> "Net":
    """A freshly initialised network; the same seed gives the same parameters, and torch's own stream is untouched."""
    from moreish.models.net import with_kinds

    with torch_alone(seed):
        return with_kinds(model_class(name)(options, vocab_size), kinds)
