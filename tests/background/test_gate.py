"""Gates: one hidden layer, taken apart and put together, anything else refused."""

from collections.abc import Callable
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.background.cases import Case
from moreish.background.gate import (
    EVIDENCE,
    SHAPE_SCORES,
    Gate,
    Parts,
    blended_from,
    gates_from_tensors,
    gates_to_tensors,
)
from moreish.background.gates import fit_gate, gate_case, gate_cases, gates_of
from tests.support.backgrounds import random_background, random_gate
from tests.support.lists import made_items

MODELS = {"1": 1, "2": 2, "3": 3}
GATES = {name: random_gate(models) for name, models in MODELS.items()}
Arrays = dict[str, np.ndarray]


@given(st.integers(0, 2**32), st.integers(1, 3))
def test_powers_are_a_layer_of_tanh_and_a_matrix(seed: int, models: int):
    gate = random_gate(models, seed)
    x = np.random.default_rng(seed).normal(0, 1, (3, EVIDENCE + models)).astype(np.float32)
    want = [
        [
            sum(gate.weight_out[k, j] * np.tanh(gate.weight_in[j].astype(float) @ row + gate.bias_in[j])
                for j in range(len(gate.bias_in))) + gate.bias_out[k]
            for k in range(models + SHAPE_SCORES)
        ]
        for row in x
    ]  # fmt: skip
    np.testing.assert_allclose(gate(x), want, rtol=0, atol=1e-5)
    assert gate.models == models


def test_gates_that_are_taken_apart_are_put_together():
    again = gates_from_tensors(gates_to_tensors(GATES), MODELS)
    assert again.keys() == GATES.keys()
    for models, gate in GATES.items():
        for f in fields(Gate):
            np.testing.assert_array_equal(getattr(again[models], f.name), getattr(gate, f.name))
    assert gates_from_tensors({}, MODELS) == {}


@pytest.mark.parametrize("name", [f"gate2/{f.name}" for f in fields(Gate)])
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda a, name: a.pop(name), id="missing"),
        pytest.param(lambda a, name: a.update({name: a[name][:-1]}), id="shorter"),
        pytest.param(lambda a, name: a.update({name: a[name][..., None]}), id="deeper"),
        pytest.param(lambda a, name: a.update({name: np.zeros((), np.float32)}), id="one number"),
        pytest.param(lambda a, name: a.update({name: a[name] * np.float32(np.nan)}), id="NaN"),
        pytest.param(lambda a, name: a.update({name: a[name].astype(np.float64)}), id="dtype"),
        pytest.param(lambda a, name: a.update({name: a[name].astype(np.int32)}), id="whole numbers"),
        pytest.param(lambda a, name: a.update({name.replace("gate2", "gate4"): a.pop(name)}), id="of 4"),
        pytest.param(lambda a, name: a.update({name.replace("gate2", "gate3"): a.pop(name)}), id="of 3"),
        pytest.param(lambda a, name: a.update({name.replace("/", ""): a.pop(name)}), id="no number"),
        pytest.param(lambda a, name: a.update({name + "s": a[name]}), id="another"),
    ],
)
def test_any_other_gate_is_refused(name: str, change: Callable[[Arrays, str], None]):
    arrays = gates_to_tensors({"2": GATES["2"]})
    change(arrays, name)
    with pytest.raises(ValueError, match="gate"):
        gates_from_tensors(arrays, MODELS)


def case(seed: int, models: int = 2, n: int = 40) -> Case:
    """Predictions that the first model makes well and the second by chance."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, 5, n)
    scores = rng.normal(0, 1, (n, models + SHAPE_SCORES, 5)).astype(np.float32)
    scores[np.arange(n), 0, targets] += 3
    scores[:, :models] -= np.logaddexp.reduce(scores[:, :models], 2, keepdims=True)
    features = rng.normal(0, 1, (n, EVIDENCE + models)).astype(np.float32)
    return Case(scores, features, targets)


@pytest.mark.slow
def test_a_fitted_gate_loses_less_than_equal_powers_on_other_cases():
    cases = [case(seed) for seed in range(12)]
    gate, loss = fit_gate(cases[:8])
    even = Gate(*(np.zeros_like(getattr(GATES["2"], f.name)) for f in fields(Gate)))
    even.bias_out[:2] = 0.5
    for each in cases[8:]:
        assert -each.foretold(gate).own.mean() < -each.foretold(even).own.mean() - 0.1
    found = -np.mean([each.foretold(gate).own.mean() for each in cases[:8]])
    assert loss == pytest.approx(found, abs=0.05)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_gate():
    cases = [case(seed) for seed in range(3)]
    one, two, other = (fit_gate(cases, seed)[0].weight_in for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("nets", [1, 2])
def test_gates_of_every_blend_are_fitted_on_lists(nets: int):
    net = random_background(n_hidden=4, nets=nets)
    lists = [[tuple(item) for item in made_items(60)[k:]] for k in range(2)]
    cases = [*gate_cases(net, lists, 0, (12, 20))]
    assert len(cases) == 4
    found = {parts: (gate, loss) for parts, gate, loss in gates_of(cases, nets, 0)}
    assert {*found} == {*blended_from(nets)}
    assert {Parts(0, 0), Parts(1, 0), Parts(1, 1), Parts(nets, nets)} <= {*found}
    for parts, (gate, loss) in found.items():
        assert gate.models == parts.models == 1 + parts.read + parts.tuned
        assert 0 < loss < np.log(20)


def test_the_gate_of_fewer_models_sees_theirs_alone(monkeypatch: pytest.MonkeyPatch):
    from moreish.background import gates

    seen: dict[int, Case] = {}
    monkeypatch.setattr(gates, "fit_gate", lambda cases, _: seen.update({len(seen): cases[0]}) or (GATES["1"], 1.0))
    whole = case(0, models=5)
    kept = {parts: seen[i] for i, (parts, _, _) in enumerate(gates.gates_of([whole], 2, 0))}
    for parts, models in {Parts(1, 1): [0, 1, 3], Parts(2, 1): [0, 1, 2, 3], Parts(2, 2): [0, 1, 2, 3, 4]}.items():
        np.testing.assert_array_equal(kept[parts].scores[:, : parts.models], whole.scores[:, models])
        np.testing.assert_array_equal(kept[parts].scores[:, parts.models :], whole.scores[:, 5:])
        np.testing.assert_array_equal(kept[parts].features[:, EVIDENCE:], whole.features[:, EVIDENCE:][:, models])


@pytest.mark.parametrize("nets", [1, 2])
def test_a_case_holds_items_that_nothing_was_made_of(nets: int):
    net = random_background(n_hidden=4, nets=nets)
    items = [tuple(item) for item in made_items(60)]
    found = gate_case(net, items, 20, 0)
    assert found is not None
    assert found.models == 1 + 2 * nets
    assert 15 <= np.count_nonzero(found.targets == 0) <= 40


@pytest.mark.parametrize(("count", "size"), [(20, 25), (30, 20), (60, 60)])
def test_a_list_too_short_for_a_size_gives_no_case(count: int, size: int):
    assert gate_case(random_background(n_hidden=4), [tuple(item) for item in made_items(count)], size, 0) is None


def test_a_list_whose_letters_the_net_never_saw_gives_no_case():
    items = [tuple(item.translate({ord(c): 0xE000 + ord(c) for c in item})) for item in made_items(60)]
    assert gate_case(random_background(n_hidden=4), items, 20, 0) is None
