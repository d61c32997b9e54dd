"""Mistakes in the cells of recurrent networks: a gate's slope, a path, a pair of gates that were exchanged.

The gradients of a cell are those of its gates before their sigmoid or tanh, sent through the linear layer that all
gates share. So a mistake is a change of the gates' gradients, and shows in every argument.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from types import SimpleNamespace
from typing import NamedTuple

import torch
from torch import Tensor

Call = SimpleNamespace


class Gates(NamedTuple):
    """What reaches the gates before their nonlinearities, on x's side and on h's, and what else reaches h and c."""

    on_x: list[Tensor]
    on_h: list[Tensor]
    straight: Tensor | None = None  # to h, beside the gates
    memory: Tensor | None = None  # to c, of a LSTM


def gradient(gates: Gates, argument: str, c: Call) -> Tensor:
    """The gradient of one argument of the cell, from those of its gates."""
    x_side, h_side = torch.cat(gates.on_x, 1), torch.cat(gates.on_h, 1)
    match argument:
        case "x":
            return x_side @ c.w_ih
        case "w_ih":
            return x_side.T @ c.x
        case "w_hh":
            return h_side.T @ c.h
        case "b_ih":
            return x_side.sum(0)
        case "b_hh":
            return h_side.sum(0)
        case "hx[1]":
            assert gates.memory is not None
            return gates.memory
        case _:
            dh = h_side @ c.w_hh
            return dh if gates.straight is None else dh + gates.straight


Slopes = Mapping[str, Tensor]


def lstm(c: Call, slopes: Slopes | None = None, *, tanh_slope: bool = True, later: bool = True) -> Gates:
    """The gates of an LSTM cell: input i, forget f, candidate g, output o; slopes other than their own if given."""
    slopes = (
        {gate: s * (1 - s) for gate, s in (("i", c.i), ("f", c.f), ("o", c.o))}
        | {"g": 1 - c.g**2}
        | dict(slopes or {})
    )
    dh, dc = c.dy
    dc = (dc if later else 0) + c.o * ((1 - c.tanh_c**2) if tanh_slope else 1) * dh
    gates = [slopes["i"] * c.g * dc, slopes["f"] * c.c * dc, slopes["g"] * c.i * dc, slopes["o"] * c.tanh_c * dh]
    return Gates(gates, gates, memory=c.f * dc)


def gru(
    c: Call,
    slopes: Slopes | None = None,
    *,
    swapped: bool = False,
    reset: float = 1.0,
    update: float = 1.0,
    straight: float = 1.0,
    reset_on_h: bool = True,
) -> Gates:
    """The gates of a GRU cell: reset r, update z, candidate n; with z and 1 - z exchanged, or a path left out."""
    slopes = {"r": c.r * (1 - c.r), "z": c.z * (1 - c.z), "n": 1 - c.n**2} | dict(slopes or {})
    keep, sign = (1 - c.z, -1) if swapped else (c.z, 1)
    dn = slopes["n"] * (1 - keep) * c.dy
    dz = update * slopes["z"] * sign * (c.h - c.n) * c.dy
    dr = reset * slopes["r"] * dn * c.hn
    return Gates([dr, dz, dn], [dr, dz, c.r * dn if reset_on_h else dn], straight=straight * keep * c.dy)


def rnn(c: Call, slope: Tensor) -> Gates:
    """The one gate of a plain cell, with this slope of its nonlinearity."""
    return Gates([slope * c.dy], [slope * c.dy])


def rnn_tanh_mistakes() -> Iterator[tuple[str, Callable[[Call], Gates]]]:
    """What people get wrong in h' = tanh(...)."""
    yield "the slope 1 - h'^2 of tanh is missing", lambda c: rnn(c, torch.ones_like(c.dy))
    yield "the old state h stands where the new one, h', belongs in tanh's slope", lambda c: rnn(c, 1 - c.h**2)
    yield "1 - h' stands where the slope 1 - h'^2 of tanh belongs", lambda c: rnn(c, 1 - c.h_next)
    yield (
        "the preactivation stands where h' = tanh(...) belongs in the slope 1 - h'^2",
        lambda c: rnn(c, 1 - c.h_next.atanh() ** 2),
    )


def rnn_relu_mistakes() -> Iterator[tuple[str, Callable[[Call], Gates]]]:
    """What people get wrong in h' = relu(...)."""
    yield "the mask h' > 0 of relu is missing", lambda c: rnn(c, torch.ones_like(c.dy))
    yield "the old state h stands where the new one, h', belongs in the mask", lambda c: rnn(c, 1.0 * (c.h > 0))


def _exchanged(
    cell: Callable[[Call], Gates], names: Mapping[str, int]
) -> Iterator[tuple[str, Callable[[Call], Gates]]]:
    """Two gates in each other's place in the stack."""
    for (one, i), (other, j) in combinations(names.items(), 2):

        def swapped(c: Call, i: int = i, j: int = j) -> Gates:
            gates = cell(c)
            order = list(range(len(gates.on_x)))
            order[i], order[j] = j, i
            return gates._replace(on_x=[gates.on_x[k] for k in order], on_h=[gates.on_h[k] for k in order])

        yield f"the gradients of the {one} and the {other} gate are exchanged (swapped)", swapped


def lstm_mistakes() -> Iterator[tuple[str, Callable[[Call], Gates]]]:
    """What people get wrong in an LSTM cell."""
    yield "the gradient that c' brings from later steps is not added", lambda c: lstm(c, later=False)
    yield "the slope 1 - tanh(c')^2 is missing on the way to c'", lambda c: lstm(c, tanh_slope=False)
    for gate, name in (("i", "input"), ("f", "forget"), ("o", "output")):
        yield from _sigmoid_slopes(gate, name, lstm)
    yield from _tanh_slopes("g", lstm)
    yield from _exchanged(lstm, {"input": 0, "forget": 1, "candidate": 2, "output": 3})


def gru_mistakes() -> Iterator[tuple[str, Callable[[Call], Gates]]]:
    """What people get wrong in a GRU cell."""
    yield "z and 1 - z are exchanged (swapped): h' = (1 - z) n + z h", lambda c: gru(c, swapped=True)
    yield "the path through the reset gate r is missing", lambda c: gru(c, reset=0.0)
    yield "the path through the update gate z is missing", lambda c: gru(c, update=0.0)
    yield "the path through the update gate z has the wrong sign", lambda c: gru(c, update=-1.0)
    yield "the path straight through z h is missing", lambda c: gru(c, straight=0.0)
    yield "r is not multiplied in where hn passes the reset gate", lambda c: gru(c, reset_on_h=False)
    for gate, name in (("r", "reset"), ("z", "update")):
        yield from _sigmoid_slopes(gate, name, gru)
    yield from _tanh_slopes("n", gru)
    yield from _exchanged(gru, {"reset": 0, "update": 1, "candidate": 2})


def _sigmoid_slopes(
    gate: str, name: str, cell: Callable[[Call, Slopes], Gates]
) -> Iterator[tuple[str, Callable[[Call], Gates]]]:
    def of(c: Call) -> Tensor:
        return vars(c)[gate]

    full = f"{gate} (1 - {gate})"
    yield (
        f"{gate} alone stands where the slope {full} of the {name} gate's sigmoid belongs",
        lambda c: cell(c, {gate: of(c)}),
    )
    yield (
        f"1 - {gate} alone stands where the slope {full} of the {name} gate's sigmoid belongs",
        lambda c: cell(c, {gate: 1 - of(c)}),
    )
    yield (
        f"the slope {full} of the {name} gate's sigmoid is missing",
        lambda c: cell(c, {gate: torch.ones_like(of(c))}),
    )
    yield (
        f"the slope of tanh, 1 - {gate}^2, stands where that of the {name} gate's sigmoid, {full}, belongs",
        lambda c: cell(c, {gate: 1 - of(c) ** 2}),
    )


def _tanh_slopes(gate: str, cell: Callable[[Call, Slopes], Gates]) -> Iterator[tuple[str, Callable[[Call], Gates]]]:
    def of(c: Call) -> Tensor:
        return vars(c)[gate]

    yield (
        f"the slope of a sigmoid, {gate} (1 - {gate}), stands where that of the candidate's tanh belongs",
        lambda c: cell(c, {gate: of(c) * (1 - of(c))}),
    )
    yield (
        f"the slope 1 - {gate}^2 of the candidate's tanh is missing",
        lambda c: cell(c, {gate: torch.ones_like(of(c))}),
    )
    yield f"1 - {gate} stands where the slope 1 - {gate}^2 of tanh belongs", lambda c: cell(c, {gate: 1 - of(c)})
