"""All jobs by name, and how one of them is done."""

from collections.abc import Callable

import torch

from benchmarks.reproduce import counting, lecture_deep, networks, text
from benchmarks.reproduce.job import Figures, Work
from moreish.recipes.lectures import LECTURE_RECIPES

JOBS: dict[str, Callable[[Work], Figures]] = {
    "scalar": counting.scalar,
    "facts": counting.facts,
    "bigram": counting.bigram,
    "one-hot": counting.one_hot,
    "kneser-ney": counting.kneser_ney,
    "backprop": counting.backprop,
    "makemore-parameters": networks.makemore_parameters,
    "bengio": text.bengio_parameters,
    "deep-start": networks.deep_at_start,
    "deep": networks.deep,
    "deep-start-same-seed": lecture_deep.at_start,
    "deep-same-seed": lecture_deep.after_1000,
    **{name: networks.recipe(name) for name in LECTURE_RECIPES if name != "lecture-deep"},
    "characters": text.characters,
    "words": text.words,
}
AFTER = {"folding": ("lecture-batchnorm", networks.folding), "sliding": ("wavenet", networks.sliding)}
"""Jobs that only look at what another one trained."""


def do(work: Work, name: str) -> str:
    """One job, in a process of its own, and those that look at what it trained, unless they are done.

    With one thread: nets this small gain nothing from a second, and on a busy machine they wait for it.
    """
    torch.set_num_threads(1)
    if work.result(name) is None:
        work.do(name, JOBS[name])
    for follower, (needed, measure) in AFTER.items():
        if needed == name and work.result(follower) is None:
            work.do(follower, measure)
    return name
