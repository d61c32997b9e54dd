"""A sharded list is the list: the same items in the same splits, the same counts, every symbol learned from once."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import moreish
from moreish.data import DataOptions, from_items, read
from moreish.data.batches import SequenceBatches, windows
from moreish.data.split import SPLITS
from moreish.errors import Damaged, RunError
from moreish.ngram import count_ngrams
from moreish.shards.batches import Permutation, ShardedSequences, ShardedWindows
from moreish.shards.corpus import Flat, ShardedSplit, open_shards
from moreish.shards.counting import count_sharded
from moreish.shards.make import Sizes, make_shards
from moreish.shards.store import verify
from tests.support.lists import made_items

pytestmark = pytest.mark.usefixtures("said_in_a_terminal")

TINY = Sizes(chunk=64, shard=48)
WORDS = ["emma", "Ava", "anna", "", "  zoë ", "emma", "ав", "nao mi", "b", "anna", "emma", "日本", "e\u0301"]


def interrupted(function, tasks):
    raise KeyboardInterrupt


def sharded(folder, items, options=None, sizes=TINY):
    path = folder / "list.txt"
    path.write_text("\n".join(items), encoding="utf-8")
    make_shards([path], folder / "shards", options or DataOptions(), sizes=sizes)
    return open_shards(folder / "shards"), read(path, options or DataOptions())


def items_of(split, vocab):
    return [split.item(i, vocab) for i in range(len(split))]


OPTIONS = [
    DataOptions(),
    DataOptions(duplicates="keep"),
    DataOptions(unit="word", min_count=2),
    DataOptions(lower=True, val_share=0.3, test_share=0.2, split_seed=7),
    DataOptions(unit="grapheme"),
]


@pytest.mark.parametrize("options", OPTIONS, ids=range(len(OPTIONS)))
def test_the_same_items_are_in_the_same_splits_as_in_memory(tmp_path, options):
    items = [*WORDS, *made_items(120), *(f"{a} {b}" for a in WORDS[:4] for b in made_items(5))]
    found, memory = sharded(tmp_path, items, options)
    assert found.vocab == memory.vocab
    assert len(found) == len(memory)
    for name in SPLITS:
        ours, theirs = found.split(name), memory.split(name)
        assert isinstance(ours, ShardedSplit)
        expected = sorted(range(len(theirs)), key=lambda i: len(theirs.symbols(i)))  # stable: the order of the list
        assert items_of(ours, found.vocab) == [theirs.item(i, memory.vocab) for i in expected]
        assert np.array_equal(ours.ids, theirs.chosen(np.array(expected, np.int64)).ids)
        assert ours.n_predicted == theirs.n_predicted
        assert np.array_equal(np.flatnonzero(ours.ids == 0), ours.offsets)
    report = found.report
    assert (report.items, report.unique) == (memory.report.items, memory.report.unique)
    assert report.dropped == memory.report.dropped
    assert report.lengths == memory.report.lengths
    assert sorted(found) == sorted(memory)
    for text in (*items, "emm", "zzz", "никогда"):
        assert found.where(text) == memory.where(text) or options.min_count > 1, text


@pytest.mark.parametrize("unit", ["char", "word"])
def test_a_running_text_is_cut_as_in_memory(tmp_path, unit):
    lines = [f"{word} {other}, {word}!" for word in WORDS for other in made_items(9)]
    options = DataOptions(text=True, unit=unit, min_count=2 if unit == "word" else 1)
    found, memory = sharded(tmp_path, lines, options)
    assert found.vocab == memory.vocab
    for name in SPLITS:
        assert np.array_equal(found.split(name).ids, memory.split(name).ids)
    assert found.where(lines[3]) == memory.where(lines[3]) == "train"
    assert found.where(lines[3] + "emma") == "new"


@pytest.mark.slow
def test_whatever_stops_the_making_it_goes_on_and_gives_the_same_bytes(tmp_path):
    items = made_items(400)
    sharded(tmp_path, items)
    whole = {p.name: p.read_bytes() for p in (tmp_path / "shards").iterdir()}
    for stop in range(1, 60, 7):
        folder, left = tmp_path / f"stopped-{stop}", [stop]

        def run(function, tasks, left=left):
            for task in tasks:
                left[0] -= 1
                if not left[0]:
                    raise KeyboardInterrupt
                yield function(task)

        with pytest.raises(KeyboardInterrupt):
            make_shards([tmp_path / "list.txt"], folder, run=run, sizes=TINY)
        with pytest.raises(RunError, match="holds no sharded list"):
            open_shards(folder)
        make_shards([tmp_path / "list.txt"], folder, sizes=TINY)
        assert {p.name: p.read_bytes() for p in folder.iterdir()} == whole


def test_one_flipped_byte_anywhere_is_refused_by_name(tmp_path):
    sharded(tmp_path, made_items(60))
    folder = tmp_path / "shards"
    verify(folder)
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        with pytest.raises(Damaged, match=path.name):
            verify(folder)
        path.write_bytes(data)
    with pytest.raises(RunError, match="another list"):
        open_shards(folder, "0" * 64)


def test_what_cannot_be_sharded_is_said(tmp_path):
    path = tmp_path / "list.txt"
    path.write_bytes(b"emma\n" * 40 + b"\xff\n")
    with pytest.raises(ValueError, match=r"line 41, byte 1: not UTF-8"):
        make_shards([path], tmp_path / "a", sizes=TINY)
    path.write_text("\n \n", encoding="utf-8")
    with pytest.raises(ValueError, match="has no items"):
        make_shards([path], tmp_path / "b", sizes=TINY)
    path.write_text("emma\nava", encoding="utf-8")
    for options in (DataOptions(split="lecture"), DataOptions(by="file"), DataOptions(encoding="utf-16")):
        with pytest.raises(ValueError, match=r"lectures|plain lists|in pieces"):
            make_shards([path], tmp_path / "c", options)
    with pytest.raises(RunError, match="not empty"):
        make_shards([path], tmp_path)
    with pytest.raises(KeyboardInterrupt):
        make_shards([path], tmp_path / "d", run=interrupted)
    path.write_text("emma\nava\nmia", encoding="utf-8")
    with pytest.raises(RunError, match="other files or options"):
        make_shards([path], tmp_path / "d")


PASTED = {
    "bullets": lambda i, item: f"* {item}",
    "word processor": lambda i, item: f"•  {item}",
    "numbers": lambda i, item: f"{i}. {item}",
    "quotes and commas": lambda i, item: f'"{item}",',
    "bullets but for two": lambda i, item: item if i in (61, 90) else f"- {item}",
    "with a comment": lambda i, item: "# of 2020" if i == 1 else item,
    "headings and links": lambda i, item: f"## Part {i}" if i % 30 == 0 else f"- [{item}](https://x.y/{i}) - it",
    "Windows": lambda i, item: f"- {item}\r",
}


@pytest.mark.parametrize("kind", PASTED)
@pytest.mark.parametrize("options", [DataOptions(), DataOptions(marks="keep")], ids=["drop", "keep"])
def test_a_pasted_list_is_read_and_told_as_in_memory(tmp_path, kind, options):
    pasted = [PASTED[kind](i, item) for i, item in enumerate(made_items(97), 1)]
    found, memory = sharded(tmp_path, [*pasted[:50], "", *pasted[50:]], options)
    assert found.report.told == memory.report.told
    assert (len(found), found.vocab) == (len(memory), memory.vocab)
    for name in SPLITS:
        assert sorted(items_of(found.split(name), found.vocab)) == sorted(items_of(memory.split(name), memory.vocab))


def test_marks_come_off_of_each_file_by_itself(tmp_path):
    bulleted, plain = tmp_path / "bulleted.txt", tmp_path / "plain.txt"
    items = made_items(60)
    bulleted.write_text("".join(f"- {item}\n" for item in items[:30]), encoding="utf-8")
    plain.write_text("".join(f"{item}\n" for item in items[30:]), encoding="utf-8")
    make_shards([bulleted, plain], tmp_path / "shards", sizes=TINY)
    found = open_shards(tmp_path / "shards")
    assert sorted(found.items) == sorted(items)
    assert [str(bulleted) in told for told in found.report.told] == [True]


def test_a_faulty_line_of_a_pasted_list_is_named(tmp_path):
    path = tmp_path / "list.txt"
    path.write_bytes(b"- emma\n" * 40 + b"- \xff\n")
    with pytest.raises(ValueError, match=r"line 41, byte 3: not UTF-8"):
        make_shards([path], tmp_path / "a", sizes=TINY)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.csv", "name,origin\nanna,x\nbert,y\ncleo,x\n"),
        ("x.json", '["anna", "bert", "cleo"]'),
        ("x.txt", "anna, bert, cleo, dora\n"),
    ],
)
def test_a_table_is_refused_and_read_as_lines_where_that_is_asked_for(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"no plain list .* --set data\.recognise=false"):
        make_shards([path], tmp_path / "a")
    make_shards([path], tmp_path / "b", DataOptions(recognise=False))
    assert len(open_shards(tmp_path / "b")) == len(text.splitlines())


@given(n=st.integers(1, 3000), key=st.integers(0, 2**64 - 1))
@settings(max_examples=40, deadline=None)
def test_a_permutation_names_every_number_once(n, key):
    assert sorted(Permutation(n, key)(np.arange(n)).tolist()) == list(range(n))


def rows_of(batches):
    return sorted(tuple(row) for batch in batches for row in np.column_stack([batch.x, batch.y]).tolist())


@pytest.mark.slow
def test_an_epoch_of_batches_holds_what_it_holds_in_memory(tmp_path):
    found, _ = sharded(tmp_path, made_items(300))
    split = found.split("train")
    in_memory = split.between(0, len(split))
    for block in (3, 4, 50):
        ours, theirs = ShardedSequences(split, block, 7, 1), SequenceBatches(in_memory, block, 7, 1)
        assert (ours.per_epoch, ours.mean_tokens) == (theirs.per_epoch, theirs.mean_tokens)
        epoch = list(ours.epoch(0))
        assert rows_of_lengths(epoch) == rows_of_lengths(theirs.epoch(0))
        assert sum(batch.weight for batch in epoch) == pytest.approx(ours.per_epoch)
        assert [b.x.tolist() for b in ours.epoch(0, 5)] == [b.x.tolist() for b in epoch[5:]]
        windowed = ShardedWindows(split, block, 1, 1)
        x, y = windows(in_memory, block)
        assert rows_of(windowed.epoch(3)) == sorted(map(tuple, np.column_stack([x, y]).tolist()))


def rows_of_lengths(batches):
    return sorted((*row, *target) for b in batches for row, target in zip(b.x.tolist(), b.y.tolist(), strict=True))


@pytest.mark.slow
def test_batches_of_a_running_text_are_its_stretches(tmp_path):
    found, _ = sharded(tmp_path, made_items(200), DataOptions(text=True))
    split = found.split("train")
    ids = split.ids
    for epoch in range(3):
        for batch in ShardedSequences(split, 8, 5, 2).epoch(epoch):
            for x, y in zip(batch.x, batch.y, strict=True):
                assert any(np.array_equal(ids[i : i + 9], [*x, y[-1]]) for i in range(len(ids) - 8)), (
                    "a stretch of the text"
                )


@given(
    items=st.lists(st.text("abcde", min_size=1, max_size=9), min_size=1, max_size=60, unique=True),
    order=st.integers(0, 7),
    wide=st.booleans(),
    most=st.sampled_from([1, 5, 1000]),
)
@settings(max_examples=60, deadline=None)
def test_counts_by_table_and_by_merged_runs_are_those_in_memory(tmp_path_factory, items, order, wide, most):
    corpus = from_items(items, DataOptions(val_share=0.0, test_share=0.0))
    split, size = corpus.split("train"), len(corpus.vocab)
    ids = split.ids.astype(np.uint16 if wide else np.uint8) * (9000 if wide else 1)
    size = size * 9000 if wide else size
    stored = OnDisk(tmp_path_factory.mktemp("counts"), ids, len(split))
    expected = count_ngrams(ids, split.offsets, size, order)
    found = count_sharded(stored, size, order, most)
    assert np.array_equal(found.levels, expected.levels)
    assert np.array_equal(found.keys, expected.keys)
    assert np.array_equal(found.count, expected.count)


class OnDisk(ShardedSplit):
    """A split whose items stand in any order."""

    def __init__(self, folder, ids, items):
        (folder / "train-00000.ids").write_bytes(ids[1:].tobytes())
        flat = Flat([folder / "train-00000.ids"], ids.dtype, 2**20)
        for name, value in (("folder", folder), ("flat", flat), ("items", items)):
            object.__setattr__(self, name, value)

    def __len__(self):
        return self.items


def test_the_index_says_what_the_files_are(tmp_path):
    found, _ = sharded(tmp_path, made_items(50))
    index = json.loads((tmp_path / "shards" / "index.json").read_text(encoding="utf-8"))
    assert index["items"] == 50
    assert sum(n for split in index["splits"].values() for _, n in split["groups"]) == len(found) == 50
    assert replace(found.options) == found.options


def test_a_folder_that_is_not_finished_is_said_to_be_and_nothing_stays_of_a_list_without_items(tmp_path):
    text = tmp_path / "list.txt"
    text.write_text("\n".join(f"item {k}" for k in range(500)), encoding="utf-8")

    with pytest.raises(KeyboardInterrupt):
        make_shards([text], tmp_path / "begun", run=interrupted)
    with pytest.raises(ValueError, match="not finished"):
        moreish.train(tmp_path / "begun", model="ngram", out=tmp_path / "run")
    text.write_text("\n\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no items"):
        make_shards([text], tmp_path / "empty")
    assert not (tmp_path / "empty").exists()
