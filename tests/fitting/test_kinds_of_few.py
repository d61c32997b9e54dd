"""Kinds of a list of few items: a run answers for each of them, and none has the letters of another."""

import numpy as np
import pytest

import moreish
from moreish import api
from moreish.background.shape import flat
from moreish.data import DataOptions, read
from moreish.models.kinds import Kinded
from tests.support.few import options

pytestmark = pytest.mark.usefixtures("said_in_a_terminal")

ELVES = ["Galadriel", "Elrond", "Legolas", "Arwen", "Thranduil", "Celeborn", "Haldir", "Elladan"]
DWARVES = ["Торин", "Балин", "Двалин", "Гимли", "Глоин", "Бомбур", "Бофур", "Нори"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds")
    rows = [*(f"{name},elf" for name in ELVES), *(f"{name},dwarf" for name in DWARVES)]
    (folder / "folk.csv").write_text("\n".join(["name,kind", *rows]) + "\n", encoding="utf-8")
    listed = read(folder / "folk.csv", DataOptions(by="kind"))
    assert [*listed.kinds] == ["dwarf", "elf"]
    return moreish.train(listed, options=options(), out=folder / "run")


def test_a_run_of_few_items_answers_for_each_kind_after_it_was_opened_again(run):
    opened = api.open_run(run.run.folder)
    elves = [item.text for item in opened.more(30, of="elf", seed=1)]
    assert elves == [item.text for item in opened.more(30, of="elf", seed=1)]
    assert sum(text.isascii() for text in elves) >= 27
    dwarves = [item.text for item in opened.more(30, of="dwarf", seed=1)]
    assert sum(text.isascii() for text in dwarves) <= 3
    assert len(opened.more(10, of="elf:0.5,dwarf:0.5", seed=1)) == 10


def test_every_item_is_likelier_as_one_of_its_own_kind(run):
    model, vocab = run._of_kinds, run.vocab
    assert isinstance(model, Kinded)
    for k, own in enumerate((DWARVES, ELVES)):
        ids, offsets = flat([vocab.encode(item).astype(np.int64) for item in own])
        mine, other = (model.of_kind[j].score(ids, offsets)[1:].sum() for j in (k, 1 - k))
        assert mine > other


def test_a_kind_that_is_not_there_is_named_with_those_that_are(run):
    with pytest.raises(ValueError, match="known: dwarf, elf"):
        run.more(1, of="orc")


def test_another_table_is_evaluated_by_its_column(run, tmp_path):
    (tmp_path / "other.csv").write_text("name,title\nElrond,Arwen\nArwen,Haldir\nLegolas,Elrond\n")
    first, second = (run.evaluate(tmp_path / "other.csv", column=name) for name in ("name", "title"))
    assert first["items"] == second["items"] == 3
    assert first["loss"] != second["loss"]
    with pytest.raises(ValueError, match='no column "c" for --column'):
        run.evaluate(tmp_path / "other.csv", column="c")
    with pytest.raises(ValueError, match="name its file as well"):
        run.evaluate(column="name")
