"""What keeps the probe out of the run's way: its own time, modes and failures, and what it must not look into."""

from collections.abc import Callable

import torch
from torch import nn

from moreish.doctor.watch.clock import Spent

NORMS = (nn.modules.batchnorm._NormBase,)
DROPOUTS = (nn.modules.dropout._DropoutNd,)


class Safely:
    """Counts the time, keeps torch's modes and gradients out, and lets no failure of ours reach the user's loop."""

    __slots__ = ("_fail", "_grad", "_modes", "_spent")

    def __init__(self, spent: Spent, fail: Callable[[Exception], None]) -> None:
        self._spent, self._fail = spent, fail

    def __enter__(self) -> None:
        self._spent.__enter__()
        self._modes = torch._C.DisableTorchFunction()
        self._modes.__enter__()
        self._grad = torch.is_grad_enabled()
        if self._grad:
            torch._C._set_grad_enabled(False)

    def __exit__(self, kind: object, failure: BaseException | None, traceback: object) -> bool:
        if self._grad:
            torch._C._set_grad_enabled(True)
        self._modes.__exit__(None, None, None)
        self._spent.__exit__()
        if not isinstance(failure, Exception):
            return False
        self._fail(failure)
        return True


def is_apart() -> bool:
    """Whether what runs now is no step of the user's. Autograd is at work: a checkpointed module runs a second time
    then. Or a transform of torch.func is, or a tracer or an exporter, whose tensors stand for others: what would be
    computed of them becomes part of what is traced.
    """
    return (
        torch._C._current_graph_task_id() != -1
        or torch._C._are_functorch_transforms_active()
        or torch._C._is_tracing()
        or torch.compiler.is_compiling()
    )


def passive(root: nn.Module) -> list[tuple[str, nn.Module]]:
    """Norm and dropout layers of a root that do now what they do in evaluation; none where the root is frozen."""
    if not any(p.requires_grad for p in root.parameters()):
        return []
    return [
        (name, m)
        for name, m in root.named_modules()
        if not m.training
        and ((isinstance(m, NORMS) and m.track_running_stats) or (isinstance(m, DROPOUTS) and m.p > 0))
    ]


def compiled(roots: dict[str, nn.Module]) -> set[str]:
    """Names of modules whose insides hooks cannot see."""
    found = set()
    for prefix, root in roots.items():
        for name, module in root.named_modules(prefix=prefix):
            if (
                isinstance(module, torch.jit.ScriptModule)
                or hasattr(module, "_orig_mod")
                or getattr(module, "_compiled_call_impl", None) is not None
            ):
                found.add(name or type(module).__name__)
    return found
