"""How the items of few are drawn where nobody says how, and that what is foretold stays as it is."""

from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest

import moreish
from moreish.background.blend import Blend
from moreish.cli.flags import Drawing
from moreish.fitting.fitted import Fitted
from moreish.inference import asking, guided
from moreish.inference.more import FRUITLESS_EFFORT
from moreish.inference.sample import Sampling, draw_probabilities
from moreish.inference.suggested import MIN_P, suggested
from moreish.models.mixture import Mixture

pytestmark = pytest.mark.usefixtures("said_in_a_terminal")

TREES = [
    "alder", "ash", "aspen", "beech", "birch", "box", "cedar", "cherry", "chestnut", "elder", "elm", "fir",
    "hawthorn", "hazel", "holly", "hornbeam", "juniper", "larch", "lime", "maple", "oak", "pear", "pine",
    "plane", "plum", "poplar", "rowan", "spruce", "walnut", "willow", "yew",
]  # fmt: skip


@pytest.fixture(scope="module")
def trees() -> Fitted:
    return moreish.listen(TREES)


def blend_of(run: Fitted) -> Blend:
    assert isinstance(run.model, Blend)
    return run.model


@pytest.mark.slow
def test_symbols_far_below_the_likeliest_are_not_drawn(trees: Fitted) -> None:
    blend = blend_of(trees)
    sampling = suggested(blend, Sampling())
    for item in trees.ask().items(50, np.random.default_rng(0)):
        state, logprobs = blend.start(1)
        for i in [*trees.vocab.encode(item.text).tolist(), 0]:
            chances = draw_probabilities(logprobs, Sampling(temperature=sampling.temperature))[0]
            assert chances[i] >= MIN_P * chances.max() * (1 - 1e-6)
            state, logprobs = blend.advance(state, np.array([i]))


def test_the_help_names_the_share() -> None:
    help_of = next(p for p in get_type_hints(Drawing, include_extras=True)["min_p"].__metadata__).help
    assert f" {MIN_P:g} " in help_of


def test_that_something_was_left_out_is_said(trees: Fitted) -> None:
    assert "--min-p 0" in (trees.ask().left_out or "")
    assert trees.ask(min_p=0).left_out is None
    assert trees.ask(best=True).left_out is None


@pytest.mark.slow
@pytest.mark.parametrize("wishes", [{}, {"starts_with": "a"}, {"ends_with": "a"}], ids=str)
def test_where_only_known_items_are_likely_others_come_all_the_same(wishes: dict[str, str]) -> None:
    run = moreish.listen(["a", "b", "c"])
    made = run.more(5, seed=1, new_only=True, **wishes)
    assert len(made) == 5
    assert all(item.is_new for item in made)
    asked = run.ask(new_only=True, **wishes)
    assert "once that gave no more" not in (asked.left_out or "")
    list(asked.items(5, np.random.default_rng(1)))
    assert "once that gave no more" in (asked.left_out or "")


def test_what_dares_more_is_named(trees: Fitted) -> None:
    assert "a smaller --min-p" in trees.ask(min_p=1.0).why_so_few(1)
    assert "a higher temperature" in trees.ask(min_p=0.5, temperature=0.0).why_so_few(1)
    assert "a larger --top-k" in trees.ask(top_k=1, min_p=0.5).why_so_few(1)


@pytest.mark.slow
def test_what_is_remembered_is_counted_in_what_is_made(trees: Fitted) -> None:
    told = trees.remembered()
    made = trees.more(4000, seed=5, unique=False)
    share = sum(not item.is_new for item in made) / len(made)
    assert told.made > 0
    assert told.known.value == pytest.approx(share, abs=5 * told.known.error)
    assert moreish.count(TREES).remembered().made == 0


def test_scores_and_the_best_are_those_of_the_model(trees: Fitted) -> None:
    made = trees.more(5, seed=1)
    scores = trees.score([item.text for item in made])
    assert [item.logprob for item in made] == pytest.approx([each.score.logprob for each in scores], abs=1e-4)


@pytest.mark.parametrize(
    "wish", [Sampling(top_k=5), Sampling(top_p=0.9), Sampling(min_p=0.3), Sampling(min_p=0.0)], ids=str
)
def test_what_is_wished_for_is_kept(trees: Fitted, wish: Sampling) -> None:
    assert suggested(blend_of(trees), wish) == wish


def test_a_temperature_above_one_that_was_found_for_foretelling_is_taken_back(trees: Fitted) -> None:
    blend = blend_of(trees)
    for found, wanted in ((1.2, 1 / 1.2), (1.0, 1.0), (0.8, 1.0)):
        warmed = Blend(blend.ensemble, blend.gate, found)
        assert suggested(warmed, Sampling()).temperature == pytest.approx(wanted)
        assert suggested(warmed, Sampling(0.5)).temperature == pytest.approx(0.5 * wanted)
        assert suggested(warmed, Sampling(0.0)).temperature == 0


@pytest.mark.slow
def test_mixtures_of_blends_and_kinds_are_drawn_alike_and_other_models_as_they_are(
    trees: Fitted, tmp_path: Path
) -> None:
    elves, dwarves = tmp_path / "elves.txt", tmp_path / "dwarves.txt"
    elves.write_text("\n".join(TREES[:15]), encoding="utf-8")
    dwarves.write_text("\n".join(tree.upper() for tree in TREES[15:]), encoding="utf-8")
    run = moreish.listen(moreish.read(elves, dwarves, by="file"))
    both, counted = run.of("elves:0.5,dwarves:0.5"), moreish.count(TREES).model
    assert isinstance(both, Mixture)
    for model in (run.model, run.of("elves"), both):
        assert suggested(model, Sampling()).min_p == MIN_P
    net = moreish.train(TREES, model="gru", options={"train": {"steps": 2}}, out=tmp_path / "net").model
    mixed = Mixture([counted, net], np.array([0.5, 0.5]))
    assert suggested(mixed, Sampling()) == Sampling(min_p=MIN_P)
    for model in (counted, net, Mixture([counted, counted], np.array([0.5, 0.5]))):
        assert suggested(model, Sampling()) == Sampling()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wishes", "most"),
    [({"min_p": 1.0}, 1), ({"top_k": 1}, 1), ({"temperature": 0.0}, 2), ({"min_p": 0.9}, 99)],
    ids=str,
)
def test_what_can_hardly_vary_is_not_drawn_anew_again_and_again(
    trees: Fitted, monkeypatch: pytest.MonkeyPatch, wishes: dict[str, Any], most: int
) -> None:
    """Forty times, a thousand symbols each, before what nothing was left to chance in was kept."""
    called: list[int] = []

    def counted(*args: Any, **more: Any) -> guided.Guided:
        found = guided.guided(*args, **more)
        called.append(found.effort)
        return found

    monkeypatch.setattr(asking, "guided", counted)
    asked = trees.ask(**wishes, ends_with="a")
    items = [item.text for item in asked.items(20, np.random.default_rng(0))]
    assert 1 <= len(set(items)) == len(items) < 20
    assert all(item.endswith("a") for item in items)
    assert len(called) <= most
    assert sum(called) < 2 * FRUITLESS_EFFORT
