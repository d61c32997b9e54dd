"""Pictures of runs, for a notebook or a file: each takes `ax=` and returns the axes that it drew on.

    from moreish import plots

    plots.loss(run.run)                # train and val over the steps, with the baselines
    plots.embedding(model, vocab)      # where a network puts each symbol
    plots.pairs(corpus)                # how often each symbol follows each
    plots.contexts(corpus)             # how soon contexts run out
    plots.learning_rates(test)         # what find_lr found
    plots.figures(title, seen)         # what happens inside a network: figures by name

Needs matplotlib: the extra [plots]. What is drawn is loaded when it is first used.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from moreish.plots.curves import loss
    from moreish.plots.inside import figures
    from moreish.plots.lr import learning_rates
    from moreish.plots.model import contexts, embedding, pairs

__all__ = ["contexts", "embedding", "figures", "learning_rates", "loss", "pairs"]
_MODULES = {"loss": "curves", "figures": "inside", "learning_rates": "lr"}


def __getattr__(name: str) -> "Any":
    from importlib import import_module

    if name not in __all__:
        raise AttributeError(f"module 'moreish.plots' has no attribute {name!r}")
    return getattr(import_module(f"moreish.plots.{_MODULES.get(name, 'model')}"), name)


def __dir__() -> list[str]:
    return __all__
