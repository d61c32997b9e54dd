"""A blend taken apart and put together scores bit for bit the same; anything else is refused."""

from collections.abc import Callable

import numpy as np
import pytest

from moreish.background.blend import Blend
from moreish.background.choosing import Choice, Name
from moreish.background.lengths import Timing
from moreish.background.listening import Listening
from moreish.background.marks import Marks
from moreish.background.outline import Strictness
from moreish.background.shape import flat
from moreish.background.stored import from_tensors, to_tensors
from tests.support.backgrounds import numbered_list, random_background

SYMBOLS, ITEMS = numbered_list(20)
V = len(SYMBOLS) + 1
NAMES: list[Name] = ["counted", "read", "tuned"]
Arrays = dict[str, np.ndarray]


def blend(name: Name, nets: int = 1) -> Blend:
    listening = Listening(random_background(n_hidden=4, nets=nets), SYMBOLS, ITEMS, orders=2)
    tuned = Listening(random_background(4, seed=1, nets=nets), SYMBOLS, ITEMS).cells
    return listening.blend(Choice(name, 0.9, Strictness(3.0, 1.5)), tuned)


TENSORS, DESCRIBED = to_tensors(blend("tuned"))


@pytest.mark.parametrize("nets", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_taken_apart_and_put_together_scores_the_same_bits(name: Name, nets: int):
    model = blend(name, nets)
    again = from_tensors(*to_tensors(model), V)
    ids, offsets = flat([*ITEMS[:6], np.array([1, 1]), np.array([], np.int64)])
    np.testing.assert_array_equal(again.score(ids, offsets), model.score(ids, offsets))
    np.testing.assert_array_equal(again.start(2)[1], model.start(2)[1])


def test_a_blend_needs_no_more_than_half_precision_for_its_cells():
    for name in ("input", "recurrent", "output", "bias"):
        assert TENSORS[f"net0/{name}"].dtype == np.float16
    assert TENSORS["net1/h"].shape == (2, 4)


CHANGES: dict[str, Callable[[np.ndarray], np.ndarray | None]] = {
    "missing": lambda a: None,
    "shorter": lambda a: a[:-1],
    "longer": lambda a: np.concatenate([a, a[:1]]),
    "empty": lambda a: a[:0],
    "deeper": lambda a: a[..., None],
    "one number": lambda a: np.zeros((), a.dtype),
    "NaN": lambda a: np.full(a.shape, np.nan, a.dtype if a.dtype.kind == "f" else np.float64),
    "inf": lambda a: np.full(a.shape, np.inf, a.dtype if a.dtype.kind == "f" else np.float64),
    "words": lambda a: np.full(a.shape, "a"),
    "complex": lambda a: a.astype(complex),
}


@pytest.mark.parametrize("name", sorted(TENSORS))
@pytest.mark.parametrize("change", CHANGES)
def test_an_array_that_is_missing_or_damaged_is_refused(name: str, change: str):
    changed = CHANGES[change](TENSORS[name])
    tensors = {key: a for key, a in TENSORS.items() if key != name}
    if changed is not None:
        tensors[name] = changed
    with pytest.raises(ValueError, match=r"."):
        from_tensors(tensors, DESCRIBED, V)


@pytest.mark.parametrize(
    "changed",
    [
        {"symbols": 0}, {"symbols": -1}, {"symbols": "many"}, {"symbols": None}, {"symbols": True},
        {"symbols": float("nan")}, {"symbols": 10**400}, {"temperature": 0}, {"temperature": float("inf")},
        {"temperature": "warm"}, {"temperature": -(10**400)}, {"counts": None}, {"counts": []}, {"shape": {}},
        {"counts": {"model": "none"}}, {"shape": None}, {"strictness": -1}, {"strictness": "very"},
        {"lengths": [1, 2]}, {"lengths": [3, 2, 1]}, {"timing": [0]}, {"timing": [-1, 0, 0, 0]},
        {"timing": ["late", 0, 0, 0]}, {"timing": [0, 0]},
    ],
)  # fmt: skip
def test_a_description_that_does_not_fit_is_refused(changed: dict[str, object]):
    with pytest.raises(ValueError, match=r"."):
        from_tensors(TENSORS, DESCRIBED | changed, V)
    for name in changed:
        with pytest.raises(ValueError, match=r"."):
            from_tensors(TENSORS, {key: value for key, value in DESCRIBED.items() if key != name}, V)


def test_a_run_of_before_lengths_were_kept_opens():
    described = {name: value for name, value in DESCRIBED.items() if name not in ("lengths", "timing")}
    assert from_tensors(TENSORS, described, V).timing == Timing()


def test_whether_a_list_keeps_firmly_to_its_outlines_is_kept_and_runs_of_before_do_not_say():
    for firm in (True, False):
        assert from_tensors(TENSORS, DESCRIBED | {"firm": firm}, V).firm == firm
    with pytest.raises(ValueError, match='"firm"'):
        from_tensors(TENSORS, DESCRIBED | {"firm": "yes"}, V)
    tensors = {name: array for name, array in TENSORS.items() if name != "outline/leaving"}
    described = {name: value for name, value in DESCRIBED.items() if name != "firm"}
    assert not from_tensors(tensors, described, V).firm


@pytest.mark.parametrize("marks", [Marks(((1, 2),), ((1, 2),), (2,)), Marks(((2, 1),)), None])
def test_what_all_items_have_of_marks_is_kept(marks: Marks | None):
    described = {name: value for name, value in DESCRIBED.items() if name != "marks"}
    blend = from_tensors(TENSORS, described, V)
    assert blend.marks is None, "as in runs of before"
    blend.marks = marks
    tensors, again = to_tensors(blend)
    assert from_tensors(tensors, again, V).marks == marks


WRONG = [[], [[], [], []], [[[1, "2"]], [], []], [[[V, 1]], [], []], [[], [[1]], []], "marks", [[], [], [0]], 7]


@pytest.mark.parametrize("marks", WRONG)
def test_marks_that_do_not_fit_are_refused(marks: object):
    with pytest.raises(ValueError, match='"marks"'):
        from_tensors(TENSORS, DESCRIBED | {"marks": marks}, V)


@pytest.mark.parametrize("vocab_size", [1, V - 1, V + 1])
def test_a_blend_of_another_vocabulary_is_refused(vocab_size: int):
    with pytest.raises(ValueError, match=r"ids and not"):
        from_tensors(TENSORS, DESCRIBED, vocab_size)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda a: np.where(a == a.max(), V, a), id="too many"),
        pytest.param(lambda a: a + 1, id="none of the boundary"),
        pytest.param(lambda a: a - 1, id="negative"),
        pytest.param(lambda a: a[::-1].copy(), id="another for the boundary"),
        pytest.param(lambda a: np.zeros_like(a), id="the boundary's for all"),
        pytest.param(lambda a: np.append([1], a[1:]), id="a symbol's for the boundary"),
        pytest.param(lambda a: np.append([0, 0], a[2:]), id="the boundary's for a symbol"),
        pytest.param(lambda a: a.astype(np.uint64) + np.uint64(2**64 - 1), id="wrapped"),
    ],
)
def test_classes_that_are_not_those_of_symbols_are_refused(changed: Callable[[np.ndarray], np.ndarray]):
    with pytest.raises(ValueError, match=r"."):
        from_tensors(TENSORS | {"class_of": changed(TENSORS["class_of"])}, DESCRIBED, V)


def test_numbers_beyond_single_precision_are_refused():
    for name in ("net0/input", "net1/h", "net0/bias"):
        huge = np.full(TENSORS[name].shape, 1e300)
        with pytest.raises(ValueError, match=r"finite"):
            from_tensors(TENSORS | {name: huge}, DESCRIBED, V)


def test_the_arrays_of_one_net_alone_are_refused():
    for gone in ("net0", "net1", "gate3"):
        with pytest.raises(ValueError, match=r"gate"):
            from_tensors({name: a for name, a in TENSORS.items() if not name.startswith(gone)}, DESCRIBED, V)
