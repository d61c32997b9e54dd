"""Decompositions: calls that torch hands over whole, taken apart into calls that have rules.

`F.multi_head_attention_forward` is Python: its code runs, and the calls inside it arrive one by one. `torch.lstm`,
`torch.gru` and `torch.rnn_tanh` are fused kernels that cannot be entered: the same cell is stepped over time instead.
"""

import types
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

Function = Callable[..., Any]
State = tuple[Tensor, ...]


class Decomposition(NamedTuple):
    """`run` takes the arguments of the call; `fits` says whether it can be taken apart with these."""

    run: Function
    fits: Callable[..., bool]


def without_its_door(function: types.FunctionType) -> types.FunctionType:
    """The same code without the check at its front.

    A Python function of torch.nn.functional that sees a mode hands itself over to it whole, and would do so again
    when called from there. Told that there is no mode, it runs.
    """
    no_mode = dict.fromkeys(("has_torch_function", "has_torch_function_variadic"), lambda *_: False)
    copy = types.FunctionType(function.__code__, {**function.__globals__, **no_mode}, function.__name__)
    copy.__defaults__, copy.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    return copy


def _one_state(cell: Function) -> Function:
    return lambda x, state, weights: (cell(x, state[0], *weights),)


def _stepped(step: Function, states: int) -> Decomposition:
    """A recurrent kernel as steps of a cell, with its arguments and results; `states` counts them: h, or h and c."""

    def run(
        input: Float[Tensor, "T B C"] | Float[Tensor, "B T C"],
        hx: Tensor | Sequence[Tensor],
        params: Sequence[Tensor],
        has_biases: bool,
        num_layers: int,
        dropout: float,
        train: bool,
        bidirectional: bool,
        batch_first: bool,
    ) -> tuple[Tensor, ...]:
        x = input.transpose(0, 1) if batch_first else input
        start = (hx,) if isinstance(hx, Tensor) else hx  # each (layers * directions, B, H)
        directions, n_weights = 1 + bidirectional, 4 if has_biases else 2
        ends: list[State] = []
        for layer in range(num_layers):
            if layer and train:
                x = F.dropout(x, dropout)
            ways = []
            for backward in range(directions):
                i = layer * directions + backward
                weights = params[i * n_weights : (i + 1) * n_weights]
                out, end = _over_time(step, x, tuple(s[i] for s in start), weights, backward=bool(backward))
                ways.append(out)
                ends.append(end)
            x = torch.cat(ways, 2) if bidirectional else ways[0]
        y = x.transpose(0, 1) if batch_first else x
        return y, *(torch.stack([end[k] for end in ends]) for k in range(states))

    def fits(*args: Any) -> bool:
        """Not packed sequences, which have batch sizes in second place; nor an LSTM that projects its state."""
        if len(args) != 9 or not isinstance(args[3], bool):
            return False
        per_layer = (4 if args[3] else 2) * (1 + args[7])
        return len(args[2]) == per_layer * args[4]

    return Decomposition(run, fits)


def _over_time(
    step: Function, x: Tensor, state: State, weights: Sequence[Tensor], *, backward: bool
) -> tuple[Tensor, State]:
    """h of every step (T, B, H), in the order of time whichever way it was read, and the last state."""
    times = range(len(x))
    out = []
    for t in reversed(times) if backward else times:
        state = step(x[t], state, weights)
        out.append(state[0])
    return torch.stack(out[::-1] if backward else out), state


DECOMPOSITIONS: dict[Function, Decomposition] = {
    F.multi_head_attention_forward: Decomposition(without_its_door(F.multi_head_attention_forward), lambda *_: True),
    torch.lstm: _stepped(lambda x, state, weights: torch.lstm_cell(x, state, *weights), 2),
    torch.gru: _stepped(_one_state(torch.gru_cell), 1),
    torch.rnn_tanh: _stepped(_one_state(torch.rnn_tanh_cell), 1),
    torch.rnn_relu: _stepped(_one_state(torch.rnn_relu_cell), 1),
}
# What the report says where one of them could not be decomposed.
FUSED: dict[Function, str] = {
    kernel: f"nn.{name} called one fused kernel for all time steps, which cannot be entered with packed sequences or "
    f"proj_size; use nn.{name}Cell"
    for kernel, name in ((torch.lstm, "LSTM"), (torch.gru, "GRU"), (torch.rnn_tanh, "RNN"), (torch.rnn_relu, "RNN"))
}
