"""Weights of a weighted mean, as attention takes it: whether a softmax ran along the axis that is summed over."""

import re

import torch
from torch import Tensor

from moreish.doctor.frames.operations import KINDS
from moreish.doctor.frames.replayed import CutHeads, SoftmaxAxis
from moreish.doctor.watch.recording import Record, Rehearsal

SOFTMAXES = {"softmax", "log_softmax"}
SCORES = {"softmax", "dropout", "view", "reorder", "pointwise", "multiply", "divide", "add", "subtract"}
CARRIED = {"dropout", "view"}  # kinds that leave weights as they are
ONE = 1e-3  # distance from 1 of a sum of weights
PRODUCTS = {"matmul", "bmm", "einsum"}
ATTENDS = PRODUCTS | {"scaled_dot_product_attention"}


def wrong_softmax(rehearsal: Rehearsal) -> SoftmaxAxis | None:
    """A softmax over one number alone, or attention whose weights do not sum to 1 over what is summed."""
    for record in rehearsal.records:
        if record.op in SOFTMAXES and record.sources and _single(rehearsal, record):
            return SoftmaxAxis(record.layer, "single", tuple(record.results[0].shape))
        if record.op in PRODUCTS and len(record.sources) == 2:
            found = _summed(rehearsal, record)
            if found is not None:
                return found
    return None


def _single(rehearsal: Rehearsal, record: Record) -> bool:
    """Whether a softmax of a linear layer with one unit runs along that unit: it gives 1 whatever comes in."""
    y = record.results[0]
    if y.dim() < 2 or y.shape[-1] != 1 or 1 in y.shape[:-1]:
        return False
    first = rehearsal.records[record.sources[0][0]]
    value = 1.0 if record.op == "softmax" else 0.0
    return first.op in ("linear", "addmm") and bool((y == value).all())


def _summed(rehearsal: Rehearsal, record: Record) -> SoftmaxAxis | None:
    """Weights that go into a product, where they sum to 1 along another axis than the product's."""
    for factor, (place, k) in enumerate(record.sources):
        weights = rehearsal.records[place].results[k]
        axis = _contracted(record, factor, weights)
        made = _softmax_behind(rehearsal, place)
        if axis is None or made is None or not _of_scores(rehearsal, made):
            continue
        sums = weights.sum(axis)
        if not bool(torch.isfinite(sums).all()) or bool(((sums - 1).abs() < ONE).all()):
            continue
        others = [a for a in range(weights.dim()) if a != axis]
        along = next((a for a in others if bool(((weights.sum(a) - 1).abs() < ONE).all())), None)
        square = weights.shape[-1] == weights.shape[-2]
        if along is not None and (along < weights.dim() - 2 or square):
            layer = rehearsal.records[made].layer or record.layer
            return SoftmaxAxis(layer, "summed", tuple(weights.shape), float(sums.float().std()))
    return None


def _contracted(record: Record, factor: int, weights: Tensor) -> int | None:
    """The axis of one of two factors that a product sums over."""
    if weights.dim() < 2:
        return None
    if record.op != "einsum":
        return weights.dim() - 1 - factor
    match = re.fullmatch(r"([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]+)", record.equation.replace(" ", ""))
    if match is None or len(match[factor + 1]) != weights.dim():
        return None
    gone = [a for a, letter in enumerate(match[factor + 1]) if letter not in match[3] and letter in match[2 - factor]]
    return gone[0] if len(gone) == 1 else None


def _softmax_behind(rehearsal: Rehearsal, place: int) -> int | None:
    """The softmax that made these weights, through dropout and views alone."""
    while True:
        record = rehearsal.records[place]
        if record.op == "softmax":
            return place
        if KINDS.get(record.op) not in CARRIED or not record.sources:
            return None
        place = record.sources[0][0]


def _of_scores(rehearsal: Rehearsal, place: int) -> bool:
    """Whether a softmax was taken of products of two things that the model computed: queries and keys."""
    waiting, seen = [s for s, _ in rehearsal.records[place].sources], set()
    while waiting:
        i = waiting.pop()
        record = rehearsal.records[i]
        if record.op in PRODUCTS:
            return len(record.sources) == 2
        if i not in seen and KINDS.get(record.op) in SCORES:
            seen.add(i)
            waiting.extend(s for s, _ in record.sources)
    return False


def cut_heads(rehearsal: Rehearsal) -> CutHeads | None:
    """A view from (..., T, D) to (..., heads, T, D / heads) that feeds an attention: it cuts across time."""
    attended = {i for r in rehearsal.records if r.op in ATTENDS for i, _ in r.sources}
    for index, record in enumerate(rehearsal.records):
        if record.op not in ("view", "reshape") or not record.sources or index not in attended:
            continue
        place, k = record.sources[0]
        before, after = rehearsal.records[place].results[k].shape, record.results[0].shape
        if len(before) < 2 or len(after) != len(before) + 1 or before[:-2] != after[:-3]:
            continue
        (length, channels), (heads, places, width) = before[-2:], after[-3:]
        if places == length != heads and heads * width == channels and min(heads, width, length) > 1:
            return CutHeads(record.layer, tuple(before), tuple(after))
    return None
