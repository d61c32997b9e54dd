"""Kinds of mistakes from further reports, each on the smallest training that has it, beside one that has not."""

import copy
import math
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from moreish.doctor import Doctor, watch_script
from moreish.doctor.frames.rows import Rows
from moreish.doctor.frames.turned import Turned


def told(doctor: Doctor) -> dict[str, str]:
    """Every alarm with its sentence, symptoms included."""
    every = [s for f in doctor.findings for s in (f, *f.symptoms)]
    return {f.id: f.sentence for f in every if f.severity != "info"}


def trained(
    model: nn.Module, loss: Callable[[int], Tensor], steps: int = 12, after: Callable[[], object] | None = None
) -> dict[str, str]:
    """What is said of the usual loop."""
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], 0.05)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for k in range(steps):
            optimizer.zero_grad()
            loss(k).backward()
            optimizer.step()
            if after is not None:
                after()
    return told(doctor)


def small(out: int = 3, width: int = 6) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(width, 24), nn.Tanh(), nn.Linear(24, out))


# Copies of a model


def follow(copied: nn.Module, model: nn.Module, part: float) -> None:
    with torch.no_grad():
        for p, q in zip(copied.parameters(), model.parameters(), strict=True):
            p.lerp_(q, part)


@pytest.mark.parametrize(("part", "sick"), [(0.0, True), (0.3, False)])
def test_a_target_network_that_never_follows_is_found(part: float, sick: bool) -> None:
    model = small()
    target = copy.deepcopy(model)

    def loss(k: int) -> Tensor:
        x = torch.randn(16, 6)
        with torch.no_grad():
            goal = torch.rand(16) + 0.9 * target(x).max(1).values
        return F.mse_loss(model(x)[:, 0], goal)

    said = trained(model, loss, 30, lambda: follow(target, model, part))
    assert ("F71" in said) is sick
    assert not sick or "first weights" in said["F71"]


@pytest.mark.parametrize(("part", "sick"), [(1e-4, True), (0.1, False)])
def test_an_average_that_hardly_moves_is_found(part: float, sick: bool) -> None:
    model = small()
    average = copy.deepcopy(model).requires_grad_(False)
    x, y = torch.randn(16, 6), torch.randn(16, 3)
    said = trained(model, lambda k: F.mse_loss(model(x), y), 30, lambda: follow(average, model, part))
    assert ("F71" in said) is sick


@pytest.mark.parametrize(("steps", "sick"), [(60, True), (30, False)])
def test_an_average_whose_parameters_still_want_a_gradient_is_known_by_being_written_to(
    steps: int, sick: bool
) -> None:
    model = small()
    average = copy.deepcopy(model)
    x, y = torch.randn(16, 6), torch.randn(16, 3)
    said = trained(model, lambda k: F.mse_loss(model(x), y), steps, lambda: follow(average, model, 1e-4))
    assert ("F71" in said) is sick


def test_copies_that_are_meant_to_stay_are_no_alarm() -> None:
    model = small()
    best, reference = copy.deepcopy(model), copy.deepcopy(model)  # put by, and a start that the policy stays close to
    x = torch.randn(16, 6)

    def loss(k: int) -> Tensor:
        with torch.no_grad():
            before = reference(x).log_softmax(1)
        return F.cross_entropy(model(x), torch.arange(16) % 3) + (model(x).log_softmax(1) - before).square().mean()

    assert "F71" not in trained(model, loss, 30)
    assert best is not None


@pytest.mark.parametrize("written", ["", "in place", "as data"])
def test_an_anchor_from_early_on_is_no_alarm_and_an_average_from_then_on_is(written: str) -> None:
    model = small()
    anchor: nn.Module = model
    x, y = torch.randn(16, 6), torch.randn(16, 3)

    def loss(k: int) -> Tensor:
        nonlocal anchor
        if k == 2:
            anchor = copy.deepcopy(model).requires_grad_(False).eval()
        answer = model(x)
        with torch.no_grad():
            before = anchor(x) if k >= 2 else answer.detach()
        return F.mse_loss(answer, y) + 0.02 * F.mse_loss(answer, before)

    def after() -> None:
        if anchor is not model and written == "in place":
            follow(anchor, model, 1e-4)
        elif anchor is not model and written == "as data":
            for p, q in zip(anchor.parameters(), model.parameters(), strict=True):
                p.data = 0.999 * p.data + 0.001 * q.data

    assert ("F71" in trained(model, loss, 60, after)) is bool(written)


@pytest.mark.parametrize("sick", [True, False])
def test_a_teacher_whose_statistics_stay_behind_is_found(sick: bool) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 3))
    teacher = copy.deepcopy(model).requires_grad_(False).eval()

    def after() -> None:
        follow(teacher, model, 0.2)
        for b, ours in zip(teacher.buffers(), model.buffers(), strict=True):
            if not sick:
                b.copy_(ours)

    x, y = torch.randn(32, 6) + 3, torch.randn(32, 3)
    assert ("F71" in trained(model, lambda k: F.mse_loss(model(x), y), 30, after)) is sick


def test_a_copy_that_is_trained_in_the_place_of_the_model_is_found() -> None:
    model = small()
    x, y = torch.randn(16, 6), torch.randn(16, 3)
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    now = model
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for k in range(30):
            now = model if k < 5 else copy.deepcopy(model) if k == 5 else now
            optimizer.zero_grad()
            F.mse_loss(now(x), y).backward()
            optimizer.step()
    assert "in its place" in told(doctor)["F71"]


# Single calls


@pytest.mark.parametrize("sick", [True, False])
def test_a_softmax_of_a_softmax_is_found_wherever_it_is(sick: bool) -> None:
    model = nn.Sequential(small(), nn.Softmax(-1))

    def loss(k: int) -> Tensor:
        p = model(torch.randn(16, 6))
        choice = torch.distributions.Categorical(logits=p) if sick else torch.distributions.Categorical(probs=p)
        return -choice.log_prob(torch.arange(16) % 3).mean()

    assert ("F38" in trained(model, loss)) is sick


@pytest.mark.parametrize(("scale", "sick"), [(1.0, True), (16.0, False)])
def test_cosines_as_logits_are_found_and_scaled_ones_are_not(scale: float, sick: bool) -> None:
    model = small(8)
    classes = torch.randn(10, 8)

    def loss(k: int) -> Tensor:
        logits = scale * F.normalize(model(torch.randn(20, 6))) @ F.normalize(classes).T
        return F.cross_entropy(logits, torch.arange(20) % 10)

    assert ("F40" in trained(model, loss)) is sick


class Unrolled(nn.Module):
    def __init__(self, cut: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.cut, self.cell, self.head = cut, nn.GRUCell(4, 8), nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.zeros(len(x), 8)
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h.detach() if self.cut else h)
        return self.head(h)


@pytest.mark.parametrize("sick", [True, False])
def test_a_state_that_is_cut_at_each_step_is_found(sick: bool) -> None:
    model = Unrolled(sick)
    said = trained(model, lambda k: F.mse_loss(model(torch.randn(8, 6, 4)), torch.randn(8, 2)))
    assert ("F70" in said) is sick


def test_a_state_that_is_cut_between_stretches_of_time_is_no_alarm() -> None:
    model = Unrolled(False)
    x = torch.randn(8, 6, 4)

    def loss(k: int) -> Tensor:
        hint = model(x).detach().repeat(1, 2)[:, None]  # an estimate that goes in once more
        return F.mse_loss(model(x + hint), torch.zeros(8, 2))

    assert "F70" not in trained(model, loss)


@pytest.mark.parametrize("sick", [True, False])
def test_a_view_that_puts_the_last_size_first_and_joins_the_others_is_found(sick: bool) -> None:
    """Channels and frequencies of every moment, as a recurrent net wants them: (B, C, F, T) to (B, T, C * F)."""
    model = small(2, 20)
    layer = nn.Conv2d(1, 4, 3, padding=1)
    model.add_module("front", layer)

    def loss(k: int) -> Tensor:
        h = layer(torch.randn(6, 1, 5, 12))
        h = h.view(6, 12, 20) if sick else h.permute(0, 3, 1, 2).reshape(6, 12, 20)
        return F.mse_loss(model[:3](h), torch.zeros(6, 12, 2))

    assert ("F78" in trained(model, loss)) is sick


@pytest.mark.parametrize("between", [nn.GELU(), nn.LayerNorm(32), nn.Sequential(nn.ReLU(), nn.Dropout(0.1))])
@pytest.mark.parametrize("norm", [True, False])
def test_features_of_neighbours_that_are_put_side_by_side_are_not(norm: bool, between: nn.Module) -> None:
    """Patches are merged, (B, 4, 16, 32) to (B, 32, 64): that there are 32 of them is chance."""
    model = small(2, 64)
    model.add_module("front", nn.ModuleList([nn.Linear(6, 32), between, nn.LayerNorm(64) if norm else nn.Identity()]))
    front = model.front
    assert isinstance(front, nn.ModuleList)

    def loss(k: int) -> Tensor:
        h = front[1](front[0](torch.randn(6, 4, 16, 6)))
        return F.mse_loss(model[:3](front[2]((h + h.tanh()).reshape(6, 32, 64))), torch.zeros(6, 32, 2))

    assert "F78" not in trained(model, loss)


def test_a_view_that_goes_back_is_not() -> None:
    """Around a norm of groups that was written by hand."""
    model = nn.Sequential(nn.Conv2d(3, 32, 3, padding=1), nn.Flatten(2), nn.Linear(64, 2))

    def loss(k: int) -> Tensor:
        h = model[0](torch.randn(6, 3, 8, 8))
        groups = h.view(6, 8, -1)
        groups = (groups - groups.mean(2, keepdim=True)) / (groups.std(2, keepdim=True) + 1e-5)
        return model[1:](groups.view(6, 32, 8, 8)).square().mean()

    assert "F78" not in trained(model, loss)


def test_features_that_are_taken_for_places_are_found() -> None:
    """Tokens (B, H, W, C) as a convolution wants them, (B, C, H * W)."""
    model = small(2, 62)
    model.add_module("front", nn.ModuleList([nn.Linear(6, 32), nn.Conv1d(32, 4, 3)]))
    front = model.front
    assert isinstance(front, nn.ModuleList)

    def loss(k: int) -> Tensor:
        h = front[0](torch.randn(6, 4, 16, 6)).relu()
        return F.mse_loss(model[:3](front[1](h.reshape(6, 32, 64))), torch.zeros(6, 4, 2))

    assert "F78" in trained(model, loss)


def test_windows_of_data_that_go_on_in_time_are_not() -> None:
    model = small(2, 84)

    def loss(k: int) -> Tensor:
        days = torch.randn(6, 7, 12, 4)  # day, hour, quarter, read as four windows
        return model(days.view(6, 4, 84)).square().mean()

    assert "F78" not in trained(model, loss)


@pytest.mark.parametrize(
    "after", [(6, 4, 60), (6, 20, 12), (6, 240), (24, 5, 12), (6, 1, 240), (6, 4, 5, 12), (6, 240, 1), (6, 2, 120)]
)
def test_views_that_join_neighbours_are_not(after: tuple[int, ...]) -> None:
    model = small(2, after[-1])
    layer = nn.Conv2d(1, 4, 3, padding=1)
    model.add_module("front", layer)

    def loss(k: int) -> Tensor:
        return model[:3](layer(torch.randn(6, 1, 5, 12)).view(after)).square().mean()

    assert "F78" not in trained(model, loss)


@pytest.mark.parametrize("sick", [True, False])
def test_a_view_that_swaps_sizes_is_found_and_a_permutation_is_not(sick: bool) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 2))

    def loss(k: int) -> Tensor:
        x = torch.randn(6, 8, 8, 3)
        return F.mse_loss(model(x.view(6, 3, 8, 8) if sick else x.permute(0, 3, 1, 2)), torch.zeros(6, 2))

    assert ("F78" in trained(model, loss)) is sick


@pytest.mark.parametrize("sick", [True, False])
def test_one_module_several_times_in_a_list_is_found(sick: bool) -> None:
    torch.manual_seed(0)
    part = nn.Linear(6, 6)
    model = nn.Sequential(part, nn.Tanh(), part if sick else nn.Linear(6, 6))
    said = trained(model, lambda k: F.mse_loss(model(torch.randn(8, 6)), torch.zeros(8, 6)))
    assert ("F97" in said) is sick


class Positions(nn.Module):
    def __init__(self, axis: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.axis, self.inp, self.out = axis, nn.Linear(2, 8), nn.Linear(8, 1)
        self.register_buffer("pe", torch.randn(40, 1, 8))

    def forward(self, x: Tensor) -> Tensor:
        pe = self.get_buffer("pe")
        pe = pe[: x.shape[0]] if self.axis == 0 else pe[: x.shape[1]].transpose(0, 1)
        return self.out(torch.tanh(self.inp(x) + pe)).mean(1)


@pytest.mark.parametrize(("axis", "sick"), [(0, True), (1, False)])
def test_positions_along_the_batch_are_found(axis: int, sick: bool) -> None:
    model = Positions(axis)
    said = trained(model, lambda k: F.mse_loss(model(torch.randn(9, 5, 2)), torch.zeros(9, 1)))
    assert ("F95" in said) is sick


def test_a_model_that_draws_random_numbers_is_not_said_to_know_the_place_in_the_batch() -> None:
    class Noisy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = small()

        def forward(self, x: Tensor) -> Tensor:
            return self.net(x + torch.randn_like(x))

    model = Noisy()
    assert "F95" not in trained(model, lambda k: F.mse_loss(model(torch.randn(9, 6)), torch.zeros(9, 3)))


# Where the gradient ends


@pytest.mark.parametrize("sick", [True, False])
def test_a_loss_that_is_computed_and_left_out_is_found(sick: bool) -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.body, self.score, self.box = nn.Linear(6, 12), nn.Linear(12, 1), nn.Linear(12, 2)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            h = torch.tanh(self.body(x))
            return self.score(h), self.box(h)

    model = Two()

    def loss(k: int) -> Tensor:
        score, box = model(torch.randn(8, 6))
        by = {"score": score.square().mean(), "box": (box - torch.ones(8, 2)).abs().sum() / 8}
        return by["score"] if sick else by["score"] + by["box"]

    said = trained(model, loss)
    assert ("F16" in said) is sick
    assert not sick or "compared with targets" in said["F16"]


@pytest.mark.filterwarnings("ignore:None of the inputs")
@pytest.mark.parametrize("sick", [True, False])
def test_a_reentrant_checkpoint_that_brings_no_gradient_is_named(sick: bool) -> None:
    torch.manual_seed(0)
    inner, head = nn.Linear(6, 6), nn.Linear(6, 2)
    model = nn.ModuleList([inner, head])

    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = model

        def forward(self, x: Tensor) -> Tensor:
            return head(torch.tanh(checkpoint(inner, x, use_reentrant=sick)))

    whole = Whole()
    said = trained(whole, lambda k: F.mse_loss(whole(torch.randn(8, 6)), torch.zeros(8, 2)))
    assert ("F16" in said) is sick
    assert not sick or "reentrant checkpoint" in said["F16"]


@pytest.mark.parametrize("sick", [True, False])
def test_rounding_is_named_as_what_is_flat(sick: bool) -> None:
    class Coder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.enc, self.dec = nn.Linear(6, 3), nn.Linear(3, 6)

        def forward(self, x: Tensor) -> Tensor:
            z = 3 * torch.tanh(self.enc(x))
            return self.dec(torch.round(z) if sick else z + (torch.round(z) - z).detach())

    model = Coder()
    said = trained(model, lambda k: F.mse_loss(model(torch.ones(8, 6)), torch.zeros(8, 6)), 16)
    assert ("F17" in said) is sick
    assert not sick or "`round`" in said["F17"]


def test_an_optimizer_whose_parameters_stay_frozen_is_found() -> None:
    made, judge = small(2, 4), small(1, 2)
    by = [torch.optim.SGD(m.parameters(), 0.01) for m in (made, judge)]
    with Doctor([made, judge], by, budget=math.inf) as doctor:
        for k in range(120):
            if k == 0:
                judge(torch.randn(8, 2)).mean().backward()
                by[1].step()
                judge.requires_grad_(False)
            by[0].zero_grad()
            judge(made(torch.randn(8, 4))).square().mean().backward()
            by[0].step()
    assert "requires_grad=False" in told(doctor)["F67"]


# Data and losses


def test_rows_that_come_again_with_other_labels_are_told_from_rows_with_their_own() -> None:
    torch.manual_seed(0)
    x, y = torch.randn(200, 5), torch.randint(0, 4, (200,))
    for own in (True, False):
        rows = Rows()
        for _ in range(3):
            p = torch.randperm(200)
            rows.add(x[p], y[p] if own else y, 4)
        again = rows.again()
        assert again is not None
        assert again.rows == 200
        assert again.same == 1.0 if own else again.same < again.chance + 0.1


def test_the_labels_of_one_call_are_not_held_against_the_inputs_of_another() -> None:
    """Source and target domain: a model is called on both, and only then there is a loss."""
    model, x = small(4), torch.randn(2, 300, 6)
    y = (x[0, :, :4] + 0.1 * torch.randn(300, 4)).argmax(1)

    def loss(k: int) -> Tensor:
        i, j = torch.randperm(300)[:64], torch.randperm(300)[:64]
        known, other = model(x[0][i]), model(x[1][j])
        return F.cross_entropy(known, y[i]) + 1e-3 * other.square().mean()

    assert "F96" not in trained(model, loss, 60)


def test_batches_of_one_class_with_a_second_loss_on_others_are_not_sorted() -> None:
    """One class after the other is learned, while a second loss repeats what was seen of all."""
    torch.manual_seed(0)
    y = torch.arange(4).repeat_interleave(150)
    x = 2 * torch.randn(4, 6)[y] + torch.randn(600, 6)

    def alarmed(repeats: bool) -> bool:
        model = small(4)

        def loss(k: int) -> Tensor:
            i = torch.arange(k * 10, k * 10 + 10)
            own = F.cross_entropy(model(x[i]), y[i])
            j = torch.randint(600, (30,))
            return own + F.cross_entropy(model(x[j]), y[j]) if repeats else own

        return "F89" in trained(model, loss, 60)

    assert alarmed(False)
    assert not alarmed(True)


def test_states_of_a_few_kinds_with_other_actions_each_time_are_no_rows_that_come_again() -> None:
    rows = Rows()
    rows.add(torch.eye(9).repeat(40, 1), torch.randint(0, 4, (360,)), 4)
    assert rows.again() is None


@pytest.mark.parametrize("with_target", [True, False])
def test_pictures_that_come_again_turned_are_counted_with_their_targets(with_target: bool) -> None:
    torch.manual_seed(0)
    x, m = torch.randn(20, 1, 6, 6), torch.rand(20, 1, 6, 6)
    seen = Turned()
    seen.add(x, m)
    seen.add(x.flip(3), m.flip(3) if with_target else m)
    assert seen.turns.rows == 20
    assert seen.turns.still == (0 if with_target else 20)


@pytest.mark.slow
@pytest.mark.parametrize("together", [True, False])
def test_pictures_and_targets_that_are_flipped_each_by_its_own_chance_are_found(together: bool) -> None:
    torch.manual_seed(0)
    model, x = nn.Conv2d(1, 1, 3, padding=1), torch.randn(40, 1, 8, 8)
    y = x + torch.linspace(0, 1, 8)

    def flipped(t: Tensor, by: Tensor) -> Tensor:
        return torch.where(by[:, None, None, None], t.flip(3), t)

    def loss(k: int) -> Tensor:
        rows = torch.randperm(40)[:16]
        by = torch.rand(2, 16) < 0.5
        return F.mse_loss(model(flipped(x[rows], by[0])), flipped(y[rows], by[0 if together else 1]))

    assert ("F102" in trained(model, loss, 12)) is not together


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("apart", [True, False])
def test_outputs_that_fit_a_turned_target_tell_of_it_though_no_picture_comes_again(classes: int, apart: bool) -> None:
    """As late in a training on a stream of pictures."""
    model = nn.Conv2d(1, max(classes, 1), 1)
    with torch.no_grad():
        model.weight.copy_(torch.linspace(1, 2, max(classes, 1)).reshape(-1, 1, 1, 1))

    def loss(k: int) -> Tensor:
        x = torch.zeros(16, 1, 8, 8)
        for row in x:
            row[0, 2 + int(torch.randint(3, ())) :, : int(torch.randint(2, 5, ()))] = 2
        y = x.flip(3) if apart and k % 2 else x
        if not classes:
            return 1e-6 * F.mse_loss(model(x), y)
        return 1e-6 * F.cross_entropy(model(x) * torch.tensor([1.0, 0, 1]).reshape(1, 3, 1, 1), y[:, 0].long())

    assert ("F102" in trained(model, loss, 12)) is apart


def test_outputs_that_fit_nothing_and_mirror_images_do_not() -> None:
    seen, x = Turned(), torch.randn(40, 1, 8, 8)
    seen.fits(torch.randn(40, 1, 8, 8), x)
    seen.fits(torch.zeros(40, 1, 8, 8), x)
    seen.fits(x + x.flip(3), x + x.flip(3))
    seen.fits(x[:, :, :4], x)
    assert (seen.fitting, seen.fitting_turned) == (0, 0)
    seen.fits(x, x)
    assert (seen.fitting, seen.fitting_turned) == (32, 0)
    seen.fits(x, x.flip(2))
    assert (seen.fitting, seen.fitting_turned) == (32, 32)
    large = torch.rand(4, 1, 9, 9).repeat_interleave(25, 2).repeat_interleave(25, 3)
    seen.fits(large, large.flip(3))
    assert (seen.fitting, seen.fitting_turned) == (32, 36)


def test_targets_that_are_their_own_mirror_image_say_nothing_of_flips() -> None:
    seen, x = Turned(), torch.randn(20, 1, 6, 6)
    band, blank = torch.zeros(20, 6, 6), torch.zeros(20, 6, 6)
    band[:, 1] = 1
    for target in (band, blank):
        seen.add(x, target)
        seen.add(x.flip(2), target)
    assert seen.turns == (0, 0, 0)


def test_channels_in_another_order_are_no_flip() -> None:
    seen, x, m = Turned(), torch.randn(20, 3, 6, 6), torch.rand(20, 6, 6)
    seen.add(x, m)
    seen.add(x.flip(1), m)
    assert seen.turns.rows == 0


def test_pictures_that_are_the_same_when_turned_are_not_turned_alone() -> None:
    seen, x = Turned(), torch.randn(20, 1, 6, 6)
    x = x + x.flip(3)
    for way in (x, x.flip(3), x):
        seen.add(x, way)
    assert seen.turns == (0, 0, 0)


def test_pictures_that_come_again_as_they_were_are_not_turned() -> None:
    seen, x = Turned(), torch.randn(20, 1, 6, 6)
    for _ in range(3):
        seen.add(x, x)
    assert seen.turns.rows == 0


@pytest.mark.parametrize("sick", [True, False])
def test_class_weights_that_grow_with_the_frequency_are_found(sick: bool) -> None:
    model = small()
    weights = torch.tensor([0.8, 0.15, 0.05])

    def loss(k: int) -> Tensor:
        y = torch.multinomial(weights, 40, replacement=True)
        return F.cross_entropy(model(torch.randn(40, 6)), y, weight=weights if sick else 1 / weights)

    assert ("F98" in trained(model, loss)) is sick


@pytest.mark.parametrize("wanted", ["", "a name", "a tokenizer", "a prompt"])
@pytest.mark.parametrize("masked", [True, False])
def test_a_masked_end_is_noted_and_is_an_alarm_where_whole_sequences_are_wanted(masked: bool, wanted: str) -> None:
    eos = 0 if wanted == "a name" else None
    tokenizer = SimpleNamespace(eos_token_id=0 if wanted == "a tokenizer" else 8)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(9, 8), nn.Linear(8, 9))
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(12):
            length = torch.randint(2, 7, (16,))[:, None]
            ids = torch.randint(1, 9, (16, 8)) * (torch.arange(8) < length)
            y = torch.where(torch.arange(1, 8) < length + (0 if masked else 1), ids[:, 1:], -100)
            if wanted == "a prompt":
                y[:, 0] = -100
            optimizer.zero_grad()
            F.cross_entropy(model(ids[:, :-1]).flatten(0, 1), y.flatten()).backward()
            optimizer.step()
    notes = {s.id for f in doctor.findings for s in (f, *f.symptoms) if s.severity == "info"}
    assert ("F100" in notes) is (masked and not wanted)
    assert ("F100" in told(doctor)) is (masked and bool(wanted))
    assert eos is None or eos < tokenizer.eos_token_id


@pytest.mark.parametrize("sick", [True, False])
def test_a_loss_without_a_lower_end_is_found_and_a_likelihood_is_not(sick: bool) -> None:
    model = small(1)

    def loss(k: int) -> Tensor:
        out = model(torch.randn(16, 6))
        return -out.square().mean() if sick else torch.log(out.square().mean() + 1e-6)

    assert ("F101" in trained(model, loss, 80)) is sick


def test_a_setting_that_nobody_reads_is_found() -> None:
    for sick in (True, False):
        model = small()
        optimizer = torch.optim.SGD(model.parameters(), 0.05)
        with Doctor(model, optimizer) as doctor:
            for _ in range(4):
                if sick:
                    setattr(optimizer, "lr", 0.001)  # noqa: B010, which no type checker lets pass
                else:
                    optimizer.param_groups[0]["lr"] = 0.001
                model(torch.randn(4, 6)).sum().backward()
                optimizer.step()
                optimizer.zero_grad()
        assert ("F103" in told(doctor)) is sick


@pytest.mark.parametrize("sick", [True, False])
def test_clipping_before_backward_is_found(tmp_path: Path, sick: bool) -> None:
    order = ["nn.utils.clip_grad_norm_(net.parameters(), 1.0)", "loss.backward()"][:: 1 if sick else -1]
    script = textwrap.dedent(
        f"""
        import torch
        from torch import nn
        net = nn.Linear(4, 1)
        opt = torch.optim.SGD(net.parameters(), 0.01)
        for _ in range(8):
            loss = net(torch.randn(8, 4)).square().mean()
            opt.zero_grad()
            {order[0]}
            {order[1]}
            opt.step()
        """
    )
    (tmp_path / "train.py").write_text(script, encoding="utf-8")
    clip = nn.utils.clip_grad_norm_
    found = watch_script(tmp_path / "train.py", []).findings
    assert ("F72" in {f.id for f in found if f.severity != "info"}) is sick
    assert nn.utils.clip_grad_norm_ is clip
