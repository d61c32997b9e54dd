"""Mistakes in the cells of recurrent networks: a gate's slope, a path, a pair of gates that were exchanged.

The gradients of a cell are those of its gates before their sigmoid or tanh, sent through the linear layer that all
gates share. So a mistake is a change of the gates' gradients, and shows in every argument.
"""

from collections.abc import Callable, Iterator, Mapping
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
        {gate: s * (1 - s) for gate, s in (("i", c.i), ("f", c.f), ("o", c.o))} | {"g": 1 - c.g**2} | (slopes or {})
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
    slopes = {"r": c.r * (1 - c.r), "z": c.z * (1 - c.z), "n": 1 - c.n**2} | (slopes or {})
    keep, sign = (1 - c.z, -1) if swapped else (c.z, 1)
    dn = slopes["n"] * (1 - keep) * c.dy
    dz = update * slopes["z"] * sign * (c.h - c.n) * c.dy
    dr = reset * slopes["r"] * dn * c.hn
    return Gates([dr, dz, dn], [dr, dz, c.r * dn if reset_on_h else dn], straight=straight * keep * c.dy)


def lstm_mistakes() -> Iterator[tuple[str, Callable[[Call], Gates]]]:
    """What people get wrong in an LSTM cell."""
    yield "the gradient that c' brings from later steps is not added", lambda c: lstm(c, later=False)
    yield "the slope 1 - tanh(c')^2 is missing on the way to c'", lambda c: lstm(c, tanh_slope=False)
    for gate, name in (("i", "input"), ("f", "forget"), ("o", "output")):
        yield from _sigmoid_slopes(gate, name, lstm)
    yield from _tanh_slopes("g", lstm)


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
        f"the slope of a sigmoid, {gate} (1 - {gate}), stands where that of the candidate's tanh, 1 - {gate}^2, belongs",
        lambda c: cell(c, {gate: of(c) * (1 - of(c))}),
    )
    yield (
        f"the slope 1 - {gate}^2 of the candidate's tanh is missing",
        lambda c: cell(c, {gate: torch.ones_like(of(c))}),
    )
    yield f"1 - {gate} stands where the slope 1 - {gate}^2 of tanh belongs", lambda c: cell(c, {gate: 1 - of(c)})
