"""What reaches the loss: each fault is found and named, and its nearest healthy neighbour is left alone."""

import math
from contextlib import nullcontext

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moreish.doctor import Doctor
from moreish.doctor.judge.diagnosis import judge
from tests.doctor.worlds import alarms

EVERY = math.inf
SGD, ADAM = torch.optim.SGD, torch.optim.Adam


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def train(model, loss, steps=6, optimizer=ADAM, lr=1e-3, apart=1):
    """Train with `loss()`; look at every step, or at those that lie `apart`."""
    optimizer = optimizer(model.parameters(), lr)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        for step in range(steps):
            with doctor.resting() if step % apart else nullcontext():
                optimizer.zero_grad()
                loss().backward()
                optimizer.step()
    assert doctor._probe.failure is None
    return doctor


def first(doctor):
    """Id and severity of the first finding, and the ids that stand under it."""
    if not doctor.findings:
        return None, None, []
    found = doctor.findings[0]
    return found.id, found.severity, [s.id for s in found.symptoms]


def named(doctor, id):
    return next(f for f in judge(doctor.history) if f.id == id)


def mlp(width=8, out=5, *last):
    return nn.Sequential(nn.Linear(width, 32), nn.ReLU(), nn.Linear(32, out), *last)


def classes(n=64, k=5, width=8):
    means = 2 * torch.randn(k, width, generator=torch.Generator().manual_seed(1))
    y = torch.randint(0, k, (n,))
    return means[y] + torch.randn(n, width), y


# Logarithms


def test_logits_in_nll_loss_are_found_and_log_probabilities_are_not():
    def on(model, change):
        def loss():
            x, y = classes()
            return F.nll_loss(change(model(x)), y)

        return train(model, loss)

    ill = on(mlp(), lambda z: z)
    assert first(ill)[:2] == ("F51", "sick")
    assert ill.findings[0].layer == "2"
    assert alarms(on(mlp(), lambda z: z.log_softmax(1))) == []
    assert alarms(on(mlp(8, 5, nn.LogSoftmax(1)), lambda z: z)) == []
    assert first(on(mlp(8, 5, nn.Softmax(1)), lambda z: z))[0] == "F38"


@pytest.mark.parametrize(("op", "loss"), [("log_softmax", F.nll_loss), ("softmax", F.cross_entropy)])
def test_a_softmax_over_the_batch_is_found_with_its_axis(op, loss):
    model = mlp()

    def step():
        x, y = classes()
        return loss(getattr(model(x), op)(0), y)

    doctor = train(model, step)
    assert named(doctor, "F51").numbers["axis"] == 0
    assert first(doctor)[0] == "F51"


def test_a_softmax_over_the_width_of_a_picture_is_found_and_one_over_its_classes_is_not():
    def over(axis):
        model = nn.Conv2d(1, 3, 3, padding=1)

        def loss():
            y = torch.randint(0, 3, (4, 8, 8))
            return F.nll_loss(F.log_softmax(model(y[:, None].float()), axis), y)

        return train(model, loss)

    assert first(over(-1))[0] == "F51"
    assert named(over(-1), "F51").numbers["axis"] == 3
    assert alarms(over(1)) == []


def test_densities_in_nll_loss_are_no_alarm():
    class Gauss(nn.Module):
        def __init__(self):
            super().__init__()
            self.mean = nn.Parameter(torch.randn(5, 8))

        def forward(self, x):
            return (-0.5 * (x[:, None] - self.mean) ** 2 - 0.919).sum(-1)

    model = Gauss()

    def loss():
        x, y = classes()
        return F.nll_loss(model(x), y)

    assert alarms(train(model, loss)) == []


def test_kl_div_wants_logarithms_first():
    teacher = mlp()

    def on(change):
        model = mlp()

        def loss():
            x, _ = classes()
            with torch.no_grad():
                t = (3 * teacher(x)).softmax(1)
            return F.kl_div(change(model(x)), t, reduction="batchmean")

        return train(model, loss)

    assert "probabilities" in named(on(lambda z: z.softmax(1)), "F51").sentence
    assert first(on(lambda z: z))[0] == "F51"
    assert alarms(on(lambda z: z.log_softmax(1))) == []


# Masks and padding


class Recurrent(nn.Module):
    def __init__(self, symbols=12, both=False):
        super().__init__()
        self.embed = nn.Embedding(symbols, 16)
        self.cell = nn.GRU(16, 32, batch_first=True, bidirectional=both)
        self.head = nn.Linear(64 if both else 32, symbols)

    def forward(self, x):
        return self.head(self.cell(self.embed(x))[0])


def text(rows=32, length=13, symbols=12):
    """Rows of a Markov chain."""
    table = torch.softmax(3 * torch.randn(symbols, symbols, generator=torch.Generator().manual_seed(2)), 1)
    columns = [torch.randint(0, symbols, (rows,))]
    for _ in range(length - 1):
        columns.append(torch.multinomial(table[columns[-1]], 1)[:, 0])
    return torch.stack(columns, 1)


def next_symbol(model, x, y, **more):
    return F.cross_entropy(model(x).flatten(0, 1), y.flatten(), **more)


def test_labels_that_are_all_masked_are_the_cause_of_nan_and_some_are_no_fault():
    def masked(share):
        model = Recurrent()

        def loss():
            ids = text()
            x, y = ids[:, :-1], ids[:, 1:].clone()
            y[torch.rand(y.shape) < share] = -100
            return next_symbol(model, x, y)

        return train(model, loss)

    id, severity, under = first(masked(2.0))
    assert (id, severity) == ("F52", "sick")
    assert "F15" in under
    assert alarms(masked(0.8)) == []


def padded(rows=32, length=33):
    ids = torch.zeros(rows, length, dtype=torch.int64)
    for row in ids:
        n = int(torch.randint(3, 9, ()))
        row[:n] = torch.randint(1, 12, (n,))
    return ids


def test_padding_that_counts_is_named_with_its_symbol_and_share_and_masked_padding_is_not():
    def with_loss(loss):
        model = Recurrent()

        def step():
            ids = padded()
            return loss(model, ids[:, :-1], ids[:, 1:])

        return train(model, step)

    ill = with_loss(next_symbol)
    assert first(ill)[:2] == ("F53", "sick")
    assert ill.findings[0].numbers["symbol"] == 0
    assert ill.findings[0].numbers["share"] > 0.7
    assert "ignore_index=0" in ill.findings[0].remedy

    def after(model, x, y):
        each = next_symbol(model, x, y, reduction="none")
        return (each * (y.flatten() > 0)).sum() / (y > 0).sum()

    weight = torch.ones(12)
    weight[0] = 0
    assert alarms(with_loss(lambda m, x, y: next_symbol(m, x, y, ignore_index=0))) == []
    assert alarms(with_loss(lambda m, x, y: next_symbol(m, x, y, weight=weight))) == []
    assert alarms(with_loss(after)) == []


def test_a_frequent_tag_is_no_padding():
    model = Recurrent(both=True)

    def loss():
        x = torch.randint(0, 12, (32, 20))
        return F.cross_entropy(model(x).transpose(1, 2), torch.where(x < 2, x + 1, 0))

    assert alarms(train(model, loss)) == []


# Lags


@pytest.mark.parametrize(("lag", "id"), [(2, "F54"), (-1, "F54"), (0, "F25"), (1, None)])
def test_the_lag_of_targets_is_counted(lag, id):
    model = Recurrent()

    def loss():
        ids = text(length=16)
        first, last = max(0, -lag), 16 - max(0, lag)
        return next_symbol(model, ids[:, first:last], ids[:, first + lag : last + lag])

    doctor = train(model, loss, 8)
    assert first(doctor)[0] == id
    if id == "F54":
        assert doctor.findings[0].numbers["lag"] == lag


def test_a_shift_in_the_data_and_one_in_the_model_are_two():
    class Shifting(Recurrent):
        def forward(self, x, labels):
            return F.cross_entropy(super().forward(x)[:, :-1].flatten(0, 1), labels[:, 1:].flatten())

    def with_labels(labels):
        model = Shifting()

        def loss():
            ids = text()
            return model(ids[:, :-1], labels(ids))

        return train(model, loss)

    assert first(with_labels(lambda ids: ids[:, 1:]))[0] == "F54"
    assert alarms(with_labels(lambda ids: ids[:, :-1])) == []


def test_echoes_of_random_symbols_and_several_distances_are_meant():
    echo, two = Recurrent(), Recurrent()
    other = nn.Linear(16, 12)
    two.add_module("other", other)

    def late():
        x = torch.randint(0, 12, (64, 16))
        return next_symbol(echo, x[:, 2:], x[:, :-2])

    def both():
        ids = text()
        z = two.other(two.embed(ids[:, :-2]))
        return next_symbol(two, ids[:, :-2], ids[:, 1:-1]) + F.cross_entropy(z.flatten(0, 1), ids[:, 2:].flatten())

    assert alarms(train(echo, late, 8)) == []
    assert alarms(train(two, both, 8)) == []


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.encode = nn.Embedding(12, 16), nn.GRU(16, 32, batch_first=True)
        self.decode, self.head = nn.GRU(32, 32, batch_first=True), nn.Linear(32, 12)

    def forward(self, x):
        h = self.encode(self.embed(x))[1][0]
        return self.head(self.decode(h[:, None].expand(-1, x.shape[1], -1).contiguous())[0])


@pytest.mark.parametrize(
    "target", [lambda x: x.flip(1), lambda x: x.sort(1).values, lambda x: x[:, [2, 0, 3, 1, 5, 4]]]
)
def test_targets_that_are_the_inputs_in_another_order_are_meant(target):
    model = Recurrent(both=True)

    def loss():
        x = text(length=6)
        return F.cross_entropy(model(x).transpose(1, 2), target(x))

    assert alarms(train(model, loss, 30)) == []


def test_an_autoencoder_may_copy_and_a_causal_model_may_not():
    def copying(model):
        def loss():
            x = text(length=6)
            return F.cross_entropy(model(x).transpose(1, 2), x)

        return train(model, loss)

    assert first(copying(Recurrent()))[:2] == ("F25", "sick")
    assert alarms(copying(Autoencoder())) == []
    assert alarms(copying(Recurrent(both=True))) == []


def test_a_translation_is_read_off_what_the_decoder_gets():
    class Translator(Recurrent):
        def forward(self, source, before):
            h = self.cell(self.embed(source))[1]
            return self.head(self.cell(self.embed(before), h)[0])

    model, other = Translator(), torch.randperm(12)

    def loss():
        x = text(length=8)
        y = other[x].flip(1)
        before = torch.cat([torch.zeros(len(y), 1, dtype=torch.int64), y[:, :-1]], 1)
        return F.cross_entropy(model(x, before).transpose(1, 2), y)

    assert alarms(train(model, loss, 20)) == []


# Targets that are numbers


def test_targets_below_zero_under_a_relu_are_counted_and_bounded_targets_are_not():
    def with_end(end, target, loss=F.mse_loss):
        model = mlp(4, 1, *end)

        def step():
            x = torch.randn(64, 4)
            return loss(model(x), target(x[:, :1] + x[:, 1:2]))

        return train(model, step, 3)

    ill = with_end([nn.ReLU()], lambda y: y)
    assert first(ill)[:2] == ("F55", "sick")
    assert 0.3 < ill.findings[0].numbers["share"] < 0.7
    assert first(with_end([nn.Tanh()], lambda y: 3 * y))[0] == "F55"
    assert first(with_end([nn.Sigmoid()], lambda y: y, lambda a, b: ((b - a) ** 2).mean()))[0] == "F55"
    assert first(with_end([nn.ReLU()], lambda y: y, lambda a, b: (a - b).abs().mean()))[0] == "F55"
    assert alarms(with_end([nn.Softplus()], lambda y: y.exp())) == []
    assert alarms(with_end([nn.Tanh()], lambda y: y.tanh())) == []
    assert alarms(with_end([], lambda y: y)) == []
    assert alarms(with_end([nn.ReLU()], lambda y: y.clamp(min=0) + 0.01 * torch.randn_like(y))) == []


def test_binary_targets_outside_of_zero_and_one_are_found_and_soft_ones_are_not():
    def with_targets(change):
        model = mlp(4, 1)

        def loss():
            x = torch.randn(64, 4)
            return F.binary_cross_entropy_with_logits(model(x), change((x[:, :1] > 0).float()))

        return train(model, loss, 3)

    assert first(with_targets(lambda y: 255 * y))[0] == "F55"
    assert first(with_targets(lambda y: 2 * y - 1))[0] == "F55"
    assert alarms(with_targets(lambda y: 0.9 * y + 0.05)) == []


@pytest.mark.slow
def test_targets_far_from_one_are_the_cause_where_little_is_learned_and_silent_where_the_run_does_well():
    def of_size(scale, shift, optimizer, lr, steps, std=0.5):
        model = nn.Linear(4, 1)
        nn.init.normal_(model.weight, std=std)

        def loss():
            x = torch.randn(64, 4)
            return F.mse_loss(model(x), shift + scale * x[:, :1])

        return train(model, loss, steps, optimizer, lr)

    assert first(of_size(5e4, 3e5, ADAM, 1e-3, 160))[0] == "F59"
    assert first(of_size(1e-4, 0.0, SGD, 0.001, 160))[0] == "F59"
    assert alarms(of_size(300.0, 50.0, SGD, 0.02, 160, 300.0)) == []


def test_class_numbers_in_a_squared_error_are_worth_a_word_and_no_alarm():
    model = mlp(8, 1)

    def loss():
        x, y = classes()
        return F.mse_loss(model(x), y[:, None].float())

    doctor = train(model, loss, 3)
    assert named(doctor, "F60").numbers["labels"] == 5
    assert alarms(doctor) == []


# What is given


def scaled(change, *before, optimizer=SGD, lr=0.1, steps=160):
    model = nn.Sequential(*before, *mlp())

    def loss():
        x, y = classes()
        return F.cross_entropy(model(change(x)), y)

    return train(model, loss, steps, optimizer, lr)


@pytest.mark.slow
def test_inputs_divided_twice_are_the_cause_and_a_normalisation_first_or_ones_and_zeros_are_not():
    id, severity, under = first(scaled(lambda x: x / 1000))
    assert (id, severity) == ("F56", "sick")
    assert "F22" not in under
    assert first(scaled(lambda x: 1000 * x))[0] == "F56"
    assert "F56" not in {f.id for f in scaled(lambda x: x / 1000, nn.BatchNorm1d(8)).findings}
    sure = first(scaled(lambda x: 200 * x, optimizer=ADAM, lr=1e-3, steps=20))
    assert sure[0] == "F56"
    assert "F01" in sure[2]
    assert alarms(scaled(lambda x: (x > 0).float())) == []


@pytest.mark.slow
def test_one_column_far_larger_than_the_others_is_named():
    def large(x):
        x = x.clone()
        x[:, 6] = 5e4 + 2e4 * x[:, 6]
        return x

    ill = scaled(large, lr=0.01)
    assert first(ill)[0] == "F57"
    assert ill.findings[0].numbers["column"] == 6
    assert "F57" not in {f.id for f in scaled(large, nn.BatchNorm1d(8), lr=0.01).findings}


@pytest.mark.slow
def test_examples_that_are_all_the_same_are_found_and_a_bandit_is_not():
    assert first(scaled(lambda x: x // 255 * 0, steps=20))[0] == "F58"
    assert first(scaled(lambda x: x[:1].expand_as(x), steps=20))[0] == "F58"
    assert alarms(scaled(lambda x: x, steps=20)) == []
    bandit = nn.Linear(1, 5)

    def loss():
        z = bandit(torch.ones(64, 1))
        action = torch.distributions.Categorical(logits=z.detach()).sample()
        return (F.cross_entropy(z, action, reduction="none") * torch.randn(64)).mean()

    assert alarms(train(bandit, loss, 560, apart=10)) == []


def test_a_batch_of_one_row_does_not_ignore_its_input():
    model = mlp()

    def loss():
        x, y = classes(1)
        return F.cross_entropy(model(x), y)

    assert alarms(train(model, loss, 120, SGD, 0.02)) == []


# Sums


@pytest.mark.slow
def test_a_sum_over_the_batch_is_the_cause_of_steps_too_long_and_of_nothing_else():
    def summed(optimizer, lr, reduce):
        model = mlp()

        def loss():
            x, y = classes(256)
            return reduce(model(x), y)

        return train(model, loss, 30, optimizer, lr)

    for reduce in (
        lambda z, y: F.cross_entropy(z, y, reduction="sum"),
        lambda z, y: F.cross_entropy(z, y, reduction="none").sum(),
    ):
        id, severity, under = first(summed(SGD, 0.5, reduce))
        assert (id, severity) == ("F61", "sick")
        assert "F13" in under
        assert alarms(summed(ADAM, 1e-3, reduce)) == []
        assert alarms(summed(SGD, 5e-4, reduce)) == []


@pytest.mark.slow
def test_accumulation_that_is_not_divided_is_the_cause_of_steps_too_long():
    def accumulated(divisor, optimizer, lr):
        model = mlp()
        optimizer = optimizer(model.parameters(), lr)
        with Doctor(model, optimizer, budget=EVERY) as doctor:
            for _ in range(30):
                optimizer.zero_grad()
                for _ in range(8):
                    x, y = classes(16)
                    (F.cross_entropy(model(x), y) / divisor).backward()
                optimizer.step()
        return doctor

    id, severity, under = first(accumulated(1, SGD, 2.0))
    assert (id, severity) == ("F62", "sick")
    assert "F13" in under
    assert "F62" not in {f.id for f in accumulated(8, SGD, 16.0).findings}
    assert alarms(accumulated(1, ADAM, 1e-3)) == []


# No better than a constant


def late(loss_of, model, lr=1e-3, steps=601):
    return train(model, loss_of, steps, ADAM, lr, apart=15)


@pytest.mark.slow
def test_rare_classes_and_rare_labels_are_no_fault():
    model, tags = mlp(8, 2), mlp(8, 6)

    def rare():
        x = torch.randn(128, 8)
        return F.cross_entropy(model(x), (x[:, 0] + 0.3 * torch.randn(128) > 2.3).long())

    def labels():
        y = (torch.rand(128, 6) < 0.02).float()
        x = torch.cat([y, torch.zeros(128, 2)], 1) + 0.3 * torch.randn(128, 8)
        return F.binary_cross_entropy_with_logits(tags(x), y)

    assert alarms(late(rare, model, 3e-3)) == []
    assert alarms(late(labels, tags, 3e-3)) == []


@pytest.mark.slow
def test_a_weak_signal_and_noise_in_numbers_are_no_alarm():
    for signal in (0.15, 0.0):
        model = mlp(8, 1)

        def loss(model=model, signal=signal):
            x = torch.randn(64, 8)
            return F.mse_loss(model(x), signal * x[:, :1] + torch.randn(64, 1))

        assert alarms(late(loss, model)) == []


@pytest.mark.slow
def test_labels_shuffled_apart_are_watched_and_a_cut_path_to_what_could_be_known_is_sick():
    x, y = classes(2000)
    shuffled, cut = mlp(), mlp(8, 1)
    y = y[torch.randperm(2000)]

    def apart():
        rows = torch.randint(0, 2000, (64,))
        return F.cross_entropy(shuffled(x[rows]), y[rows])

    def nothing():
        x = torch.randn(64, 8)
        return F.mse_loss(0 * cut(x) + cut[2].bias, x[:, :1] + 0.1 * torch.randn(64, 1))

    assert named(late(apart, shuffled), "F22").severity == "watch"
    assert named(late(nothing, cut), "F22").severity == "sick"
    assert "explains" in named(late(nothing, cut), "F22").remedy


@pytest.mark.slow
def test_the_values_of_a_critic_and_a_discriminator_at_rest_are_no_fault():
    actor, critic = nn.Linear(4, 2), nn.Linear(4, 1)
    both = nn.ModuleList([actor, critic])

    def loss():
        s = torch.randn(64, 4)
        policy = torch.distributions.Categorical(logits=actor(s))
        a = policy.sample()
        r, v = torch.randn(64), critic(s).squeeze(1)
        return -(policy.log_prob(a) * (r - v).detach()).mean() + 0.5 * F.mse_loss(v, r)

    assert alarms(late(loss, both)) == []

    maker, judge_ = mlp(4, 2), mlp(2, 1)
    real = torch.cat([torch.ones(64, 1), torch.zeros(64, 1)])

    def guess():
        with torch.no_grad():
            made = maker(torch.randn(64, 4))
        return F.binary_cross_entropy_with_logits(judge_(torch.cat([made[torch.randperm(64)], made])), real)

    assert "F22" not in {f.id for f in judge(late(guess, judge_).history) if f.severity != "info"}
