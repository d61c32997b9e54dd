"""Rules on small nets that have exactly one thing wrong, beside the same nets without it."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moreish.doctor import Doctor
from moreish.doctor.judge.rules import RULES
from moreish.doctor.treat.faults import seed_fault
from moreish.doctor.treat.remedies import apply
from tests.doctor.worlds import V, alarms, fit, language, mlp

EVERY = math.inf


def watched(model, optimizer=None, steps=12, data=None, loss=F.cross_entropy, batch=64):
    optimizer = optimizer or torch.optim.SGD(model.parameters(), 0.1)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, *(data or language()), steps, loss=loss, batch=batch)
    return doctor


def judged(doctor, id):
    return [(f.severity, f.layer) for f in RULES[id].judge(doctor.history)]


def net(act=nn.Tanh, hidden=48, depth=1):
    torch.manual_seed(0)
    layers = [nn.Embedding(V, 8), nn.Flatten()]
    for k in range(depth):
        layers += [nn.Linear(hidden if k else 24, hidden), act()]
    return nn.Sequential(*layers, nn.Linear(hidden, V))


# F03: steps that only shrink logits


def test_a_hockey_stick_is_what_a_loud_start_leaves_in_the_curve_and_a_calm_one_does_not():
    loud = net()
    with torch.no_grad():
        loud[4].weight *= 12
    doctor = watched(loud, steps=60)
    (finding,) = RULES["F03"].judge(doctor.history)
    assert finding.severity == "info"
    assert doctor.history.nll()[finding.step][1] <= math.log(V) < doctor.history.nll()[finding.step - 1][1]
    assert judged(watched(net(), steps=60), "F03") == []


# F05: saturated sigmoid


@pytest.mark.parametrize(("scale", "found"), [(1, False), (40, True)])
def test_a_sigmoid_is_saturated_by_weights_that_are_too_large_and_not_by_usual_ones(scale, found):
    model = net(nn.Sigmoid)
    with torch.no_grad():
        model[2].weight *= scale
    doctor = watched(model)
    assert (("sick", "3") in judged(doctor, "F05")) is found
    share = doctor.history.frames[0].values["3/saturated"]
    with torch.no_grad():
        fresh = net(nn.Sigmoid)
        fresh[2].weight *= scale
        rows = torch.randint(0, 4000, (64,), generator=torch.Generator().manual_seed(0))
        y = fresh[:4](language()[0][rows])
    assert share == pytest.approx(((y < 0.03) | (y > 0.97)).float().mean().item(), abs=1e-6)


def test_a_sigmoid_that_gates_or_that_is_the_output_may_be_sure():
    class Gated(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.gate, self.head = nn.Linear(24, 48), nn.Linear(24, 48), nn.Linear(48, V)
            self.embed = nn.Embedding(V, 8)
            nn.init.normal_(self.gate.weight, std=4)

        def forward(self, x):
            h = self.embed(x).flatten(1)
            return self.head(torch.tanh(self.body(h)) * torch.sigmoid(self.gate(h)))

    torch.manual_seed(0)
    assert judged(watched(Gated()), "F05") == []
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1), nn.Sigmoid())
    with torch.no_grad():
        model[2].weight *= 60
    x = torch.randn(400, 8)
    doctor = watched(model, data=(x, (x[:, :1] > 0).float()), loss=F.binary_cross_entropy, steps=4)
    assert doctor.history.frames[0].values["3/saturated"] > 0.5
    assert judged(doctor, "F05") == []


# F04: saturated tanh


@pytest.mark.parametrize("fast", [False, True], ids=["parameters", "what was made of them"])
@pytest.mark.parametrize(("inputs", "severity"), [(1, "info"), (4, "info"), (16, "sick")])
def test_a_curve_of_few_variables_is_made_of_flat_steps(inputs, severity, fast):
    torch.manual_seed(0)

    class Curve(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(inputs, 64), nn.Linear(64, 1)
            nn.init.normal_(self.one.weight, std=6 / inputs**0.5)

        def forward(self, x):
            weight = self.one.weight - 0.01 * torch.ones(()) if fast else self.one.weight
            return self.two(torch.tanh(F.linear(x, weight, self.one.bias)))

    doctor = watched(Curve(), data=(torch.randn(256, inputs), torch.randn(256, 1)), loss=F.mse_loss, steps=4)
    (finding,) = RULES["F04"].judge(doctor.history)
    assert finding.severity == severity
    assert 0.45 < doctor.history.frames[0].values["tanh/saturated"] < 0.9


# F17: a gradient of exactly 0


class Muted(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.embed, self.main, self.side = nn.Embedding(V, 8), nn.Linear(24, V), nn.Linear(24, V)
        self.factor = factor

    def forward(self, x):
        h = self.embed(x).flatten(1)
        return 0.1 * self.main(h) + self.factor * self.side(h)


@pytest.mark.parametrize(("factor", "steps", "found"), [(0.0, 12, True), (0.1, 12, False), (0.0, 6, False)])
def test_a_factor_of_zero_is_found_by_the_gradients_that_are_exactly_zero(factor, steps, found):
    torch.manual_seed(0)
    assert (("sick", "side") in judged(watched(Muted(factor), steps=steps), "F17")) is found


# F35: a home-made BatchNorm that keeps statistics for every place


class HomeMade(nn.Module):
    def __init__(self, dims):
        super().__init__()
        self.gain, self.bias, self.dims = nn.Parameter(torch.ones(16)), nn.Parameter(torch.zeros(16)), dims

    def forward(self, x):
        mean, var = x.mean(self.dims, keepdim=True), x.var(self.dims, keepdim=True)
        return self.gain * (x - mean) / (var + 1e-5).sqrt() + self.bias


class OverTime(nn.Module):
    def __init__(self, norm):
        super().__init__()
        self.embed, self.mix, self.norm, self.head = nn.Embedding(V, 8), nn.Linear(8, 16), norm, nn.Linear(48, V)

    def forward(self, x):
        return self.head(torch.tanh(self.norm(self.mix(self.embed(x)))).flatten(1))


@pytest.mark.parametrize(("dims", "found"), [((0,), True), (0, True), ((0, 1), False), (-1, False), (1, False)])
def test_a_home_made_batchnorm_that_averages_over_the_batch_only_is_found(dims, found):
    torch.manual_seed(0)
    assert (("sick", "norm") in judged(watched(OverTime(HomeMade(dims)), steps=4), "F35")) is found


# F34: statistics that are still on their way are not stale


@pytest.mark.parametrize(("momentum", "steps", "found"), [(0.1, 45, False), (0.1, 90, False), (1e-4, 90, True)])
def test_running_statistics_are_stale_where_they_never_move_and_not_while_they_still_do(momentum, steps, found):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Embedding(V, 8), nn.Flatten(), nn.Linear(24, 32, bias=False), nn.BatchNorm1d(32, momentum=momentum),
        nn.ReLU(), nn.Linear(32, V),
    )  # fmt: skip
    with torch.no_grad():
        model[2].weight *= 0.2  # a variance far from the 1 that the running one starts with
    assert bool(judged(watched(model, steps=steps), "F34")) is found


# F39: a BatchNorm between two Linears does not bend either


@pytest.mark.parametrize(("between", "found"), [((), True), ((nn.BatchNorm1d,), True), ((nn.LayerNorm,), False)])
def test_two_linears_are_one_also_with_a_batchnorm_between_them(between, found):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Embedding(V, 8), nn.Flatten(), nn.Linear(24, 32), *(n(32) for n in between), nn.Linear(32, V)
    )
    assert bool([s for s, _ in judged(watched(model, steps=3), "F39") if s != "info"]) is found


def test_a_whole_net_without_an_activation_is_worse_than_one_forgotten():
    deep = net(nn.Identity, depth=2)
    forgotten = net(nn.Tanh, depth=2)
    forgotten[3] = nn.Identity()
    assert judged(watched(deep, steps=3), "F39")[0][0] == "sick"
    assert judged(watched(forgotten, steps=3), "F39")[0][0] == "watch"


@pytest.mark.parametrize("first", [nn.Sequential(nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 24)), nn.Linear(24, 24)])
def test_the_seam_of_a_projector_and_a_predictor_is_no_alarm(first):
    torch.manual_seed(0)
    second = nn.Sequential(nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 24))
    model = nn.Sequential(nn.Embedding(V, 8), nn.Flatten(), first, second, nn.Tanh(), nn.Linear(24, V))
    assert [s for s, _ in judged(watched(model, steps=3), "F39")] == ["info"]


# F13: large updates are judged by what they did to the activations as well


@pytest.mark.slow
def test_sigmoids_that_large_updates_saturated_are_laid_at_the_door_of_the_learning_rate():
    model = net(nn.Sigmoid)
    optimizer = torch.optim.AdamW(model.parameters(), 0.05)
    doctor = watched(model, optimizer, steps=120)
    first = [f for f in doctor.findings if f.severity != "info"][:1]
    assert [f.id for f in first] == ["F13"]
    model = net(nn.Sigmoid)
    assert alarms(watched(model, torch.optim.AdamW(model.parameters(), 2e-3), steps=120)) == []


# Remedies


def test_a_learning_rate_of_zero_is_set_to_what_the_kind_of_optimizer_is_used_to():
    for kind, expected in ((torch.optim.SGD, 0.1), (torch.optim.Adam, 1e-3)):
        model = net()
        optimizer = kind(model.parameters(), lr=0.0)
        (finding, *_) = watched(model, optimizer, steps=6).findings
        assert finding.id == "F19"
        apply(finding.operation, model, [optimizer])
        assert optimizer.param_groups[0]["lr"] == expected


def test_the_forgotten_activations_are_put_back_by_the_remedy():
    model = net(depth=2)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    seed_fault("F39", model, optimizer)
    (finding, *_) = watched(model, optimizer, steps=3).findings
    assert finding.id == "F39"
    handles = apply(finding.operation, model, [optimizer])
    x = language()[0][:64]
    with torch.no_grad():
        assert (model[:3](x) < 0).sum() == 0
        assert (model[:5](x) < 0).sum() == 0
    for handle in handles:
        handle.remove()


# F32: what is at work without gradients is a mistake only where something is evaluated with it


@pytest.mark.parametrize(
    ("p", "evaluates", "found"),
    [(0.5, True, True), (0.5, False, False), (0.0, True, False)],
    ids=["a loss behind dropout", "statistics refreshed without a loss", "dropout of nothing"],
)
def test_a_model_in_train_mode_without_gradients_is_a_mistake_where_it_is_evaluated(p, evaluates, found):
    x, y = language()
    model = mlp().append(nn.Dropout(p))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        fit(model, optimizer, x, y, 3)
        with torch.no_grad():
            logits = model(x[:64])
            if evaluates:
                F.cross_entropy(logits, y[:64])
    assert ("F32" in [f.id for f in doctor.findings]) is found


class Dropping(nn.Module):
    def __init__(self, follows: bool) -> None:
        super().__init__()
        self.net, self.follows = mlp(), follows

    def forward(self, x):
        return F.dropout(self.net(x), 0.3, training=self.training if self.follows else True)


@pytest.mark.parametrize(
    ("follows", "evals", "draws", "told"),
    [(False, True, 1, "F139"), (True, True, 1, None), (True, False, 1, "F32"), (False, True, 4, None)],
    ids=["it never stops", "it follows the model", "the model is not in eval mode", "draws whose mean is meant"],
)
def test_dropout_that_a_model_in_eval_mode_goes_on_with_has_a_name_of_its_own(follows, evals, draws, told):
    x, y = language()
    model = Dropping(follows)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        fit(model, optimizer, x, y, 3)
        model.train(not evals)
        with torch.no_grad():
            rows = x[:64]
            logits = torch.stack([model(rows) for _ in range(draws)]).mean(0)
            F.cross_entropy(logits, y[:64])
    assert [f.id for f in doctor.findings if f.id in ("F32", "F139")] == ([told] if told else [])


class Attending(nn.Module):
    def __init__(self, how: str) -> None:
        super().__init__()
        self.how, self.net = how, nn.Sequential(nn.Embedding(V, 16), nn.Linear(16, 16))
        self.whole = nn.MultiheadAttention(16, 2, dropout=0.3, batch_first=True)
        self.last = nn.Linear(16, V)

    def forward(self, x):
        h = self.net(x)
        if self.how == "a module":
            return self.last(self.whole(h, h, h)[0].mean(1))
        p = 0.3 if self.how == "always" or self.training else 0.0
        return self.last(F.scaled_dot_product_attention(h, h, h, dropout_p=p).mean(1))


@pytest.mark.parametrize(
    ("how", "evals", "told"),
    [
        ("always", True, "F139"),
        ("follows", True, None),
        ("follows", False, "F32"),
        ("a module", True, None),
        ("a module", False, "F32"),
    ],
)
def test_an_attention_that_drops_its_weights_is_heard(how, evals, told):
    x, y = language()
    model = Attending(how)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        fit(model, optimizer, x, y, 3)
        model.train(not evals)
        with torch.no_grad():
            F.cross_entropy(model(x[:64]), y[:64])
    assert [f.id for f in doctor.findings if f.id in ("F32", "F139")] == ([told] if told else [])


class Noisy(nn.Module):
    def __init__(self, on: str) -> None:
        super().__init__()
        self.on, self.inner, self.last = on, nn.Linear(6, 16), nn.Linear(16, 3)

    def forward(self, x):
        h = self.inner(F.dropout(x, 0.3) if self.on == "data" else x).relu()
        return self.last(F.dropout(h, 0.3) if self.on == "units" else h)


@pytest.mark.parametrize(
    ("on", "ask", "sick"),
    [
        ("units", lambda model, x: model(x), True),
        ("data", lambda model, x: model(x), False),
        ("units", lambda model, x: model(x.repeat(8, 1)).view(8, len(x), 3).mean(0), False),
        ("units", lambda model, x: sum(torch.cat([model(x[:16]), model(x[16:])]) for _ in range(5)) / 5, False),
    ],
    ids=["it never stops", "noise of data", "rows that are repeated", "passes over all batches"],
)
def test_noise_of_data_and_draws_whose_mean_is_meant_are_no_mistake(on, ask, sick):
    torch.manual_seed(0)
    model = Noisy(on)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(3):
            x = torch.randn(32, 6)
            model.train()
            optimizer.zero_grad()
            F.cross_entropy(model(x), x[:, :3].argmax(1)).backward()
            optimizer.step()
            model.eval()
            with torch.no_grad():
                x = torch.randn(32, 6)
                F.cross_entropy(ask(model, x), x[:, :3].argmax(1))
    assert bool([f.id for f in doctor.findings if f.id in ("F32", "F139")]) is sick


@pytest.mark.parametrize("largest", ["argmax", "max"])
def test_labels_that_a_noisy_teacher_decides_on_are_no_evaluation(largest):
    torch.manual_seed(0)
    teacher, model = Noisy("units"), Noisy("")
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Doctor(nn.ModuleList([teacher, model]), optimizer, budget=math.inf) as doctor:
        for _ in range(6):
            x = torch.randn(32, 6)
            teacher.eval()
            with torch.no_grad():
                labels = teacher(x).argmax(1) if largest == "argmax" else teacher(x).max(1)[1]
            optimizer.zero_grad()
            F.cross_entropy(model(x), labels).backward()
            optimizer.step()
    assert not [f.id for f in doctor.findings if f.id in ("F32", "F139")]


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Embedding(V, 8), nn.Flatten(), nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 24)
        )
        self.projector = nn.Sequential(nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 24))
        self.predictor = nn.Sequential(nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, V))

    def forward(self, x):
        return self.predictor(self.projector(self.encoder(x)))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(24, 24)

    def forward(self, x):
        return self.inner(x)


class Blocks(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Sequential(nn.Embedding(V, 8), nn.Flatten(), nn.Tanh())
        self.blocks = nn.ModuleList([Block() for _ in range(3)])
        self.head = nn.Sequential(nn.Tanh(), nn.Linear(24, V))

    def forward(self, x):
        x = self.embed(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


@pytest.mark.parametrize(("model", "severity"), [(Siamese, "info"), (Blocks, "watch")])
def test_blocks_without_an_activation_are_worse_than_the_seams_of_three_parts(model, severity):
    torch.manual_seed(0)
    assert [s for s, _ in judged(watched(model(), steps=3), "F39")] == [severity]


def test_an_lbfgs_that_is_evaluated_at_the_steps_that_are_looked_at_is_not_said_to_stand_still():
    torch.manual_seed(0)
    x = torch.linspace(-3, 3, 200)[:, None]
    model = nn.Sequential(nn.Linear(1, 20), nn.Tanh(), nn.Linear(20, 1))
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=4, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = ((model(x) - x.sin()) ** 2).mean()
        loss.backward()
        return loss

    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(12):
            optimizer.step(closure)
            with torch.no_grad():
                F.mse_loss(model(x), x.sin())
    assert "F19" not in [f.id for f in doctor.findings]
