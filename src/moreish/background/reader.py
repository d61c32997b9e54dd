"""A background net that has read a list, as a `LanguageModel`. Without torch: it answers before that is imported."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Integer

from moreish.background.weights import NetWeights, SymbolRows
from moreish.cancellation import check_cancelled
from moreish.fast.library import Uncompiled
from moreish.fast.streams import Stream
from moreish.models.contract import State
from moreish.models.stepping import score_by_steps
from moreish.threads import numpy_on_one_core

MANY_ROWS = 256  # that are read at once, which are worth a second core
ABSENT = 12.0  # nats that a symbol is less likely, which a kind of the list's items never has


@dataclass(frozen=True)
class Memory:
    """What an LSTM remembers: h and c (rows, H)."""

    h: Float[np.ndarray, "rows H"]
    c: Float[np.ndarray, "rows H"]

    def take(self, rows: Integer[np.ndarray, " kept"]) -> "Memory":
        """Of these rows."""
        return Memory(self.h[rows], self.c[rows])


@dataclass(frozen=True)
class Cell:
    """The LSTM with the symbols of one list: ids in, logits out.

    c' = f c + i g, h' = o tanh(c'), with gates i, f, g, o. Every number is one that half precision holds, so that a
    run keeps it in half the room and loses nothing.

    input : (V, 4H) what each symbol gives to the gates
    recurrent : (H, 4H), output : (H, V), bias : (V,)
    """

    input: Float[np.ndarray, "V G"]
    recurrent: Float[np.ndarray, "H G"]
    output: Float[np.ndarray, "H V"]
    bias: Float[np.ndarray, " V"]

    @classmethod
    def of_weights(
        cls,
        symbols: SymbolRows,
        weight_ih: Float[np.ndarray, "G C"],
        weight_hh: Float[np.ndarray, "G H"],
        bias_hidden: Float[np.ndarray, " G"],
        projection: Float[np.ndarray, "C H"],
    ) -> "Cell":
        """Vectors of symbols and weights multiplied as far as they can be before anything is read."""
        with numpy_on_one_core():
            arrays = (
                symbols.reading @ weight_ih.T + bias_hidden,
                weight_hh.T,
                (symbols.writing @ projection).T,
                symbols.bias,
            )
        return cls(*(np.ascontiguousarray(a.astype(np.float16), np.float32) for a in arrays))

    @classmethod
    def of(cls, net: NetWeights, symbols: SymbolRows) -> "Cell":
        """The cell of one of a background net's."""
        return cls.of_weights(symbols, net.weight_ih, net.weight_hh, net.bias_hidden, net.projection)

    def without(self, absent: Integer[np.ndarray, " absent"]) -> "Cell":
        """The same, hardly expecting these ids: a kind is read as a list that has no symbols but its own."""
        bias = self.bias.copy()
        bias[absent] -= ABSENT
        return replace(self, bias=bias.astype(np.float16).astype(np.float32))

    def blank(self, rows: int) -> Memory:
        """Before anything was read."""
        size = self.recurrent.shape[0]
        return Memory(np.zeros((rows, size), np.float32), np.zeros((rows, size), np.float32))

    def read(self, memory: Memory, ids: Integer[np.ndarray, " rows"]) -> Memory:
        """One id a row."""
        gates = memory.h @ self.recurrent
        gates += self.input[ids]
        size = self.recurrent.shape[0]
        i, f, g, o = (gates[:, k * size : (k + 1) * size] for k in range(4))
        c = _sigmoid(f) * memory.c
        c += _sigmoid(i) * np.tanh(g)
        return Memory(_sigmoid(o) * np.tanh(c), c)

    def logprobs(self, memory: Memory) -> Float[np.ndarray, "rows V"]:
        """Log probabilities of the next id."""
        logits = memory.h @ self.output + self.bias
        logits -= logits.max(1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(1, keepdims=True))
        return logits


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def read_list(cell: Cell, orders: Sequence[Integer[np.ndarray, " _"]]) -> Memory:
    """The memory after each of these streams, boundary item boundary ... item boundary: a row for each."""
    lengths = np.array([len(order) for order in orders])
    block = np.zeros((len(orders), lengths.max()), np.int64)
    for row, order in enumerate(orders):
        block[row, block.shape[1] - len(order) :] = order
    begins = lengths.max() - lengths
    try:
        return Memory(*Stream(cell.input, cell.recurrent).read(block, begins))
    except Uncompiled:
        return _read_by_numpy(cell, block, begins)


def _read_by_numpy(cell: Cell, ids: Integer[np.ndarray, "rows T"], begins: Integer[np.ndarray, " rows"]) -> Memory:
    memory = cell.blank(len(ids))
    with numpy_on_one_core():
        for t in range(ids.shape[1]):
            check_cancelled()
            read = cell.read(memory, ids[:, t])
            begun = (t >= begins)[:, None]
            memory = read if begun.all() else Memory(np.where(begun, read.h, 0), np.where(begun, read.c, 0))
    return memory


class ListReader:
    """The answer of a net that read the list in several orders: the mean of the probabilities after each.

    begin : memory after reading, a row for each order. The state is a memory of rows * orders rows.
    """

    def __init__(self, cell: Cell, begin: Memory) -> None:
        self.cell, self.begin = cell, begin
        self.orders = len(begin.h)
        self._first = self._mean(cell.logprobs(begin), 1)

    @property
    def vocab_size(self) -> int:
        """V, the boundary included."""
        return len(self.cell.bias)

    def start(self, rows: int) -> tuple[State, Float[np.ndarray, "rows V"]]:
        """Every item begins where the list ended."""
        every = np.tile(np.arange(self.orders), rows)
        return self.begin.take(every), np.repeat(self._first, rows, axis=0)

    def advance(self, state: Memory, ids: Integer[np.ndarray, " rows"]) -> tuple[State, Float[np.ndarray, "rows V"]]:
        """Read one id a row."""
        every = np.repeat(ids, self.orders)
        with numpy_on_one_core() if len(every) < MANY_ROWS else nullcontext():
            memory = self.cell.read(state, every)
            return memory, self._mean(self.cell.logprobs(memory), len(ids))

    def take(self, state: Memory, rows: Integer[np.ndarray, " kept"]) -> State:
        """The state of these rows only."""
        return state.take((rows[:, None] * self.orders + np.arange(self.orders)).ravel())

    def score(
        self, ids: Integer[np.ndarray, " N"], offsets: Integer[np.ndarray, " items_and_one"]
    ) -> Float[np.ndarray, " N"]:
        """Log probability of every id."""
        return score_by_steps(self, ids, offsets)

    def _mean(self, logprobs: np.ndarray, rows: int) -> np.ndarray:
        if self.orders == 1:
            return logprobs
        p = np.exp(logprobs.reshape(rows, self.orders, -1)).mean(1)
        return np.log(np.maximum(p, np.finfo(np.float32).tiny))
