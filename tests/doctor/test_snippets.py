"""Snippets with the classic silent bugs: the first finding names each of them."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moreish.doctor import Doctor
from tests.doctor.worlds import V, fit, language, mlp

EVERY = math.inf
SNIPPETS = {}


def snippet(*expected):
    def enter(function):
        SNIPPETS[function.__name__] = (function, expected)
        return function

    return enter


@snippet("F18")
def optimizer_built_before_a_layer_was_added():
    model = nn.Sequential(nn.Embedding(V, 8), nn.Flatten(), nn.Linear(24, 32), nn.Tanh())
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    model.append(nn.Linear(32, V))
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, *language(), 8)
    return doctor


@snippet("F33")
def eval_never_undone():
    model = nn.Sequential(
        nn.Embedding(V, 8), nn.Flatten(), nn.Linear(24, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, V)
    )
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    x, y = language()
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, x, y, 6)
        model.eval()
        with torch.no_grad():
            F.cross_entropy(model(x[:256]), y[:256])
        fit(model, optimizer, x, y, 6)
    return doctor


@snippet("F38")
def softmax_before_cross_entropy():
    model = mlp().append(nn.Softmax(-1))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, *language(), 8)
    return doctor


@snippet("F20")
def forgotten_zero_grad():
    model, (x, y) = mlp(), language()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        for k in range(6):
            rows = slice(32 * k, 32 * k + 32)
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
    return doctor


class CountTable(nn.Module):
    def __init__(self):
        super().__init__()
        self.n = nn.Parameter(torch.rand(V, V) + 0.5)

    def forward(self, x):
        p = self.n.abs() + 0.01
        p = p / p.sum(1)  # keepdim forgotten
        return p[x[:, -1]]


@snippet("F43")
def forgotten_keepdim():
    model = CountTable()
    optimizer = torch.optim.SGD(model.parameters(), 0.5)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, *language(), 8, loss=lambda p, y: F.nll_loss(p.log(), y))
    return doctor


@snippet("F13")
def learning_rate_a_thousand_times_too_high_sgd():
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 100.0)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, *language(), 8)
    return doctor


@snippet("F13")
def learning_rate_a_thousand_times_too_high_adam():
    model = mlp(nn.ReLU)
    optimizer = torch.optim.AdamW(model.parameters(), 1.0)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, *language(), 8)
    return doctor


@snippet("F24", "F22")
def labels_shuffled_apart():
    model, (x, y) = mlp(), language()
    y = y[torch.randperm(len(y), generator=torch.Generator().manual_seed(3))]
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, x, y, 8, batch=512)
    return doctor


class ViewInsteadOfTranspose(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.mix, self.head = nn.Embedding(V, 8), nn.Linear(3, 3), nn.Linear(24, V)

    def forward(self, x):
        e = self.embed(x)  # (B, T, C)
        b, t, c = e.shape
        h = torch.tanh(self.mix(e.permute(2, 0, 1).reshape(b, c, t)))  # meant: transpose(1, 2)
        return self.head(h.flatten(1))


@snippet("F45")
def view_instead_of_transpose():
    model = ViewInsteadOfTranspose()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, *language(), 8)
    return doctor


class DetachInTheMiddle(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.first, self.second = nn.Embedding(V, 8), nn.Linear(24, 32), nn.Linear(32, V)

    def forward(self, x):
        h = torch.tanh(self.first(self.embed(x).flatten(1)))
        return self.second(h.detach())


@snippet("F16")
def detach_in_the_middle():
    model = DetachInTheMiddle()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, *language(), 8)
    assert doctor.findings[0].layer == "first"
    return doctor


class NormOverTime(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.mix, self.norm = nn.Embedding(V, 8), nn.Linear(8, 16), nn.BatchNorm1d(3)
        self.head = nn.Linear(48, V)

    def forward(self, x):
        return self.head(torch.tanh(self.norm(self.mix(self.embed(x)))).flatten(1))


@snippet("F35")
def batchnorm_over_the_wrong_axis():
    model = NormOverTime()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, *language(), 8)
    return doctor


@snippet("F44")
def loss_on_a_column_against_a_row():
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    x = torch.randn(500, 4, generator=torch.Generator().manual_seed(0))
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, x, x.sum(1), 5, loss=lambda p, y: ((p - y) ** 2).mean())
    return doctor


@snippet("F44")
def loss_on_a_column_against_a_row_by_torch():
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    x = torch.randn(500, 4, generator=torch.Generator().manual_seed(0))
    with Doctor(model, optimizer, budget=EVERY) as doctor, pytest.warns(UserWarning, match="target size"):
        fit(model, optimizer, x, x.sum(1), 5, loss=F.mse_loss)
    return doctor


@snippet("F25")
def target_is_the_last_input():
    model, (x, _) = mlp(), language()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, x, x[:, -1], 5)
    return doctor


@snippet("F21")
def zero_initialisation():
    model = mlp(nn.ReLU)
    for layer in (model[2], model[4]):
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, *language(), 8)
    return doctor


@snippet("F21")
def constant_initialisation():
    model = mlp(nn.Tanh)
    for layer in (model[2], model[4]):
        nn.init.constant_(layer.weight, 0.1)
        nn.init.zeros_(layer.bias)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, *language(), 8)
    return doctor


@snippet("F39")
def activation_forgotten():
    model = nn.Sequential(nn.Embedding(V, 8), nn.Flatten(), nn.Linear(24, 32), nn.Linear(32, V))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, *language(), 8)
    return doctor


@snippet("F41")
def keep_and_drop_mixed_up():
    model = mlp(nn.Tanh)
    model.insert(4, nn.Dropout(0.9))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, *language(), 8)
    return doctor


@snippet("F32")
def evaluated_in_train_mode():
    model = mlp(nn.Tanh)
    model.insert(4, nn.Dropout(0.2))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    x, y = language()
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        for _ in range(2):
            fit(model, optimizer, x, y, 3)
            with torch.no_grad():
                F.cross_entropy(model(x[:256]), y[:256])
    return doctor


@snippet("F40")
def sigmoid_before_the_loss_on_logits():
    model = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1), nn.Sigmoid())
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    x = torch.randn(500, 4, generator=torch.Generator().manual_seed(0))
    y = (x.sum(1, keepdim=True) > 0).float()
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, x, y, 5, loss=F.binary_cross_entropy_with_logits)
    return doctor


@snippet("F01")
def everything_randn_at_the_output():
    model = mlp(nn.Tanh)
    nn.init.normal_(model[4].weight)
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, *language(), 8)
    assert doctor.findings[0].layer == "4"
    return doctor


@snippet("F04")
def everything_randn_in_the_hidden_layer():
    model = mlp(nn.Tanh)
    nn.init.normal_(model[2].weight, std=2.0)
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, *language(), 8)
    assert doctor.findings[0].layer == "3"
    return doctor


@snippet("F19")
def learning_rate_zero():
    model = mlp(nn.Tanh)
    optimizer = torch.optim.SGD(model.parameters(), 0.0)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, *language(), 8)
    return doctor


@snippet("F15")
def log_of_zero():
    model = mlp(nn.Tanh)
    optimizer = torch.optim.SGD(model.parameters(), 0.05)

    def loss(logits, y):
        p = F.softmax(logits - 200 * F.one_hot(y, V), 1)
        return -p[torch.arange(len(y)), y].log().mean()

    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, *language(), 10, loss=loss)
    return doctor


@snippet("F38")
def nll_loss_without_the_log():
    model = mlp().append(nn.Softmax(-1))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, *language(), 8, loss=F.nll_loss)
    return doctor


@snippet("F07")
def dead_from_the_start():
    model = mlp(nn.ReLU)
    nn.init.constant_(model[2].bias, -5.0)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, *language(), 8)
    assert doctor.findings[0].layer == "3"
    return doctor


class ForgottenLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.first, self.second = nn.Embedding(V, 8), nn.Linear(24, 32), nn.Linear(32, 32)
        self.head = nn.Linear(32, V)

    def forward(self, x):
        h = torch.tanh(self.first(self.embed(x).flatten(1)))
        return self.head(h)


@snippet("F16")
def layer_never_called():
    model = ForgottenLayer()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, *language(), 8)
    assert doctor.findings[0].layer == "second"
    return doctor


@snippet("F16")
def backward_never_called():
    model, (x, y) = mlp(), language()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        for k in range(6):
            optimizer.zero_grad()
            F.cross_entropy(model(x[k : k + 32]), y[k : k + 32])
            optimizer.step()
    return doctor


class WrongTanh(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = torch.tanh(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return dy * (1 - y)  # the square is missing


class HandWritten(nn.Module):
    def forward(self, x):
        return WrongTanh.apply(x)


@snippet("F47")
def hand_written_backward_wrong():
    model = mlp(HandWritten)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, *language(), 8)
    return doctor


@pytest.mark.parametrize("name", SNIPPETS)
def test_first_finding_names_the_bug(name):
    torch.manual_seed(0)
    function, expected = SNIPPETS[name]
    doctor = function()
    assert doctor._probe.failure is None
    assert doctor.findings, "nothing was found"
    assert doctor.findings[0].id in expected, doctor.report()
    assert doctor.findings[0].severity != "info"
