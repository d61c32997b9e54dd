"""A network that begins with what another one learned on another list, whose symbols and kinds are among its own."""

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Integer
from torch import Tensor

from moreish.models.net import Net

READ = ("wte.weight", "logits.weight")
"""The table that a net reads symbols from; the bigram's is also what it foretells."""


def inherit(
    net: Net,
    learned: Mapping[str, Tensor],
    old_ids: Integer[np.ndarray, " V"],
    old_kinds: Integer[np.ndarray, " K"],
) -> None:
    """Put into `net` what a network of the same options learned.

    old_ids : for each id the one that its symbol had then, -1 for a new one
    old_kinds : for each kind the number that it had then, -1 for a new one

    A new symbol is read as before, by the numbers with which the net began, and foretold as the mean symbol is; a new
    kind begins as the mean of the kinds. Raises ValueError where the two are not of one shape.
    """
    with torch.no_grad():
        for name, p in net.state_dict().items():
            if name not in learned:
                raise ValueError(f"the network that is begun from has no {name}: it is of another shape")
            old = learned[name]
            if name in READ:
                old = _rows_of_kinds(p, old, old_ids, old_kinds)
            if name == "logits.weight":
                old = _foretold(old.T, old_ids).T
            elif name == "direct.weight" or (name.startswith("head.") and len(p) == len(old_ids)):
                old = _foretold(old, old_ids)
            if old.shape != p.shape:
                raise ValueError(f"{name} is {list(old.shape)} in the run that is begun from, {list(p.shape)} here")
            p.copy_(old)


def _rows_of_kinds(
    fresh: Tensor, old: Tensor, old_ids: Integer[np.ndarray, " V"], old_kinds: Integer[np.ndarray, " K"]
) -> Tensor:
    """The table for reading: a row for each symbol of each kind."""
    then = len(old) // max(int(old_kinds.max()) + 1, 1)
    tables = old.view(-1, then, old.shape[1])
    known = torch.from_numpy(old_ids >= 0)
    rows = torch.from_numpy(old_ids.clip(min=0))
    found = fresh.clone().view(len(old_kinds), len(old_ids), -1) if old.shape[1] == fresh.shape[1] else None
    wide = old.new_zeros(len(old_kinds), len(old_ids), old.shape[1]) if found is None else found
    for kind, number in enumerate(old_kinds.tolist()):
        table = tables[number] if number >= 0 else tables.mean(0)
        wide[kind, known] = table[rows[known]]
    return wide.view(-1, wide.shape[2])


def _foretold(old: Tensor, old_ids: Integer[np.ndarray, " V"]) -> Tensor:
    """Rows for the symbols that are foretold; new ones are as likely as the mean symbol."""
    rows = old[torch.from_numpy(old_ids.clip(min=0))].clone()
    rows[torch.from_numpy(old_ids < 0)] = old.mean(0)
    return rows
