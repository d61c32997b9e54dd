"""Fitting: part after part or several at once, it can stop anywhere and goes on bit for bit."""

import json
import re
from itertools import islice

import numpy as np
import pytest

from moreish.data import Corpus, from_items
from moreish.errors import Damaged, Unmet
from moreish.fitting.fit import Fitting, Snapshot
from moreish.fitting.workers import Worker
from moreish.inference.evaluate import mean_loss
from moreish.models.mixture import Mixture
from moreish.recipes import Config, Overrides, resolve
from moreish.runs import events
from tests.support.lists import made_items

SPLITS = [
    {"name": "ngram"},
    {"name": "gru", "n_hidden": 8, "n_embd": 4, "dropout": 0.1},
    {"name": "lstm", "n_hidden": 6, "n_embd": 4, "seed": 1, "train": {"steps": 12}},
    {"name": "gru", "n_hidden": 6, "n_embd": 4, "seed": 2},
]
TRAIN = {"steps": 20, "batch_size": 64, "log_every": 3, "eval_every": 8, "backward": "fused"}


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return from_items(made_items(300))


def config(parts: int = 4, **train: object) -> Config:
    model = {"name": "mixture", "components": SPLITS[:parts]}
    usual = {"seed": 1, "model": model, "train": TRAIN}
    return resolve(None, Overrides(usual, settings={"train": train}))


@pytest.fixture(scope="module")
def whole(corpus: Corpus) -> tuple[list[events.Event], Snapshot]:
    """All events of an undisturbed fit, and what it came to."""
    fitting = Fitting(corpus, config())
    return list(fitting.fit()), fitting.snapshot()


@pytest.fixture
def uninterrupted(whole: tuple[list[events.Event], Snapshot]) -> Snapshot:
    return whole[1]


def without_time(found: list[events.Event]) -> list[dict]:
    return [{k: v for k, v in events.to_record(e).items() if k != "seconds"} for e in found]


def assert_same(found: Snapshot, want: Snapshot) -> None:
    assert found.tensors.keys() == want.tensors.keys()
    for name, array in found.tensors.items():
        np.testing.assert_array_equal(array, want.tensors[name], err_msg=name)
    assert found.state["model"] == want.state["model"]
    assert (found.step, found.val_loss) == (want.step, want.val_loss)


def stored(snapshot: Snapshot) -> Snapshot:
    """As it comes back from a file."""
    return Snapshot(
        snapshot.step, snapshot.tensors, snapshot.optim, json.loads(json.dumps(snapshot.state)), snapshot.val_loss
    )


def taken(fitting: Fitting, count: int) -> list[events.Event]:
    """The first events, then the consumer goes away."""
    return list(islice(fitting.fit(), count))


@pytest.mark.parametrize("count", range(1, 32, 3))
def test_stopped_after_any_record_it_goes_on_bit_for_bit(corpus: Corpus, whole, count: int):
    undisturbed, uninterrupted = whole
    fitting = Fitting(corpus, config())
    records = taken(fitting, count)
    snapshot = stored(fitting.snapshot())
    again = Fitting.restore(corpus, config(), snapshot.state, snapshot.tensors, snapshot.optim)
    rest = [e for e in again.fit() if not isinstance(e, events.Network)]
    before = [e for e in records if not isinstance(e, events.Network)]
    assert without_time(before + rest) == without_time([e for e in undisturbed if not isinstance(e, events.Network)])
    assert_same(again.snapshot(), uninterrupted)


def test_a_snapshot_between_two_records_changes_nothing(corpus: Corpus, uninterrupted: Snapshot):
    fitting = Fitting(corpus, config())
    for _ in fitting.fit():
        fitting.snapshot()
    assert_same(fitting.snapshot(), uninterrupted)


def test_steps_are_counted_over_all_networks_and_never_go_back(whole):
    steps = [e.step for e in whole[0] if hasattr(e, "step")]
    assert steps == sorted(steps)
    assert steps[-1] == whole[1].step == 20 + 12 + 20


DIED = r"the process that trains the (gru|lstm) of seed \d (was killed by signal 9, perhaps|ended with status 1)"


def kill(fitting: Fitting, which: int = 0) -> None:
    member = fitting.members[which]
    if isinstance(member.training, Worker):
        member.training.process.kill()
        member.training.process.wait()


@pytest.mark.slow
def test_processes_train_the_same_networks_whatever_dies_and_go_on_where_they_were_stopped(
    corpus: Corpus, uninterrupted: Snapshot
):
    """One is killed and replaced; another one right before everything is saved, beside one that lives."""
    fitting = Fitting(corpus, config(processes=2))
    running, records = fitting.fit(), []
    for event in running:
        records.append(event)
        if isinstance(event, events.Eval):
            fitting.snapshot()
        if len(records) == 7:
            kill(fitting)
        if len(records) == 14:
            kill(fitting)
            break
    snapshot = stored(fitting.snapshot())
    running.close()
    again = Fitting.restore(corpus, config(processes=2), snapshot.state, snapshot.tensors, snapshot.optim)
    records += again.fit()
    deaths = list(events.of_kind(records, events.Died))
    assert deaths
    assert all(re.match(DIED, death.why) for death in deaths)
    assert_same(again.snapshot(), uninterrupted)
    for component, steps in ((1, 20), (2, 12), (3, 20)):
        losses = [e.loss for e in events.of_kind(records, events.Step) if e.component == component]
        assert len(losses) == len({*range(3, steps, 3), *range(8, steps, 8), steps})
    steps = [e.step for e in records if hasattr(e, "step")]
    assert steps == sorted(steps)


def test_a_network_whose_processes_die_again_and_again_is_given_up_in_a_sentence(corpus: Corpus, monkeypatch):
    monkeypatch.setattr("moreish.fitting.fit.MOST_DEATHS", 1)
    fitting = Fitting(corpus, config(3, processes=2, steps=100_000))
    processes = set()
    with pytest.raises(Unmet, match=rf"{DIED}.*, 2 times; moreish train --resume goes on"):  # noqa: PT012
        for _ in fitting.fit():
            processes |= {m.training.process for m in fitting.members if isinstance(m.training, Worker)}
            if fitting.members:
                kill(fitting)
    assert all(process.poll() is not None for process in processes)


@pytest.mark.slow
def test_a_diverging_network_in_a_process_says_so_as_it_does_here(corpus: Corpus):
    for processes in (1, 2):
        fitting = Fitting(corpus, config(3, processes=processes, optimizer="sgd", lr=1e38, clip=0, warmup=0))
        with pytest.raises(FloatingPointError, match="try a lower learning rate than 1e\\+38"):
            list(fitting.fit())


@pytest.mark.parametrize(("processes", "share"), [(1, 20.0), (2, 30.0), (3, 60.0), (8, 60.0)])
def test_a_time_budget_is_shared_by_the_networks_that_take_turns(corpus: Corpus, processes: int, share: float):
    fitting = Fitting(corpus, config(time_budget=60, processes=processes))
    assert fitting.schedule.options_of(fitting.config.model.singles[1]).time_budget == share


def test_with_every_network_done_the_mixture_so_far_is_measured(corpus: Corpus):
    fitting = Fitting(corpus, config(processes=1))
    sizes = []
    for record in fitting.fit():
        if isinstance(record, events.Mixed):
            sizes.append(len(record.weights))
            mixture = fitting.model()
            assert isinstance(mixture, Mixture)
            assert record.val_loss == pytest.approx(mean_loss(mixture, corpus.split("val")), abs=1e-6)
    assert sizes == [2, 3, 4]


def test_the_time_that_earlier_processes_took_is_counted(corpus: Corpus):
    fitting = Fitting(corpus, config(processes=1))
    taken(fitting, 12)
    snapshot = stored(fitting.snapshot())
    again = Fitting.restore(corpus, config(), {**snapshot.state, "seconds": 1000.0}, snapshot.tensors, snapshot.optim)
    assert all(e.seconds > 1000 for e in events.of_kind(again.fit(), events.Mixed))


def first_member(**changes: object):
    def change(state: dict) -> dict:
        return state | {"members": [state["members"][0] | changes, *state["members"][1:]]}

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda state: {k: v for k, v in state.items() if k != "steps"}, "missing required field `steps`"),
        (lambda state: state | {"done": -1}, r">= 0.*done"),
        (lambda state: state | {"done": "1"}, r"Expected `int`, got `str`.*done"),
        (lambda state: state | {"done": 0}, "does not speak of the 2 models"),
        (lambda state: state | {"members": []}, "does not speak of the 2 models"),
        (lambda state: state | {"done": 0, "members": state["members"] * 2}, "does not speak of the 2 models"),
        (first_member(finished=None), r"Expected `bool`, got `null`.*finished"),
    ],
)
def test_a_state_that_is_not_that_of_the_tensors_is_refused(corpus: Corpus, change, sentence: str):
    fitting = Fitting(corpus, config(2))
    taken(fitting, 6)
    snapshot = stored(fitting.snapshot())
    assert Fitting.restore(corpus, config(2), snapshot.state, snapshot.tensors, snapshot.optim).step > 0
    with pytest.raises(Damaged, match=sentence):
        Fitting.restore(corpus, config(2), change(snapshot.state), snapshot.tensors, snapshot.optim)


@pytest.mark.parametrize("parts", [1, 2])
def test_saved_at_its_end_it_goes_on_with_nothing_and_knows_its_loss(corpus: Corpus, parts: int):
    few = config(2) if parts == 2 else resolve("ngram", Overrides())
    fitting = Fitting(corpus, few)
    list(fitting.fit())
    snapshot = stored(fitting.snapshot())
    again = Fitting.restore(corpus, few, snapshot.state, snapshot.tensors, snapshot.optim)
    assert list(again.fit()) == []
    assert again.val_loss == fitting.val_loss is not None
    assert_same(again.snapshot(), snapshot)


def test_stopped_after_counting_it_still_knows_the_loss(corpus: Corpus):
    few = resolve("ngram", Overrides())
    fitting = Fitting(corpus, few)
    taken(fitting, 1)
    snapshot = stored(fitting.snapshot())
    again = Fitting.restore(corpus, few, snapshot.state, snapshot.tensors, snapshot.optim)
    assert next(events.of_kind(again.fit(), events.Fitted)).val_loss == fitting.val_loss is not None
