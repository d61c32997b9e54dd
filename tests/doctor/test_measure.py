"""What is measured of a step: each number against torch in float64, or against counting one by one."""

import math
from collections import Counter

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from moreish.doctor import Doctor
from moreish.doctor.frames.counts import PAIRS, RunningCounts, mutual_information
from moreish.doctor.watch.measure import Reader, histogram, sample
from tests.doctor.worlds import fit, language, mlp


def test_moments_are_those_of_the_finite_elements_and_nan_is_counted_apart():
    g = torch.Generator().manual_seed(0)
    x = torch.randn(999, generator=g) + 3
    reader = Reader()
    bad = x.clone()
    bad[::10] = torch.tensor([math.nan, math.inf, -math.inf] * 34)[: len(bad[::10])]
    reader.moments("whole/", x)
    reader.moments("bad/", bad)
    values = reader.read()
    kept = bad[torch.isfinite(bad)]
    for key, expected in (("whole/", x), ("bad/", kept)):
        assert values[f"{key}mean"] == pytest.approx(expected.mean().item(), rel=1e-4)
        assert values[f"{key}std"] == pytest.approx(expected.std().item(), rel=1e-3)
        assert values[f"{key}rms"] == pytest.approx(expected.square().mean().sqrt().item(), rel=1e-4)
    assert values["bad/nonfinite"] == pytest.approx(100 / 999)
    assert values["whole/nonfinite"] == 0.0


def test_a_histogram_drops_nothing():
    x = torch.tensor([0.0, 1.0, 1.0, math.nan, math.inf, -math.inf, -math.inf])
    h = histogram(x, bins=4)
    assert sum(h.counts) == 3
    assert (h.nan, h.infinite, h.minus_infinite) == (1, 1, 2)
    assert histogram(torch.full((3,), math.nan)).nan == 3


@pytest.mark.parametrize("columns", [1, 3, 64, 100])
def test_a_sample_of_a_large_tensor_sees_every_column(columns):
    x = torch.arange(columns).repeat(400_000 // columns, 1).float()
    assert len(sample(x, 4096).unique()) == columns


@given(
    st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=60),
    st.floats(-1e4, 1e4),
    st.sampled_from([torch.float32, torch.float64, torch.bfloat16]),
)
def test_moments_are_those_of_float64_wherever_the_mean_lies(numbers, shift, dtype):
    x = (torch.tensor(numbers) + shift).to(dtype)
    reader = Reader()
    reader.moments("", x)
    values, exact = reader.read(), x.double()
    scale = max(exact.abs().max().item(), 1e-30)
    assert values["mean"] == pytest.approx(exact.mean().item(), abs=1e-5 * scale)
    assert values["rms"] == pytest.approx(exact.square().mean().sqrt().item(), rel=1e-4, abs=1e-12)
    spread = exact.std().item() if len(numbers) > 1 else 0.0
    assert values["std"] == pytest.approx(spread, rel=2e-3, abs=1e-5 * scale)
    assert values["nonfinite"] == 0.0


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_one_bad_element_is_a_share_and_too_large_ones_are_not_bad(bad):
    reader, x = Reader(), torch.ones(8)
    x[3] = bad
    reader.nonfinite("bad", x)
    reader.nonfinite("large", torch.full((4,), 3e38))
    reader.share("share", x == 1)
    assert reader.read() == {"bad": 1 / 8, "large": 0.0, "share": 7 / 8}


@given(st.integers(0, 10_000), st.sampled_from(["mean", "sum"]), st.booleans())
def test_figures_of_a_loss_are_those_of_its_logits_whatever_was_done_to_it(seed, reduction, ignored):
    g = torch.Generator().manual_seed(seed)
    bias, y = torch.randn(6, 5, generator=g) * 3, torch.randint(0, 5, (6,), generator=g)
    if ignored:
        y[::2] = -100
    model = nn.Linear(4, 5)
    x = torch.randn(6, 4, generator=g)
    with Doctor(model, torch.optim.SGD(model.parameters(), 0.1), budget=math.inf) as doctor:
        logits = model(x) + bias
        F.cross_entropy(logits, y, reduction=reduction, label_smoothing=0.1).backward()
    seen, rows = doctor.quantities, logits.detach().double()
    apart = rows - rows.mean(1, keepdim=True)
    kept = y != -100
    assert seen["loss.1/nll"] == pytest.approx(F.cross_entropy(rows[kept], y[kept]).item(), rel=1e-4)
    assert seen["loss.1/kept"] == pytest.approx(kept.double().mean().item())
    assert seen["loss.1/logit_std"] == pytest.approx(apart.square().mean().sqrt().item(), rel=1e-4)
    differs = (apart - apart.mean(0)).square().mean().sqrt() / apart.square().mean().sqrt()
    assert seen["loss.1/spread"] == pytest.approx(differs.item(), rel=1e-3)
    assert seen["loss.1/lowest"] == pytest.approx(rows.min().item(), rel=1e-5)
    assert seen["loss.1/highest"] == pytest.approx(rows.max().item(), rel=1e-5)


def test_updates_and_gradients_are_those_of_the_step():
    torch.manual_seed(0)
    model, (x, y) = mlp(), language()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        before = {n: p.detach().double().clone() for n, p in model.named_parameters()}
        fit(model, optimizer, x, y, 1)
        seen = doctor.quantities
    for name, p in model.named_parameters():
        assert p.grad is not None
        change, grad = p.detach().double() - before[name], p.grad.double()
        assert seen[f"{name}/update_rms"] == pytest.approx(change.square().mean().sqrt().item(), rel=1e-4)
        assert seen[f"{name}/grad_rms"] == pytest.approx(grad.square().mean().sqrt().item(), rel=1e-4)
        if p.dim() > 1:
            ratio = math.log10(change.std().item() / before[name].std().item())
            assert seen[f"{name}/update_ratio"] == pytest.approx(ratio, abs=1e-4)
            assert seen[f"{name}/grad_data"] == pytest.approx((grad.std() / before[name].std()).item(), rel=1e-4)


# Counting over frames


batches = st.lists(st.tuples(st.integers(1, 40), st.integers(2, 5), st.booleans(), st.integers(0, 999)), max_size=12)


@given(batches, st.booleans())
def test_what_waits_to_be_counted_is_counted_as_if_it_had_been_counted_at_once(sizes, impatient):
    counts, targets, pairs = RunningCounts(), Counter(), []
    for rows, block, places, seed in sizes:
        g = torch.Generator().manual_seed(seed)
        x = torch.randint(0, 6, (rows, block), generator=g)
        y = torch.randint(-1, 6, (rows, block) if places else (rows,), generator=g)
        counts.count(y, 6)
        counts.pair(x, y, 6)
        targets.update(v for v in y.flatten().tolist() if v >= 0)
        for a, b in zip(x.tolist(), y.tolist(), strict=True):
            triples = zip(a, a[1:], b[1:], strict=False) if isinstance(b, list) else [(a[-2], a[-1], b)]
            pairs += [t for t in triples if t[2] >= 0]
        x.zero_(), y.zero_()  # what the loop does with its batch afterwards is its own affair
        if impatient:
            counts.settle()
    counts.settle()
    assert counts.seen_pairs == len(pairs)
    assert [tuple(t) for t in counts.pairs[: len(pairs)].tolist()] == pairs[:PAIRS]
    if targets:
        assert counts.targets is not None
        assert dict(enumerate(counts.targets.tolist())) == {k: targets[k] for k in range(6)}


def test_only_the_latest_pairs_are_kept():
    counts = RunningCounts()
    for k in range(5):
        x = torch.full((PAIRS // 3, 2), k)
        counts.pair(x, x[:, 1], 5)
    counts.settle()
    kept = Counter(counts.pairs[:, 0].tolist())
    assert (kept[4], kept[3], kept[0]) == (PAIRS // 3, PAIRS // 3, 0)


def test_information_of_independent_symbols_is_zero_and_of_a_copy_is_the_entropy():
    g = torch.Generator().manual_seed(0)
    x = torch.randint(1, 5, (4000, 2), generator=g)
    counts = RunningCounts()
    counts.pair(x, x[:, -1], 5)
    known = counts.information()
    assert known is not None
    assert known.copies == 1.0
    assert known.target == pytest.approx(math.log(4), abs=0.01)
    assert known.own == pytest.approx(0.0, abs=0.01)
    a = torch.tensor([0, 0, 1, 1])
    assert mutual_information(a, torch.tensor([0, 1, 0, 1]), 2) == pytest.approx(0.0, abs=1e-12)
    assert mutual_information(a, a, 2) == pytest.approx(math.log(2))
