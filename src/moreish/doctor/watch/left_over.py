"""Gradients that are left over: whether a loop resets them between one step and the next backward."""

from torch.optim import Optimizer

from moreish.doctor.watch.by_hand import ByHand


class LeftOver:
    """Which gradients lay there after a step, by identity and version: to see whether anybody resets them."""

    def __init__(self) -> None:
        self._versions: dict[int, tuple[int, int]] = {}

    def __bool__(self) -> bool:
        return bool(self._versions)

    def remember(self, optimizer: Optimizer | ByHand) -> None:
        """The gradients of this optimizer, as they are now."""
        self._versions = {
            id(p): (id(p.grad), p.grad._version)
            for group in optimizer.param_groups
            for p in group["params"]
            if p.grad is not None
        }

    def untouched(self, optimizer: Optimizer | ByHand) -> bool:
        """Whether any gradient is still exactly the one of the optimizer's last step."""
        return any(
            p.grad is not None
            and self._versions.get(id(p)) == (id(p.grad), p.grad._version)
            and bool(p.grad.any())  # zeroed behind the version counter's back: p.grad.data.zero_()
            for group in optimizer.param_groups
            for p in group["params"]
        )
