"""The ladder's nets: time to the lectures' best loss, sliding, and makemore's Transformer in a plain loop."""

import copy
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.measure import Row, names_file, race, seconds
from benchmarks.windows import beginnings, beginnings_forwarded, forwarded, over_items, windows_of
from moreish.data import Corpus, DataOptions, Split, read
from moreish.data.batches import batches_from, windows
from moreish.data.bundled import BUNDLED
from moreish.fitting.counting import fit_ngram
from moreish.inference.evaluate import mean_loss
from moreish.inference.network import Network
from moreish.models import build_model
from moreish.models.gated_wavenet import GatedWaveNetOptions
from moreish.models.net import Layers, Net
from moreish.models.recurrent import RecurrentOptions
from moreish.models.transformer import Block, CausalSelfAttention, Transformer, TransformerOptions
from moreish.models.wavenet import SlidingWaveNet, WaveNet, WaveNetOptions
from moreish.recipes import NGramOptions, resolve
from moreish.runs.events import Eval
from moreish.training.loop import batches_for, start, train
from moreish.training.options import TrainOptions
from moreish.training.steps import gradients_of, make_optimizer

LECTURE_LOSS = 1.9937
LECTURE_STEPS = 2000
NET_STEPS = 750
ITEMS = 300
STEPS = 40
ROUNDS = 12
SAME = 10  # steps over which two ways of deriving the gradients are compared
ROWS = 32
LONGEST = 16  # symbols of the longest name and the opening boundary


def rows(only: str = "") -> Iterable[Row]:
    """All rows, or those of the functions whose name holds `only`."""
    for part in (time_to_loss, sliding, throughput):
        if only in part.__name__ or only in __name__:
            yield from part(_names())


def _names() -> Corpus:
    return read(names_file() or BUNDLED / "names.txt", DataOptions(split="lecture"))


def time_to_loss(corpus: Corpus) -> Iterator[Row]:
    """Processor time until val is as low as the lectures' best net brings it, their loop for it beside ours.

    Theirs is timed over LECTURE_STEPS steps and taken for all 200,000: the loss comes down with the learning rate,
    which falls after 150,000.
    """
    torch.set_num_threads(1)
    counting = seconds(lambda: _counted_until(LECTURE_LOSS, corpus))
    yield Row(f"Kneser-Ney to val {LECTURE_LOSS}", f"{counting:.2f} s", "", None, "< 1 s")
    ours = seconds(lambda: _trained_until(LECTURE_LOSS, corpus))
    loop = _LectureLoop(corpus)
    loop.run(100)
    theirs = seconds(lambda: loop.run(LECTURE_STEPS)) * 200_000 / LECTURE_STEPS
    name = f"a net alone to val {LECTURE_LOSS}, evaluations included"
    yield Row(name, f"{ours:.1f} s", f"{theirs:.0f} s", theirs / ours, ">= 40x")


def _counted_until(loss: float, corpus: Corpus) -> None:
    val = corpus.split("val")
    reached = mean_loss(fit_ngram(NGramOptions(), corpus.split("train"), val, len(corpus.vocab)), val)
    assert reached <= loss, f"the n-gram comes to {reached:.4f} only"


def _trained_until(loss: float, corpus: Corpus) -> None:
    """A GRU by the fused step of `quick`, until an evaluation is at `loss` or below."""
    options = replace(
        resolve("quick").train, time_budget=None, steps=NET_STEPS, lr=1.2e-2, eval_every=50, log_every=50
    )  # fmt: skip
    net = build_model("gru", RecurrentOptions(n_embd=32, n_hidden=160), len(corpus.vocab), 0)
    state = start(net, options, 0)
    for event in train(state, corpus.split("train"), corpus.split("val")):
        if isinstance(event, Eval) and event.val_loss is not None and event.val_loss <= loss:
            return
    raise AssertionError(f"the net comes to {state.best:.4f} only")


class _LectureLoop:
    """Random rows of all windows, plain SGD, as the WaveNet lecture writes it; the module is ours."""

    def __init__(self, corpus: Corpus) -> None:
        config = resolve("wavenet")
        x, y = windows(corpus.split("train"), 8)
        self.x, self.y = (torch.from_numpy(a.astype(np.int64)) for a in (x, y))
        self.net = build_model("wavenet", config.model.options, len(corpus.vocab), 0)

    def run(self, steps: int) -> None:
        """Steps at the first learning rate."""
        parameters = list(self.net.parameters())
        losses = []
        for _ in range(steps):
            rows = torch.randint(0, len(self.x), (32,))
            loss = F.cross_entropy(self.net(self.x[rows]), self.y[rows])
            for p in parameters:
                p.grad = None
            loss.backward()
            for p in parameters:
                assert p.grad is not None
                p.data += -0.1 * p.grad
            losses.append(loss.log10().item())


def sliding(corpus: Corpus) -> Iterator[Row]:
    """Processor time per predicted symbol of val, with the same weights: every window forwarded by itself in batches,
    against the convolution over whole items, and against contexts that are read once wherever they occur.
    """
    torch.set_num_threads(1)
    val = corpus.split("val")
    for n_layer in (3, 4, 5):
        options = WaveNetOptions(n_layer=n_layer)
        net = build_model("wavenet", options, len(corpus.vocab), 0).eval()
        assert isinstance(net, WaveNet)
        slid = SlidingWaveNet.of(net, options)
        windows_, targets = windows_of(val, 2**n_layer)
        every = partial(forwarded, net, windows_, targets)
        once = partial(_scored, Network(net), val)
        yield _compared(f"WaveNet looking back on {2**n_layer}, contexts read once", once, every, val)
        yield _compared("  the same, slid over whole items", partial(over_items, slid, val), every, val)
    for n_layer in (3, 4):
        gated = build_model("wavenet-gated", GatedWaveNetOptions(n_layer=n_layer), len(corpus.vocab), 0).eval()
        lines = beginnings(val, 2**n_layer)
        every, slid_over = partial(beginnings_forwarded, gated, lines, val), partial(over_items, gated, val)
        yield _compared(f"gated WaveNet looking back on {2**n_layer}, slid over items", slid_over, every, val)
    yield _one_item_at_a_time(corpus)


def _compared(name: str, ours: Callable[[], np.ndarray], theirs: Callable[[], np.ndarray], val: Split) -> Row:
    with torch.no_grad():
        assert np.abs(ours() - theirs()).max() < 1e-5
        took, other = race(ours, theirs, 3)
    each = 1e6 / val.n_predicted
    return Row(name, f"{took * each:.1f} us a symbol", f"{other * each:.1f} us", other / took, ">= 4x")


def _scored(model: Network, part: Split) -> np.ndarray:
    return model.score(part.ids, part.offsets)[1:]


def _one_item_at_a_time(corpus: Corpus) -> Row:
    """The loop over an item's positions that the WaveNet lecture draws, beside one call for the whole item."""
    options = WaveNetOptions()
    net = build_model("wavenet", options, len(corpus.vocab), 0).eval()
    assert isinstance(net, WaveNet)
    slid = SlidingWaveNet.of(net, options)
    val = corpus.split("val")
    items = [torch.from_numpy(val.symbols(i).astype(np.int64)) for i in range(ITEMS)]
    wholes = [F.pad(item, (1, 0))[None] for item in items]
    rows = [F.pad(item, (options.group**options.n_layer, 0)).unfold(0, 8, 1) for item in items]

    def by_window() -> list[Tensor]:
        return [torch.cat([net(window[None]) for window in windows_]) for windows_ in rows]

    def whole() -> list[Tensor]:
        return [slid(item)[0] for item in wholes]

    with torch.no_grad():
        for one, other in zip(whole(), by_window(), strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-5)
        ours, theirs = race(whole, by_window, 3)
    each = 1e6 / sum(len(windows_) for windows_ in rows)
    name = "WaveNet looking back on 8, item by item and window by window"
    return Row(name, f"{ours * each:.1f} us a symbol", f"{theirs * each:.1f} us", theirs / ours, ">= 4x")


def throughput(corpus: Corpus) -> Iterator[Row]:
    """Symbols a second while training makemore's Transformer (204,544 parameters, batch 32), the loop included."""
    torch.set_num_threads(1)
    config = resolve("makemore-transformer")
    part, size = corpus.split("train"), len(corpus.vocab)
    net = build_model("transformer", config.model.options, size, 0)
    assert isinstance(net, Transformer)
    gradients = gradients_of(net, replace(config.train, backward="fused"))
    optimizer = make_optimizer(net, config.train)
    batches = batches_from(batches_for(net, part, config.train, 0), 0)

    def ours() -> int:
        symbols = 0
        for batch in islice(batches, STEPS):
            idx, targets = (torch.from_numpy(a.astype(np.int64)) for a in (batch.x, batch.y))
            gradients(idx, targets, batch.weight)
            optimizer.step()
            symbols += batch.y.size
        return symbols

    written = written_out(net, config.model.options)
    idx = torch.randint(0, size, (ROWS, LONGEST))
    torch.testing.assert_close(written(idx), net(idx), rtol=0, atol=1e-5)
    _same_losses(net, config.train, part)
    plain, kernels = _PlainLoop(corpus, written), _PlainLoop(corpus, copy.deepcopy(net))
    for warm_up in (ours, plain.run, kernels.run):
        warm_up()
    rates = [(_rate(ours), _rate(plain.run), _rate(kernels.run)) for _ in range(ROUNDS)]
    fast, slow, less_slow = (max(rate) for rate in zip(*rates, strict=True))
    name = "training makemore's Transformer, batch 32"
    yield Row(name, f"{fast:,.0f} symbols/s", f"{slow:,.0f} symbols/s", fast / slow, ">= 3x")
    yield Row("  the same, the loop with torch's kernels", "", f"{less_slow:,.0f} symbols/s", fast / less_slow)


def _same_losses(net: Net, options: TrainOptions, part: Split) -> None:
    """The first losses of the fused step and of autograd on the same batches, each with its own copy of the net."""
    followed = []
    for backward in ("fused", "autograd"):
        twin = copy.deepcopy(net)
        gradients = gradients_of(twin, replace(options, backward=backward))
        optimizer, batches = make_optimizer(twin, options), batches_from(batches_for(twin, part, options, 0), 0)
        losses = []
        for batch in islice(batches, SAME):
            idx, targets = (torch.from_numpy(a.astype(np.int64)) for a in (batch.x, batch.y))
            losses.append(gradients(idx, targets, batch.weight))
            optimizer.step()
        followed.append(torch.stack(losses))
    torch.testing.assert_close(*followed, rtol=0, atol=1e-4)


class _WrittenOutAttention(CausalSelfAttention):
    """Scores, mask, softmax and sum as makemore spells them."""

    def forward(self, x: Tensor) -> Tensor:
        rows, steps, width = x.shape
        q, k, v = (a.view(rows, steps, self.n_head, -1).transpose(1, 2) for a in self.qkv(x).split(width, 2))
        scores = q @ k.transpose(2, 3) / q.shape[-1] ** 0.5
        later = torch.ones(steps, steps).tril() == 0
        shares = scores.masked_fill(later, float("-inf")).softmax(-1)
        return self.proj((shares @ v).transpose(1, 2).contiguous().view(rows, steps, width))


class _WrittenOutBlock(Block):
    """GELU from its formula (Hendrycks & Gimpel 2016), as makemore does."""

    def __init__(self, options: TransformerOptions) -> None:
        super().__init__(options)
        self.attn = _WrittenOutAttention(options)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        h = self.fc(self.ln_2(x))
        gelu = 0.5 * h * (1.0 + torch.tanh((2.0 / math.pi) ** 0.5 * (h + 0.044715 * torch.pow(h, 3.0))))
        return x + self.proj(gelu)


def written_out(net: Transformer, options: TransformerOptions) -> Transformer:
    """The same net, parameters included, without torch's kernels for attention and GELU."""
    written = copy.deepcopy(net)
    blocks: Layers[Block] = Layers(_WrittenOutBlock(options) for _ in net.blocks)
    written.blocks = blocks
    written.load_state_dict(net.state_dict())
    return written


def _rate(run: Callable[[], int]) -> float:
    """Symbols of the list, padding not counted, for each second of this process."""
    symbols = 0

    def work() -> None:
        nonlocal symbols
        symbols = run()

    took = seconds(work)
    return symbols / took


class _PlainLoop:
    """What one writes first: every name padded to the longest, a DataLoader with workers, AdamW as it comes."""

    def __init__(self, corpus: Corpus, net: torch.nn.Module) -> None:
        part = corpus.split("train")
        x = torch.zeros(len(part), LONGEST, dtype=torch.long)
        y = torch.full((len(part), LONGEST), -1)
        for i in range(len(part)):
            symbols = torch.from_numpy(part.symbols(i).astype(np.int64))
            x[i, 1 : 1 + len(symbols)] = symbols
            y[i, : len(symbols)] = symbols
            y[i, len(symbols)] = 0
        loader = DataLoader(TensorDataset(x, y), ROWS, shuffle=True, num_workers=2, persistent_workers=True)
        self.batches = self._endless(loader)
        self.net = net
        self.optimizer = torch.optim.AdamW(net.parameters(), 5e-4, (0.9, 0.99), weight_decay=0.01)

    @staticmethod
    def _endless(loader: DataLoader[tuple[Tensor, ...]]) -> Iterator[tuple[Tensor, ...]]:
        while True:
            yield from loader

    def run(self) -> int:
        """STEPS steps; the symbols in them."""
        count = 0
        for x, y in islice(self.batches, STEPS):
            loss = F.cross_entropy(self.net(x).flatten(0, 1), y.flatten(), ignore_index=-1)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            count += int((y >= 0).sum())
        return count
