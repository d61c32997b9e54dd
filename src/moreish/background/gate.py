"""The gate of a blend: how much each of its models is trusted, from what a prediction rests on."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

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


def gates_to_tensors(gates: Mapping[int, Gate]) -> dict[str, np.ndarray]:
    """Named "gate2/weight_in", ...: the number of models first."""
    return {f"gate{n}/{f.name}": getattr(gate, f.name) for n, gate in gates.items() for f in fields(gate)}


def gates_from_tensors(tensors: Mapping[str, np.ndarray]) -> dict[int, Gate]:
    """The gates that were taken apart. Raises ValueError for anything else."""
    found: dict[int, dict[str, np.ndarray]] = {}
    for name, array in tensors.items():
        number, _, field = name.removeprefix("gate").partition("/")
        if number not in ("1", "2", "3") or array.dtype != np.float32 or not np.isfinite(array).all():
            raise ValueError(f'its array "{name}" belongs to no gate')
        found.setdefault(int(number), {})[field] = array
    return {number: _gate(number, arrays) for number, arrays in found.items()}


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
