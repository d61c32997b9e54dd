"""A doctor beside the training loop: it changes nothing, goes on where a run goes on, and tells what it finds."""

import json
import math
from dataclasses import replace

import msgspec
import numpy as np
import pytest
import torch

import moreish
from moreish import api
from moreish.data import from_items
from moreish.models import build_model
from moreish.models.gru import GRUOptions
from moreish.models.mlp import MLPOptions
from moreish.runs import events
from moreish.training.loop import start, train
from moreish.training.options import TrainOptions
from moreish.training.recorder import spread
from moreish.training.reports import reports_of
from tests.support.lists import made_items

MLP = MLPOptions(n_embd=4, n_hidden=16, batch_norm=True)
LOUD = replace(MLP, head_std=3.0)  # confidently wrong at the start
GRU = GRUOptions(n_embd=4, n_hidden=8, dropout=0.2)
QUICK = TrainOptions(steps=60, batch_size=32, lr=0.01, log_every=7, eval_every=20)
WAYS = {
    "autograd": ("mlp", MLP, QUICK),
    "by hand": ("mlp", MLP, replace(QUICK, backward="by-hand")),
    "fused": ("gru", GRU, replace(QUICK, backward="fused")),
    "fused, weights dropped": ("gru", GRU, replace(QUICK, backward="fused", weight_drop=0.3)),
    "compiled": ("mlp", replace(MLP, dropout=0.2), replace(QUICK, backward="fused", ema=0.9)),
    "compiled, SGD": (
        "mlp",
        MLP,
        replace(QUICK, backward="fused", optimizer="sgd", momentum=0.9, lr=0.1, warmup=0.0),
    ),
    "autograd, dropout": ("gru", GRU, QUICK),
}


def trained(corpus, name, model_options, options):
    model = build_model(name, model_options, len(corpus.vocab), 3)
    state = start(model, options, 3)
    return state, list(train(state, corpus.split("train"), corpus.split("val")))


def own(records):
    """What the training itself says, but for the time."""
    without = [msgspec.structs.replace(e, seconds=0.0) if isinstance(e, events.Step) else e for e in records]
    return [e for e in without if isinstance(e, events.Step | events.Eval)]


@pytest.mark.parametrize("way", WAYS)
def test_the_losses_and_the_net_are_the_same_bit_for_bit_with_a_doctor(corpus, way):
    name, model_options, options = WAYS[way]
    alone, records = trained(corpus, name, model_options, options)
    torch.manual_seed(11)
    rng_state = torch.get_rng_state()
    watched, more = trained(corpus, name, model_options, replace(options, doctor=True))
    assert torch.equal(torch.get_rng_state(), rng_state)
    assert own(more) == own(records)
    assert len(more) > len(records)
    for key, value in alone.model.state_dict().items():
        assert torch.equal(value, watched.model.state_dict()[key])
    assert alone.memory().keys() == watched.memory().keys()
    assert all(np.array_equal(alone.memory()[k], watched.memory()[k]) for k in alone.memory())


@pytest.mark.parametrize("way", WAYS)
def test_whoever_derives_the_gradients_the_doctor_sees_the_layers(corpus, way):
    name, model_options, options = WAYS[way]
    _, records = trained(corpus, name, model_options, replace(options, doctor=True))
    first = next(e for e in records if isinstance(e, events.Quantities))
    report = records[-1]
    layers = {"mlp": ("wte", "hidden.0", "hidden.2", "head.0"), "gru": ("wte", "layers.0", "head")}[name]
    for layer in layers:
        assert first.values[f"{layer}/std"] > 0
        assert first.values[f"{layer}/grad_std"] > 0
    assert first.values["loss.1/nll"] == pytest.approx(math.log(len(corpus.vocab)), abs=0.2)
    assert -6 < first.values["wte.weight/update_ratio"] < 0
    assert isinstance(report, events.Doctor)
    assert (report.steps, report.notes) == (60, [])
    assert [f.id for f in report.findings if f.severity != "info"] == []


def test_the_gradients_that_are_measured_are_those_of_the_fused_step(corpus):
    """Without dropout the two ways agree, so what was seen of a parameter's gradient must be the optimizer's."""
    options = replace(QUICK, steps=1, clip=0.0, optimizer="sgd", lr=1.0, schedule="constant", warmup=0.0)
    model_options = replace(GRU, dropout=0.0)
    before = build_model("gru", model_options, len(corpus.vocab), 3).wte.weight.detach().clone()
    state, records = trained(corpus, "gru", model_options, replace(options, backward="fused", doctor=True))
    values = next(e for e in records if isinstance(e, events.Quantities)).values
    moved = before - state.optimizer.param_groups[0]["params"][0].detach()
    assert state.optimizer.param_groups[0]["params"][0].shape == before.shape
    assert values["wte.weight/grad_std"] == pytest.approx(float(moved.std()), rel=1e-3)


def test_a_doctor_attends_again_when_training_goes_on_and_repeats_nothing(corpus):
    options = replace(QUICK, doctor=True)
    whole, records = trained(corpus, "mlp", LOUD, options)
    state = start(build_model("mlp", LOUD, len(corpus.vocab), 3), options, 3)
    early = []
    for record in train(state, corpus.split("train"), corpus.split("val")):
        early.append(record)
        if isinstance(record, events.Step) and record.step == 42:
            break
    numbers = json.loads(json.dumps(state.numbers(), allow_nan=False))
    late = start(build_model("mlp", LOUD, len(corpus.vocab), 9), options, 3)
    late.model.load_state_dict(state.model.state_dict())
    late.restore(numbers, state.memory())
    rest = list(train(late, corpus.split("train"), corpus.split("val")))
    assert own(early + rest) == own(records)
    found = [e.finding.id for e in early if isinstance(e, events.Finding)]
    assert "F01" in found
    assert not set(found) & {e.finding.id for e in rest if isinstance(e, events.Finding)}
    assert {f.id for f in rest[-1].findings} >= set(found)
    assert whole.findings


def test_only_steps_are_seen_and_not_what_is_done_with_the_records(corpus):
    options = replace(QUICK, doctor=True, log_every=1)
    model = build_model("mlp", MLP, len(corpus.vocab), 3)
    state = start(model, options, 3)
    seen = []
    for record in train(state, corpus.split("train"), corpus.split("val")):
        with torch.no_grad():
            torch.nn.functional.cross_entropy(model(torch.zeros(4, 3, dtype=torch.long)), torch.zeros(4).long())
        seen.append(record)
    assert [f.id for f in seen[-1].findings if f.id in ("F32", "F33")] == []
    assert not any("evaluation" in key for e in seen if isinstance(e, events.Quantities) for key in e.values)


def test_evaluations_of_val_and_of_some_of_train_reach_the_doctor(corpus, monkeypatch):
    given = []
    monkeypatch.setattr("moreish.doctor.Doctor.evaluated", lambda self, *losses: given.append(losses))
    _, records = trained(corpus, "mlp", MLP, replace(QUICK, doctor=True))
    assert [val for val, _, _ in given] == [e.val_loss for e in records if isinstance(e, events.Eval)]
    assert all(0.5 < train / val < 1.5 and 0 < error < 0.5 for val, train, error in given)


def test_items_spread_over_a_part_are_items_of_it(corpus):
    part = corpus.split("train")
    some = spread(part, 7)
    texts = [part.item(i, corpus.vocab) for i in range(len(part))]
    assert [some.item(i, corpus.vocab) for i in range(len(some))] == [
        texts[int(i)] for i in np.linspace(0, len(part) - 1, 7)
    ]
    assert some.ids[-1] == 0
    assert len(some.ids) == some.offsets[-1] + 1


def test_a_loss_that_is_no_number_is_reported_before_training_ends(corpus):
    options = replace(QUICK, doctor=True, optimizer="sgd", lr=1e38, clip=0.0, warmup=0.0)
    state = start(build_model("mlp", replace(MLP, batch_norm=False), len(corpus.vocab), 3), options, 3)
    records = []
    with pytest.raises(FloatingPointError, match="lower learning rate"):
        records.extend(iter_into(records, train(state, corpus.split("train"), None)))
    assert isinstance(records[-1], events.Doctor)
    assert [f for f in records[-1].findings if f.severity == "sick"]


def iter_into(into, records):
    for record in records:
        into.append(record)
    return ()


# Run folders


def test_findings_stand_in_the_run_and_are_shown_again_without_training(tmp_path):
    corpus = from_items(made_items(300))
    options = {"model": {"head_std": 3.0}, "train": {"steps": 60, "eval_every": 30, "doctor": True}}
    trained_run = moreish.train(corpus, model="mlp", options=options, out=tmp_path / "run")
    findings = [e.finding.id for e in events.of_kind(trained_run.run.events(), events.Finding)]
    assert "F01" in findings
    (report,) = reports_of(trained_run.run.events()).values()
    assert set(findings) <= {f.id for f in report.findings}
    assert report.steps == 60


@pytest.mark.slow
def test_networks_in_processes_of_their_own_are_watched_too(tmp_path):
    corpus = from_items(made_items(300))
    parts = [{"name": "ngram"}, {"name": "mlp", "n_hidden": 8}, {"name": "gru", "n_hidden": 8}]
    options = {
        "model": {"components": parts},
        "train": {
            "steps": 40,
            "batch_size": 32,
            "eval_every": 20,
            "processes": 2,
            "backward": "autograd",
            "doctor": True,
        },
    }
    trained_run = moreish.train(corpus, model="mixture", options=options, out=tmp_path / "run")
    reports = reports_of(api.open_run(trained_run.run.folder).run.events())
    assert list(reports) == ["mlp (2)", "gru (3)"]
    assert [report.steps for report in reports.values()] == [40, 40]
    assert [report.alarms for report in reports.values()] == [0, 0]
    steps = [e.step for e in trained_run.run.events() if hasattr(e, "step")]
    assert steps == sorted(steps)
