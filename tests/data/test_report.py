"""The report: what `moreish inspect` has to say."""

import json
from collections import Counter

import pytest

from moreish.data import DataOptions, from_items

STABLE = {"items", "unique", "symbols", "longest", "dropped", "suspicious"}
ITEMS = ["emma", "ava", "emma", "isabella", "", "Zoë", "o"] * 20 + ["quark"]


def test_report_counts_what_a_counter_counts():
    report = from_items(ITEMS).report
    kept = list(dict.fromkeys(item for item in ITEMS if item))
    assert report.lengths == Counter(map(len, kept))
    assert report.counts == Counter("".join(kept))
    assert (report.items, report.unique) == (121, 6)
    assert (report.shortest, report.longest, report.longest_item) == (1, 8, "isabella")
    assert report.mean_length == pytest.approx(sum(map(len, kept)) / len(kept))
    assert report.dropped == {"empty": 20, "duplicate": 115}
    assert report.once == [c for c, n in sorted(Counter("".join(kept)).items()) if n == 1]
    assert report.vocab_size == len(set("".join(kept))) + 1


def test_report_counts_kept_duplicates_as_often_as_they_stand_there():
    report = from_items(ITEMS, DataOptions(duplicates="keep")).report
    kept = [item for item in ITEMS if item]
    assert report.counts == Counter("".join(kept))
    assert report.lengths == Counter(map(len, kept))


def test_report_is_plain_json_with_the_stable_keys():
    report = from_items([*ITEMS, "a\u200bb"]).report
    values = json.loads(json.dumps(report.to_json()))
    assert set(values) >= STABLE
    assert values["symbols"] == len(values["symbol_counts"]) == report.vocab_size - 1
    assert values["suspicious"] == [{"kind": "zero-width character", "count": 1, "lines": [142], "example": "U+200B"}]
    assert values["lengths"] == sorted(values["lengths"])
    assert [n for _, n in values["symbol_counts"]] == sorted((n for _, n in values["symbol_counts"]), reverse=True)
    assert sum(split["items"] for split in values["splits"].values()) == 7


def test_parts_of_the_report_are_those_of_the_corpus():
    corpus = from_items([f"{i:05d}" for i in range(400)])
    for name, counts in corpus.report.splits.items():
        part = corpus.split(name)
        assert counts == {"items": len(part), "predicted": part.n_predicted}


def test_symbols_that_train_never_has_are_named():
    items = [f"{chr(0x4E00 + i)}" for i in range(300)]
    corpus = from_items(items)
    held_out = {corpus.split(n).item(i, corpus.vocab) for n in ("val", "test") for i in range(len(corpus.split(n)))}
    assert set(corpus.report.only_outside_train) == held_out
    assert any(note.startswith("Train never has") for note in corpus.report.notes)


def test_longest_item_of_a_running_text_is_not_the_whole_text():
    assert len(from_items(["ab " * 50_000], DataOptions(text=True)).report.longest_item) <= 1000


@pytest.mark.parametrize(("share", "why"), [(0.0, "the share asked for is 0"), (0.01, "there are too few")])
def test_empty_part_says_why_it_is_empty(share, why):
    notes = from_items(["abc", "abd", "abe"], DataOptions(val_share=share)).report.notes
    assert any(note.startswith(f"val has no item ({why})") for note in notes)
