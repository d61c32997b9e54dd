"""What is stored comes back as the same model; what was tampered with is refused, or is still a distribution."""

import json

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from moreish.ngram import AddK, KneserNey, from_tensors, to_tensors
from tests.ngram.oracles import V, flat, lists

models = st.tuples(lists, st.integers(0, 4), st.sampled_from([None, 0.0, 0.5]))
ITEMS = [[1, 2, 3], [2, 1, 2], [1, 1], [3, 2, 1, 2]]


def fit(items, order, k):
    ids, offsets = flat(items)
    return KneserNey.fit(ids, offsets, V, order) if k is None else AddK.fit(ids, offsets, V, order, k)


@settings(max_examples=40, deadline=None)
@given(models, lists)
def test_a_model_survives_its_file(arguments, held_out):
    model = fit(*arguments)
    tensors, metadata = to_tensors(model)
    again = from_tensors(load(save(tensors)), json.loads(json.dumps(metadata)))
    assert type(again) is type(model)
    np.testing.assert_array_equal(again.score(*flat(held_out)), model.score(*flat(held_out)))


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.integers(1, 4), st.sampled_from(["fanout", "symbol", "count"]), st.data())
def test_a_changed_entry_is_refused_or_harmless(order, name, data):
    tensors, metadata = to_tensors(fit(ITEMS, order, None))
    a = tensors[name].astype(np.int64)
    at = data.draw(st.integers(0, len(a) - 1))
    a[at] += data.draw(st.integers(-3, 3)) or 2**62
    try:
        model = from_tensors({**tensors, name: a}, metadata)
    except ValueError as error:
        assert f"{name}" in str(error) or "the array" in str(error)  # noqa: PT017
    else:
        state, rows = model.start(2)
        for symbol in (1, 2, 4, 3, 2):
            np.testing.assert_allclose(np.exp(rows).sum(1), 1, atol=1e-9)
            state, rows = model.advance(state, np.full(2, symbol))


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([None, 0.5]),
    st.lists(st.integers(0, 3), max_size=6),
    st.lists(st.integers(0, V), max_size=6),
    st.lists(st.integers(0, 3), max_size=7),
    st.integers(0, 3),
)
@example(None, [0], [], [1], 1)
def test_any_arrays_are_refused_or_harmless(k, fanout, symbol, count, order):
    tensors = {"fanout": np.array(fanout, int), "symbol": np.array(symbol, int), "count": np.array(count, int)}
    name = "kneser-ney" if k is None else "add-k"
    try:
        model = from_tensors(tensors, {"model": name, "vocab_size": V, "order": order, "k": k})
    except ValueError:
        return
    np.testing.assert_allclose(np.exp(model.start(1)[1]).sum(), 1, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("count", None, '"count".* is missing'),
        ("symbol", np.zeros((2, 2), int), '"symbol".* 2-d int64'),
        ("fanout", np.array([0.5]), '"fanout".* 1-d float64'),
        ("count", np.array([-1]), '"count".* outside'),
        ("symbol", np.array([V]), '"symbol".* outside'),
        ("fanout", np.array([1]), '"fanout".* add up'),
        ("symbol", np.array([1]), '"count".* one entry more'),
    ],
)
def test_a_wrong_array_is_named(name, array, message):
    tensors, metadata = to_tensors(fit(ITEMS, 3, None))
    tensors = {**tensors, name: array}
    if array is None:
        del tensors[name]
    with pytest.raises(ValueError, match=message):
        from_tensors(tensors, metadata)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("model", "pickle"),
        ("model", None),
        ("vocab_size", 2),
        ("vocab_size", 2**40),
        ("vocab_size", True),
        ("order", 2),
        ("order", 5),
        ("order", 10**9),
        ("order", "3"),
        ("k", None),
        ("k", float("nan")),
        ("k", "1"),
    ],
)
def test_wrong_metadata_is_refused(key, value):
    tensors, metadata = to_tensors(fit(ITEMS, 3, 0.5))
    with pytest.raises(ValueError, match=r"n-gram|count model|add-k"):
        from_tensors(tensors, {**metadata, key: value})


@pytest.mark.parametrize(
    ("counted", "message"),
    [
        ({"": 2, "0": 1, "1": 1, "01": 1, "10": 1, "010": 1, "100": 1}, '"fanout".* ends with a boundary'),
        ({"": 2, "0": 1, "1": 1, "01": 2, "10": 1}, '"count".* not the sum'),
        ({"": 1, "1": 1, "11": 1}, '"symbol".* no boundary'),
        ({"": 3, "0": 1, "1": 1, "2": 1, "01": 1, "12": 1, "20": 1, "012": 1, "121": 1}, '"symbol".* lacks'),
        ({"": 2, "0": 1, "1": 1, "00": 1, "10": 1}, '"symbol".* begins nowhere'),
    ],
)
def test_a_trie_that_no_items_have_is_refused(counted, message):
    order = max(map(len, counted))
    grams = sorted(counted, key=lambda g: (len(g), g))
    tensors = {
        "fanout": np.array([sum(h[:-1] == g and h != "" for h in grams) for g in grams if len(g) < order]),
        "symbol": np.array([int(g[-1]) for g in grams if g]),
        "count": np.array([counted[g] for g in grams]),
    }
    with pytest.raises(ValueError, match=message):
        from_tensors(tensors, {"model": "kneser-ney", "vocab_size": V, "order": order})
