"""Losses written down after a paper with one operation left out, and what is close to that and right."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from moreish.doctor import Doctor, watch_script
from tests.doctor.test_further_kinds import small, trained

Similar = Callable[[Tensor, Tensor], Tensor]

# Rows that are compared with one another


def partners(n: int) -> Tensor:
    return torch.cat([torch.arange(n) + n, torch.arange(n)])


def contrast(change: Callable[[Tensor], Tensor], normal: bool = True) -> dict[str, str]:
    model = small(8)

    def loss(k: int) -> Tensor:
        x = torch.randn(12, 6)
        z = torch.cat([model(x + 0.1 * torch.randn_like(x)), model(x + 0.1 * torch.randn_like(x))])
        z = F.normalize(z, dim=1) if normal else z
        return F.cross_entropy(change(z @ z.T / 0.2), partners(12))

    return trained(model, loss)


def test_rows_that_are_among_their_own_others_are_found() -> None:
    assert "F148" in contrast(lambda table: table)
    assert "F148" in contrast(lambda table: table + 1.0)


def test_it_does_not_matter_who_takes_the_softmax() -> None:
    model = small(8)

    def loss(k: int) -> Tensor:
        x = torch.randn(12, 6)
        z = F.normalize(torch.cat([model(x), model(x + 0.1 * torch.randn_like(x))]), dim=1)
        return F.nll_loss((z @ z.T / 0.2).log_softmax(1), partners(12))

    assert "F148" in trained(model, loss)


def test_rows_of_one_view_against_both_are_found_with_their_own_among_them() -> None:
    def against_both(own: bool) -> dict[str, str]:
        model = small(8)

        def loss(k: int) -> Tensor:
            x = torch.randn(12, 6)
            a, b = (F.normalize(model(x + 0.1 * torch.randn_like(x)), dim=1) for _ in range(2))
            table = a @ torch.cat([b, a]).T / 0.2
            out = torch.cat([torch.zeros(12, 12), torch.eye(12)], 1).bool()
            return F.cross_entropy(table if own else table.masked_fill(out, -1e9), torch.arange(12))

        return trained(model, loss)

    assert "F148" in against_both(own=True)
    assert "F148" not in against_both(own=False)


def log_of_parts(z: Tensor, sums: Callable[[Tensor], Tensor]) -> Tensor:
    table = torch.exp(z @ z.T / 0.2)
    both = torch.cat([table.diagonal(12), table.diagonal(-12)])
    return -torch.log(both / sums(table)).mean()


def less_its_sum(z: Tensor, sums: Callable[[Tensor], Tensor]) -> Tensor:
    """As for several partners (Khosla et al., 2020, equation 2)."""
    table = z @ z.T / 0.2
    yes = torch.eye(12).repeat(2, 2) - torch.eye(24)
    return -(yes * (table - torch.log(sums(table.exp()))[:, None])).sum(1).mean()


@pytest.mark.parametrize("loss", [log_of_parts, less_its_sum])
@pytest.mark.parametrize(
    ("sums", "ill"),
    [
        (lambda e: e.sum(1), True),
        (lambda e: e.sum(1) - e.diagonal(), False),
        (lambda e: e.sum(1) - torch.e**5, False),
        (lambda e: (e * (1 - torch.eye(24))).sum(1), False),
    ],
)
def test_a_contrastive_loss_that_is_written_out_is_read_in_its_graph(
    loss: Callable[[Tensor, Callable[[Tensor], Tensor]], Tensor], sums: Callable[[Tensor], Tensor], ill: bool
) -> None:
    model = small(8)

    def step(k: int) -> Tensor:
        x = torch.randn(12, 6)
        z = torch.cat([model(x + 0.1 * torch.randn_like(x)), model(x + 0.1 * torch.randn_like(x))])
        return loss(F.normalize(z, dim=1), sums)

    assert ("F148" in trained(model, step)) is ill


@pytest.mark.parametrize("own", [lambda e: e.diagonal(), lambda e: (e * torch.eye(24)).sum(1)])
def test_rows_that_are_asked_for_themselves_are_not(own: Callable[[Tensor], Tensor]) -> None:
    """To spread them (Wu et al., 2018): each is a class of its own."""
    model = small(8)

    def spread(k: int) -> Tensor:
        z = F.normalize(model(torch.randn(24, 6)), dim=1)
        e = torch.exp(z @ z.T / 0.2)
        return -torch.log(own(e) / e.sum(1)).mean()

    assert "F148" not in trained(model, spread)


def test_a_density_of_all_rows_and_a_handwritten_attention_are_not() -> None:
    def kernels(z: Tensor) -> Tensor:
        return torch.exp(-torch.cdist(z, z).square())

    def entropy(z: Tensor) -> Tensor:
        return torch.log(kernels(z).sum(1)).mean()

    def attended(z: Tensor) -> Tensor:
        table = kernels(z)
        return ((table / table.sum(1, keepdim=True)) @ z).square().mean()

    for loss in (entropy, attended):
        model = small(8)
        assert "F148" not in trained(model, lambda k, loss=loss, model=model: loss(model(torch.randn(24, 6))))


@pytest.mark.parametrize("hidden", [float("-inf"), -1e4, 0.0])
def test_a_table_whose_diagonal_was_taken_out_is_not(hidden: float) -> None:
    out = torch.eye(24, dtype=torch.bool)
    assert "F148" not in contrast(lambda table: table.masked_fill(out, hidden))


def test_two_views_whose_partners_stand_on_the_diagonal_and_symmetric_classes_are_not() -> None:
    model = small(8)

    def views(k: int) -> Tensor:
        x = torch.randn(24, 6)
        one, two = (F.normalize(model(x + 0.1 * torch.randn_like(x)), dim=1) for _ in range(2))
        return F.cross_entropy(one @ two.T / 0.2, torch.arange(24))

    def own(k: int) -> Tensor:
        z = F.normalize(model(torch.randn(24, 6)), dim=1)
        return F.cross_entropy(z @ z.T / 0.2, torch.arange(24))

    def square(k: int) -> Tensor:  # as many classes as rows, by chance
        return F.cross_entropy(
            small(24)(torch.randn(24, 6)) + 0 * model(torch.randn(1, 6)).sum(), torch.arange(23, -1, -1)
        )

    def nothing(k: int) -> Tensor:  # a layer of zeros, as it begins
        return F.cross_entropy(0 * model(torch.randn(8, 6)), torch.arange(7, -1, -1))

    for loss in (views, own, square, nothing):
        assert "F148" not in trained(model, loss)


# Overlaps of masks


def dice(p: Tensor, t: Tensor) -> Tensor:
    return 1 - (2 * (p * t).sum() + 1) / (p.sum() + t.sum() + 1)


def iou(p: Tensor, t: Tensor) -> Tensor:
    both = (t * p).sum((1, 2, 3))
    return (1 - both / (p.sum((1, 2, 3)) + t.sum((1, 2, 3)) - both).clamp(min=1e-6)).mean()


def tversky(p: Tensor, t: Tensor) -> Tensor:
    p, t = p.reshape(-1), t.reshape(-1)
    both = (p * t).sum()
    return 1 - both / (both + 0.3 * ((1 - t) * p).sum() + 0.7 * (t * (1 - p)).sum() + 1e-6)


def segmented(loss: Similar, end: Callable[[Tensor], Tensor]) -> dict[str, str]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 1, 1))

    def step(k: int) -> Tensor:
        x = torch.rand(4, 1, 8, 8)
        return loss(end(model(x)), (x > 0.6).float())

    return trained(model, step)


def by_products(p: Tensor, t: Tensor) -> Tensor:
    both = torch.einsum("bi,bi->b", p.flatten(1), t.flatten(1))
    return (1 - (both + 1) / (p.sum((1, 2, 3)) + t.sum((1, 2, 3)) - both + 1)).mean()


@pytest.mark.parametrize("loss", [dice, iou, tversky, by_products])
def test_an_overlap_of_what_a_layer_gives_is_found(loss: Similar) -> None:
    assert "F149" in segmented(loss, lambda x: x)
    assert "F149" in segmented(loss, lambda x: x.flatten(1).view_as(x))


@pytest.mark.parametrize("loss", [dice, iou, tversky, by_products])
@pytest.mark.parametrize(
    "end", [torch.sigmoid, torch.relu, lambda x: x.clamp(0, 1), lambda x: x.flatten(1).softmax(1).view_as(x)]
)
def test_an_overlap_of_what_is_bounded_is_not(loss: Similar, end: Callable[[Tensor], Tensor]) -> None:
    assert "F149" not in segmented(loss, end)


def larger(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear")[..., ::2, ::2]


def transitions(x: Tensor) -> Tensor:
    """Of noisy labels: probabilities times a table of data are probabilities."""
    both = torch.cat([x, -x], 1).movedim(1, -1).softmax(-1) @ torch.tensor([[0.9, 0.1], [0.2, 0.8]])
    return both[..., :1].movedim(-1, 1)


def test_what_bounds_or_does_not_is_known_through_other_sizes_and_sums() -> None:
    assert "F149" in segmented(dice, larger)
    assert "F149" in segmented(dice, lambda x: x + 1.5)
    assert "F149" not in segmented(dice, lambda x: larger(torch.sigmoid(x)))
    assert "F149" not in segmented(dice, transitions)
    assert "F149" not in segmented(dice, lambda x: torch.sigmoid(x) + torch.tanh(x))


def test_a_mean_of_probabilities_with_weights_of_its_own_is_not() -> None:
    def overlap(weights: float) -> dict[str, str]:
        torch.manual_seed(0)
        mean = nn.Conv2d(5, 1, 1, bias=False)
        nn.init.constant_(mean.weight, weights)
        return trained(mean, lambda k: dice(mean(torch.rand(4, 5, 8, 8)), (torch.rand(4, 1, 8, 8) > 0.6).float()))

    assert "F149" not in overlap(0.2)
    assert "F149" in overlap(-0.2)


def masked_mean(p: Tensor, t: Tensor) -> Tensor:
    return ((p - 0.5).square() * t).sum() / t.sum()


def fitted_scale(p: Tensor, t: Tensor) -> Tensor:
    """Depth up to a scale (Eigen et al., 2014): the best factor is divided out."""
    return ((p * t).sum() / (p * p).sum() * p - t).square().mean()


def cosine(p: Tensor, t: Tensor) -> Tensor:
    return 1 - (p * t).sum() / (p.norm() * t.norm())


@pytest.mark.parametrize("loss", [masked_mean, fitted_scale, cosine])
def test_other_fractions_of_sums_are_not(loss: Similar) -> None:
    assert "F149" not in segmented(loss, lambda x: x)


# The noise of a latent


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    return -0.5 * (1 + log_variance - mean.pow(2) - log_variance.exp()).sum(1).mean()


def by_deviation(mean: Tensor, log_deviation: Tensor) -> Tensor:
    return (0.5 * (mean**2 + log_deviation.exp() ** 2 - 1) - log_deviation).sum(1).mean()


def encoded(
    spread: Callable[[Tensor], Tensor], paid: Similar = divergence, split: bool = False, drawn: bool = True
) -> dict[str, str]:
    torch.manual_seed(0)
    model = nn.ModuleDict({"e": nn.Linear(6, 16), "m": nn.Linear(16, 4), "l": nn.Linear(16, 4), "d": nn.Linear(4, 6)})
    both = nn.Linear(16, 8)
    model["both"] = both

    def loss(k: int) -> Tensor:
        x = torch.randn(32, 6)
        h = torch.tanh(model["e"](x))
        mean, log = both(h).chunk(2, 1) if split else (model["m"](h), model["l"](h))
        noise = torch.randn_like(mean) if drawn else torch.ones_like(mean)
        return F.mse_loss(model["d"](mean + noise * spread(log)), x) + 0.1 * paid(mean, log)

    return trained(model, loss)


@pytest.mark.parametrize("split", [True, False])
def test_noise_that_is_spread_by_a_logarithm_or_by_a_variance_is_found(split: bool) -> None:
    assert "what a layer gives, and" in encoded(lambda log: log, split=split)["F150"]
    assert "exponential" in encoded(torch.exp, split=split)["F150"]


@pytest.mark.parametrize(
    ("spread", "paid"),
    [
        (lambda log: (0.5 * log).exp(), divergence),
        (lambda log: torch.exp(log / 2), divergence),
        (lambda log: log.exp().sqrt(), divergence),
        (torch.exp, by_deviation),
        (F.softplus, lambda mean, raw: (mean.pow(2) + F.softplus(raw)).sum(1).mean()),
        (lambda log: log, lambda mean, log: (mean.pow(2) + log.pow(2)).sum(1).mean()),  # a noisy layer's own scale
    ],
)
def test_noise_that_is_spread_by_a_standard_deviation_is_not(
    spread: Callable[[Tensor], Tensor], paid: Similar
) -> None:
    assert "F150" not in encoded(spread, paid)


def test_a_deviation_whose_density_is_in_the_loss_is_not() -> None:
    """The actor of SAC (Haarnoja et al., 2018): the deviation divides, and its logarithm is added."""

    def entropy(mean: Tensor, log: Tensor) -> Tensor:
        drawn = (mean + torch.randn_like(mean) * log.exp()).detach()
        return (-0.5 * ((drawn - mean) / (log.exp() + 1e-8)) ** 2 - log).sum(1).mean()

    assert "F150" not in encoded(torch.exp, entropy)


def test_what_is_no_noise_is_not() -> None:
    assert "F150" not in encoded(lambda log: log, drawn=False)


def one_sided(
    draw: Callable[[Tensor], Tensor], begins: Callable[[Tensor], Tensor] | None, steps: int = 3, time: bool = False
) -> bool:
    model = nn.Sequential(nn.Linear(6 + time, 32), nn.ReLU(), nn.Linear(32, 6))

    def given(x: Tensor, t: float) -> Tensor:
        return torch.cat([x, torch.full((64, 1), t)], 1) if time else x

    def loss(k: int) -> Tensor:
        x = torch.randn(64, 6)
        noise = draw(x)
        return F.mse_loss(model(given(0.7 * x + 0.7 * noise, 0.5)), noise)

    def make() -> None:
        x = torch.empty(64, 6)
        for k in range(steps if begins is not None else 0):
            assert begins is not None
            x = begins(x) if k == 0 else x
            with torch.no_grad():
                x = x - 0.3 * model(given(x, 1 - k / steps))

    return "F152" in trained(model, loss, after=make)


@pytest.mark.parametrize(
    ("draw", "found"),
    [
        (torch.rand_like, True),
        (torch.randn_like, False),
        (lambda x: 2 * torch.rand_like(x) - 1, False),
        (lambda x: (torch.rand_like(x) < 0.5).float(), False),
    ],
)
def test_noise_between_zero_and_one_that_is_asked_for_is_found(draw: Callable[[Tensor], Tensor], found: bool) -> None:
    assert one_sided(draw, torch.randn_like) is found


def test_a_time_beside_the_noisy_rows_hides_nothing() -> None:
    assert one_sided(torch.rand_like, torch.randn_like, time=True)
    assert not one_sided(torch.randn_like, torch.randn_like, time=True)


def test_a_call_with_noise_of_which_nothing_is_made_says_nothing() -> None:
    """As before the speed of a model is taken."""
    assert not one_sided(torch.rand_like, torch.randn_like, steps=1)


@pytest.mark.parametrize("begins", [None, torch.rand_like])
def test_it_is_no_matter_where_nothing_is_made_from_normal_noise(
    begins: Callable[[Tensor], Tensor] | None,
) -> None:
    assert not one_sided(torch.rand_like, begins)


# Weights of a yes


@pytest.mark.parametrize(
    ("often", "weight", "found"),
    [
        (0.05, 0.05, True),
        (0.05, 19.0, False),
        (0.05, 1.0, False),
        (0.9, 9.0, True),
        (0.9, 0.11, False),
        (0.4, 0.2, False),
    ],
)
def test_a_weight_of_yes_that_grows_with_how_often_it_is_yes_is_found(
    often: float, weight: float, found: bool
) -> None:
    model = small(1)

    def loss(k: int) -> Tensor:
        y = (torch.rand(64) < often).float()
        return F.binary_cross_entropy_with_logits(
            model(torch.randn(64, 6)).squeeze(1), y, pos_weight=torch.tensor(weight)
        )

    assert ("F98" in trained(model, loss)) is found


def test_a_weight_that_is_each_batchs_own_is_not() -> None:
    """The first batch is drawn around what is looked for, the others anywhere."""
    model = small(1)

    def loss(k: int) -> Tensor:
        y = (torch.rand(64) < (0.85 if k % 4 == 0 else 0.05)).float()
        weight = (1 - y.mean()) / y.mean().clamp(min=0.01)
        return F.binary_cross_entropy_with_logits(model(torch.randn(64, 6)).squeeze(1), y, pos_weight=weight)

    assert "F98" not in trained(model, loss)


@pytest.mark.parametrize("turned", [True, False])
def test_weights_of_several_answers_are_held_against_each_one(turned: bool) -> None:
    model, often = small(3), torch.tensor([0.05, 0.5, 0.9])
    weights = often / (1 - often) if turned else (1 - often) / often

    def loss(k: int) -> Tensor:
        y = (torch.rand(64, 3) < often).float()
        return F.binary_cross_entropy_with_logits(model(torch.randn(64, 6)), y, pos_weight=weights)

    assert ("F98" in trained(model, loss)) is turned


# Schedulers that wait for a plateau


SCRIPT = """
    import torch, torch.nn.functional as F
    torch.manual_seed(0)
    x = torch.randn(900, 10)
    y = {target}
    model = torch.nn.Sequential(torch.nn.Linear(10, 32), torch.nn.ReLU(), torch.nn.Linear(32, 2))
    optimizer = torch.optim.SGD(model.parameters(), {rate})
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, {mode}patience=0, factor=0.5)
    for epoch in range(10):
        for i in range(0, {rows}, 20):
            loss = F.cross_entropy(model(x[i : i + 20]), y[i : i + 20])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            out = model(x[600:])
            val, accuracy = F.cross_entropy(out, y[600:]).item(), (out.argmax(1) == y[600:]).float().mean().item()
        scheduler.step({measure})
"""
ON_TRAINING = SCRIPT.replace("(out.argmax(1) == y[600:])", "(model(x[:600]).argmax(1) == y[:600])")
LEARNABLE, CHANCE = "(x[:, 0] * x[:, 1] + x[:, 2] > 0).long()", "torch.randint(0, 2, (900,))"


@pytest.mark.parametrize(
    ("mode", "measure", "target", "found"),
    [
        ("mode='max', ", "val", LEARNABLE, True),
        ("", "accuracy", LEARNABLE, True),
        ("", "100 * accuracy", LEARNABLE, True),
        ("", "val", LEARNABLE, False),
        ("mode='max', ", "accuracy", LEARNABLE, False),
        ("", "val", CHANCE, False),  # overfits: rises while training falls
        ("mode='max', ", "accuracy", CHANCE, False),
        ("mode='max', ", "1 - 0.03 * epoch + 0 * accuracy", LEARNABLE, True),  # an error rate, say
    ],
)
def test_a_scheduler_that_waits_for_the_wrong_end_is_found(
    tmp_path: Path, mode: str, measure: str, target: str, found: bool
) -> None:
    step = ReduceLROnPlateau.step
    filled = SCRIPT.format(mode=mode, measure=measure, target=target, rate=0.05, rows=600)
    (tmp_path / "train.py").write_text(textwrap.dedent(filled), encoding="utf-8")
    watched = watch_script(tmp_path / "train.py", [])
    assert ("F151" in {f.id for f in watched.findings}) is found
    assert ReduceLROnPlateau.step is step


def test_a_loss_on_val_that_rises_is_no_accuracy_whatever_training_says(tmp_path: Path) -> None:
    filled = ON_TRAINING.format(mode="", measure="val", target=CHANCE, rate=0.05, rows=600)
    (tmp_path / "train.py").write_text(textwrap.dedent(filled), encoding="utf-8")
    assert "F151" not in {f.id for f in watch_script(tmp_path / "train.py", []).findings}


# Errors that are averaged before they are squared


def regressed(loss: Similar) -> bool:
    model = small(1)

    def step(k: int) -> Tensor:
        x = torch.randn(32, 6)
        return loss(model(x).squeeze(1), x[:, 0])

    return "F155" in trained(model, step)


@pytest.mark.parametrize(
    "loss",
    [
        lambda p, y: (p - y).mean() ** 2,
        lambda p, y: torch.square(torch.mean(y - p)),
        lambda p, y: (p - y).mean().abs(),
        lambda p, y: ((p - y).sum() / len(p)) ** 2,
        lambda p, y: ((p - y)[:, None].mean(dim=0) ** 2).sum(),
        lambda p, y: 0.5 * (p - y).sum().pow(2) + 0.01 * p.new_ones(1).sum(),
        lambda p, y: (lambda m: m * m)((p - y).mean()),
    ],
)
def test_a_square_of_the_mean_error_is_found(loss: Similar) -> None:
    assert regressed(loss)


@pytest.mark.parametrize(
    "loss",
    [
        lambda p, y: ((p - y) ** 2).mean(),
        lambda p, y: (p - y).abs().mean(),
        lambda p, y: F.mse_loss(p, y) + (p - y).mean() ** 2,  # a bias that is punished beside
        lambda p, y: (p.mean() - y.mean()) ** 2 + F.mse_loss(p, y),
        lambda p, y: (p - y).view(4, 8).mean(1).square().mean(),  # sums of groups are what is known
        lambda p, y: (p.sum() - 1) ** 2,
        lambda p, y: (p - p.flip(0)).mean() ** 2 + F.mse_loss(p, y),  # what is to be kept
    ],
)
def test_other_squares_are_not(loss: Similar) -> None:
    assert not regressed(loss)


def test_a_mean_that_is_to_be_kept_beside_errors_of_every_place_is_not() -> None:
    model = small(1)

    def loss(k: int) -> Tensor:
        x, more = torch.randn(32, 6), torch.randn(32, 6)
        return (model(x)[:, 0] - x[:, 0]).square().mean() + (model(more)[:, 0] - more[:, 1]).mean() ** 2

    assert "F155" not in trained(model, loss)


def test_a_residual_of_derivatives_is_read_as_well() -> None:
    def residual(squared: bool) -> bool:
        model = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))

        def step(k: int) -> Tensor:
            x = torch.rand(32, 1, requires_grad=True)
            slope = torch.autograd.grad(model(x).sum(), x, create_graph=True)[0]
            error = slope - torch.cos(x)
            return (error.square().mean() if squared else error.mean() ** 2) + model(
                torch.zeros(1, 1)
            ).square().mean()

        return "F155" in trained(model, step)

    assert residual(squared=False)
    assert not residual(squared=True)


# Rates and their logarithms


@pytest.mark.parametrize(
    ("end", "log", "found"),
    [
        (F.softplus, True, True),
        (torch.exp, True, True),
        (torch.relu, True, True),
        (torch.square, True, True),
        (lambda x: F.softplus(x) + 1e-6, True, True),
        (lambda x: 2 * (F.elu(x) + 1.001), True, True),
        (lambda x: x.exp().clamp(min=1e-6), True, True),
        (F.elu, True, False),
        (lambda x: F.softplus(x) - 3, True, False),
        (F.softplus, False, False),
        (lambda x: x, True, False),
        (lambda x: x.clamp(max=10), True, False),
        (torch.tanh, True, False),
    ],
)
def test_a_rate_that_is_taken_for_a_logarithm_is_found(
    end: Callable[[Tensor], Tensor], log: bool, found: bool
) -> None:
    model = small(1)

    def loss(k: int) -> Tensor:
        x = torch.randn(32, 6)
        return F.poisson_nll_loss(end(model(x).squeeze(1)), torch.poisson(x[:, 0].exp()), log_input=log)

    assert ("F154" in trained(model, loss)) is found


# What an operation at the end lets an output be


@pytest.mark.parametrize(
    ("end", "found"),
    [
        (lambda x: x.clamp(0, 1), True),
        (lambda x: torch.clamp(x, max=0.0).squeeze(-1).unsqueeze(-1), True),
        (torch.exp, True),
        (lambda x: x.pow(2), True),
        (lambda x: x.abs(), True),
        (lambda x: torch.maximum(x, torch.zeros(())), True),
        (lambda x: x.clamp(-5, 5), False),
        (lambda x: torch.maximum(x, -torch.ones(32, 1).cumsum(0)), False),
        (lambda x: x.clamp(0, 1) * 6 - 3, False),
        (lambda x: x.pow(3), False),
    ],
)
def test_targets_beyond_a_clamp_or_a_power_cannot_be_reached(end: Callable[[Tensor], Tensor], found: bool) -> None:
    model = small(1)

    def loss(k: int) -> Tensor:
        x = torch.randn(32, 6)
        return F.mse_loss(end(model(x)), 1.2 * x[:, :1])

    assert ("F55" in trained(model, loss)) is found


@pytest.mark.parametrize(
    ("size", "end", "found"),
    [
        (5.0, torch.tanh, True),
        (0.9, torch.tanh, False),
        (5.0, torch.sigmoid, True),
        (5.0, lambda x: x, False),
        (1.02, torch.tanh, False),  # as rounding has it
    ],
)
def test_data_that_a_generator_cannot_reach_are_found(
    size: float, end: Callable[[Tensor], Tensor], found: bool
) -> None:
    torch.manual_seed(0)
    made, judge = small(6, 4), small(1, 6)
    ours, theirs = (torch.optim.Adam(m.parameters(), 1e-3) for m in (made, judge))
    with Doctor([made, judge], [ours, theirs], budget=float("inf")) as doctor:
        for _ in range(6):
            real, fake = size * (2 * torch.rand(32, 6) - 1), end(made(torch.randn(32, 4)))
            theirs.zero_grad()
            F.softplus(torch.cat([judge(fake.detach()), -judge(real)])).mean().backward()
            theirs.step()
            ours.zero_grad()
            F.softplus(-judge(fake)).mean().backward()
            ours.step()
    assert ("F55" in {f.id for f in doctor.findings}) is found


# Games


def contest(told: float, wanted: float, sign: float = 1.0, made_before: bool = True) -> set[str]:
    """Labels of made rows for the side that judges, and for the side that makes them."""
    torch.manual_seed(0)
    made, judge = small(6, 4), small(1, 6)
    ours, theirs = (torch.optim.Adam(m.parameters(), 1e-3) for m in (made, judge))

    def answers(x: Tensor, label: float) -> Tensor:
        return F.binary_cross_entropy_with_logits(judge(x), torch.full((32, 1), label))

    with Doctor([made, judge], [ours, theirs], budget=float("inf")) as doctor:
        for _ in range(12):
            fake = made(torch.randn(32, 4))
            theirs.zero_grad()
            (answers(torch.rand(32, 6), 1.0) + answers(fake.detach(), told)).backward()
            theirs.step()
            fake = fake if made_before else made(torch.randn(32, 4))
            ours.zero_grad()
            (sign * answers(fake, wanted)).backward()
            ours.step()
    return {f.id for f in doctor.findings}


@pytest.mark.parametrize("made_before", [True, False])
@pytest.mark.parametrize(
    ("told", "wanted", "sign", "found"),
    [
        (1.0, 1.0, 1.0, True),  # data and made rows are told alike
        (0.0, 0.0, 1.0, True),  # the generator learns to be found out
        (0.0, 1.0, 1.0, False),
        (0.0, 0.0, -1.0, False),  # as the paper has it: minus the loss of the other side
    ],
)
def test_sides_of_a_game_that_pull_the_same_way_are_found(
    told: float, wanted: float, sign: float, found: bool, made_before: bool
) -> None:
    assert ("F157" in contest(told, wanted, sign, made_before)) is found


@pytest.mark.parametrize("held", [True, False])
def test_a_penalty_of_slopes_is_no_side_of_a_game(held: bool) -> None:
    """Between data and made rows (Gulrajani et al., 2017), also where those keep their graph."""
    torch.manual_seed(0)
    made, judge = small(6, 4), small(1, 6)
    ours, theirs = (torch.optim.Adam(m.parameters(), 1e-3) for m in (made, judge))

    def penalty(real: Tensor, fake: Tensor) -> Tensor:
        share = torch.rand(32, 1)
        between = share * real + (1 - share) * fake
        between = between.requires_grad_() if held else between
        slopes = torch.autograd.grad(judge(between).sum(), between, create_graph=True)[0]
        return (slopes.norm(dim=1) - 1).square().mean()

    with Doctor([made, judge], [ours, theirs], budget=float("inf")) as doctor:
        for _ in range(8):
            for _ in range(2):
                real, fake = torch.rand(32, 6), made(torch.randn(32, 4))
                fake = fake.detach() if held else fake
                loss = judge(fake.detach()).mean() - judge(real).mean() + 10 * penalty(real, fake)
                theirs.zero_grad()
                loss.backward()
                theirs.step()
            ours.zero_grad()
            (-judge(made(torch.randn(32, 4))).mean()).backward()
            ours.step()
    assert "F157" not in {f.id for f in doctor.findings}


# Labels that are all yes


@pytest.mark.parametrize(("often", "found"), [(1.0, True), (0.0, True), (0.95, False)])
def test_labels_that_are_all_yes_or_all_no_are_found(often: float, found: bool) -> None:
    model = small(1)

    def loss(k: int) -> Tensor:
        y = (torch.rand(64) < often).float()
        return F.binary_cross_entropy_with_logits(model(torch.randn(64, 6)).squeeze(1), y)

    assert ("F94" in trained(model, loss, 30)) is found
