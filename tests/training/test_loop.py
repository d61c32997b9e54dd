"""The generator of records: golden losses, budgets, early stop, and going on bit for bit."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from moreish.data import from_items
from moreish.data.batches import windows
from moreish.inference.evaluate import mean_loss
from moreish.inference.network import Network
from moreish.models import build_model
from moreish.models.gru import GRUOptions
from moreish.models.mlp import MLPOptions
from moreish.models.recurrent import RecurrentOptions
from moreish.runs import events
from moreish.training import loop
from moreish.training.loop import start, train
from moreish.training.options import TrainOptions
from moreish.training.schedules import SCHEDULES, lr_at
from moreish.training.steps import gradients_of, make_optimizer, threads
from tests.support.lists import made_items

SMALL = {"gru": GRUOptions(n_embd=4, n_hidden=8, dropout=0.2), "mlp": MLPOptions(n_embd=4, n_hidden=16)}
QUICK = TrainOptions(steps=40, batch_size=32, lr=0.01, log_every=5, eval_every=10, device="cpu")


def trained(corpus, name="gru", options=QUICK, seed=3):
    model = build_model(name, SMALL[name], len(corpus.vocab), seed)
    state = start(model, options, seed)
    return state, list(train(state, corpus.split("train"), corpus.split("val")))


@pytest.mark.parametrize("name", SMALL)
def test_records_tell_steps_losses_and_evaluations(corpus, name):
    state, records = trained(corpus, name)
    steps = [e for e in records if isinstance(e, events.Step)]
    evals = [e for e in records if isinstance(e, events.Eval)]
    assert [e.step for e in steps] == list(range(5, 41, 5))
    assert [e.step for e in evals] == [10, 20, 30, 40]
    assert steps[-1].loss < steps[0].loss - 0.05
    assert evals[-1].val_loss < math.log(len(corpus.vocab))
    assert state.best == min(e.val_loss for e in evals)
    assert [e.lr for e in steps] == pytest.approx([lr_at((s - 1) / 40, QUICK) for s in range(5, 41, 5)])


def test_the_same_seed_gives_the_same_losses_and_another_seed_others(corpus):
    once, again, other = (trained(corpus, seed=s)[1] for s in (3, 3, 4))

    def losses(records):
        return [e.loss for e in records if isinstance(e, events.Step)]

    assert losses(once) == losses(again) != losses(other)


def test_torchs_own_stream_is_left_as_it_was(corpus):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    trained(corpus)
    assert torch.equal(torch.get_rng_state(), before)


def test_looking_more_often_changes_nothing_that_is_learned(corpus):
    seldom, _ = trained(corpus, options=replace(QUICK, eval_every=40, log_every=40))
    often, _ = trained(corpus, options=replace(QUICK, eval_every=1, log_every=1))
    final = [seldom, often]
    assert final[0].step == final[1].step == 40
    for key, value in final[0].memory().items():
        assert np.array_equal(value, final[1].memory()[key])


def test_sgd_is_the_update_of_the_lectures(corpus):
    """Three steps of plain SGD on windows against the arithmetic written out with autograd's gradients."""
    options = replace(QUICK, optimizer="sgd", lr=0.5, schedule="constant", warmup=0.0, clip=0.0, steps=3, log_every=1)
    state = start(build_model("mlp", SMALL["mlp"], len(corpus.vocab), 1), options, 1)
    twin = build_model("mlp", SMALL["mlp"], len(corpus.vocab), 1)
    from moreish.data.batches import WindowBatches

    batches = WindowBatches(corpus.split("train"), 3, 32, 1).epoch(0)
    list(train(state, corpus.split("train"), None))
    for _, batch in zip(range(3), batches, strict=False):
        logits = twin(torch.from_numpy(batch.x.astype(np.int64)))
        loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(batch.y.astype(np.int64)))
        gradients = torch.autograd.grad(loss, list(twin.parameters()))
        with torch.no_grad():
            for p, g in zip(twin.parameters(), gradients, strict=True):
                p -= 0.5 * g
    for p, q in zip(state.model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=0, atol=1e-6)


def test_the_gradient_is_cut_to_the_longest_allowed(corpus):
    options = replace(QUICK, optimizer="sgd", lr=1.0, schedule="constant", warmup=0.0, clip=0.01, steps=1)
    model = build_model("gru", SMALL["gru"], len(corpus.vocab), 1)
    before = [p.detach().clone() for p in model.parameters()]
    list(train(start(model, options, 1), corpus.split("train"), None))
    moved = torch.cat([(p.detach() - q).flatten() for p, q in zip(model.parameters(), before, strict=True)]).norm()
    assert float(moved) == pytest.approx(0.01, rel=1e-4)


def test_training_stops_when_val_no_longer_improves_and_keeps_the_best():
    corpus = from_items(made_items(60))
    options = replace(QUICK, steps=4000, lr=0.05, schedule="constant", patience=3, eval_every=10)
    state, records = trained(corpus, options=options)
    evals = [e.val_loss for e in records if isinstance(e, events.Eval)]
    assert state.step < 4000
    assert len(evals) - 1 - int(np.argmin(evals)) == 3
    from moreish.inference.evaluate import mean_loss
    from moreish.inference.network import Network

    assert mean_loss(Network(state.model), corpus.split("val")) == pytest.approx(min(evals), abs=1e-6)


def test_a_time_budget_ends_with_the_schedule_at_its_end(corpus):
    options = replace(QUICK, time_budget=1.0, eval_every=None, log_every=1)
    state, records = trained(corpus, options=options)
    steps = [e for e in records if isinstance(e, events.Step)]
    assert state.progress == 1.0
    assert state.seconds >= 0.5
    assert state.pace > 0
    assert steps[-1].lr < options.lr
    assert all(a.progress <= b.progress for a, b in itertools.pairwise(steps))


def test_no_steps_leave_the_model_as_it_was(corpus):
    state, records = trained(corpus, options=replace(QUICK, steps=0))
    assert (state.step, records) == (0, [])


def test_a_loss_that_is_no_number_is_a_sentence(corpus):
    options = replace(QUICK, optimizer="sgd", lr=1e38, clip=0.0, warmup=0.0)
    with pytest.raises(FloatingPointError, match=r"the loss became (nan|inf) at step \d+: try a lower learning rate"):
        trained(corpus, options=options)


@pytest.mark.parametrize(("stop", "ema"), [(stop, 0.0) for stop in range(1, 40, 3)] + [(10, 0.9), (27, 0.9)])
def test_going_on_from_any_step_gives_the_same_bits(corpus, stop, ema):
    options = replace(QUICK, log_every=1, ema=ema)
    whole, all_records = trained(corpus, options=options)
    state = start(build_model("gru", SMALL["gru"], len(corpus.vocab), 3), options, 3)
    for record in train(state, corpus.split("train"), corpus.split("val")):
        if isinstance(record, events.Step) and record.step == stop:
            break
    numbers, memory = state.numbers(), state.memory()
    fresh = build_model("gru", SMALL["gru"], len(corpus.vocab), 99)
    fresh.load_state_dict({k: v.clone() for k, v in state.model.state_dict().items()})
    late = start(fresh, options, 3)
    late.restore(numbers, memory)
    records = list(train(late, corpus.split("train"), corpus.split("val")))
    seen = [e.loss for e in all_records if isinstance(e, events.Step) and e.step > stop]
    assert [e.loss for e in records if isinstance(e, events.Step)] == seen
    for p, q in zip(whole.model.parameters(), late.model.parameters(), strict=True):
        assert torch.equal(p, q)


def test_what_is_evaluated_and_kept_is_the_running_average_of_the_parameters(corpus):
    options = replace(QUICK, steps=30, ema=0.8, eval_every=30, log_every=1)
    state = start(build_model("gru", SMALL["gru"], len(corpus.vocab), 3), options, 3)
    seen, evaluated = [], 0.0
    for record in train(state, corpus.split("train"), corpus.split("val")):
        if isinstance(record, events.Step):
            seen.append(state.model.wte.weight.detach().clone())
        else:
            evaluated = record.val_loss
    mean = seen[0].double()
    for step, value in enumerate(seen[1:], 2):
        keep = min(0.8, (1 + step) / (10 + step))
        mean = keep * mean + (1 - keep) * value.double()
    assert len(seen) == 30
    torch.testing.assert_close(state.model.wte.weight.double(), mean, rtol=0, atol=1e-6)
    assert not torch.allclose(mean, seen[-1].double(), atol=1e-4)
    assert mean_loss(Network(state.model), corpus.split("val")) == evaluated


def test_without_a_val_the_average_is_what_is_left(corpus):
    options = replace(QUICK, steps=5, ema=0.5)
    state = start(build_model("gru", SMALL["gru"], len(corpus.vocab), 3), options, 3)
    list(train(state, corpus.split("train"), None))
    torch.testing.assert_close(state.model.wte.weight, state.average["wte.weight"], rtol=0, atol=0)


def test_averaging_changes_nothing_that_is_learned(corpus):
    _, records = trained(corpus, options=replace(QUICK, log_every=1))
    _, averaged = trained(corpus, options=replace(QUICK, log_every=1, ema=0.9))
    losses, others = ([e.loss for e in found if isinstance(e, events.Step)] for found in (records, averaged))
    assert losses == others


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_rise_over_the_warm_up_and_never_above_lr(name):
    options = TrainOptions(lr=0.5, schedule=name, warmup=0.1)
    rates = [lr_at(p, options) for p in np.linspace(0, 1, 101)]
    assert all(0 < r <= 0.5 or (name == "cosine" and r >= 0) for r in rates)
    assert all(a < b for a, b in itertools.pairwise(rates[:11]))
    assert rates[10] == pytest.approx(0.5)
    assert rates[-1] == pytest.approx({"cosine": 0.0, "step": 0.05, "constant": 0.5}[name])


def test_the_cosine_is_half_way_down_in_the_middle_and_ends_at_lr_end():
    options = TrainOptions(lr=2.0, schedule="cosine", warmup=0.0, lr_end=0.1)
    assert lr_at(0.5, options) == pytest.approx(2.0 * 0.55)
    assert lr_at(1.0, options) == pytest.approx(0.2)


def test_the_step_falls_where_it_is_told():
    options = TrainOptions(lr=0.1, schedule="step", warmup=0.0, step_at=0.75, step_factor=0.1)
    assert [lr_at(p, options) for p in (0.0, 0.749, 0.75, 1.0)] == pytest.approx([0.1, 0.1, 0.01, 0.01])


def test_biases_and_gains_do_not_decay(corpus):
    model = build_model("gru", SMALL["gru"], len(corpus.vocab), 0)
    optimizer = make_optimizer(model, TrainOptions(weight_decay=0.1))
    decayed = {id(p) for g in optimizer.param_groups if g["weight_decay"] for p in g["params"]}
    assert decayed == {id(p) for p in model.parameters() if p.ndim >= 2}
    assert sum(len(g["params"]) for g in optimizer.param_groups) == len(list(model.parameters()))


def test_threads_are_as_before_afterwards(corpus):
    model = build_model("gru", SMALL["gru"], len(corpus.vocab), 0)
    before = torch.get_num_threads()
    with threads(model, TrainOptions(threads=2)) as count:
        assert (count, torch.get_num_threads()) == (2, 2)
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(("backward", "smoothing"), [("by-hand", 0.0), ("fused", 0.0), ("fused", 0.1)])
def test_every_way_back_gives_the_gradients_of_autograd(corpus, backward, smoothing):
    options = replace(QUICK, backward=backward, label_smoothing=smoothing)
    model = build_model("gru", GRUOptions(n_embd=4, n_hidden=8), len(corpus.vocab), 5).double()
    x, _ = windows(corpus.split("train"), 4)
    idx, targets = (torch.from_numpy(a[:20].astype(np.int64)) for a in (x, np.roll(x, 1, 0)))
    loss = gradients_of(model, options)(idx, targets, 1.5)
    got = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    plain = torch.nn.functional.cross_entropy(model(idx).flatten(0, 1), targets.flatten(), label_smoothing=smoothing)
    want = torch.autograd.grad(plain * 1.5, list(model.parameters()))
    torch.testing.assert_close(loss, plain.detach(), rtol=0, atol=1e-12)
    for (name, _), g in zip(model.named_parameters(), want, strict=True):
        torch.testing.assert_close(got[name], g, rtol=0, atol=1e-12)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here, so it is not missing")
def test_a_device_that_is_not_there_is_a_sentence(corpus):
    model = build_model("mlp", SMALL["mlp"], len(corpus.vocab), 0)
    with pytest.raises(ValueError, match="torch finds no CUDA device here"):
        start(model, replace(QUICK, device="cuda"), 0)


def test_a_net_without_a_fused_step_says_so(corpus):
    model = build_model("rnn", RecurrentOptions(n_embd=4, n_hidden=8), len(corpus.vocab), 0)
    with pytest.raises(ValueError, match="there is no fused step for RNN"):
        gradients_of(model, replace(QUICK, backward="fused"))


class SlowVal:
    """A clock on which every evaluation takes a second and every step a hundredth."""

    def __init__(self, monkeypatch, seconds_of_evaluation):
        self.now = 0.0
        monkeypatch.setattr("moreish.training.loop.time.monotonic", lambda: self.now)
        monkeypatch.setattr("moreish.training.loop.time.process_time", lambda: self.now)
        evaluate, step = loop._evaluate, loop._step

        def slow_evaluate(*args):
            self.now += seconds_of_evaluation
            return evaluate(*args)

        def slow_step(*args):
            self.now += 0.01
            return step(*args)

        monkeypatch.setattr("moreish.training.loop._evaluate", slow_evaluate)
        monkeypatch.setattr("moreish.training.loop._step", slow_step)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.001, 0.02, 0.3])
def test_evaluations_before_the_last_take_at_most_a_tenth_of_a_time_budget(corpus, monkeypatch, seconds):
    SlowVal(monkeypatch, seconds)
    state, found = trained(corpus, options=replace(QUICK, time_budget=4.0, eval_every=None))
    evaluations = sum(isinstance(event, events.Eval) for event in found)
    assert 1 <= evaluations <= 20
    assert (evaluations - 1) * seconds <= 0.1 * 4.0 + seconds  # the first is not yet timed
    assert state.step > 0.8 * (4.0 - seconds) / 0.01
    assert isinstance(found[-1], events.Eval)


def test_samples_and_saving_after_an_evaluation_are_in_that_tenth(corpus, monkeypatch):
    clock = SlowVal(monkeypatch, 0.02)
    options = replace(QUICK, time_budget=4.0, eval_every=None)
    state = start(build_model("mlp", MLPOptions(n_hidden=8), len(corpus.vocab), 0), options, 0)
    evaluations = 0
    for event in train(state, corpus.split("train"), corpus.split("val")):
        if isinstance(event, events.Eval):
            evaluations += 1
            clock.now += 0.06  # whoever is told of it
    assert evaluations >= 2
    assert (evaluations - 1) * 0.08 <= 0.1 * 4.0 + 0.08
    assert state.step < 400  # the budget is of all together


@pytest.mark.slow
def test_quick_evaluations_are_as_many_as_planned(corpus, monkeypatch):
    SlowVal(monkeypatch, 0.001)
    _, found = trained(corpus, options=replace(QUICK, time_budget=4.0, eval_every=None))
    assert sum(isinstance(event, events.Eval) for event in found) >= 18
