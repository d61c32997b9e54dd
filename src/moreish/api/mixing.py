"""Which runs can be one mixture."""

from collections.abc import Sequence

import numpy as np

from moreish.api.trained import TrainedRun
from moreish.data import Corpus, stored
from moreish.shards.corpus import ShardedCorpus
from moreish.wording import called


def refuse_unmixable(runs: Sequence[TrainedRun]) -> None:
    """Raises ValueError where these are no two runs of one list split in one way, or a blend is among them."""
    if len(runs) < 2:
        raise ValueError("a mixture takes at least two runs")
    first = runs[0]
    for other in runs[1:]:
        if not _same_corpus(first.corpus, other.corpus):
            raise ValueError(
                f"{first.run.name} and {other.run.name} were not trained on the same list split in the same way, "
                "so no val split is unseen by both: train them on one list with the same data options"
            )
    if blended := [run.name for run in runs if run.config.model.name == "background"]:
        raise ValueError(
            f"{blended[0]} is a blend already, measured by cross-validation and not on val: train runs to be mixed "
            f"with {called('background', 'none')}"
        )


def _same_corpus(one: Corpus, other: Corpus) -> bool:
    if isinstance(one, ShardedCorpus) and isinstance(other, ShardedCorpus):
        return one.sha256 == other.sha256
    a, b = stored.to_tensors(one), stored.to_tensors(other)
    same = ("ids", "offsets", "parts", "kinds", "kind_names", "weights")
    alike = all(np.array_equal(a[k], b[k]) for k in same if k in a and k in b)
    return one.vocab == other.vocab and alike and a.keys() == b.keys()
