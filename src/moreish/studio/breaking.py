"""Which of the doctor's faults a network can be given: each is tried on a copy."""

import copy
from typing import Any

from moreish.doctor.treat.faults import FAULTS, seed_fault
from moreish.training.state import TrainState
from moreish.training.steps import make_optimizer

MILD = {"F04": (5,)}  # severities beside those that the doctor is measured with


def possible(state: TrainState) -> list[dict[str, Any]]:
    """Id, words and severities of each, those that most nets have first."""
    found = []
    for id, fault in FAULTS.items():
        model = copy.deepcopy(state.model)
        optimizer = make_optimizer(model, state.options)
        try:
            broken = seed_fault(id, model, optimizer)
        except (ValueError, RuntimeError, KeyError, IndexError):
            continue
        if broken is not None:
            severities = [*MILD.get(id, ()), *fault.severities]
            found.append({"id": id, "words": fault.words, "severities": severities, "layer": broken.layer})
    return found
