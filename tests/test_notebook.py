"""What a notebook asks of a run: its history, pictures on any axes, next symbols, numbers, a line while it trains."""

import math
import re
from itertools import pairwise

import pytest

import moreish
from moreish.api.live import LiveLine, in_notebook
from moreish.plots.curves import apart, empty_figure
from moreish.plots.model import uncovered
from moreish.recipes import Overrides
from tests.support.lists import made_items

np = pytest.importorskip("numpy")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    line, seen = LiveLine(), []

    def watch(event):
        if line.tell(event):
            seen.append(str(line))

    options = {"model": {"n_embd": 4, "n_hidden": 8}, "train": {"steps": 30, "log_every": 5, "eval_every": 10}}
    out = tmp_path_factory.mktemp("run") / "run"
    return moreish.train(made_items(300), model="mlp", options=options, out=out, watch=watch), seen


def test_a_run_tells_its_history(trained):
    history = trained[0].history
    rows = history if isinstance(history, list) else history.reset_index().to_dict("records")
    losses = [row["loss"] for row in rows if isinstance(row["loss"], float) and not math.isnan(row["loss"])]
    assert len(losses) >= 3
    assert max(row["step"] for row in rows) == 30


@pytest.mark.slow
def test_pictures_are_drawn_on_the_axes_that_are_handed_in(trained):
    pytest.importorskip("matplotlib")
    run = trained[0]
    for draw in (run.plot_loss, run.plot_embedding):
        alone = draw()
        assert alone._repr_png_()[:4] == alone.figure._repr_png_()[:4] == b"\x89PNG"
        _, axes = empty_figure()
        assert draw(ax=axes) is axes


def test_the_pair_table_has_letters_at_its_sides_and_the_first_loss_is_inside(trained):
    pytest.importorskip("matplotlib")
    run = trained[0]
    table = moreish.plots.pairs(run.corpus)
    letters = ["·", *run.vocab.symbols]
    assert [t.get_text() for t in table.get_xticklabels()][: len(letters)] == letters
    assert [t.get_text() for t in table.get_yticklabels()][: len(letters)] == letters
    axes = run.plot_loss()
    low, high = axes.get_ylim()
    drawn = [y for line in axes.lines for y in line.get_ydata()]
    assert low <= min(drawn)
    assert max(drawn) <= high


def test_a_cliff_at_the_start_is_shown_whole_on_a_logarithmic_scale(tmp_path):
    pytest.importorskip("matplotlib")
    train = {"steps": 20, "log_every": 1, "optimizer": "sgd", "lr": 0.1}
    run = moreish.train(
        made_items(300), recipe="lecture-mlp-randn", options={"train": train}, out=tmp_path / "r", background="none"
    )
    axes = run.plot_loss()
    assert axes.get_yscale() == "log"
    assert axes.get_ylim()[1] > max(event.loss for event in run.run.events() if type(event).__name__ == "Step")


def test_the_next_symbols_are_the_models_own(trained):
    run = trained[0]
    found = run.next("ka")
    assert sum(found.values()) == pytest.approx(1, abs=1e-5)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    symbols, logprobs = zip(*run.score("kalo")[0].per_symbol, strict=True)
    assert math.log(found[symbols[2]]) == pytest.approx(logprobs[2], abs=1e-5)
    assert re.match(r"\S+ +\d+\.\d\d% #+$", str(found).splitlines()[0])
    with pytest.raises(ValueError, match="beginning"):
        run.next("K")


def test_numbers_at_a_glance(trained):
    found = trained[0].stats()
    assert found["items"] == 300
    assert found["parameters"] == sum(p.numel() for p in trained[0].model.module.parameters())
    assert moreish.count(made_items(50)).stats()["parameters"] == 0


def test_a_line_tells_how_training_goes(trained):
    seen = trained[1]
    assert re.match(r"step 30 +train \d\.\d{3} +val \d\.\d{3} +\(n-gram \d\.\d{3}\) +done: run$", seen[-1])
    assert not in_notebook()


def test_help_and_tab_find_what_there_is():
    assert {"history", "plot_loss", "plot_embedding", "next", "stats", "more", "score"} <= set(
        dir(moreish.api.trained.TrainedRun)
    )
    assert {"loss", "embedding", "pairs", "contexts", "learning_rates", "figures"} <= set(dir(moreish.plots))
    assert "lessons" in dir(moreish)


@pytest.mark.parametrize("places", [[], [1.0], [1.0, 1.0, 1.0], [0.0, 0.01, 0.5], [3.0, 2.0, 2.0]])
def test_heights_that_would_overlap_are_moved_apart_as_little_as_possible(places):
    moved = apart(places, 0.1)
    ordered = sorted(moved)
    assert all(b - a >= 0.1 - 1e-9 for a, b in pairwise(ordered))
    assert sum(moved) == pytest.approx(sum(places))
    far = [i for i, p in enumerate(places) if all(abs(p - q) > 0.3 for j, q in enumerate(places) if j != i)]
    assert all(moved[i] == pytest.approx(places[i]) for i in far)


def test_labels_that_would_cover_one_another_are_moved_apart():
    places = np.array([[0.0, 0.0], [0.001, 0.0], [0.0, 0.0], [1.0, 1.0], [0.5, 0.2]])
    moved = uncovered(places, 0.05, 0.05)
    span = np.ptp(places, axis=0) * 0.05
    gaps = np.abs(moved[:, None] - moved[None]) / span
    np.fill_diagonal(gaps[..., 0], 9)
    assert gaps.max(2).min() > 0.95
    np.testing.assert_array_equal(moved[3:], places[3:])


def test_a_lecture_recipe_says_so_when_the_list_is_another_one():
    from moreish.api import TrainRequest, prepare

    told = []
    prepare(TrainRequest(made_items(300), "lecture-mlp", Overrides(), background="none"), told.append)
    assert any("names.txt has 32,033 names; this list has 300 items" in sentence for sentence in told)
    told.clear()
    prepare(TrainRequest(made_items(300), "quick", Overrides(), background="none"), told.append)
    assert not any("lectures" in sentence for sentence in told)


def test_a_long_list_of_kinds_is_prepared_without_the_reader_which_knows_none(tmp_path):
    from moreish.api import TrainRequest, prepare

    names = list(moreish.read("names"))[::8]
    path = tmp_path / "kinds.csv"
    path.write_text("\n".join(["name,kind", *(f"{name},{'ab'[i % 2]}" for i, name in enumerate(names))]))
    prepared = prepare(TrainRequest(path, "quick", Overrides(flags={"data": {"by": "kind"}})))
    assert prepared.corpus.kinds == ("a", "b")
    assert "reader" not in [component.name for component in prepared.config.model.components]
