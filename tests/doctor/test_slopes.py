"""Derivatives that a script takes itself and puts into its loss, with their graph and without."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moreish.doctor import Doctor
from tests.doctor.test_further_kinds import told


def curve(inputs=1, outputs=1):
    return nn.Sequential(nn.Linear(inputs, 16), nn.Tanh(), nn.Linear(16, outputs))


def watched(step, inputs=1, outputs=1):
    torch.manual_seed(0)
    model = curve(inputs, outputs)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(12):
            optimizer.zero_grad()
            step(model).backward()
            optimizer.step()
    return told(doctor)


def residual(graph):
    def step(model):
        t = torch.rand(20, 1, requires_grad=True)
        y = model(t)
        slope = torch.autograd.grad(y, t, torch.ones_like(y), retain_graph=True, create_graph=graph)[0]
        return (slope + y).square().mean() + (model(torch.zeros(1, 1)) - 1).square().sum()

    return step


def force(graph):
    def step(model):
        x = torch.randn(20, 3).requires_grad_()
        energy = model(x).sum(1)
        force = -torch.autograd.grad(energy.sum(), x, create_graph=graph, retain_graph=True)[0]
        return F.mse_loss(energy, torch.zeros(20)) + 10 * F.mse_loss(force, torch.ones(20, 3))

    return step


def stacked(graph):
    def step(model):
        x = torch.randn(20, 3).requires_grad_()
        energy = model(x).sum(1)
        force = -torch.autograd.grad(energy.sum(), x, create_graph=graph, retain_graph=True)[0]
        terms = torch.stack([energy.square().mean(), (force - 1).square().mean()])
        return (terms * torch.tensor([1.0, 10.0])).sum()

    return step


def penalty(graph):
    def step(model):
        real, fake = torch.randn(20, 3), torch.rand(20, 3)
        mixed = (real + torch.rand(20, 1) * (fake - real)).requires_grad_(True)
        (slope,) = torch.autograd.grad(
            outputs=model(mixed).sum(), inputs=[mixed], create_graph=graph, retain_graph=True, only_inputs=True
        )
        loss = model(fake).mean() - model(real).mean()
        return loss + 10 * ((slope.norm(2, dim=1) - 1) ** 2).mean()

    return step


@pytest.mark.parametrize(("form", "inputs"), [(residual, 1), (force, 3), (stacked, 3), (penalty, 3)])
@pytest.mark.parametrize("graph", [True, False])
def test_a_derivative_in_the_loss_is_found_where_it_has_no_graph(form, inputs, graph):
    assert ("F145" in watched(form(graph), inputs)) is not graph


def against_an_attack(model):
    x, y = torch.randn(20, 3, requires_grad=True), torch.zeros(20, 1)
    (slope,) = torch.autograd.grad(F.mse_loss(model(x), y), x)
    return F.mse_loss(model(x + 0.1 * slope.sign()), y) + F.mse_loss(model(x + 0.1 * slope), y)


def from_a_chain(model):
    x = torch.randn(20, 3)
    for _ in range(3):
        x = x.detach().requires_grad_()
        x = x - 0.1 * torch.autograd.grad(model(x).sum(), x)[0] + 0.01 * torch.randn(20, 3)
    return model(torch.randn(20, 3)).mean() - model(x.detach()).mean()


def of_the_first_order(model):
    x, y = torch.randn(20, 3), torch.zeros(20, 1)
    weights = dict(model.named_parameters())
    for _ in range(2):
        loss = F.mse_loss(torch.func.functional_call(model, weights, (x,)), y)
        slopes = torch.autograd.grad(loss, list(weights.values()))
        weights = {n: w - 0.1 * g for (n, w), g in zip(weights.items(), slopes, strict=True)}
    return F.mse_loss(torch.func.functional_call(model, weights, (x,)), y)


def weighed_by_slopes(model):
    x, y = torch.randn(20, 3), torch.zeros(20, 1)
    one, two = F.mse_loss(model(x), y), model(x).square().mean()
    sizes = [torch.autograd.grad(loss, model[2].weight, retain_graph=True)[0].norm() for loss in (one, two)]
    return one + sizes[0] / sizes[1] * two


def measured_beside(model):
    x = torch.randn(20, 3, requires_grad=True)
    (slope,) = torch.autograd.grad(model(x).sum(), x)
    _ = (slope - model(x)).square().mean()  # looked at, and not trained on
    return model(x).square().mean()


TEACHER = curve(3)
TEACHER.requires_grad_(False)


def with_the_slopes_of_a_teacher(model):
    x = torch.randn(20, 3, requires_grad=True)
    wanted = TEACHER(x)
    (aim,) = torch.autograd.grad(wanted.sum(), x)
    y = model(x)
    (slope,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    return F.mse_loss(y, wanted.detach()) + (slope - aim).square().mean()


def towards_a_chain_of_data(model):
    start = torch.randn(20, 3)
    x = start.requires_grad_()
    (slope,) = torch.autograd.grad(model(x).sum(), x)
    x = x.detach() - 0.1 * slope + 0.01 * torch.randn(20, 3)
    return (model(start.detach()) - model(x)).square().mean() + (model(start.detach()) - x).square().mean()


WELL = [
    with_the_slopes_of_a_teacher,
    towards_a_chain_of_data,
    against_an_attack,
    from_a_chain,
    of_the_first_order,
    weighed_by_slopes,
    measured_beside,
]


@pytest.mark.parametrize("step", WELL)
def test_derivatives_that_are_steps_weights_or_measures_are_no_alarm(step):
    assert "F145" not in watched(step, 3)
