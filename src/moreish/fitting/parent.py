"""Parent: a run that a training on another list goes on from."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Integer

from moreish.data import Corpus, Split
from moreish.data.extend import extended, ids_in, renumbered
from moreish.models.contract import LanguageModel
from moreish.models.kinds import components_of

if TYPE_CHECKING:
    from moreish.models.net import Net


@dataclass(frozen=True)
class Parent:
    """What the new training gets of the old one.

    name : of the run
    components : its models, in the order of the configuration
    train : its train items, in the symbols of the new list
    old_ids, old_kinds : for each id and kind of the new list the one that it had then; -1 for new ones
    """

    name: str
    components: list[LanguageModel]
    train: Split
    old_ids: Integer[np.ndarray, " V"]
    old_kinds: Integer[np.ndarray, " K"]

    @classmethod
    def of(cls, name: str, model: LanguageModel, old: Corpus, new: Corpus) -> tuple["Parent", Corpus]:
        """The parent, and the new list with the symbols and kinds of both. Raises ValueError where they misfit."""
        corpus = extended(new, old)
        numbers = {kind: i for i, kind in enumerate(old.kinds)}
        old_kinds = np.array([numbers.get(kind, -1) for kind in corpus.kinds] or [0])
        train = renumbered(old.split("train"), old.vocab, corpus.vocab)
        return cls(name, components_of(model), train, ids_in(old.vocab, corpus.vocab), old_kinds), corpus

    def begin(self, net: "Net", component: int) -> None:
        """Put into a fresh network of this component what that of the parent learned.

        Raises ValueError where they are of different shapes.
        """
        from moreish.inference.network import module_of
        from moreish.models.inherit import inherit

        inherit(net, module_of(self.components[component]).state_dict(), self.old_ids, self.old_kinds)
