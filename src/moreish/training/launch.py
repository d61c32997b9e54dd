"""Whether this process is one of several that train one network, as torchrun and its like say it in the environment.

Nothing here loads torch: a command that counts only need not wait for it.
"""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Launched:
    """One process of several.

    rank : its number among all, 0 leads; `local_rank` among those of its machine
    launch : names all attempts of one torchrun and no other, so that an attempt finds the run that an earlier one
        began; empty where nobody starts processes anew
    """

    rank: int
    size: int
    local_rank: int = 0
    launch: str = ""


def launched() -> Launched | None:
    """What RANK and WORLD_SIZE say; None in a process that is alone. Raises ValueError where they make no sense."""
    if "WORLD_SIZE" not in os.environ and "RANK" not in os.environ:
        return None
    size, rank = _whole("WORLD_SIZE"), _whole("RANK")
    if not rank < size:
        raise ValueError(f"RANK is {rank} and WORLD_SIZE {size}, but ranks are numbered from 0 to WORLD_SIZE - 1")
    if size == 1:
        return None
    local = _whole("LOCAL_RANK") if "LOCAL_RANK" in os.environ else 0
    errors = Path(os.environ.get("TORCHELASTIC_ERROR_FILE", "")).parts  # .../ID_RANDOM/attempt_N/RANK/error.json
    return Launched(rank, size, local, errors[-4] if len(errors) > 4 else "")


def _whole(name: str) -> int:
    value = os.environ.get(name, "")
    if not value.isdecimal() or (name == "WORLD_SIZE" and int(value) < 1):
        raise ValueError(
            f'{name} is "{value}" in the environment, and several processes need a whole number there: start them '
            "with torchrun, or unset RANK and WORLD_SIZE"
        )
    return int(value)
