"""The machine: what must be the same for training to go on bit for bit."""

import platform
import sys
from collections.abc import Mapping

from moreish.errors import RunError

Machine = Mapping[str, str | int]


def this_machine() -> Machine:
    """What is kept with a checkpoint; a run that only counts, and so has loaded no torch, needs nothing of it."""
    if "torch" not in sys.modules:
        return {}
    import torch

    from moreish.fast.library import level
    from moreish.training import distributed

    found = {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "processor": platform.machine(),
        "kernels": level(),
    }
    return found | ({"processes": distributed.size()} if distributed.size() > 1 else {})


def check_same_machine(then: Machine, fused: bool) -> None:
    """Raises RunError where torch, the processor or the number of processes differ from those of a checkpoint.

    fused : whether a fused step is asked for, so that the level of the compiled kernels counts, which sum in an order
        of their own
    """
    import torch

    from moreish.fast.library import level
    from moreish.training import distributed

    if then and then.get("processes", 1) != distributed.size():
        raise RunError(
            f"this run was trained by {then.get('processes', 1)} processes and here there are {distributed.size()}, "
            "so it cannot go on bit for bit; say --inexact to go on all the same"
        )
    now = {"torch": torch.__version__, "processor": platform.machine()}
    if fused and "kernels" in then:
        now["kernels"] = level()
    for key, value in now.items():
        if then and then.get(key) != value:
            raise RunError(
                f"this run was trained with {key} {then.get(key)} and here it is {value}, so it cannot go on bit for "
                "bit; say --inexact to go on all the same"
            )
