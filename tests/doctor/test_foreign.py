"""Twenty modules in the styles people really use: watched without a crash and without a finding of watch or above."""

import contextlib
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from moreish.doctor import Doctor
from tests.doctor.worlds import V, alarms, fit, language, mlp, pictures

STYLES = {}
STEPS = 12


def style(function):
    STYLES[function.__name__] = function
    return function


def watched(model, optimizers, data, loss=F.cross_entropy, steps=STEPS):
    with Doctor(model, optimizers, budget=math.inf) as doctor:
        fit(model, optimizers, *data, steps, loss=loss)
    return doctor


def adam(model, lr=3e-3):
    return torch.optim.Adam(model.parameters(), lr)


def reals(n=400):
    x = torch.randn(n, 8, generator=torch.Generator().manual_seed(0))
    return x, torch.sin(x.sum(1, keepdim=True))


class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.randn(V, 8))
        self.w1, self.b1 = nn.Parameter(torch.randn(24, 32) / math.sqrt(24)), nn.Parameter(torch.zeros(32))
        self.w2, self.b2 = nn.Parameter(torch.randn(32, V) * 0.05), nn.Parameter(torch.zeros(V))

    def forward(self, x):
        h = torch.tanh(self.table[x].flatten(1) @ self.w1 + self.b1)
        return h @ self.w2 + self.b2


@style
def functional_calls():
    model = Functional()
    return watched(model, torch.optim.SGD(model.parameters(), 0.1), language())


@style
def in_place_relu():
    model = nn.Sequential(
        nn.Embedding(V, 8), nn.Flatten(), nn.Linear(24, 32), nn.ReLU(inplace=True), nn.Linear(32, 32),
        nn.ReLU(inplace=True), nn.Linear(32, V),
    )  # fmt: skip
    return watched(model, adam(model), language())


@style
def sequential():
    model = mlp()
    return watched(model, adam(model), language())


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(V, 8)
        self.blocks = nn.ModuleList(nn.Sequential(nn.LayerNorm(24), nn.Linear(24, 24), nn.GELU()) for _ in range(4))
        self.head = nn.Linear(24, V)

    def forward(self, x):
        h = self.embed(x).flatten(1)
        for block in self.blocks:
            h = h + block(h)
        return self.head(h)


@style
def residual():
    model = Residual()
    return watched(model, torch.optim.AdamW(model.parameters(), 1e-3), language())


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.embed, self.cell, self.head = nn.Embedding(V, 8), kind(8, 16, batch_first=True), nn.Linear(16, V)

    def forward(self, x):
        return self.head(self.cell(self.embed(x))[0][:, -1])


@style
def recurrent_lstm():
    model = Recurrent(nn.LSTM)
    return watched(model, adam(model), language())


@style
def recurrent_gru_clipped():
    model, (x, y) = Recurrent(nn.GRU), language()
    optimizer = adam(model)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for k in range(STEPS):
            optimizer.zero_grad(set_to_none=False)
            F.cross_entropy(model(x[32 * k : 32 * k + 32]), y[32 * k : 32 * k + 32]).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
    return doctor


class HandWrittenRecurrence(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.inner, self.step = nn.Embedding(V, 8), nn.Linear(8, 16), nn.Linear(16, 16)
        self.head = nn.Linear(16, V)

    def forward(self, x):
        h = torch.zeros(len(x), 16)
        for t in range(x.shape[1]):
            h = torch.tanh(self.inner(self.embed(x[:, t])) + self.step(h))
        return self.head(h)


@style
def hand_written_recurrence():
    model = HandWrittenRecurrence()
    return watched(model, adam(model), language())


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.place = nn.Embedding(V, 16), nn.Embedding(3, 16)
        self.qkv, self.out, self.norm = nn.Linear(16, 48), nn.Linear(16, 16), nn.LayerNorm(16)
        self.head = nn.Linear(16, V)

    def forward(self, x):
        h = self.embed(x) + self.place(torch.arange(x.shape[1]))
        q, k, v = self.qkv(self.norm(h)).chunk(3, -1)
        scores = q @ k.transpose(1, 2) / 4
        scores = scores.masked_fill(torch.ones(3, 3).triu(1).bool(), -math.inf)
        return self.head(h + self.out(scores.softmax(-1) @ v))[:, -1]


@style
def attention_by_hand():
    model = Attention()
    return watched(model, adam(model), language())


@style
def transformer_of_torch():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(V, 16)
            self.layers = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 2)
            self.head = nn.Linear(16, V)

        def forward(self, x):
            return self.head(self.layers(self.embed(x)).mean(1))

    model = Model()
    return watched(model, adam(model, 1e-3), language())


@style
def gan_with_two_optimizers():
    g = nn.Sequential(nn.Linear(4, 32), nn.BatchNorm1d(32), nn.LeakyReLU(0.2), nn.Linear(32, 8))
    d = nn.Sequential(nn.Linear(8, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
    of_g, of_d = adam(g, 1e-3), adam(d, 1e-3)
    real, _ = reals()
    with Doctor({"g": g, "d": d}, [of_d, of_g], budget=math.inf) as doctor:
        for k in range(STEPS):
            x, z = real[32 * k : 32 * k + 32], torch.randn(32, 4)
            of_d.zero_grad()
            scores = d(x), d(g(z).detach())
            loss = F.binary_cross_entropy_with_logits(scores[0], torch.ones(len(x), 1))
            (loss + F.binary_cross_entropy_with_logits(scores[1], torch.zeros(32, 1))).backward()
            of_d.step()
            of_g.zero_grad()
            F.binary_cross_entropy_with_logits(d(g(z)), torch.ones(32, 1)).backward()
            of_g.step()
    return doctor


@style
def frozen_backbone():
    model = nn.Sequential(nn.Embedding(V, 8), nn.Flatten(), nn.Linear(24, 32), nn.Tanh(), nn.Linear(32, V))
    for p in model[:3].parameters():
        p.requires_grad_(False)
    return watched(model, adam(model), language())


@style
def head_trained_on_frozen_features():
    backbone, head = nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU()).eval(), nn.Linear(32, 1)
    optimizer = adam(head)
    x, y = reals()
    with Doctor(nn.ModuleDict({"backbone": backbone, "head": head}), optimizer, budget=math.inf) as doctor:
        for k in range(STEPS):
            with torch.no_grad():
                features = backbone(x[32 * k : 32 * k + 32])
            optimizer.zero_grad()
            F.mse_loss(head(features), y[32 * k : 32 * k + 32]).backward()
            optimizer.step()
    return doctor


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.mix, self.head = nn.Embedding(V, 16), nn.Linear(48, 16), nn.Linear(16, V, bias=False)
        nn.init.normal_(self.embed.weight, std=0.1)
        self.head.weight = self.embed.weight

    def forward(self, x):
        return self.head(torch.tanh(self.mix(self.embed(x).flatten(1))))


@style
def tied_embeddings():
    model = Tied()
    return watched(model, adam(model), language())


@style
def gradient_accumulation():
    model, (x, y) = mlp(), language()
    optimizer = adam(model)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for k in range(4 * STEPS):
            (F.cross_entropy(model(x[16 * k : 16 * k + 16]), y[16 * k : 16 * k + 16]) / 4).backward()
            if k % 4 == 3:
                optimizer.step()
                optimizer.zero_grad()
    return doctor


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x.tanh()

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return dy * (x.tanh() + x * (1 - x.tanh() ** 2))


class Own(nn.Module):
    def forward(self, x):
        return Square.apply(x)


@style
def custom_autograd_function():
    model = mlp(Own)
    return watched(model, adam(model), language())


@style
def convolutional_with_batchnorm_and_evaluation():
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(True), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(True), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Dropout(0.5), nn.Linear(16, 10),
    )  # fmt: skip
    optimizer, (x, y) = adam(model), pictures(256)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(3):
            model.train()
            fit(model, optimizer, x, y, 4)
            model.eval()
            with torch.inference_mode():
                F.cross_entropy(model(x), y)
                model(x).argmax(1)
    return doctor


class Checkpointed(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.first, self.second = nn.Embedding(V, 8), nn.Linear(24, 32), nn.Linear(32, V)

    def forward(self, x):
        h = self.embed(x).flatten(1)
        return self.second(checkpoint(lambda h: torch.tanh(self.first(h)), h, use_reentrant=False))


@style
def gradient_checkpointing():
    model = Checkpointed()
    return watched(model, adam(model), language())


@style
def autocast_and_scaler():
    model, (x, y) = mlp(), language()
    optimizer = adam(model)
    scaler = torch.amp.GradScaler("cpu")
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for k in range(STEPS):
            optimizer.zero_grad()
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = F.cross_entropy(model(x[32 * k : 32 * k + 32]), y[32 * k : 32 * k + 32])
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
    return doctor


@style
def second_order_optimizer_with_a_closure():
    model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 1))
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=4)
    x, y = reals()
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(6):

            def closure():
                optimizer.zero_grad()
                loss = F.mse_loss(model(x), y)
                loss.backward()
                return loss

            optimizer.step(closure)
    return doctor


class Shared(nn.Module):
    """One activation and one layer used several times, a dict as output, sparse embeddings, no grad for a buffer."""

    def __init__(self):
        super().__init__()
        self.embed, self.act = nn.Embedding(V, 8, sparse=True), nn.ReLU()
        self.first, self.twice, self.head = nn.Linear(24, 24), nn.Linear(24, 24), nn.Linear(24, V)

    def forward(self, x):
        h = self.act(self.first(self.embed(x).flatten(1)))
        return {"logits": self.head(self.act(self.twice(self.act(self.twice(h)))))}


@style
def shared_layers_and_sparse_embeddings():
    model = Shared()
    dense = [p for n, p in model.named_parameters() if not n.startswith("embed")]
    optimizers = [torch.optim.Adam(dense, 1e-3), torch.optim.SparseAdam(model.embed.parameters(), 1e-3)]
    return watched(model, optimizers, language(), loss=lambda out, y: F.cross_entropy(out["logits"], y))


class Reinforce(nn.Module):
    """Regression and classification heads at once, one of them only now and then."""

    def __init__(self):
        super().__init__()
        self.body, self.policy, self.value = nn.Linear(8, 32), nn.Linear(32, 3), nn.Linear(32, 1)

    def forward(self, x):
        h = torch.relu(self.body(x))
        return self.policy(h), self.value(h).squeeze(-1)


@style
def policy_and_value():
    model, (x, y) = Reinforce(), reals()
    optimizer = torch.optim.RMSprop(model.parameters(), 1e-3)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for k in range(STEPS):
            logits, value = model(x[32 * k : 32 * k + 32])
            chosen = torch.distributions.Categorical(logits=logits)
            action = chosen.sample()
            gain = y[32 * k : 32 * k + 32, 0] - value
            optimizer.zero_grad()
            (-(chosen.log_prob(action) * gain.detach()).mean() + gain.square().mean()).backward()
            optimizer.step()
    return doctor


@style
def compiled_later_says_so():
    model = mlp()
    wrapped = torch.compile(model, backend="eager")
    optimizer = adam(model)
    doctor = watched(wrapped, optimizer, language(), steps=4)
    assert any("compiled" in note for note in doctor.notes)
    return doctor


@style
def user_modes_and_gradient_free_helpers():
    model = mlp()
    optimizer, (x, y) = adam(model), language()
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for k in range(STEPS):
            with torch.device("cpu"), contextlib.nullcontext():
                optimizer.zero_grad()
                logits = model(x[32 * k : 32 * k + 32])
                loss = F.cross_entropy(logits, y[32 * k : 32 * k + 32], label_smoothing=0.1)
            with torch.no_grad():
                (logits.argmax(1) == y[32 * k : 32 * k + 32]).float().mean()
            torch.autograd.backward(loss)
            optimizer.step()
    return doctor


@pytest.mark.slow
@pytest.mark.parametrize("name", STYLES)
def test_foreign_module_is_watched_without_a_crash_and_without_an_alarm(name):
    torch.manual_seed(0)
    doctor = STYLES[name]()
    assert doctor._probe.failure is None, repr(doctor._probe.failure)
    assert doctor.history.seen > 3
    assert doctor.history.training(), "no step was seen"
    assert alarms(doctor) == []


def test_there_are_twenty_styles():
    assert len(STYLES) >= 20


@pytest.mark.filterwarnings("ignore")  # torch warns of tracing at all, and of what it cannot trace
@pytest.mark.parametrize("gradients", [True, False])
def test_what_is_traced_in_the_middle_of_a_run_is_traced_as_without_the_doctor(gradients):
    torch.manual_seed(0)
    model = nn.Sequential(nn.GRU(4, 8, batch_first=True))
    x = torch.randn(16, 5, 4)
    optimizer = adam(model)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(3):
            optimizer.zero_grad()
            model(x)[0].square().mean().backward()
            optimizer.step()
            model.eval()
            with torch.set_grad_enabled(gradients):
                traced = torch.jit.trace(model, x)
            model.train()
    assert doctor._probe.failure is None
    assert torch.equal(traced(x)[0], model(x)[0])
    assert {n.kind() for n in traced.inlined_graph.nodes()} == {
        n.kind() for n in torch.jit.trace(model.eval(), x).inlined_graph.nodes()
    }
