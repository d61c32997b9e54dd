"""The cases of the sickbay: which runs a half is made of."""

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.sickbay import unseen  # noqa: F401  enters its strangers
from benchmarks.sickbay.strangers import STRANGERS
from benchmarks.sickbay.worlds import TRAPS, WORLDS
from moreish.doctor.treat.faults import FAULTS

HALVES = {"tuning": ("names", 0), "held-out": ("words", 101)}
LENGTHS = (600, 300, 1200)  # steps of a run; each length has a seed of its own
STRANGE_LENGTHS = (100, 600, 2000)


@dataclass(frozen=True)
class Case:
    """One run: healthy (an architecture of ours, a trap, a stranger), or with a seeded fault."""

    kind: str
    world: str
    optimizer: str
    list_name: str
    seed: int
    steps: int
    fault: str = ""
    severity: float = 0.0

    @property
    def key(self) -> str:
        """A name that no other case has, and that stays the same from run to run."""
        return "|".join(str(v) for v in asdict(self).values())

    @property
    def twin(self) -> "Case":
        """The healthy run that this one is compared with."""
        return Case("healthy", self.world, self.optimizer, self.list_name, self.seed, self.steps)

    def words(self) -> str:
        """For people."""
        place = ", ".join(filter(None, (self.world, self.optimizer)))
        what = f"{self.fault} x {self.severity:g} on {place}" if self.fault else f"{self.kind}: {place}"
        return f"{what}, {self.steps} steps, seed {self.seed}"

    @staticmethod
    def of(row: dict[str, Any]) -> "Case":
        """The case of a kept outcome."""
        return Case(**row["case"])


def pairings(half: str, fault: str) -> list[tuple[str, str]]:
    """Architectures and optimizers on which a fault is seeded in one half; the two halves share none of them."""
    every = [(name, optimizer) for name, world in WORLDS.items() for optimizer in world.lr]
    random.Random(fault).shuffle(every)
    return every[::2] if half == "tuning" else every[1::2]


def healthy(half: str, seeds: int) -> Iterator[Case]:
    """Every architecture with every optimizer, every trap, and the strangers of this half."""
    list_name, first = HALVES[half]
    for repeat in range(seeds):
        for k, steps in enumerate(LENGTHS):
            seed = first + 10 * repeat + k
            for name, world in WORLDS.items():
                for optimizer in world.lr:
                    yield Case("healthy", name, optimizer, list_name, seed, steps)
            for trap in TRAPS:
                yield Case("trap", trap.name, "", list_name, seed, steps)
        for k, steps in enumerate(STRANGE_LENGTHS):
            for stranger in STRANGERS.values():
                if stranger.half == half:
                    yield Case("stranger", stranger.name, "", "", first + 10 * repeat + k, steps)


def faulty(half: str, seeds: int) -> Iterator[list[Case]]:
    """For every fault at every severity the candidates, best first: the first few that can be seeded are run."""
    list_name, first = HALVES[half]
    for id, fault in FAULTS.items():
        for s, severity in enumerate(fault.severities):
            pairs = pairings(half, id)
            pairs = pairs[2 * s :] + pairs[: 2 * s]
            for repeat in range(seeds):
                yield [
                    Case(
                        "fault",
                        name,
                        optimizer,
                        list_name,
                        first + 10 * repeat + j % len(LENGTHS),
                        LENGTHS[j % len(LENGTHS)],
                        id,
                        float(severity),
                    )
                    for j, (name, optimizer) in enumerate(pairs)
                ]
