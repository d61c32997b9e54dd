"""Any network as a `LanguageModel`: eval mode, no gradients, numpy at the border."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from moreish.data.batches import Pieces, windows
from moreish.data.corpus import Split
from moreish.fast.reading import Reader, reader_for
from moreish.inference.contexts import beginnings, by_torch, distinct, read_once
from moreish.models.bigram import Bigram
from moreish.models.contract import LanguageModel, State
from moreish.models.kinds import Kinded, one_kind_of
from moreish.models.net import Net, Resumable, Stepwise
from moreish.models.recurrent import Recurrent
from moreish.models.wavenet import WaveNet

TOKENS_AT_A_TIME = 16_384
CONTEXTS_AT_A_TIME = 2**18
MULTIPLICATIONS_WORTH_THREADS = 4_000_000_000
"""At a time: with fewer, threads wait for one another longer than they work, on a busy machine many times as long."""
ITEMS_AT_A_TIME = 8192  # of which each has a state
FEW = 32  # items so long: their beginnings are not worth a call for each length
LONGEST_PIECE = 512  # a recurrent net reads longer items piece by piece, remembering
PLACES_AT_A_TIME = 512  # of items read by the kernels: what a layer makes of so many stays in a processor's cache


class Network:
    """A module behind the contract of `LanguageModel`, for items of one of the kinds that it tells apart.

    It is read by the compiled kernels (`fast.reading`) where they are there and know it, else by torch; the numbers
    are the same within rounding.

    The state is what the module's kind needs: the last block_size ids (B, block_size) for a windowed one, what
    `step` returns for a recurrent one, and otherwise the ids read so far, at most block_size of them (B, t).
    """

    def __init__(self, module: Net, kind: int = 0) -> None:
        self.module, self.kind = module, kind
        self._first_row = kind * module.vocab_size  # of the table that it reads from
        self.stepwise = module if isinstance(module, Stepwise) else None
        self._reader = reader_for(module)
        self._parameters = sum(p.numel() for p in module.parameters())

    @property
    def vocab_size(self) -> int:
        """V, the boundary included."""
        return self.module.vocab_size

    def start(self, rows: int) -> tuple[State, Float[np.ndarray, "rows V"]]:
        """The state of `rows` items of which only the opening boundary was read."""
        first = np.zeros(rows, np.int64)
        if self.stepwise is not None:
            return self.advance(None, first)
        seen = self.module.block_size if self.module.windowed else 0
        assert seen is not None, "a windowed net has a block_size"
        return self.advance(np.zeros((rows, seen), np.int64), first)

    def advance(self, state: State, ids: Integer[np.ndarray, " rows"]) -> tuple[State, Float[np.ndarray, "rows V"]]:
        """Read one id a row."""
        with self._reading(len(ids)):
            if self.stepwise is not None:
                logits, state = self.stepwise.step(self._tensor(ids), state)
                return state, _logprobs(logits)
            state = np.concatenate([state, ids[:, None].astype(np.int64)], 1)
            if self.module.block_size:
                state = state[:, -self.module.block_size :]
            logprobs = self._logprobs(state)
            return state, logprobs if self.module.windowed else logprobs[:, -1]

    def take(self, state: State, rows: Integer[np.ndarray, " kept"]) -> State:
        """The state of these rows only."""
        if state is None:
            return None
        if isinstance(state, np.ndarray):
            return state[rows]
        index = torch.from_numpy(rows)
        return state[index] if isinstance(state, Tensor) else state.take(index)

    def score(
        self, ids: Integer[np.ndarray, " N"], offsets: Integer[np.ndarray, " items_and_one"]
    ) -> Float[np.ndarray, " N"]:
        """Log probability of every id given those before it in its item; 0 at index 0.

        Where an item is longer than a net without memory can look back, every prediction still sees at least half
        of block_size.
        """
        out = np.zeros(len(ids), np.float32)
        split = Split(ids, offsets)
        with self._reading(min(len(ids), TOKENS_AT_A_TIME)):
            if isinstance(self.module, WaveNet) and not self.module.norms_by_position:
                self._score_contexts(self.module, split, out)
            elif self.module.windowed:
                self._score_windows(split, out)
            elif isinstance(self.module, Bigram):
                out[1:] = self._logprobs(np.arange(self.vocab_size)[:, None])[ids[:-1], 0, ids[1:]]
            else:
                spans = np.diff(split.offsets)
                items = np.arange(len(spans))
                if isinstance(self.module, Recurrent):
                    short = spans < _common_length(spans)
                    self._score_beginnings(self.module, split, items[short], out)
                    items = items[~short]
                elif self.reader is not None:
                    fitting = spans <= (self.module.block_size or LONGEST_PIECE)
                    self._score_places(self.reader, split, items[fitting], out)
                    items = items[~fitting]
                self._score_sequences(split, items, out)
        return out

    @property
    def reader(self) -> Reader | None:
        """The module by the kernels, where it still lies in memory that they can read."""
        return self._reader if self._reader is not None and self._reader.works else None

    def without_kernels(self) -> "Network":
        """Read by torch from now on."""
        self._reader = None
        return self

    def _logprobs(self, idx: Integer[np.ndarray, "B T"]) -> Float[np.ndarray, "B *T V"]:
        """After each window, or at every position of sequences."""
        if (reader := self.reader) is None:
            return _logprobs(self.module(self._tensor(idx)))
        idx = idx + self._first_row
        return reader.windows(idx) if self.module.windowed else reader.sequences(idx)

    def _score_places(self, reader: Reader, split: Split, items: np.ndarray, out: np.ndarray) -> None:
        """Every beginning that occurs is read once, but for a few where one stretch of the list meets the next."""
        for i in range(0, len(items), ITEMS_AT_A_TIME):
            chosen = items[i : i + ITEMS_AT_A_TIME]
            starts = split.offsets[chosen]
            spans = split.offsets[chosen + 1] - starts
            for some in beginnings(split.ids, starts, spans, PLACES_AT_A_TIME):
                longest = some.place.shape[1]
                logprobs = reader.places(some.ids + self._first_row, some.before, longest)
                row, at = np.nonzero(np.arange(longest) < spans[some.items, None])
                told = starts[some.items][row] + at + 1
                out[told] = logprobs[some.place[row, at], split.ids[told]]

    def _score_windows(self, split: Split, out: np.ndarray) -> None:
        """Every window that occurs once, however often it occurs."""
        assert self.module.block_size is not None
        x, y = windows(split, self.module.block_size)
        for i in range(0, len(y), CONTEXTS_AT_A_TIME):
            rows = slice(i, i + CONTEXTS_AT_A_TIME)
            first, context_of = distinct(x[rows].T)
            contexts = x[rows][first]
            batches = [contexts[k : k + TOKENS_AT_A_TIME] for k in range(0, len(contexts), TOKENS_AT_A_TIME)]
            logprobs = np.concatenate([self._logprobs(batch) for batch in batches])
            out[1:][rows] = logprobs[context_of, y[rows]]

    def _score_contexts(self, net: WaveNet, split: Split, out: np.ndarray) -> None:
        """As long as the net sees, and what comes before it in a stretch that is cut off is read again."""
        ids, span = split.ids, net.span
        layer_of = by_torch(net) if self.reader is None else self.reader.layer
        for begin in range(0, len(ids) - 1, CONTEXTS_AT_A_TIME):
            end = min(begin + CONTEXTS_AT_A_TIME, len(ids) - 1)
            first = max(0, begin - span)
            logprobs, context_of = read_once(net, ids[first:end], layer_of, self.kind)
            out[begin + 1 : end + 1] = logprobs.cpu().numpy()[context_of[begin - first :], ids[begin + 1 : end + 1]]

    def _score_beginnings(self, net: Recurrent, split: Split, items: np.ndarray, out: np.ndarray) -> None:
        """Every beginning that occurs is read once, however many items begin with it, all of a length together."""
        for i in range(0, len(items), ITEMS_AT_A_TIME):
            chosen = items[i : i + ITEMS_AT_A_TIME]
            spans = split.offsets[chosen + 1] - split.offsets[chosen]
            starts = split.offsets[chosen[np.argsort(-spans, kind="stable")]]  # the longest first
            state, kind = None, np.zeros(len(chosen), np.int64)
            for depth in range(int(spans.max(initial=0))):
                places = starts[: np.count_nonzero(spans > depth)] + depth
                before = kind[: len(places)]
                first, kind = distinct([before, split.ids[places]])
                state = None if state is None else state[torch.from_numpy(before[first]).to(state.device)]
                logits, state = net.step(self._tensor(split.ids[places][first]), state)
                out[places + 1] = _logprobs(logits)[kind, split.ids[places + 1]]

    def _score_sequences(self, split: Split, items: np.ndarray, out: np.ndarray) -> None:
        longest = self.module.block_size or LONGEST_PIECE
        spans = np.diff(split.offsets)
        fitting = items[spans[items] <= longest]
        pieces = Pieces(split.offsets[fitting], spans[fitting], fitting)
        for rows in pieces.grouped(np.arange(len(fitting)), 0, TOKENS_AT_A_TIME):
            block = pieces.read(split.ids, rows)
            logprobs = self._predicted(_logprobs(self.module(self._tensor(block[:, :-1]))), block)
            out[pieces.starts[rows, None] + np.arange(1, block.shape[1])] = logprobs
        for item in items[spans[items] > longest]:
            begin, end = int(split.offsets[item]), int(split.offsets[item + 1])
            if isinstance(self.module, Resumable):
                self._score_remembering(self.module, split.ids, begin, end, longest, out)
            else:
                self._score_overlapping(split.ids, begin, end, longest, out)

    def _score_remembering(
        self, net: Resumable, ids: np.ndarray, begin: int, end: int, longest: int, out: np.ndarray
    ) -> None:
        state = None
        for i in range(begin, end, longest):
            block = ids[None, i : min(i + longest, end) + 1]
            logits, state = net.read(self._tensor(block[:, :-1]), state)
            out[i + 1 : i + block.shape[1]] = self._predicted(_logprobs(logits), block)[0]

    def _score_overlapping(self, ids: np.ndarray, begin: int, end: int, longest: int, out: np.ndarray) -> None:
        """Stretches of the same length, each but the first for its last half; the last one ends with the item."""
        stride = max(1, longest // 2)
        starts = np.append(np.arange(begin, end - longest, stride), end - longest)
        at_once = max(1, TOKENS_AT_A_TIME // longest)
        for i in range(0, len(starts), at_once):
            places = starts[i : i + at_once, None] + np.arange(longest + 1)
            block = ids[places]
            logprobs = self._predicted(self._logprobs(block[:, :-1]), block)
            out[places[:, -stride:]] = logprobs[:, -stride:]
            if i == 0:
                out[places[0, 1:]] = logprobs[0]

    def _predicted(self, logprobs: np.ndarray, block: np.ndarray) -> np.ndarray:
        """Log probability of each next id of the block: (B, T + 1) ids and (B, T, V) log probabilities to (B, T)."""
        targets = block[:, 1:, None].astype(np.int64)
        return np.take_along_axis(logprobs, targets, 2)[..., 0]

    @contextmanager
    def _reading(self, positions: int) -> Iterator[None]:
        """`inference` for the net, on one thread where so many positions at a time are little work."""
        before = torch.get_num_threads()
        little = before > 1 and positions * self._parameters < MULTIPLICATIONS_WORTH_THREADS
        if little:
            torch.set_num_threads(1)
        try:
            with inference(self.module):
                yield
        finally:
            if little:
                torch.set_num_threads(before)

    def _tensor(self, ids: np.ndarray) -> Tensor:
        rows = ids.astype(np.int64) + self._first_row
        return torch.from_numpy(rows).to(next(self.module.parameters()).device)


def network_of(module: Net, shares: Float[np.ndarray, " K"] | None = None) -> LanguageModel:
    """A module as a model: of every kind that it tells apart, each as often as `shares` says (None: all alike)."""
    if module.kinds == 1:
        return Network(module)
    of_kind = [Network(module, kind) for kind in range(module.kinds)]
    return Kinded(of_kind, np.full(module.kinds, 1 / module.kinds) if shares is None else shares)


def module_of(model: LanguageModel) -> Net:
    """The module of a model that is a network."""
    model = one_kind_of(model)
    assert isinstance(model, Network), type(model)
    return model.module


@contextmanager
def inference(module: nn.Module) -> Iterator[None]:
    """Eval mode without gradients inside; the mode it had before afterwards."""
    was_training = module.training
    module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        module.train(was_training)


def _common_length(spans: Integer[np.ndarray, " items"]) -> int:
    """The least length that fewer than FEW items have or pass."""
    return int(np.sort(spans)[-FEW]) + 1 if len(spans) >= FEW else 0


def _logprobs(logits: Float[Tensor, "*rows V"]) -> Float[np.ndarray, "*rows V"]:
    return logits.float().log_softmax(-1).cpu().numpy()
