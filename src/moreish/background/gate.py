"""The gate of a blend: how much each of its models is trusted, from what a prediction rests on."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

SHAPE_SCORES = 3  # of classes, of single symbols, of the end
EVIDENCE = 5  # features beside the entropies: one, size of the list, count and length of the context, beginning


@dataclass(frozen=True)
class Gate:
    """From what a prediction rests on to the power of each score: one hidden layer of tanh.

    weight_in : (hidden, features), bias_in : (hidden,), weight_out : (scores, hidden), bias_out : (scores,)
    """

    weight_in: Float[np.ndarray, "hidden features"]
    bias_in: Float[np.ndarray, " hidden"]
    weight_out: Float[np.ndarray, "scores hidden"]
    bias_out: Float[np.ndarray, " scores"]

    def __call__(self, features: Float[np.ndarray, "rows features"]) -> Float[np.ndarray, "rows scores"]:
        """The powers."""
        return np.tanh(features @ self.weight_in.T + self.bias_in) @ self.weight_out.T + self.bias_out

    def stricter(self, by: float) -> "Gate":
        """The same with so much more power for the score of the classes."""
        power = self.bias_out.copy()
        power[-SHAPE_SCORES] += np.float32(by)
        return replace(self, bias_out=power)

    @property
    def models(self) -> int:
        """How many models it weighs."""
        return len(self.bias_out) - SHAPE_SCORES


class Parts(NamedTuple):
    """What a blend is made of beside the n-gram: nets that have read the list, and nets trained on by it."""

    read: int = 0
    tuned: int = 0

    @property
    def models(self) -> int:
        """All of them, with the n-gram."""
        return 1 + self.read + self.tuned

    def __str__(self) -> str:
        return f"{self.read}+{self.tuned}"


def blended_from(nets: int) -> list[Parts]:
    """What a list can be blended from: counts alone, nets, and as many of them trained on as there is time for.

    Of fewer nets too, for a background net that somebody trains and has no lists to fit gates on.
    """
    return [Parts(), *(Parts(read, tuned) for read in range(1, nets + 1) for tuned in range(read + 1))]


def gates_to_tensors(gates: Mapping[str, Gate]) -> dict[str, np.ndarray]:
    """Named "gate1+1/weight_in", ...: what each is called first."""
    return {f"gate{name}/{f.name}": getattr(gate, f.name) for name, gate in gates.items() for f in fields(gate)}


def gates_from_tensors(tensors: Mapping[str, np.ndarray], models: Mapping[str, int]) -> dict[str, Gate]:
    """The gates that were taken apart, whose names are among these, each with its number of models.

    Raises ValueError for anything else.
    """
    found: dict[str, dict[str, np.ndarray]] = {}
    for path, array in tensors.items():
        name, _, field = path.removeprefix("gate").partition("/")
        if name not in models or array.dtype != np.float32 or not np.isfinite(array).all():
            raise ValueError(f'its array "{path}" belongs to no gate')
        found.setdefault(name, {})[field] = array
    return {name: _gate(models[name], arrays) for name, arrays in found.items()}


def _gate(models: int, arrays: Mapping[str, np.ndarray]) -> Gate:
    if set(arrays) != {f.name for f in fields(Gate)} or arrays["bias_in"].ndim != 1:
        raise ValueError(f"its gate of {models} models is not whole")
    hidden, scores = len(arrays["bias_in"]), models + SHAPE_SCORES
    shapes = {
        "weight_in": (hidden, EVIDENCE + models), "bias_in": (hidden,),
        "weight_out": (scores, hidden), "bias_out": (scores,),
    }  # fmt: skip
    if any(arrays[name].shape != shape for name, shape in shapes.items()):
        raise ValueError(f"its gate of {models} models has other sizes")
    return Gate(**arrays)
