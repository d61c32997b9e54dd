"""The likeliest items of names.txt: by an n-gram and a GRU, beside beams without a bound and a million draws."""

import tracemalloc
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
import torch

from benchmarks.measure import Row, names_file, seconds
from moreish.data import Corpus, DataOptions, read
from moreish.data.batches import SequenceBatches, batches_from
from moreish.data.bundled import BUNDLED
from moreish.fitting.counting import fit_ngram
from moreish.inference.network import Network
from moreish.inference.ranking import Ranking, Unlisted, ranked
from moreish.inference.sample import sample
from moreish.models import build_model
from moreish.models.contract import LanguageModel
from moreish.models.gru import GRU
from moreish.ngram import Backoff
from moreish.recipes import NGramOptions

TOP = 1000
DRAWS = 1_000_000
GRU_STEPS = 100
LONGEST = 20  # symbols, for the beams without a bound


def rows(only: str = "") -> Iterable[Row]:
    """All rows, or those of the functions whose name holds `only`."""
    for part in (ngram, others, network):
        if only in part.__name__ or only in __name__:
            yield from part(read(names_file() or BUNDLED / "names.txt", DataOptions()))


def ngram(corpus: Corpus) -> Iterator[Row]:
    """Processor time with an n-gram, its bound included; the memory of the longest ranking."""
    wanted = Unlisted([corpus.split("all")], len(corpus.vocab))
    for count in (10, 100, 1000, 10_000, 100_000):
        target = "< 5 s" if count == TOP else ""
        yield _timed(f"n-gram: the first {count:,}", ranked(_counted(corpus), None, count), target)
        if count in (10, TOP):
            yield _timed(
                f"n-gram: the first {count:,} new", ranked(_counted(corpus), None, count, wanted=wanted), target
            )
            yield _timed(
                f"n-gram: the first {count:,}, no two within 2 edits", ranked(_counted(corpus), None, count, apart=2)
            )
    model = _counted(corpus)
    tracemalloc.start()
    for _ in ranked(model, None, 100_000):
        pass
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    yield Row("n-gram: the first 100,000, memory at most", f"{peak:,.0f} MiB")


def others(corpus: Corpus) -> Iterator[Row]:
    """How many of the true first 1,000 others find, and how long they take beside ours."""
    truth: set[bytes] = set()
    model = _counted(corpus)
    ours = seconds(lambda: truth.update(item.ids.tobytes() for item in ranked(model, None, TOP)))
    for width in (100, 1000, 10_000):
        found: list[bytes] = []
        took = seconds(lambda: found.extend(plain_beam(model, width, TOP)))  # noqa: B023
        yield _beside(f"beam of {width:,}, no bound", ours, took, found, truth)
    drawn: list[bytes] = []
    took = seconds(lambda: drawn.extend(best_of_draws(model, DRAWS, TOP)))
    yield _beside(f"best of {DRAWS:,} draws", ours, took, drawn, truth)


def network(corpus: Corpus) -> Iterator[Row]:
    """Processor time by a GRU of some steps."""
    torch.set_num_threads(1)
    model = trained(corpus)
    guide = _counted(corpus)
    for count in (10, 100, 1000, 10_000):
        yield _timed(f"GRU of {GRU_STEPS} steps: the first {count:,}", ranked(model, None, count, guide=guide))
    truth = {item.ids.tobytes() for item in ranked(model, None, TOP)}
    for width in (100, 1000):
        found: list[bytes] = []
        took = seconds(lambda: found.extend(plain_beam(model, width, TOP)))  # noqa: B023
        ours = seconds(lambda: list(ranked(model, None, TOP)))
        yield _beside(f"GRU: beam of {width:,}, no bound", ours, took, found, truth)


def _timed(name: str, ranking: Ranking, target: str = "") -> Row:
    took = seconds(lambda: list(ranking))
    return Row(name, f"{took:.2f} s", f"{ranking.prefixes:,} read, {ranking.verdict()[:5]}", target=target)


def _beside(name: str, ours: float, theirs: float, found: list[bytes], truth: set[bytes]) -> Row:
    hits = len(truth & set(found))
    return Row(f"{name}: {hits:,} of the first {TOP:,}", f"{ours:.2f} s", f"{theirs:.2f} s", theirs / ours)


def plain_beam(model: LanguageModel, width: int, count: int) -> list[bytes]:
    """What everyone writes: at each length the likeliest beginnings go on, the best that ended are given."""
    ids, total = np.zeros((1, 0), np.uint8), np.zeros(1)
    state, logprobs = model.start(1)
    ended: list[tuple[float, bytes]] = []
    for _ in range(LONGEST):
        scores = total[:, None] + logprobs
        if ids.shape[1]:
            ended += zip(scores[:, 0].tolist(), (row.tobytes() for row in ids), strict=True)
        scores[:, 0] = -np.inf
        best = np.argsort(-scores, axis=None, kind="stable")[:width]
        parents, symbols = np.divmod(best, scores.shape[1])
        total = scores[parents, symbols]
        ids = np.column_stack([ids[parents], symbols.astype(np.uint8)])
        state, logprobs = model.advance(model.take(state, parents), symbols)
    return [item for _, item in sorted(ended, reverse=True)[:count]]


def best_of_draws(model: LanguageModel, draws: int, count: int) -> list[bytes]:
    """Sample, and sort what was drawn by its probability."""
    rng, drawn = np.random.default_rng(0), {}
    for _ in range(10):
        some = sample(model, draws // 10, rng)
        drawn |= {some.item(i).astype(np.uint8).tobytes(): float(p) for i, p in enumerate(some.logprob)}
    return sorted(drawn, key=lambda item: -drawn[item])[:count]


def _counted(corpus: Corpus) -> Backoff:
    return fit_ngram(NGramOptions(), corpus.split("train"), corpus.split("val"), len(corpus.vocab))


def trained(corpus: Corpus) -> Network:
    """A GRU after some steps of AdamW."""
    net = build_model("gru", GRU.Options(), len(corpus.vocab), 0)
    optimizer = torch.optim.AdamW(net.parameters(), 1e-2)
    batches = batches_from(SequenceBatches(corpus.split("train"), LONGEST, 128, 0), 0)
    for batch in islice(batches, GRU_STEPS):
        idx, targets = (torch.from_numpy(a.astype(np.int64)) for a in (batch.x, batch.y))
        torch.nn.functional.cross_entropy(net(idx).flatten(0, 1), targets.flatten()).backward()
        optimizer.step()
        optimizer.zero_grad()
    return Network(net)
