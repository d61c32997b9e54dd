"""Rounds: what one step of a run is where several optimizers take turns."""

from torch.optim import Optimizer

IDLE = 10  # rounds after which an optimizer that has not stepped is no longer waited for


class Rounds:
    """A round is over when every optimizer has stepped, or when one steps again. Each has a count of its own."""

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}  # steps of each optimizer
        self.rounds = 0
        self._last: dict[int, int] = {}  # the round of its latest step
        self._now: set[int] = set()

    def stepped(self, optimizer: Optimizer) -> bool:
        """Note a step; whether it begins a round."""
        key = id(optimizer)
        begins = not self._now or key in self._now
        if begins:
            self._now.clear()
            self.rounds += 1
        self._now.add(key)
        self.counts[key] = self.counts.get(key, 0) + 1
        self._last[key] = self.rounds
        return begins

    def complete(self, stepped: list[Optimizer], optimizers: list[Optimizer]) -> bool:
        """Whether all have stepped that can be expected to: those that never did are waited for at first only."""
        oldest = self.rounds - IDLE
        expected = {id(o) for o in optimizers if self._last.get(id(o), 0) > oldest or oldest <= 0}
        return {id(o) for o in stepped} >= expected

    def replaced(self, old: Optimizer, new: Optimizer) -> None:
        """A new optimizer goes on counting where another one stopped."""
        for table in (self.counts, self._last):
            if id(old) in table:
                table[id(new)] = table.pop(id(old))
        if id(old) in self._now:
            self._now = (self._now - {id(old)}) | {id(new)}
