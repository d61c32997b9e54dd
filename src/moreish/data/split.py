"""The split into train, val and test: by a keyed hash of each item, shuffled as in the lectures, or by position.

By hash, where an item goes depends on nothing but the item and the key, so adding a line moves no other line.
"""

import array
import random
from typing import Literal

import numpy as np
from jaxtyping import Integer, Shaped, UInt, UInt8, UInt64

from moreish.data.options import DataOptions
from moreish.data.ragged import GrowingArray, bounded, gather, slices

SPLITS: tuple[Literal["train", "val", "test"], ...] = ("train", "val", "test")
TRAIN, VAL, TEST, DROPPED = range(4)


def labels_of(hashes: UInt64[np.ndarray, " items"], options: DataOptions) -> UInt8[np.ndarray, " items"]:
    """TRAIN, VAL or TEST for each hash: the lowest share of all hashes is test, the next val."""
    below_test = np.uint64(int(options.test_share * 2**64))
    below_val = np.uint64(int((options.test_share + options.val_share) * 2**64))
    labels = (hashes < below_val).view(np.uint8)
    labels += hashes < below_test
    return labels


def cuts(n: int, options: DataOptions) -> tuple[int, int]:
    """Where val and test begin among n things in a row; train has at least one."""
    train = int((1 - options.val_share - options.test_share) * n)
    return max(train, min(n, 1)), max(int((1 - options.test_share) * n), min(n, 1))


def lecture_order(n: int, options: DataOptions) -> Integer[np.ndarray, " n"]:
    """The order of `random.seed(42); random.shuffle(words)`, which train, val and test then share out."""
    order = array.array("q" if n > 2**31 else "i", range(n))  # a list of so many numbers would take ten times as much
    random.Random(options.split_seed).shuffle(order)
    return np.frombuffer(order, order.typecode)


def places_of_labels(labels: UInt8[np.ndarray, " items"]) -> Integer[np.ndarray, " kept"]:
    """Where each kept item of the list stands when train, val and test stand one after the other."""
    labels = labels[labels != DROPPED]
    places = np.empty(len(labels), np.int64)
    places[np.argsort(labels, kind="stable")] = np.arange(len(labels))
    return places


def permuted(
    values: Shaped[np.ndarray, " items"], labels: UInt8[np.ndarray, " items"]
) -> Shaped[np.ndarray, " kept"]:
    """What stands beside the items, in the order that `arrange_by_label` gives these."""
    return np.concatenate([values[labels == part] for part in range(DROPPED)])


def arrange_by_label(
    codes: UInt[np.ndarray, " n"],
    offsets: UInt[np.ndarray, " items_and_one"],
    labels: UInt8[np.ndarray, " items"],
    counts: list[int],
) -> tuple[UInt[np.ndarray, " m"], Integer[np.ndarray, " kept_and_one"]]:
    """Train, val and test one after the other, each in the order of the list. Overwrites `codes`, to save a copy."""
    placed = np.zeros(sum(counts) + 1, np.int64)
    item = [1, 1 + counts[TRAIN], 1 + counts[TRAIN] + counts[VAL]]  # where each split's next offset goes
    train_end = 1
    held_out = {VAL: GrowingArray(codes.dtype), TEST: GrowingArray(codes.dtype)}
    for chunk in bounded(offsets):
        here = offsets[chunk.start : chunk.stop + 1]
        piece = codes[int(here[0]) + 1 : int(here[-1]) + 1].copy()
        lengths = np.diff(here)
        label_of_code = np.repeat(labels[chunk], lengths)
        for label in (TRAIN, VAL, TEST):
            chosen = piece[label_of_code == label]
            ends = np.cumsum(lengths[labels[chunk] == label], dtype=np.int64)
            before = train_end if label == TRAIN else len(held_out[label]) + 1
            placed[item[label] : item[label] + len(ends)] = ends + before - 1
            item[label] += len(ends)
            if label == TRAIN:
                codes[train_end : train_end + len(chosen)] = chosen
                train_end += len(chosen)
            else:
                held_out[label].extend(chosen)
    end = train_end
    for label, first in ((VAL, 1 + counts[TRAIN]), (TEST, 1 + counts[TRAIN] + counts[VAL])):
        chosen = held_out[label].finish()
        codes[end : end + len(chosen)] = chosen
        placed[first : first + counts[label]] += end - 1
        end += len(chosen)
    return codes[:end], placed


def arrange_by_order(
    codes: UInt[np.ndarray, " n"],
    offsets: UInt[np.ndarray, " items_and_one"],
    order: Integer[np.ndarray, " kept"],
) -> tuple[UInt[np.ndarray, " m"], Integer[np.ndarray, " kept_and_one"]]:
    """The items in this order."""
    placed = np.zeros(len(order) + 1, np.int64)
    for chunk in slices(len(order)):
        placed[chunk.start + 1 : chunk.stop + 1] = offsets[order[chunk] + 1] - offsets[order[chunk]]
    np.cumsum(placed, out=placed)
    arranged = np.empty(placed[-1] + 1, codes.dtype)
    arranged[0] = codes[0]
    for chunk in bounded(placed):
        arranged[placed[chunk.start] + 1 : placed[chunk.stop] + 1] = gather(codes, offsets, order[chunk])
    return arranged, placed
