"""Making items: what `more` gives a second, a Transformer that remembers, a net to be filled, a long list."""

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.measure import Row, names_file, race, seconds
from moreish.data import Corpus, read
from moreish.fitting.counting import fit_ngram
from moreish.inference.asking import Answer, Asked, Request
from moreish.inference.more import Item
from moreish.inference.network import Network
from moreish.inference.sample import sample
from moreish.models import build_model
from moreish.models.contract import LanguageModel
from moreish.models.gru import GRUOptions
from moreish.models.net import Net
from moreish.models.transformer import TransformerOptions
from moreish.ngram import KneserNey, choose_order
from moreish.recipes import NGramOptions

NEW = 60_000
NET_ITEMS = 4096
ROWS = 1000
TRIES = 4
LIST = 1_000_000

OPENING = """
import sys
import torch
import time
from moreish.models import model_class
from moreish.models.blank import blank
began = time.process_time()
with blank() if sys.argv[1] == "blank" else torch.device("meta"):
    model_class("gru")(model_class("gru").Options(), 27)
print(time.process_time() - began)
"""


def rows(only: str = "") -> Iterable[Row]:
    """All rows, or those of the functions whose name holds `only`."""
    torch.set_num_threads(1)
    corpus = read(names_file() or "names")
    for part in (counted, remembered, transformed, opened, long_list):
        if only in part.__name__ or only in __name__:
            yield from part(corpus)


def one_at_a_time(model: LanguageModel, corpus: Corpus, count: int, rng: np.random.Generator) -> list[str]:
    """New items, each once, as one writes it first: every item made into text, and sets of texts asked."""
    known, seen, items = set(corpus.items), set(), []
    while len(items) < count:
        drawn = sample(model, NET_ITEMS, rng)
        for i in range(len(drawn)):
            text = corpus.vocab.decode(drawn.item(i))
            if text and text not in seen and text not in known:
                seen.add(text)
                items.append(text)
    return items[:count]


def more(
    model: LanguageModel, corpus: Corpus, count: int, rng: np.random.Generator, **wishes: Answer
) -> Iterator[Item]:
    """Items as somebody asks for them."""
    return Asked(model, corpus, Request.of(**wishes)).items(count, rng)


def counted(corpus: Corpus) -> Iterator[Row]:
    """An n-gram through `more`, unique and new, beside a loop that tells texts apart."""
    val = corpus.split("val")
    model = fit_ngram(NGramOptions(), corpus.split("train"), val, len(corpus.vocab))
    list(more(model, corpus, NEW // 10, np.random.default_rng(0), new_only=True))
    rng = np.random.default_rng(0)
    ours, theirs = race(
        lambda: list(more(model, corpus, NEW, rng, new_only=True)),
        lambda: one_at_a_time(model, corpus, NEW, rng),
        TRIES,
    )
    name = "n-gram through more, unique and new, items a second"
    yield Row(name, f"{NEW / ours:,.0f}", f"{NEW / theirs:,.0f}", theirs / ours, ">= 100,000")


def trained(module: Net, corpus: Corpus, steps: int, lr: float) -> Network:
    """Trained a little, so that its items end."""
    from moreish.training.loop import start, train
    from moreish.training.options import TrainOptions

    options = TrainOptions(steps=steps, lr=lr, batch_size=128, backward="fused", device="cpu")
    list(train(start(module, options, 0), corpus.split("train"), None))
    return Network(module.eval())


def remembered(corpus: Corpus) -> Iterator[Row]:
    """A GRU: what `more` keeps of the rate of `sample`, both in batches of the same sizes."""
    net = trained(build_model("gru", GRUOptions(n_embd=32, n_hidden=128), len(corpus.vocab), 0), corpus, 150, 6e-3)
    drawn = 32 * (2**8 - 1)  # batches of 32, 64, ... 4096
    count = drawn - 100  # a few are empty

    def sampled() -> None:
        rng = np.random.default_rng(0)
        for k in range(8):
            sample(net, 32 * 2**k, rng)

    ours, theirs = race(
        lambda: list(more(net, corpus, count, np.random.default_rng(0), unique=False)), sampled, TRIES
    )
    name = "GRU through more beside sample, items a second"
    yield Row(name, f"{count / ours:,.0f}", f"{drawn / theirs:,.0f}", theirs / ours, ">= 0.8x")


def whole_prefix(module: nn.Module, count: int, block_size: int, rng: torch.Generator) -> Tensor:
    """nanoGPT's `generate`: the whole prefix is forwarded for every symbol of every row, to the longest length."""
    idx = torch.zeros(count, 1, dtype=torch.long)
    with torch.no_grad():
        for _ in range(block_size):
            logits = module(idx[:, -block_size:])[:, -1]
            following = torch.multinomial(logits.softmax(-1), 1, generator=rng)
            idx = torch.cat([idx, following], 1)
    return idx


def transformed(corpus: Corpus) -> Iterator[Row]:
    """The Transformer of 204,544 parameters, a batch of a thousand."""
    options = TransformerOptions()
    net = trained(build_model("transformer", options, len(corpus.vocab), 0), corpus, 500, 2e-3)
    rng, torch_rng = np.random.default_rng(0), torch.Generator().manual_seed(0)
    ours, theirs = race(
        lambda: sample(net, ROWS, rng), lambda: whole_prefix(net.module, ROWS, options.block_size, torch_rng), TRIES
    )
    size = sum(p.numel() for p in net.module.parameters())
    name = f"Transformer of {size:,} parameters, items a second"
    yield Row(name, f"{ROWS / ours:,.0f}", f"{ROWS / theirs:,.0f}", theirs / ours, ">= 10x")


def opened(corpus: Corpus) -> Iterator[Row]:
    """A net built to be filled from a run, beside plain torch on the meta device, each in a fresh process."""
    took = {how: min(_fresh(how) for _ in range(3)) for how in ("blank", "meta")}
    ours, theirs = took["blank"], took["meta"]
    yield Row("a GRU to be filled", f"{1000 * ours:.0f} ms", f"{1000 * theirs:.0f} ms", theirs / ours)


def _fresh(how: str) -> float:
    done = subprocess.run([sys.executable, "-c", OPENING, how], capture_output=True, text=True, check=True)
    return float(done.stdout)


def long_list(corpus: Corpus) -> Iterator[Row]:
    """A long list's n-gram: its order chosen by a sample, beside all orders counted on all of it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.txt"
        whole, rng = corpus.split("all"), np.random.default_rng(0)
        model = KneserNey.fit(whole.ids, whole.offsets, len(corpus.vocab), 4)
        path.write_text("".join(f"{item.text}\n" for item in more(model, corpus, LIST, rng)), encoding="utf-8")
        made = read(path)
    train, val, size = made.split("train"), made.split("val"), len(made.vocab)
    parts = train.ids, train.offsets, val.ids, val.offsets

    def on_all_of_it() -> KneserNey:
        models = (KneserNey.fit(train.ids, train.offsets, size, order) for order in range(1, 8))
        return min(models, key=lambda model: model.loss(val.ids, val.offsets))

    ours, theirs = seconds(lambda: choose_order(*parts, size)), seconds(on_all_of_it)
    chosen, best = choose_order(*parts, size).model, on_all_of_it()
    name = f"the order for {len(made):,} items: {chosen.order}, best {best.order}"
    yield Row(name, f"{ours:.1f} s", f"{theirs:.1f} s", theirs / ours)
    losses = [m.loss(val.ids, val.offsets) for m in (chosen, best)]
    yield Row("  val loss", f"{losses[0]:.4f}", f"{losses[1]:.4f}")
