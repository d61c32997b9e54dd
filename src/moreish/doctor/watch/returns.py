"""Returns that weigh log-probabilities: whether they stand in the order of the steps, or the other way round.

A return is the reward of a step and a part of the next one's return: G_t = r_t + rate * G_t+1 (Sutton and Barto,
2018, equation 3.9). So in the right order G_t - rate * G_t+1 gives the rewards, of which many games know only a few
kinds; in the other order G_t - rate * G_t-1 does. Shifted and scaled as a whole, as returns often are, they stay so.
"""

from typing import Literal

import torch
from torch import Tensor

from moreish.doctor.watch.nodes import RESHAPED, inputs_of, kinds, name_of, under

SHAPED = kinds(RESHAPED, "Neg")
FEWEST, MOST = 8, 512  # steps of an episode, and products that are remembered
MOST_NUMBERS = 1024
RATES = (*(k / 100 for k in range(40, 100)), 0.995, 0.999, 0.9)
KINDS = 3  # of rewards that a game may have
ALL, MORE = 0.7, 0.3  # share of steps with one of them, and how much less it is in the other order
TURNS = 0.9  # of what is no common reward, that goes up after it went down
CLOSE = 1e-3  # standard deviations that make two rewards one kind

Order = Literal["", "forwards", "backwards"]


class Returns:
    """Of one frame: the weights of log-probabilities that were made one step after the other, in that order."""

    def __init__(self) -> None:
        self._orders: set[Order] = set()
        self._single: list[tuple[int, float]] = []

    def weighs(self, log_probs: Tensor, weight: Tensor | float) -> None:
        """Log-probabilities are multiplied with this."""
        if not isinstance(weight, Tensor) or weight.numel() == 1:
            node = log_probs.grad_fn
            if log_probs.numel() == 1 and node is not None and len(self._single) < MOST:
                self._single.append((under(node, SHAPED)._sequence_nr(), float(weight)))
        elif len(weight) >= FEWEST and weight.shape == log_probs.shape and _made_in_order(log_probs):
            self._orders.add(order_of(weight.detach().float().reshape(len(weight), -1)))

    def order(self) -> Order:
        """The order of all that was seen; empty where that is not known."""
        numbers, weights = [n for n, _ in self._single], [w for _, w in self._single]
        if len(numbers) >= FEWEST and numbers == sorted(numbers):
            self._orders.add(order_of(torch.tensor(weights)[:, None]))
        known = self._orders - {""}
        return known.pop() if len(known) == 1 else ""


def order_of(returns: Tensor) -> Order:
    """The order of returns (steps, episodes); empty where rewards are of many kinds in both, or of few."""
    spread = float(returns.std())
    if not spread > 0:
        return ""
    forwards, backwards = (
        max(_few_kinds(here - rate * there, CLOSE * spread) for rate in RATES)
        for here, there in ((returns[:-1], returns[1:]), (returns[1:], returns[:-1]))
    )
    if max(forwards, backwards) < ALL or abs(forwards - backwards) < MORE:
        return ""
    return "forwards" if forwards > backwards else "backwards"


def _few_kinds(rewards: Tensor, close: float) -> float:
    """The share of the commonest kinds of rewards; 0 for what goes up and down in turns, as differences do, which
    rewards less their running mean leave.
    """
    apart = (rewards - rewards.median())[:, 0]
    signs = apart[apart.abs() > max(close, 0.5 * float(apart.abs().amax()))].sign()
    if len(signs) > 1 and float((signs[1:] != signs[:-1]).float().mean()) > TURNS:
        return 0.0
    numbers = rewards.reshape(-1)[:MOST_NUMBERS].sort().values
    kinds = torch.cumsum(torch.cat([numbers.new_zeros(1), (numbers.diff() > close).float()]), 0).long()
    counts = torch.bincount(kinds)
    return float(counts.topk(min(KINDS, len(counts))).values.sum()) / len(numbers)


def _made_in_order(log_probs: Tensor) -> bool:
    """Whether these were put together from parts in the order in which the parts were made."""
    if log_probs.grad_fn is None:
        return False
    node = under(log_probs.grad_fn, SHAPED)
    if not name_of(node).startswith(("Stack", "Cat")) or len(node.next_functions) < FEWEST:
        return False
    made = [under(part, SHAPED)._sequence_nr() for part in inputs_of(node)]
    return made == sorted(made)
