"""The machine: what must be the same for training to go on bit for bit.

With another instruction set or number of threads torch sums in another order, and another build of it may do anything
in another way. Each is kept with a checkpoint.
"""

import hashlib
import platform
import re
import sys
from collections.abc import Mapping

from moreish.errors import RunError

Machine = Mapping[str, str | int]

COMPARED = {
    "torch": "torch",
    "build": "build of torch",
    "processor": "processor",
    "capability": "instruction set",
    "threads": "thread count",
    "processes": "number of processes",
    "kernels": "level of the compiled kernels",
}
"""What is compared, in this order, and its name in a sentence."""


def this_machine() -> Machine:
    """What is kept with a checkpoint; a run that only counts, and so has loaded no torch, needs nothing of it."""
    if "torch" not in sys.modules:
        return {}
    import torch

    from moreish.fast.library import level
    from moreish.training import distributed

    build = re.sub(r".*CPU capability usage.*\n", "", torch.__config__.show())
    return {
        "torch": torch.__version__,
        "build": hashlib.sha256(build.encode()).hexdigest()[:12],
        "processor": platform.machine(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "processes": distributed.size(),
        "kernels": level(),
    }


def check_same_machine(then: Machine, fused: bool = False) -> None:
    """Raises RunError where this machine differs from that of a checkpoint in anything that it says.

    fused : whether a fused step is asked for, so that the level of the compiled kernels counts, which sum in an order
        of their own
    """
    import torch  # noqa: F401 (what was trained goes on with it)

    now = this_machine()
    for key, name in COMPARED.items():
        if key in then and then[key] != now[key] and (fused or key != "kernels"):
            raise RunError(
                f"this run was trained with {name} {then[key]} and here it is {now[key]}, so it cannot go on bit for "
                "bit; say --inexact to go on all the same"
            )
