"""Few items: what they are taken for, what is measured of them, what there is time for, and going on with it."""

import shutil
import signal

import numpy as np
import pytest

import moreish
from moreish import api
from moreish.api.preparing import FEW, LONGEST_READ, MOST_READ_WHOLE, TrainRequest, are_few, prepare
from moreish.background import weights
from moreish.background.choosing import NAMES
from moreish.errors import Damaged
from moreish.fitting import few
from moreish.fitting.plan import Plan, Trainings
from moreish.fitting.serialize import from_tensors
from moreish.recipes import Overrides
from moreish.runs import events
from tests.support.few import DISHES, ODD, options
from tests.support.lists import made_items

pytestmark = pytest.mark.usefixtures("said_in_a_terminal")


@pytest.fixture(scope="module")
def read_run(tmp_path_factory):
    """Thirty items that were only read."""
    return moreish.train(made_items(30), options=options(), out=tmp_path_factory.mktemp("few") / "read")


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """Twelve items in another script, trained on for a second or so: the run and all its events."""
    seen: list[events.Event] = []
    folder = tmp_path_factory.mktemp("few") / "tuned"
    return moreish.train(DISHES, options=options(1), out=folder, watch=seen.append), seen


def copied(folder):
    """The bundled net at another place."""
    folder.mkdir()
    shutil.copy(weights.BUNDLED, folder / weights.FILE)
    return folder


# ---- what is taken for few items ----


@pytest.mark.parametrize("count", [12, 35, 60])
def test_the_quick_recipe_takes_the_background_net_and_trains_on_every_item(count):
    prepared = prepare(TrainRequest(made_items(count)))
    assert (prepared.config.recipe, prepared.config.model.name) == ("quick", "background")
    assert [len(prepared.corpus.split(name)) for name in ("train", "val", "test")] == [count, 0, 0]
    assert prepared.config.model.options.hash == weights.load().hash
    assert sorted(prepared.corpus) == sorted(made_items(count))


@pytest.mark.parametrize(("count", "name"), [(FEW - 1, "background"), (FEW, "mixture")])
def test_a_thousand_items_are_not_few(count, name):
    assert prepare(TrainRequest(made_items(count))).config.model.name == name


@pytest.mark.parametrize(("extra", "few_"), [(0, True), (1, False)])
def test_pages_of_text_are_no_items(extra, few_):
    count = MOST_READ_WHOLE // 200
    pages = [f"{number:03}".ljust(199, "a") for number in range(count)]
    assert are_few(moreish.read([*pages[:-1], pages[-1] + "t" * extra])) == few_


@pytest.mark.parametrize(("length", "few_"), [(LONGEST_READ, True), (LONGEST_READ + 1, False)])
def test_an_item_as_long_as_a_page_is_no_item(length, few_):
    assert are_few(moreish.read([*made_items(20), "x" * length])) == few_


@pytest.mark.parametrize(
    "request_",
    [
        TrainRequest(made_items(20), background="none"),
        TrainRequest(made_items(20), overrides=Overrides({"data": {"unit": "word"}})),
        TrainRequest(made_items(20), overrides=Overrides({"data": {"text": True}})),
        TrainRequest(made_items(20), overrides=Overrides({"train": {"steps": 10}})),
        TrainRequest(made_items(20), overrides=Overrides({"model": {"name": "gru"}})),
        TrainRequest(made_items(20), "ngram"),
    ],
    ids=["none", "words", "text", "steps", "gru", "another recipe"],
)
def test_whoever_asks_for_something_else_gets_that(request_):
    assert prepare(request_).config.model.name != "background"


@pytest.mark.parametrize("shares", [{"val_share": 0.3}, {"val_share": 0.0, "test_share": 0.4}, {"split": "lecture"}])
def test_shares_that_somebody_gives_are_kept(shares):
    prepared = prepare(TrainRequest(made_items(60), overrides=Overrides({"data": shares})))
    plain = moreish.read(made_items(60), **shares)
    assert prepared.config.model.name == "background"
    for name in ("train", "val", "test"):
        assert np.array_equal(prepared.corpus.split(name).ids, plain.split(name).ids)


def test_a_corpus_that_was_read_with_shares_keeps_them_too():
    corpus = moreish.read(made_items(60), val_share=0.2)
    assert prepare(TrainRequest(corpus)).corpus is corpus


def test_the_net_that_is_named_is_the_one_of_the_model_background(tmp_path):
    model = Overrides({"model": {"name": "background"}})
    with pytest.raises(ValueError, match="there is no background net in /no/such"):
        prepare(TrainRequest(made_items(20), overrides=model, background="/no/such"))
    with pytest.raises(ValueError, match="--background none leaves out"):
        prepare(TrainRequest(made_items(20), overrides=model, background="none"))
    folder = str(copied(tmp_path / "net"))
    assert prepare(TrainRequest(made_items(20), overrides=model, background=folder)).config.model.options.weights == (
        folder
    )


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (TrainRequest(made_items(20), background="/no/such"), "there is no background net in /no/such: make one"),
        (
            TrainRequest(made_items(20), overrides=Overrides({"model": {"name": "gru"}}), background="x"),
            "--background x is for the recipe quick",
        ),
        (
            TrainRequest(
                made_items(20), overrides=Overrides({"model": {"name": "gru"}, "train": {"time_budget": 0}})
            ),
            "a time budget of 0 .* here gru has to be trained",
        ),
        (TrainRequest(made_items(FEW), background="bundled"), "--background bundled is for"),
    ],
)
def test_what_cannot_be_used_is_refused(request_, sentence):
    with pytest.raises(ValueError, match=sentence):
        prepare(request_)


# ---- what is said and measured ----


def test_reading_alone_says_what_was_counted_made_and_measured(read_run):
    kinds = [type(event).__name__ for event in read_run.run.events()]
    assert kinds == ["Counted", "Samples", "CrossValidated", "Fitted", "Done"], "nothing was trained"


def test_cross_validation_says_what_it_chose_and_how_sure_it_is(read_run):
    found = read_run.cross_validated
    assert found is not None
    assert found.chosen in ("counted", "read")
    assert set(found.losses) == {"counted", "read"}
    assert (found.items, found.symbols) == (30, read_run.corpus.split("train").n_predicted)
    assert found.loss == found.losses[found.chosen] == read_run.done.val_loss
    assert 0 < found.error < found.loss


@pytest.mark.slow
def test_training_on_is_seen_and_measured(tuned):
    run, seen = tuned
    found = run.cross_validated
    assert found is not None
    assert set(found.losses) == {"counted", "read", "tuned"}
    steps = [event for event in seen if isinstance(event, events.Step)]
    assert steps
    assert all(0 < a.progress <= 1 for a in steps)
    assert [a.step for a in steps] == sorted({a.step for a in steps})
    assert found.step == run.done.step >= steps[-1].step
    networks = [event for event in seen if isinstance(event, events.Network)]
    assert {network.parameters for network in networks} == {networks[0].parameters}
    assert networks[0].parameters > 0


@pytest.mark.slow
def test_first_items_are_shown_before_any_training(tuned):
    _, seen = tuned
    kinds = [type(event) for event in seen]
    assert kinds.index(events.Samples) < kinds.index(events.Network)
    (samples,) = (event for event in seen if isinstance(event, events.Samples))
    assert samples.step == 0
    assert len(samples.items) == few.SHOWN
    assert not set(samples.items) & set(DISHES)


def test_the_evaluation_of_such_a_run_is_that_of_cross_validation(read_run):
    result = read_run.evaluate()
    found = read_run.cross_validated
    assert (result["on"], result["loss"], result["error"]) == ("cross-validation", found.loss, found.error)
    assert result["baselines"] == dict(found.losses)
    assert result["perplexity"] == pytest.approx(np.exp(found.loss))


@pytest.mark.parametrize("seconds", [0, 0.5])
def test_a_loss_on_items_set_aside_is_that_of_the_model_that_is_kept(tmp_path, seconds):
    """Two ways to the same number: what the gate saw while it was measured, and the stored model, item by item."""
    run = moreish.train(made_items(30), options=options(seconds, val_share=0.3), out=tmp_path / "run")
    again = moreish.open_run(run.run.folder)
    result = again.evaluate("val")
    assert result["on"] == "val"
    assert result["items"] == run.cross_validated.items == len(run.corpus.split("val"))
    assert result["loss"] == pytest.approx(run.done.val_loss, abs=3e-3)  # the net is kept in half precision


def test_the_ngram_beside_items_set_aside_is_an_ngram(tmp_path):
    run = moreish.train(made_items(30), options=options(val_share=0.3), out=tmp_path / "run")
    (told,) = events.of_kind(run.run.events(), events.Baselines)
    for name, loss in run.evaluate("val")["baselines"].items():
        assert getattr(told, name) == pytest.approx(loss), name


@pytest.mark.slow
@pytest.mark.parametrize("kind", ODD)
def test_no_list_is_too_odd(kind, tmp_path):
    items = ODD[kind]
    told: list[str] = []
    request = TrainRequest(items, overrides=Overrides({"train": {"time_budget": 0}}), out=tmp_path / "run")
    run = api.fit(prepare(request, told.append))
    distinct = len(run.corpus)
    assert len(run.corpus.split("train")) == distinct == len(set(items))
    if distinct < 10:
        assert run.done.val_loss is run.cross_validated is None
        assert any("only one item" in line or f"With {distinct} different items nothing" in line for line in told)
        with pytest.raises(ValueError, match="too short to have a val split"):
            run.evaluate()
    else:
        assert np.isfinite(run.done.val_loss)
    made = [item.text for item in run.more(5, seed=1, new_only=True)]
    assert made
    assert not set(made) & set(items)
    assert [item.text for item in moreish.open_run(run.run.folder).more(5, seed=1, new_only=True)] == made


@pytest.mark.parametrize("kind", ["one item", "three", "one symbol repeated", "private use"])
def test_no_list_is_too_odd_to_be_trained_on(kind, tmp_path):
    run = moreish.train(ODD[kind], options=options(0.2), out=tmp_path / "run")
    assert run.run.finished
    assert run.more(3, seed=0)
    if kind == "private use":
        assert run.cross_validated.chosen == "counted", "the net knows none of it"


# ---- keeping it, going on with it ----


def test_a_run_needs_the_background_net_no_longer(tmp_path):
    net = copied(tmp_path / "net")
    run = moreish.train(made_items(30), options=options(), out=tmp_path / "run", background=str(net))
    items = [item.text for item in run.more(10, seed=3)]
    shutil.rmtree(net)
    again = moreish.open_run(tmp_path / "run")
    assert [item.text for item in again.more(10, seed=3)] == items
    assert again.evaluate() == run.evaluate()


def test_a_run_needs_the_bundled_net_no_longer_either(tuned, monkeypatch, tmp_path):
    run, load = tuned[0], weights.load
    words = [item.text for item in run.more(10, seed=3, new_only=True)]
    scores = [scored.score.logprobs for scored in run.score(DISHES)]
    monkeypatch.setattr(weights, "load", lambda path=None: load(tmp_path / "gone"))
    with pytest.raises(ValueError, match="there is no background net"):
        prepare(TrainRequest(DISHES))
    again = moreish.open_run(run.run.folder)
    assert [item.text for item in again.more(10, seed=3, new_only=True)] == words
    for ours, theirs in zip(scores, again.score(DISHES), strict=True):
        assert np.array_equal(ours, theirs.score.logprobs)
    assert again.evaluate() == run.evaluate()


def interrupted(folder, kind, **train):
    """A run that was asked to stop at the first event of this kind."""

    def stop(event):
        if isinstance(event, kind):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(api.Interrupted):
        moreish.train(DISHES, out=folder, watch=stop, **train)
    return moreish.open_run(folder)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [events.Counted, events.Network, events.Step])
def test_an_interrupted_run_answers_and_is_finished_later(tmp_path, kind):
    run = interrupted(tmp_path / "run", kind, options=options(0.5))
    assert not run.run.finished
    assert len(run.more(3, seed=0)) == 3
    resumed = api.resume(run.run)
    assert resumed.run.finished
    assert set(resumed.cross_validated.losses) == {"counted", "read", "tuned"}


def test_what_was_measured_of_an_interrupted_run_is_that_of_its_model(tmp_path):
    run = interrupted(tmp_path / "run", events.Network, options=options(0.5))
    models = len(run.model.ensemble.models)
    nets = len(weights.load().nets)
    assert models == {"counted": 1, "read": 1 + nets}[run.cross_validated.chosen]
    assert run.model.temperature == run.cross_validated.temperature


@pytest.mark.slow
def test_what_was_trained_on_is_kept_also_where_less_of_it_was_done_than_before(tmp_path, monkeypatch):
    """Without any loss the checkpoint of the most steps counts, and one that is there is not written again."""
    monkeypatch.setattr(Trainings, "planned", lambda *_: Plan(0, 24.0))
    seen = []

    def stop(event):
        seen.append(event)
        if isinstance(event, events.Step) and event.step == 8:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(api.Interrupted):
        moreish.train(["a" * 70, "b" * 90], options=options(1), out=tmp_path / "run", watch=stop)
    monkeypatch.setattr(Trainings, "planned", lambda *_: Plan(0, 1.0))
    progress = []
    resumed = api.resume(tmp_path / "run", watch=lambda e: progress.append(getattr(e, "progress", None)))
    best = resumed.run.checkpoint("best")
    assert best.state["ended"]
    assert best.step == resumed.done.step + 1
    assert len(resumed.model.ensemble.models) == 1 + len(weights.load().nets) + 1
    assert max(p for p in progress if p is not None) == 1.0


def test_a_loss_on_items_that_the_net_was_trained_on_is_said_to_be_too_good(tmp_path):
    net = weights.load(copied(tmp_path / "net"))
    told = {weights.SEEN: weights.marks_of(DISHES)}
    weights.save(net, tmp_path / "net" / weights.FILE, told)
    run = moreish.train(DISHES, options=options(0), background=str(tmp_path / "net"), out=tmp_path / "run")
    assert run.cross_validated.chosen == "read"
    assert run.cross_validated.seen == 1.0
    assert "had been trained on 100% of these items" in run.evaluate()["told"][0]
    assert "told" not in moreish.train(DISHES, options=options(0), out=tmp_path / "other").evaluate()


def test_it_does_not_go_on_with_another_net(tmp_path):
    net = copied(tmp_path / "net")
    run = interrupted(tmp_path / "run", events.Counted, options=options(), background=str(net))
    other = weights.load(net)
    weights.save(other, net / weights.FILE, {"about": "another"})
    with pytest.raises(ValueError, match=r"is not the one that this was begun with"):
        api.resume(run.run)


def test_a_state_of_another_training_is_refused(read_run):
    with pytest.raises(Damaged, match="the state of the training is damaged"):
        few.FewFitting.restore(read_run.corpus, read_run.config, {"model": {}, "ended": "perhaps"})


def test_every_damaged_tensor_is_refused_by_name(read_run):
    checkpoint = read_run.run.checkpoint("best")
    tensors, described = checkpoint.model(), checkpoint.state["model"]
    choice, size = read_run.config.model, len(read_run.vocab)
    assert from_tensors(tensors, described, choice, size)
    for name, array in tensors.items():
        wrong = [array[..., :-1]] if array.ndim else []
        wrong += [np.full_like(array, np.nan)] if array.dtype.kind == "f" else [array.astype(np.float32) + 0.5]
        for each in wrong:
            with pytest.raises(Damaged) as refused:
                from_tensors({**tensors, name: each}, described, choice, size)
            assert "\n" not in str(refused.value)
        with pytest.raises(Damaged):
            from_tensors({k: v for k, v in tensors.items() if k != name}, described, choice, size)


def test_each_training_is_a_component_and_the_seconds_go_on(tuned):
    _, seen = tuned
    networks = [e for e in seen if isinstance(e, events.Network)]
    steps = [e for e in seen if isinstance(e, events.Step)]
    assert [n.component for n in networks] == list(range(len(networks)))
    assert {s.component for s in steps} == {n.component for n in networks}
    assert [s.seconds for s in steps] == sorted(s.seconds for s in steps)
    for number in {s.component for s in steps}:
        shares = [s.progress for s in steps if s.component == number]
        assert shares == sorted(shares)
        assert 0 < shares[0] <= shares[-1] <= 1


def test_the_names_of_blends_are_those_that_an_event_can_hold():
    for name in NAMES:
        assert events.CrossValidated(name, 1.0, 0.1, 1.0, 1, 1, {}, 0).chosen == name
