"""What happens over the course of a run: each sick case beside its nearest healthy neighbour."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moreish.doctor import Doctor, seed_fault
from moreish.doctor.frames.rows import Rows
from moreish.doctor.judge.finding import Operation
from moreish.doctor.treat.remedies import apply
from tests.doctor.worlds import alarms

EVERY = math.inf


def blobs(n, noise=2.0, seed=0, classes=10, width=16):
    """Noisy copies of a pattern for each class, and which."""
    g = torch.Generator().manual_seed(seed)
    patterns = torch.randn(classes, width, generator=torch.Generator().manual_seed(99))
    y = torch.randint(0, classes, (n,), generator=g)
    return patterns[y] + noise * torch.randn(n, width, generator=g), y


def net(width=16, hidden=32, out=10):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, out))


def run(model, optimizer, steps, *, batch=None, before=None, after=None, loss=F.cross_entropy, noise=1.0):
    """The usual loop; `before` is called before each step and `after` after it."""
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        for k in range(steps):
            x, y = blobs(32, noise, seed=k) if batch is None else batch(k)
            optimizer.zero_grad()
            loss(model(x), y).backward()
            if before is not None:
                before()
            optimizer.step()
            if after is not None:
                after(k)
    return doctor


def ids(doctor):
    """Ids of the alarms, the first one first, symptoms left out."""
    return [f.id for f in doctor.findings if f.severity != "info"]


def every_id(doctor):
    return {s.id for f in doctor.findings for s in (f, *f.symptoms)}


# Equal units


def test_units_of_one_input_or_one_output_point_the_same_way_and_are_no_equal_units():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)

    def batch(k):
        x = torch.rand(32, 1, generator=torch.Generator().manual_seed(k))
        return x, x**2

    assert "F21" not in every_id(run(model, optimizer, 8, batch=batch, loss=F.mse_loss))


def test_rows_that_are_multiples_of_each_other_are_no_equal_units_and_equal_ones_are():
    doctors = []
    for scale in (torch.linspace(0.5, 2, 32)[:, None], torch.ones(32, 1)):
        model = net()
        with torch.no_grad():
            model[0].weight.copy_(scale * torch.randn(1, 16))
            model[0].bias.zero_()
            model[2].weight.fill_(0.1)
            model[2].weight[1::2] = -0.1
        doctors.append(run(model, torch.optim.SGD(model.parameters(), 0.1), 6))
    assert "F21" not in every_id(doctors[0])
    assert doctors[1].findings[0].id == "F21"


def test_a_layer_of_zeros_behind_another_comes_apart_and_is_no_alarm():
    torch.manual_seed(0)

    class Gated(nn.Module):
        """As in diffusion transformers: both the gate and the head start at zero."""

        def __init__(self):
            super().__init__()
            self.body, self.gate, self.head = nn.Linear(16, 32), nn.Linear(16, 32), nn.Linear(32, 10)
            for part in (self.gate, self.head):
                nn.init.zeros_(part.weight)
                nn.init.zeros_(part.bias)

        def forward(self, x):
            return self.head(torch.tanh(self.body(x)) * (1 + self.gate(x)))

    model = Gated()
    assert "F21" not in every_id(run(model, torch.optim.Adam(model.parameters(), 1e-3), 8))
    dead = net()
    for p in dead.parameters():
        nn.init.zeros_(p)
    assert "F21" in every_id(run(dead, torch.optim.SGD(dead.parameters(), 0.1), 8))


# NaN and infinity


def test_the_skipped_steps_of_loss_scaling_are_no_alarm():
    model = net()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**127)  # far too high at first, as always
    skipped = 0
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        for k in range(30):
            x, y = blobs(32, seed=k)
            optimizer.zero_grad()
            scaler.scale(F.cross_entropy(100 * model(x), y)).backward()
            before = model[0].weight.detach().clone()
            scaler.step(optimizer)
            scaler.update()
            skipped += bool(torch.equal(before, model[0].weight))
    assert skipped
    assert "F15" not in every_id(doctor)
    assert max(loss for _, loss in doctor.history.losses()) < 1e3  # as it was before it was scaled


def test_the_root_of_nothing_is_named():
    model = nn.Sequential(nn.Linear(16, 4))

    def distance(z, y):
        return (z - z.flip(0)).pow(2).sum(1).sqrt().mean()

    def odd(k):
        return blobs(31, seed=k)  # the row in the middle meets itself

    doctor = run(model, torch.optim.SGD(model.parameters(), 0.01), 5, batch=odd, loss=distance)
    first = doctor.findings[0]
    assert first.id == "F15"
    assert "sqrt" in first.sentence
    assert "1e-8" in first.remedy
    assert first.operation is None
    assert "F15" not in every_id(
        run(net(), torch.optim.SGD(net().parameters(), 0.01), 5, loss=lambda z, y: distance(z, y))
    )


def test_inputs_far_from_unit_scale_are_named_before_the_learning_rate():
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def batch(k):
        x, _ = blobs(32, seed=k)
        return 1e4 * x, 1e4 * x[:, :10]

    doctor = run(model, optimizer, 8, batch=batch, loss=F.mse_loss)
    broken = next(s for f in doctor.findings for s in (f, *f.symptoms) if s.id == "F15")
    assert "rms" in broken.remedy


@pytest.mark.parametrize("half", [True, False])
def test_an_epsilon_that_is_0_in_half_precision(half):
    model = nn.Sequential(nn.Linear(16, 10))
    model = model.half() if half else model
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, eps=1e-8, foreach=False)
    doctor = run(model, optimizer, 6, batch=lambda k: (blobs(32)[0].to(model[0].weight.dtype), blobs(32)[1]))
    assert (ids(doctor)[:1] == ["F91"]) == half
    if half:
        assert doctor.findings[0].operation.name == "set_eps"
    else:
        assert alarms(doctor) == []


@pytest.mark.slow
def test_updates_that_round_away_in_bfloat16_and_larger_ones_that_do_not():
    found = []
    for rate in (1e-4, 0.3):
        model = nn.Sequential(nn.Linear(16, 10)).bfloat16()
        with torch.no_grad():
            model[0].weight.add_(1.0)  # away from 0, where numbers lie close
        doctor = run(
            model,
            torch.optim.SGD(model.parameters(), rate),
            12,
            batch=lambda k: (blobs(32)[0].bfloat16(), blobs(32)[1]),
        )
        found.append("F92" in every_id(doctor))
    assert found == [True, False]


# Clipping and learning rates


@pytest.mark.parametrize(
    "clip",
    [
        lambda model: nn.utils.clip_grad_norm_(model.parameters(), 1e-4),
        lambda model: nn.utils.clip_grad_value_(model.parameters(), 1e-6),
        lambda model: [p.grad.data.clamp_(-1e-6, 1e-6) for p in model.parameters()],
    ],
)
def test_clipping_that_leaves_nothing_is_the_cause_however_it_is_done(clip):
    model = net()
    doctor = run(model, torch.optim.SGD(model.parameters(), 0.1), 130, before=lambda: clip(model))
    assert doctor.findings[0].id == "F79"
    assert "F14" not in every_id(doctor)
    assert "max_norm" in doctor.findings[0].remedy


@pytest.mark.slow
def test_clipping_at_the_usual_norm_and_with_adam_is_no_alarm():
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    assert alarms(run(model, optimizer, 120, before=lambda: nn.utils.clip_grad_norm_(model.parameters(), 1.0))) == []
    model = net()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    assert alarms(run(model, optimizer, 120, before=lambda: nn.utils.clip_grad_norm_(model.parameters(), 1e-3))) == []


def test_a_gradient_that_is_divided_by_a_fixed_number_is_not_clipped():
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def unscale():
        for p in model.parameters():
            p.grad /= 1024

    doctor = run(model, optimizer, 120, before=unscale, loss=lambda z, y: 1024 * F.cross_entropy(z, y))
    assert alarms(doctor) == []


@pytest.mark.slow
def test_a_low_learning_rate_is_raised_within_bounds_and_the_group_is_named():
    torch.manual_seed(0)
    model = net()
    groups = [{"params": model[0].parameters(), "lr": 1e-9}, {"params": model[2].parameters(), "lr": 1e-9}]
    doctor = run(model, torch.optim.SGD(groups, lr=1e-9), 250)
    slow = next(s for f in doctor.findings for s in (f, *f.symptoms) if s.id == "F12")
    assert "group 0 of SGD (lr 1e-09" in slow.remedy
    model = net()
    tiny, pair = torch.optim.SGD(model.parameters(), lr=1.0), blobs(64)
    doctor = run(model, tiny, 250, batch=lambda k: pair, loss=lambda z, y: 1e-6 * F.cross_entropy(z, y))
    low = next(s for f in doctor.findings for s in (f, *f.symptoms) if s.id == "F14")
    assert "Try" in low.remedy or "not low" in low.remedy
    assert low.operation is None or low.operation.arguments["factor"] <= 10


# Schedules


def with_schedule(schedule, steps, rate=0.05, noise=4.0):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), rate)
    scheduler = schedule(optimizer)
    return run(model, optimizer, steps, after=lambda k: scheduler.step(), noise=noise)


@pytest.mark.slow
def test_a_schedule_that_is_over_early_is_found_and_one_that_ends_with_the_run_is_not():
    schedules = torch.optim.lr_scheduler
    over = with_schedule(lambda o: schedules.LambdaLR(o, lambda s: max(0.0, 1 - s / 20)), 200)
    assert ids(over) == ["F80"]
    assert "F19" in every_id(over)
    step = with_schedule(lambda o: schedules.StepLR(o, 2, gamma=0.5), 200)
    assert ids(step) == ["F80"]
    assert "StepLR" in step.findings[0].sentence
    for healthy in (
        lambda o: schedules.CosineAnnealingLR(o, 100),
        lambda o: schedules.LinearLR(o, 1.0, 0.0, 100),
        lambda o: schedules.CosineAnnealingWarmRestarts(o, 20),
        lambda o: schedules.OneCycleLR(o, 0.1, total_steps=101),
        lambda o: schedules.MultiStepLR(o, [50, 75]),
    ):
        assert alarms(with_schedule(healthy, 100, noise=1.0)) == []


@pytest.mark.slow
def test_a_cosine_that_is_stepped_beyond_its_end_is_found():
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR
    assert "F81" in every_id(with_schedule(lambda o: cosine(o, 30), 120))
    assert "F81" not in every_id(with_schedule(lambda o: cosine(o, 120), 120))


@pytest.mark.slow
def test_a_warm_up_that_never_ends_is_found_when_the_run_has_ended():
    warm = torch.optim.lr_scheduler.LambdaLR
    assert "F82" in every_id(with_schedule(lambda o: warm(o, lambda s: min(1, s / 1e5)), 150))
    assert alarms(with_schedule(lambda o: warm(o, lambda s: min(1, (s + 1) / 50)), 150, noise=1.0)) == []


# Weight decay


@pytest.mark.parametrize(("decay", "sick"), [(1.0, True), (1e-4, False)])
def test_weight_decay_that_wins_is_named(decay, sick):
    model = net()
    doctor = run(model, torch.optim.SGD(model.parameters(), 0.05, weight_decay=decay), 150)
    assert ("F83" in ids(doctor)) == sick
    if sick:
        assert "weight_decay=1 of SGD" in doctor.findings[0].sentence


@pytest.mark.slow
def test_weights_that_shrink_while_the_loss_falls_are_no_alarm():
    x, y = blobs(64, noise=0.1)
    model = net()
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3, weight_decay=1.0)
    assert alarms(run(model, optimizer, 200, batch=lambda k: (x, y))) == []


# Collapse


class Pair(nn.Module):
    def __init__(self, predicts):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(16, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 16))
        self.head = nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 16)) if predicts else nn.Identity()

    def forward(self, x):
        z = self.body(x)
        return self.head(z), z


def similarity(kind):
    def attracted(model, x, y):
        (_, z), (_, w) = model(x + 0.5 * torch.randn_like(x)), model(x + 0.5 * torch.randn_like(x))
        if kind == "cosine":
            return -F.cosine_similarity(z, w).mean()
        if kind == "by hand":
            return -(F.normalize(z, dim=1) * F.normalize(w, dim=1)).sum(1).mean()
        if kind == "mse":
            return F.mse_loss(z, w)
        a, b = F.normalize(z, dim=1), F.normalize(w, dim=1)
        return F.cross_entropy(a @ b.T / 0.2, torch.arange(len(x)))

    return attracted


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "sick"), [("cosine", True), ("by hand", True), ("mse", True), ("contrast", False)])
def test_outputs_that_collapse_are_found_and_held_apart_they_are_not(kind, sick):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 8))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    pair = similarity(kind)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        for k in range(150):
            x, y = blobs(64, 0.5, seed=k)
            two = lambda v: (model(v), model(v))  # noqa: E731
            optimizer.zero_grad()
            pair(two, x, y).backward()
            optimizer.step()
    assert (ids(doctor)[:1] == ["F84"]) == sick
    if not sick:
        assert alarms(doctor) == []


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.mean, self.log = nn.Linear(16, 32), nn.Linear(32, 4), nn.Linear(32, 4)
        self.decoder = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 16))

    def forward(self, x):
        h = torch.relu(self.encoder(x))
        mean, log = self.mean(h), self.log(h)
        z = mean + torch.randn_like(mean) * (log / 2).exp()
        return self.decoder(z), mean, log


@pytest.mark.slow
@pytest.mark.parametrize(("weight", "sick"), [(100.0, True), (0.05, False)])
def test_a_latent_that_is_not_used_is_found_and_one_that_is_is_not(weight, sick):
    torch.manual_seed(0)
    model = VAE()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        for k in range(260):
            x, _ = blobs(64, 0.3, seed=k)
            made, mean, log = model(x)
            kl = -0.5 * (1 + log - mean**2 - log.exp()).sum(1).mean()
            optimizer.zero_grad()
            (F.mse_loss(made, x) + weight * kl).backward()
            optimizer.step()
    assert ("F85" in every_id(doctor)) == sick
    if not sick:
        assert alarms(doctor) == []


@pytest.mark.slow
@pytest.mark.parametrize("whole", [True, False])
def test_a_divergence_that_is_summed_beside_a_mean_is_said_to_count_too_much(whole):
    torch.manual_seed(0)
    model = VAE()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        for k in range(260):
            x, _ = blobs(64, 0.3, seed=k)
            made, mean, log = model(x)
            kl = -0.5 * (1 + log - mean**2 - log.exp()).sum()
            loss = F.mse_loss(made, x) + kl if whole else F.mse_loss(made, x, reduction="sum") + 50 * kl
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    said = next(f for f in doctor.findings if f.id == "F85").sentence
    assert ("averaged over its numbers" in said) is whole
    assert ("1024 times" in said) is whole  # 64 rows of 16 numbers


def game(rate_g, rate_d, steps=220, shift=6.0):
    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 2))
    judge = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
    og = torch.optim.Adam(generator.parameters(), rate_g, betas=(0.5, 0.9))
    od = torch.optim.Adam(judge.parameters(), rate_d, betas=(0.5, 0.9))
    with Doctor({"G": generator, "D": judge}, [od, og], budget=EVERY) as doctor:
        for _ in range(steps):
            real = torch.randn(64, 2) * 0.5 + shift
            ones, zeros = torch.ones(64, 1), torch.zeros(64, 1)
            fake = generator(torch.randn(64, 4))
            loss = F.binary_cross_entropy_with_logits
            od.zero_grad()
            (loss(judge(real), ones) + loss(judge(fake.detach()), zeros)).backward()
            od.step()
            og.zero_grad()
            (-loss(judge(generator(torch.randn(64, 4))), zeros)).backward()  # the loss that saturates
            og.step()
    return doctor


@pytest.mark.slow
def test_a_discriminator_that_has_won_is_the_cause_and_an_even_game_is_none():
    won = game(1e-6, 1e-2)
    assert ids(won)[:1] == ["F86"]
    assert won.findings[0].layer == "D"
    even = game(1e-2, 1e-3, shift=0.5)
    assert not {"F86", "F87"} & every_id(even)


# Batches


def loader(x, y, batch=32):
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=batch)


@pytest.mark.parametrize("source", ["iterator made anew", "slice", "all there is", "shuffled"])
def test_the_same_batch_every_time_is_found_where_there_is_more(source):
    x, y = blobs(256)
    few = x[:32].clone(), y[:32].clone()
    data = loader(x, y) if "made" in source else None
    batches = {
        "iterator made anew": lambda k: next(iter(data)),
        "slice": lambda k: (x[:32], y[:32]),
        "all there is": lambda k: few,
        "shuffled": lambda k: (x[32 * (k % 8) :][:32], y[32 * (k % 8) :][:32]),
    }
    model = net()
    doctor = run(model, torch.optim.SGD(model.parameters(), 0.1), 40, batch=batches[source])
    assert ("F88" in ids(doctor)) == (source in ("iterator made anew", "slice"))
    if source in ("all there is", "shuffled"):
        assert alarms(doctor) == []


def test_batches_that_are_sorted_by_class_are_found_and_shuffled_ones_are_not():
    x, y = blobs(640)
    order = y.argsort()
    for rows, sick in ((order, True), (torch.arange(640), False)):
        model = net()
        doctor = run(
            model,
            torch.optim.SGD(model.parameters(), 0.05),
            40,
            batch=lambda k, rows=rows: (x[rows[32 * (k % 20) :][:32]], y[rows[32 * (k % 20) :][:32]]),
        )
        assert ("F89" in ids(doctor)) == sick


@pytest.mark.parametrize(
    ("rows", "classes", "found"), [(16, (0, 0, 1), True), (16, (0, 0, 0), False), (8, (0, 1, 2), False)]
)
def test_three_batches_of_one_class_each_tell_that_they_are_sorted(rows, classes, found):
    seen = Rows()
    for label in classes:
        seen.add(torch.randn(rows, 3), torch.full((rows,), label), 4)
    order = seen.order()
    assert (order is not None and order.told > 0.9 * order.entropy > 0.5) is found
    seen.add(torch.randn(16, 3), torch.arange(16) % 4, 4)
    assert seen.order() is None  # one that is mixed: five are wanted


def evaluated(model, doctor_steps, train, val, rate=3e-3):
    optimizer = torch.optim.Adam(model.parameters(), rate)

    def look(k):
        if k % 20 == 19:
            with torch.no_grad():
                F.cross_entropy(model(val[0]), val[1])

    def batch(k):
        rows = torch.randint(0, len(train[0]), (32,), generator=torch.Generator().manual_seed(k))
        return train[0][rows], train[1][rows]

    return run(model, optimizer, doctor_steps, batch=batch, after=look)


@pytest.mark.slow
def test_one_batch_of_evaluation_is_enough_to_see_that_nothing_but_the_rows_was_learned():
    heart = evaluated(net(hidden=128), 200, blobs(48, 6.0), blobs(256, 6.0, seed=1))
    assert "F90" in ids(heart)
    assert alarms(evaluated(net(), 200, blobs(2000, 0.5), blobs(256, 0.5, seed=1))) == []


@pytest.mark.slow
def test_val_that_rises_from_a_good_best_is_overfitting_also_by_one_batch_each():
    doctor = evaluated(net(hidden=128), 400, blobs(60, 1.5), blobs(256, 1.5, seed=1))
    assert "F28" in every_id(doctor)


@pytest.mark.slow
def test_labels_that_go_with_nothing_are_found_without_an_evaluation():
    x, y = blobs(2000, 0.5)
    found = []
    for labels in (y[torch.randperm(2000, generator=torch.Generator().manual_seed(5))], y):
        model = net(hidden=64)

        def batch(k, labels=labels):
            rows = torch.randint(0, 2000, (32,), generator=torch.Generator().manual_seed(k))
            return x[rows], labels[rows]

        doctor = run(model, torch.optim.SGD(model.parameters(), 0.03), 520, batch=batch)
        found.append({"F90", "F22"} & every_id(doctor))
    assert found[0]
    assert not found[1]


def test_the_rows_of_a_hard_task_tell_their_classes_where_they_do():
    g = torch.Generator().manual_seed(0)
    corner = torch.randint(0, 2, (600, 2), generator=g)
    x = 4.0 * corner + 0.3 * torch.randn(600, 2, generator=g)
    either = corner.sum(1) % 2  # no mean tells it, neighbours do
    for classes, none in ((either, False), (either[torch.randperm(600, generator=g)], True)):
        rows = Rows()
        rows.add(x, classes, 2)
        known = rows.dependence()
        assert known is not None
        assert known.none == none


@pytest.mark.slow
def test_the_accuracy_of_an_evaluation_is_enough():
    train, val = blobs(48, 6.0), blobs(256, 6.0, seed=1)
    for (x, y), (v, w), sick in ((train, val, True), (blobs(2000, 0.5), blobs(256, 0.5, seed=1), False)):
        model = net(hidden=128)

        def look(k, model=model, v=v, w=w):
            if k % 20 == 19:
                with torch.no_grad():
                    _, said = torch.max(model(v), 1)
                    (said == w).float().mean()

        def batch(k, x=x, y=y):
            rows = torch.randint(0, len(x), (32,), generator=torch.Generator().manual_seed(k))
            return x[rows], y[rows]

        doctor = run(model, torch.optim.Adam(model.parameters(), 3e-3), 160, batch=batch, after=look)
        assert doctor.history.accuracies
        assert ("F90" in ids(doctor)) == sick


@pytest.mark.slow
def test_yes_or_no_sorted_is_found_and_the_two_batches_of_a_game_are_not():
    x = torch.randn(640, 16, generator=torch.Generator().manual_seed(0))
    y = (torch.arange(640) >= 320).float()
    x[:320] += 0.5
    model = net(out=1)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def batch(k):
        rows = slice(32 * (k % 20), 32 * (k % 20) + 32)
        return x[rows], y[rows, None]

    doctor = run(model, optimizer, 40, batch=batch, loss=F.binary_cross_entropy_with_logits)
    assert "F89" in ids(doctor)
    assert "F89" not in every_id(game(1e-2, 1e-3, steps=60, shift=0.5))


@pytest.mark.slow
@pytest.mark.parametrize("id", ["F79", "F80", "F83"])
def test_a_seeded_fault_is_found_first(id):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    assert seed_fault(id, model, optimizer) is not None
    doctor = run(model, optimizer, 260)
    assert doctor.findings[0].id == id


def test_the_remedies_of_decay_and_epsilon_set_what_they_say():
    model = net()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=1.0)
    seed_fault("F83", model, optimizer)
    apply(Operation("set_weight_decay", {"value": 0.01}), model, [optimizer])
    apply(Operation("set_eps", {"value": 1e-4}), model, [optimizer])
    assert optimizer.param_groups[0]["weight_decay"] == 0.01
    assert optimizer.param_groups[0]["eps"] == 1e-4
