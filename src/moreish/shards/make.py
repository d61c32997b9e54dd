"""A list or text made into a sharded one: read in chunks, duplicates found, every item put in its place.

Each stage is a set of tasks that do not know of one another, so they run in several processes, and whatever kills
them, what is done stays done: a chunk that was read has its folder, later stages write the same bytes to the same
places when they are run again. `work/` holds all that is not the result, and goes at the end.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from moreish.data.encodings import Decoder
from moreish.data.known import number_mask
from moreish.data.options import DataOptions
from moreish.data.split import SPLITS, TRAIN, cuts
from moreish.data.vocab import UNKNOWN, Vocab
from moreish.errors import RunError
from moreish.options import to_dict
from moreish.runs import manifest
from moreish.runs.files import Files, encode, os_errors
from moreish.shards.chunks import CHUNK, Chunk, ReadChunk, Stretch, Summary, read_chunk, stretches, summary_of
from moreish.shards.distinct import first_of_each, merged
from moreish.shards.layout import SHARD, Groups
from moreish.shards.looks import FileLook, looks_of, told_of
from moreish.shards.place import Placing, Tally, place_chunk, spans_of, tally_chunk
from moreish.shards.store import (
    INDEX,
    KNOWN,
    PLAN,
    WORK,
    Index,
    SplitIndex,
    files_of,
    is_sharded,
    read_index,
    shard_name,
)
from moreish.wording import called

Task = TypeVar("Task")
Result = TypeVar("Result")
InOrder = Callable[[Callable[[Any], Any], Sequence[Any]], Iterator[Any]]
"""A way to run tasks: their results in their order."""
Tell = Callable[[str], None]


def one_by_one(function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
    """In this process."""
    return map(function, tasks)


@dataclass(frozen=True)
class Sizes:
    """Bytes read at a time, and of a file of ids."""

    chunk: int = CHUNK
    shard: int = SHARD


def make_shards(
    paths: Sequence[Path],
    folder: Path,
    options: DataOptions | None = None,
    run: InOrder = one_by_one,
    tell: Tell = lambda sentence: None,
    sizes: Sizes | None = None,
) -> Index:
    """Make `folder` the sharded form of these files, or go on where that was interrupted.

    Raises ValueError where the files cannot be read, or with these options not in pieces; RunError where the folder
    is something else, or holds what was made of other files or with other options.
    """
    options, sizes = options or DataOptions(), sizes or Sizes()
    _refuse(options)
    with os_errors(folder, "written"):
        plan, looks = _plan(paths, options, sizes), looks_of(paths, options)
        if is_sharded(folder):
            raise RunError(f"{folder} holds a sharded list already: choose another folder")
        _begin(folder, plan)
        work = _Work(folder, options, sizes, run, tell)
        try:
            index = work.finish(looks)
        except ValueError:  # of the files: they have to change, and this folder would be of no use then
            shutil.rmtree(folder)
            raise
        shutil.rmtree(folder / WORK)
        return index


def _refuse(options: DataOptions) -> None:
    """Raises ValueError for what needs the whole list at once."""
    if options.split == "lecture":
        raise ValueError(f"the lectures' split shuffles the whole list at once: take {called('split', 'hash')}")
    if options.columns or options.by or options.weight:
        raise ValueError(
            f"shards are made of plain lists, one item a line: leave {called('column')}, {called('by')} and "
            f"{called('weight')} out"
        )
    if not Decoder("", options.encoding).transparent:
        raise ValueError(f"{options.encoding} cannot be read in pieces: make the file UTF-8 first")


def _plan(paths: Sequence[Path], options: DataOptions, sizes: Sizes) -> dict[str, object]:
    """What must be the same for an interrupted making to go on."""
    about = [[str(path.resolve()), (status := path.stat()).st_size, status.st_mtime_ns] for path in paths]
    return {"files": about, "options": to_dict(options), "sizes": asdict(sizes)}


def _begin(folder: Path, plan: dict[str, object]) -> None:
    path = folder / WORK / PLAN
    if path.exists():
        if json.loads(path.read_text(encoding="utf-8")) != plan:
            raise RunError(
                f"{folder} was begun with other files or options, or the files have changed since: remove it, or "
                "choose another folder"
            )
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(f"{folder} is not empty: choose another folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(plan), encoding="utf-8")


class _Work:
    """The stages, one after the other."""

    def __init__(self, folder: Path, options: DataOptions, sizes: Sizes, run: InOrder, tell: Tell) -> None:
        self.folder, self.work, self.options, self.sizes = folder, folder / WORK, options, sizes
        self.run, self.tell = run, tell

    def finish(self, looks: Sequence[FileLook]) -> Index:
        source = ", ".join(str(look.path) for look in looks)
        cut = [(piece, look.marks) for look in looks for piece in stretches(look.path, self.sizes.chunk)]
        pieces = [piece for piece, _ in cut]
        self.tell(f"reading {source} in {len(pieces):,} pieces")
        summaries = self._read(cut)
        told = told_of(looks, pieces, summaries)
        self.options = replace(self.options, unit=summaries[0].unit)
        self.chunks = [Chunk(self._chunk(number)) for number in range(len(pieces))]
        items = sum(summary.items for summary in summaries)
        if not items and not self.options.text:
            raise ValueError(f"{source} has no items")
        unique = 1
        if not self.options.text:
            self.tell(f"looking for duplicates among {items:,} items")
            unique = self._mark_duplicates()
        self.tell("counting symbols and lengths")
        tallies = self._tallied()
        vocab = self._vocabulary(source, tallies)
        groups = self._groups(tallies)
        self.tell("putting every item in its place")
        index = self._index(source, summaries, vocab, groups, unique, told)
        self._place(index, vocab, groups, tallies)
        if not self.options.text:
            self._write_known(sum(int(g.counts.sum()) for g in groups))
        (self.folder / INDEX).unlink(missing_ok=True)
        Files().write(self.folder / INDEX, encode(_plain(index)))
        self.tell("hashing")
        (self.folder / manifest.MANIFEST).unlink(missing_ok=True)
        manifest.seal(Files(), self.folder, [*files_of(index), INDEX, *([] if self.options.text else [KNOWN])])
        return index

    def _chunk(self, number: int) -> Path:
        return self.work / f"chunk-{number:05d}"

    def _read(self, pieces: Sequence[tuple[Stretch, tuple[str, ...]]]) -> list[Summary]:
        """The first piece decides what a symbol is, where nobody said."""
        decided = self.options
        tasks = [ReadChunk(piece, str(self._chunk(i)), decided, marks) for i, (piece, marks) in enumerate(pieces)]
        done = [read_chunk(replace(tasks[0], regroup=decided.unit == "auto"))]
        decided = replace(decided, unit=done[0].unit)
        tasks = [replace(task, options=decided) for task in tasks[1:]]
        return done + list(self.run(read_chunk, tasks))

    def _mark_duplicates(self) -> int:
        """kept.npy of each chunk: which items are not equal to an earlier one; how many those are."""
        kept = []
        for chunk in self.chunks:
            path = chunk.folder / "kept.npy"
            kept.append(np.lib.format.open_memmap(path, "w+", np.bool_, (len(chunk.array("order")),)))
            kept[-1][:] = True
        unique = 0
        for found in merged(self.chunks):
            again = ~first_of_each(found)
            unique += int(np.count_nonzero(~again))
            if not self.options.drop_duplicates:
                continue
            chunk, item = found.chunk[again], found.item[again]
            order = np.argsort(chunk, kind="stable")
            edges = np.searchsorted(chunk[order], np.arange(len(kept) + 1))
            for number in np.flatnonzero(np.diff(edges)).tolist():
                kept[number][item[order[edges[number] : edges[number + 1]]]] = False
        return unique

    def _placings(self, **more: Any) -> list[Placing]:
        return [Placing(str(chunk.folder), self.options, **more) for chunk in self.chunks]

    def _tallied(self) -> list[Tally]:
        """Of every chunk; where chance left nothing for train, all is train."""
        tallies = list(self.run(tally_chunk, self._placings()))
        if self.options.text:
            train, _ = cuts(sum(tally.kept for tally in tallies), self.options)
            before = np.cumsum([0, *(tally.kept for tally in tallies)]).tolist()
            tasks = self._placings()
            tasks = [replace(task, at=at, train=train) for task, at in zip(tasks, before, strict=False)]
            return list(self.run(tally_chunk, tasks))
        if spans_of(tallies)[TRAIN].any():
            return tallies
        self.options = replace(self.options, val_share=0.0, test_share=0.0)
        return list(self.run(tally_chunk, self._placings()))

    def _vocabulary(self, source: str, tallies: Sequence[Any]) -> Vocab:
        """As `data.numbering` makes it of a list in memory."""
        options, counts, in_train = self.options, {}, {}
        for tally in tallies:
            for symbol, (all_of_it, train) in tally.symbols.items():
                counts[symbol] = counts.get(symbol, 0) + all_of_it
                in_train[symbol] = in_train.get(symbol, 0) + train
        unknown = options.min_count > 1
        listed = sorted(s for s in counts if not unknown or (in_train[s] >= options.min_count and s != UNKNOWN))
        if len(listed) > options.max_symbols:
            raise ValueError(
                f"{source} has {len(listed):,} different symbols, more than {options.max_symbols:,}; raise the limit "
                f"with {called('data.max_symbols', len(listed))}"
            )
        symbols = (*listed, *([UNKNOWN] if unknown else []))
        return Vocab(symbols, options.reading_unit, options.normalise, options.lower, options.text, unknown)

    def _groups(self, tallies: Sequence[Any]) -> list[Groups]:
        if self.options.text:
            total = sum(t.kept for t in tallies)
            train, val = cuts(total, self.options)
            sizes = [train, val - train, total - val]
            return [Groups(np.array([n + 1] * (n > 0), np.int64), np.array([1] * (n > 0), np.int64)) for n in sizes]
        together = spans_of(tallies)
        return [Groups(np.flatnonzero(row), row[np.flatnonzero(row)]) for row in together]

    def _index(
        self,
        source: str,
        summaries: Sequence[Summary],
        vocab: Vocab,
        groups: Sequence[Groups],
        unique: int,
        told: list[str],
    ) -> Index:
        dropped: dict[str, int] = {}
        for summary in summaries:
            for reason, count in summary.dropped.items():
                dropped[reason] = dropped.get(reason, 0) + count
        items = 1 if self.options.text else sum(summary.items for summary in summaries)
        if items > unique and self.options.drop_duplicates:
            dropped["duplicate"] = items - unique
        splits = {
            name: SplitIndex(list(zip(of.spans.tolist(), of.counts.tolist(), strict=True)))
            for name, of in zip(SPLITS, groups, strict=True)
        }
        lines = sum(summary.lines for summary in summaries)
        data, itemsize = to_dict(self.options), vocab.dtype.itemsize
        shard = self.sizes.shard // itemsize * itemsize
        return Index(source, data, vocab.to_json(), items, unique, lines, dropped, shard, itemsize, splits, told=told)

    def _place(self, index: Index, vocab: Vocab, groups: Sequence[Groups], tallies: Sequence[Any]) -> None:
        """Files of their full size first; then every chunk writes its items into them."""
        for name, size in files_of(index).items():
            with open(self.folder / name, "ab") as file:
                file.truncate(size)
        before = np.zeros((len(SPLITS), max((t.spans.shape[1] for t in tallies), default=1)), np.int64)
        at, tasks = 0, []
        for chunk, tally in zip(self.chunks, tallies, strict=True):
            more = {"folder": str(self.folder), "shard": index.shard, "groups": list(groups), "vocab": vocab}
            tasks.append(Placing(str(chunk.folder), self.options, before=before.copy(), at=at, **more))
            before[:, : tally.spans.shape[1]] += tally.spans
            at += tally.kept
        for _ in self.run(place_chunk, tasks):
            pass

    def _write_known(self, items: int) -> None:
        """The hashes in their order, with the numbers of the items in their low bits."""
        mask = np.uint64(number_mask(items))
        placed = [np.load(chunk.folder / "placed.npy", mmap_mode="r") for chunk in self.chunks]
        with open(self.folder / KNOWN, "wb") as file:
            for found in merged(self.chunks):
                number = np.empty(len(found.hashes), np.int64)
                order = np.argsort(found.chunk, kind="stable")
                edges = np.searchsorted(found.chunk[order], np.arange(len(placed) + 1))
                for k in np.flatnonzero(np.diff(edges)).tolist():
                    rows = order[edges[k] : edges[k + 1]]
                    number[rows] = placed[k][found.item[rows]]
                kept = number >= 0
                keys = (found.hashes[kept] & ~mask) | number[kept].astype(np.uint64)
                keys.sort()
                file.write(keys.astype("<u8").tobytes())


def _plain(index: Index) -> dict[str, object]:
    import msgspec

    return msgspec.to_builtins(index)


__all__ = ["Sizes", "make_shards", "one_by_one", "read_index", "shard_name", "summary_of"]
