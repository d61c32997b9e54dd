"""Each rule by itself, and the mistakes of other tools that must not come back."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moreish.doctor import Doctor
from moreish.doctor.frames.frame import Call, Frame, Loss, Normalised
from moreish.doctor.frames.groups import Group
from moreish.doctor.frames.history import History, Validation
from moreish.doctor.judge.diagnosis import diagnose, judge
from moreish.doctor.judge.finding import Finding
from moreish.doctor.judge.progress import settled
from moreish.doctor.judge.rules import RULES
from moreish.doctor.judge.rules.shapes import softmax_floor
from tests.doctor.worlds import V, alarms, fit, language, mlp

EVERY = math.inf


def run_of(values, steps=None, shapes=None):
    """A history whose frames have these values: a dict of lists, one entry a frame."""
    history = History()
    count = len(next(iter(values.values())))
    shapes = shapes or {}
    for k in range(count):
        frame = Frame(steps[k] if steps else k, {name: float(v[k]) for name, v in values.items()})
        frame.is_step, frame.stepped, frame.shapes, frame.learning_rates = True, set(shapes), shapes, [0.1]
        history.add(frame)
    return history


def found(history, id):
    return [f for f in RULES[id].judge(history) if f.severity != "info"]


def weights_with(ratio, loss, frames=60, apart=20, **more):
    series = {
        "w.weight/std": [0.1] * frames,
        "w.weight/update_ratio": [ratio] * frames,
        "w.weight/update_rms": [1.0] * frames,
        "grad_norm": [1.0] * frames,
        "loss": loss,
        **more,
    }
    return run_of(series, [apart * k for k in range(frames)], {"w.weight": (100, 100)})


# Learning rate: judged by what it does


def falling(first=3.3, last=2.2, n=60):
    return [last + (first - last) * math.exp(-k / 10) for k in range(n)]


def test_high_and_low_learning_rates_are_found_and_a_healthy_one_is_not():
    assert found(weights_with(-3.0, falling()), "F13") == []
    assert found(weights_with(0.2, falling()), "F13")[0].severity == "sick"
    assert "(10^0.0; " in found(weights_with(-0.04, falling()), "F13")[0].sentence
    rising = [3.3 + 0.2 * k for k in range(60)]
    assert found(weights_with(-1.2, rising), "F13")[0].severity == "sick"
    assert found(weights_with(-1.5, [3.3] * 60), "F13")[0].severity == "watch"
    both_signs = [0.05, *[0.1 * math.sin(k / 4) for k in range(58)], 0.1]  # a policy's: it need not fall
    assert found(weights_with(-1.5, both_signs), "F13") == []
    game = weights_with(-1.5, [3.3] * 60)
    for k, frame in enumerate(game.frames):
        frame.groups = [Group(k % 2, "Adam", 0, 1, 0.1, 0.0, 0.0, 1e-8, "float32", False, ())]
    assert found(game, "F13") == []
    assert found(weights_with(-3.0, rising), "F13") == []


def test_first_steps_that_leave_only_the_frequencies_are_too_long():
    entropy = -sum(p * math.log(p) for p in (0.5, 0.3, 0.2))
    for first, nll, late, severity in [
        (-0.7, entropy, -2.5, ["watch"]),
        (-0.7, 0.8 * entropy, -2.5, []),
        (-2.0, entropy, -2.5, []),
    ]:
        history = weights_with(late, [nll] * 60, **{"loss.1/nll": [nll] * 60})
        for frame in history.frames[:3]:
            frame.values["w.weight/update_ratio"] = first
        history.counts.targets = torch.tensor([50, 30, 20]) * 100
        assert [f.severity for f in found(history, "F13")] == severity


def test_the_value_of_the_learning_rate_does_not_matter():
    small, large = (weights_with(-3.0, falling()) for _ in range(2))
    for history, lr in ((small, 1e-6), (large, 50.0)):
        for frame in history.frames:
            frame.learning_rates = [lr]
        assert [f.id for f in judge(history) if f.severity != "info"] == []


def test_a_learning_rate_too_low_is_found_by_tiny_updates_that_go_straight_on_but_not_after_decay():
    way = [2e-4 * k for k in range(60)]  # 20 steps of 1e-6 between frames, over a spread of 0.1
    travel = {"w.weight/update_rms": [1e-6] * 60, "w.weight/travel": way}
    slow = weights_with(-5.0, [3.3 - 1e-4 * k for k in range(60)], **travel)
    assert found(slow, "F14")[0].severity == "sick"
    for k, frame in enumerate(slow.frames):
        frame.learning_rates = [0.1 if k < 30 else 0.001]
    assert found(slow, "F14") == []
    noise = {"w.weight/update_rms": [1e-6] * 60, "w.weight/travel": [x / 30 for x in way]}
    assert found(weights_with(-5.0, [3.3] * 60, **noise), "F14") == []
    done = weights_with(-5.0, falling(3.3, 1.0), **travel)
    assert found(done, "F14") == []
    usual = weights_with(-3.2, [3.3 - 1e-4 * k for k in range(60)], **travel)
    assert found(usual, "F14") == []


def test_one_spike_of_the_gradient_is_no_explosion_and_three_that_hurt_are():
    norms = [1.0] * 60
    norms[50] = 50.0
    assert found(weights_with(-3.0, falling(), grad_norm=norms), "F10") == []
    norms[52] = norms[55] = 50.0
    assert found(weights_with(-3.0, falling(), grad_norm=norms), "F10") == []
    hurt = [2.0] * 45 + [4.0] * 15
    assert found(weights_with(-3.0, hurt, grad_norm=norms), "F10")


def test_weights_that_grow_are_found_and_a_zero_start_is_not():
    grown = [0.1] * 30 + [2.0] * 30
    assert found(weights_with(-3.0, falling(), **{"w.weight/std": grown}), "F42")[0].layer == "w"
    assert found(weights_with(-3.0, falling(), **{"w.weight/std": [1e-4] * 30 + [0.1] * 30}), "F42") == []


# Overfitting needs more than one bad evaluation


def test_overfitting_is_not_called_after_one_bad_evaluation():
    history = weights_with(-3.0, falling())
    history.validations = [Validation(k * 100, v, None) for k, v in enumerate([3.0, 2.5, 2.3, 2.2, 2.15, 2.25])]
    assert found(history, "F28") == []
    history.validations += [Validation(600, 2.27, None), Validation(700, 2.3, None)]
    assert found(history, "F28")[0].step == 400


def test_val_that_wobbles_within_its_error_is_no_overfitting():
    history = weights_with(-3.0, falling())
    history.evaluations = [(k * 100, v, 0.05, 10) for k, v in enumerate([3.0, 2.5, 2.2, 2.25, 2.28, 2.27, 2.29])]
    assert found(history, "F28") == []


def test_val_better_than_train_five_times_is_found_and_underfitting_is_information():
    history = weights_with(-3.0, falling())
    history.validations = [Validation(k * 100, 2.0, 2.1) for k in range(5)]
    assert found(history, "F30")
    history.validations = [Validation(k * 100, 2.301, 2.3) for k in range(5)]
    assert found(history, "F29") == []
    assert [f.severity for f in RULES["F29"].judge(history)] == ["info"]


# Targets


def test_only_frequencies_are_found_after_500_steps_and_not_before():
    counts = torch.tensor([50, 30, 20]) * 100
    history = run_of({"loss.1/nll": [1.03] * 40, "loss": [1.03] * 40}, [20 * k for k in range(40)])
    history.counts.targets = counts
    assert found(history, "F22")
    early = run_of({"loss.1/nll": [1.03] * 40, "loss": [1.03] * 40}, [10 * k for k in range(40)])
    early.counts.targets = counts
    assert found(early, "F22") == []
    knows = run_of({"loss.1/nll": [0.9] * 40, "loss": [0.9] * 40}, [20 * k for k in range(40)])
    knows.counts.targets = counts
    assert found(knows, "F22") == []


def test_equal_answers_to_all_examples_are_found():
    values = {"loss.1/spread": [0.002] * 20, "loss.1/logit_std": [1.0] * 20}
    assert found(run_of(values, [10 * k for k in range(20)]), "F23")
    values = {"loss.1/spread": [0.3] * 20, "loss.1/logit_std": [1.0] * 20}
    assert found(run_of(values, [10 * k for k in range(20)]), "F23") == []


# Start


def start(excess, sigma, classes=27, scratch=True):
    history = run_of({"loss.1/nll": [math.log(classes) + excess], "loss.1/logit_std": [sigma]})
    first = history.first
    assert first is not None
    first.losses = [Loss("cross_entropy", classes, 32, fed_by="out")]
    history.from_scratch = scratch
    return history


@pytest.mark.parametrize(("excess", "severity"), [(0.1, None), (0.6, "info"), (0.9, "info"), (17, "sick")])
def test_an_overconfident_start_by_how_far_the_first_loss_is_above_ln_v(excess, severity):
    got = list(RULES["F01"].judge(start(excess, math.sqrt(2 * excess) + 0.1)))
    assert [f.severity for f in got] == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("excess", "step", "severity"), [(0.9, 40, "info"), (0.9, 400, "watch"), (0.9, 0, "watch"), (2.0, 40, "sick")]
)
def test_a_start_that_is_a_little_too_sure_is_worth_knowing_only_where_it_is_soon_over(excess, step, severity):
    history, first = start(excess, 2.0), math.log(27)
    later = run_of({"loss.1/nll": [first + excess, first - 0.1], "loss.1/logit_std": [2.0, 2.0]}, [0, step])
    if not step:  # the run ended with its first step
        later, history.ended = history, True
    assert later.first is not None
    assert history.first is not None
    later.first.losses, later.from_scratch = history.first.losses, True
    assert [f.severity for f in RULES["F01"].judge(later)] == [severity]


@pytest.mark.parametrize(("last", "stays"), [(1.5, False), (3.9, True), (-9.0, True)])
def test_what_says_that_a_run_does_not_do_well_is_taken_back_at_the_end_of_one_that_does(last, stays):
    history = run_of({"loss": [4.2, 4.1, 4.1, last, last, last]}, [0, 20, 80, 900, 1000, 1100])
    kept = {id: Finding(id, "watch", "", 80, "", "") for id in ("F13", "F07", "F20")}
    now = {"F07": Finding("F07", "info", "", 1100, "", "")}
    held = settled(history, kept, now)
    assert held["F20"] is kept["F20"]
    assert ("F13" in held) is stays
    assert held["F07"] is (kept if stays else now)["F07"]
    assert settled(history, kept, kept) == kept  # where the rules still say so


def test_dead_units_and_large_weights_are_no_alarm_in_a_net_that_does_well():
    for last, alarm in ((0.1, False), (0.9, True)):
        history = run_of(
            {"w.weight/std": [0.3, 6.0, 6.0, 6.0], "loss.1/nll": [1.1, 1.0, last, last]},
            shapes={"w.weight": (100, 4)},
        )
        history.counts.count(torch.arange(3).repeat(200), 3)
        history.counts.settle()
        assert [f.severity for f in RULES["F42"].judge(history)] == ["watch" if alarm else "info"]


def test_a_pretrained_model_and_calm_logits_with_unlucky_labels_are_not_overconfident():
    assert list(RULES["F01"].judge(start(2.0, 2.0, scratch=False))) == []
    assert list(RULES["F01"].judge(start(0.6, 0.1))) == []


def test_a_start_below_ln_v_is_praised_when_the_bias_holds_the_frequencies():
    history = start(-0.5, 1.0)
    history.frames[0].values["loss.1/spread"] = 0.05
    assert "Good" in next(iter(RULES["F02"].judge(history))).sentence


def test_the_floor_of_a_softmax_before_cross_entropy():
    assert softmax_floor(27) == pytest.approx(2.358, abs=5e-4)
    assert softmax_floor(65) == pytest.approx(3.20, abs=5e-3)
    best = torch.eye(27)[:1]
    assert F.cross_entropy(best, torch.tensor([0])).item() == pytest.approx(softmax_floor(27), abs=1e-6)


# Activations: what others count wrongly


def watch(model, steps=4, batch=512, lr=1e-3):
    optimizer = torch.optim.SGD(model.parameters(), lr)
    with Doctor(model, optimizer, budget=EVERY) as doctor:
        fit(model, optimizer, *language(), steps, batch=batch)
    return doctor


def test_saturation_is_counted_on_bounded_activations_only_and_at_both_ends():
    torch.manual_seed(0)
    model = mlp(nn.Tanh)
    values = watch(model).quantities
    assert [k for k in values if k.endswith("/saturated")] == ["3/saturated"]
    with torch.no_grad():
        model[2].weight.zero_()
        model[2].bias[:16], model[2].bias[16:] = 5.0, -5.0
    assert watch(model, 1).quantities["3/saturated"] == 1.0
    assert not [k for k in watch(mlp(nn.GELU), 1).quantities if k.endswith("/saturated")]


def test_a_healthy_relu_is_half_zeros_and_no_unit_of_it_is_dead():
    torch.manual_seed(0)
    doctor = watch(mlp(nn.ReLU), 6)
    assert doctor.quantities["3/dead_in_batch"] < 0.2
    assert max(doctor.history.series("3/dead")) < 0.2
    assert alarms(doctor) == []


def test_small_negative_outputs_are_not_zero():
    torch.manual_seed(0)
    doctor = watch(
        nn.Sequential(nn.Embedding(V, 8), nn.Flatten(), nn.Linear(24, 32), nn.LeakyReLU(), nn.Linear(32, V))
    )
    assert not [k for k in doctor.quantities if "dead" in k]
    assert alarms(doctor) == []


def test_dead_tanh_units_are_found_over_2048_examples():
    torch.manual_seed(0)
    model = mlp(nn.Tanh)
    with torch.no_grad():
        model[2].bias[:16] = 20.0
    doctor = watch(model, 5)
    assert "F06" in [f.id for f in doctor.findings] or "F06" in [s.id for f in doctor.findings for s in f.symptoms]


def test_a_deep_plain_net_with_small_weights_shrinks_and_a_normalised_one_does_not():
    def deep(*between):
        layers = [nn.Embedding(V, 8), nn.Flatten()]
        width = 24
        for _ in range(5):
            layers += [nn.Linear(width, 32), *[b(32) for b in between], nn.Tanh()]
            nn.init.normal_(layers[-2 - len(between)].weight, std=0.2 / math.sqrt(width))
            nn.init.zeros_(layers[-2 - len(between)].bias)
            width = 32
        return nn.Sequential(*layers, nn.Linear(32, V))

    torch.manual_seed(0)
    assert watch(deep(), 4).findings[0].id == "F08"
    assert "F08" not in [f.id for f in watch(deep(nn.BatchNorm1d), 4).findings]


def test_a_vanishing_gradient_is_found_three_frames_in_a_row():
    history = run_of(
        {"a.weight/grad_rms": [1e-7] * 4, "b.weight/grad_rms": [1e-4] * 4, "c.weight/grad_rms": [1e-2] * 4},
        shapes={f"{n}.weight": (4, 4) for n in "abc"},
    )
    assert history.first is not None
    history.first.calls = [Call(n, "linear", "linear", n, (4, 4), weights=(f"{n}.weight",)) for n in "abc"]
    assert found(history, "F09")[0].layer == "a"
    history.frames[-1].values["a.weight/grad_rms"] = 1e-3
    assert found(history, "F09") == []


# BatchNorm


def test_stale_statistics_tiny_batches_and_a_useless_bias():
    torch.manual_seed(0)
    layers = [nn.Embedding(V, 8), nn.Flatten(), nn.Linear(24, 32), nn.BatchNorm1d(32), nn.Tanh(), nn.Linear(32, V)]
    model = nn.Sequential(*layers)
    doctor = watch(model, 3, batch=4)
    assert [(f.id, f.severity, f.layer) for f in doctor.findings] == [("F37", "watch", "3"), ("F36", "info", "2")]
    values = {"3/drift": [1.2] * 12, "3/stretch": [0.1] * 12}
    history = run_of(values, [20 * k for k in range(12)])
    assert history.first is not None
    history.first.calls = [Call("3", "batch_norm", "norm", "3", (32, 32), normalised=Normalised((32, 32), 32, 0.01))]
    assert found(history, "F34")[0].severity == "sick"
    for frame in history.frames:
        frame.values["3/drift"] = 0.05
    assert found(history, "F34") == []


# Folding


def sick(id, severity="sick", step=10):
    return Finding(id, severity, "", step, "s", "r")


def test_one_disease_is_one_finding_with_its_symptoms_beneath():
    roots = diagnose(
        [sick("F22"), sick("F11", "info"), sick("F15"), sick("F13"), sick("F10", "watch"), sick("F42", "watch")]
    )
    assert [f.id for f in roots] == ["F13"]
    assert {s.id for s in roots[0].symptoms} == {"F22", "F11", "F15", "F10", "F42"}
    roots = diagnose([sick("F13"), sick("F20"), sick("F22")])
    assert [f.id for f in roots] == ["F20"]


def test_what_was_there_before_the_first_update_is_no_symptom_of_the_learning_rate():
    roots = diagnose([sick("F13", step=20), sick("F04", step=0)])
    assert {f.id for f in roots} == {"F04", "F13"}


def test_a_mild_finding_does_not_hide_a_sick_one():
    roots = diagnose([sick("F14", "watch"), sick("F22")])
    assert [f.id for f in roots] == ["F22", "F14"]


@pytest.mark.parametrize(
    ("rates", "again"),
    [
        ([0.8, 0.6, 0.2, 0.01, 0.8, 0.5], True),
        ([0.01, 0.4, 0.8, 0.8], False),  # a warm-up
        ([0.01, 0.4, 0.8, 0.5, 0.2, 0.01], False),
        ([0.8, 0.4, 0.4, 0.04], False),
        ([0.01, 0.8, 0.1, 0.7], True),
        ([0.1], False),
    ],
)
def test_a_rate_that_fell_and_came_back_is_a_restart(rates, again):
    history = run_of({"loss": [1.0] * len(rates)})
    for frame, rate in zip(history.frames, rates, strict=True):
        frame.learning_rates = [rate]
    assert history.restarts() is again
