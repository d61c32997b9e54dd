"""The machine: what must be the same for training to go on bit for bit.

With another instruction set or number of threads torch sums in another order, and another build of it may do anything
in another way. Each is kept with a checkpoint.
"""

import hashlib
import platform
import re
import sys
from collections.abc import Mapping
from functools import cache

import numpy as np

from moreish.errors import RunError
from moreish.threads import torch_on_one_core
from moreish.wording import called

Machine = Mapping[str, str | int]

COMPARED = {
    "torch": "torch",
    "build": "build of torch",
    "processor": "processor",
    "capability": "instruction set",
    "threads": "thread count",
    "processes": "number of processes",
    "kernels": "level of the compiled kernels",
    "arithmetic": "hash of the arithmetic of processor and libraries",
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
        "arithmetic": arithmetic(),
    }


@cache
def arithmetic() -> str:
    """What comes of the operations that nets are made of, on one thread, as a hash.

    It is the judge for what the other traits do not say: a processor of another maker, a library told to take other
    ways, another numpy.
    """
    import torch

    rng = np.random.default_rng(0)
    a, b = (rng.integers(-999, 999, shape) / 512 for shape in ((67, 129), (129, 83)))
    found = [
        a @ b,
        np.exp(a),
        np.log(np.abs(a) + 1),
        a.sum(0),
        a.astype(np.float32) @ b.astype(np.float32),
        np.tanh(a.astype(np.float32)),
    ]
    with torch_on_one_core(), torch.no_grad():
        for kind in (torch.float32, torch.float64):
            x, y = torch.from_numpy(a).to(kind), torch.from_numpy(b).to(kind)
            shaped = (torch.tanh, torch.sigmoid, torch.exp, torch.nn.functional.gelu, torch.rsqrt)
            found += [each(x.abs() + 0.5).numpy() for each in shaped]
            found += [(x @ y).numpy(), (y.T @ x.T).numpy(), x.log_softmax(1).numpy(), x.sum().numpy()]
            found += [torch.nn.functional.layer_norm(x, (129,)).numpy(), x.var(0).numpy()]
        found.append((torch.from_numpy(a).bfloat16() @ torch.from_numpy(b).bfloat16()).float().numpy())
    return hashlib.sha256(b"".join(np.ascontiguousarray(each).tobytes() for each in found)).hexdigest()[:12]


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
                f"bit; say {called('inexact', True)} to go on all the same"
            )
