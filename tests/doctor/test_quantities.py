"""The table of quantities is all that a frame measures, and each of them is where the table says."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moreish.doctor import Doctor, Traced
from moreish.doctor.frames.quantities import QUANTITIES, quantity_of
from moreish.doctor.frames.saturation import distance, saturation
from moreish.plots.inside import stuck
from tests.doctor.worlds import V, fit, language


@pytest.fixture(scope="module")
def measured():
    """Every key of the frames of a net that has all kinds of layers."""
    torch.manual_seed(0)
    layers = [nn.Embedding(V, 8), nn.Flatten(), nn.Linear(24, 16), nn.BatchNorm1d(16, momentum=0.9), nn.Tanh()]
    model = nn.Sequential(*layers, nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, V))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    x, y = language()
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        fit(model, optimizer, x, y, 80)
        with torch.no_grad():
            F.cross_entropy(model.eval()(x[:64]), y[:64])
        fit(model.train(), optimizer, x, y, 2, loss=lambda z, y: F.nll_loss(z.log_softmax(1), y))
        fit(model, optimizer, x, F.one_hot(y, V) - 0.5, 2, loss=lambda z, y: F.mse_loss(z.relu(), y))
    parameters = {name for name, _ in model.named_parameters()}
    return {key for frame in doctor.history.frames for key in frame.values}, parameters


LOSSES = "loss", "evaluation", "own", "divergence"


def kind(key, parameters):
    where, _, _ = key.rpartition("/")
    if where in parameters:
        return "parameter"
    return "step" if not where else "loss" if where.partition(".")[0] in LOSSES else "activation"


def test_whatever_a_frame_holds_is_in_the_table_with_its_kind(measured):
    keys, parameters = measured
    for key in keys:
        assert kind(key, parameters) in quantity_of(key).of, key


@pytest.mark.parametrize("name", QUANTITIES)
def test_every_quantity_of_the_table_is_measured_of_everything_that_it_says(measured, name):
    keys, parameters = measured
    kinds = {kind(key, parameters) for key in keys if key.rpartition("/")[2] == name}
    assert kinds == set(QUANTITIES[name].of)


@pytest.mark.parametrize("name", QUANTITIES)
def test_a_quantity_has_words_and_a_range_with_two_ends_in_order(name):
    low, high = QUANTITIES[name].healthy
    assert QUANTITIES[name].says
    assert low is None or high is None or low <= high


@pytest.mark.parametrize(("act", "op"), [(nn.Tanh(), "tanh"), (nn.Sigmoid(), "sigmoid")])
def test_a_stuck_and_a_saturated_unit_are_the_same_in_the_findings_and_in_the_pictures(act, op):
    way = torch.tensor([0.93, 0.95, 0.96, 0.98, 0.985, 0.995])
    y = way if op == "tanh" else 0.5 + way / 2
    x = torch.atanh(y) if op == "tanh" else torch.logit(y)
    model = nn.Sequential(nn.Linear(6, 6), act, nn.Linear(6, 3))
    with torch.no_grad():
        model[0].weight.zero_()
        model[0].bias.copy_(x)
    optimizer = torch.optim.SGD(model.parameters(), 0.0)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        fit(model, optimizer, torch.randn(64, 6), torch.zeros(64, dtype=torch.int64), 1)
    drawn = Traced("1", op, y.repeat(4, 1), None)
    assert doctor.quantities["1/dead_in_batch"] == pytest.approx(stuck(drawn).float().mean().item()) == 1 / 6
    beyond = (distance(op, y) > saturation(op)).float().mean().item()
    assert doctor.quantities["1/saturated"] == pytest.approx(beyond) == {"tanh": 0.5, "sigmoid": 5 / 6}[op]
