"""TensorBoard's files hold what the run recorded, live and afterwards; markup in it stays text."""

import signal

import pytest

import moreish
from moreish.errors import Interrupted
from moreish.export.tensorboard import as_code
from moreish.runs import events
from tests.support.lists import made_items

pytest.importorskip("tensorboardX", reason="not installed here: pip install tensorboardX")
SMALL = {
    "model": {"n_hidden": 8, "n_embd": 4},
    "train": {"steps": 40, "batch_size": 64, "eval_every": 10, "histograms": True},
}


def read(folder):
    """(tag, step) -> number or text, by parsing the files with TensorBoard's own format."""
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.record_writer import RecordWriter

    assert RecordWriter
    found = {}
    for path in sorted(folder.glob("events*")):
        data = path.read_bytes()
        while data:
            length = int.from_bytes(data[:8], "little")
            event = Event.FromString(data[12 : 12 + length])
            data = data[12 + length + 4 :]
            for value in event.summary.value:
                text = b"".join(value.tensor.string_val).decode() if value.tensor.string_val else None
                plain = value.histo if value.HasField("histo") else value.simple_value
                found[value.tag, event.step] = plain if text is None else text
                if value.metadata.plugin_data.plugin_name == "hparams":
                    found[value.tag, event.step] = value.metadata.plugin_data.content
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    return moreish.train(made_items(200), model="mlp", options=SMALL, out=out, log="tensorboard")


def test_everything_that_was_recorded_is_there_live_and_afterwards_alike(run, tmp_path):
    assert run.export("tensorboard", tmp_path / "board").files
    live, after = read(run.run.folder / "tensorboard"), read(tmp_path / "board")
    assert live == after
    recorded = list(run.run.events())
    for step in events.of_kind(recorded, events.Step):
        assert live["loss/train", step.step] == pytest.approx(step.loss)
        assert live["lr", step.step] == pytest.approx(step.lr)
    losses = {step: loss for (tag, step), loss in live.items() if tag == "loss/val"}
    assert losses == pytest.approx({e.step: e.val_loss for e in events.of_kind(recorded, events.Eval)})
    samples = next(events.of_kind(recorded, events.Samples))
    assert live["samples/text_summary", samples.step] == as_code("\n".join(samples.items))


def test_histograms_have_the_bins_the_mean_and_the_spread_that_were_recorded(run):
    live = read(run.run.folder / "tensorboard")
    kept = next(events.of_kind(run.run.events(), events.Histograms))
    layers = [layer for layer in kept.layers if layer.weight is not None]
    assert layers
    for layer in layers:
        found = live[f"weight/{layer.name}", kept.at]
        assert list(found.bucket) == layer.weight.counts
        assert (found.min, found.max) == (layer.weight.low, layer.weight.high)
        assert found.bucket_limit[-1] == pytest.approx(layer.weight.high)
        assert found.sum / found.num == pytest.approx(layer.weight.mean)
        spread = found.sum_squares / found.num - (found.sum / found.num) ** 2
        assert spread == pytest.approx(layer.weight.std**2)


def test_options_are_hyperparameters_by_their_full_names(run):
    from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

    live = read(run.run.folder / "tensorboard")
    started = HParamsPluginData.FromString(live["_hparams_/session_start_info", 0]).session_start_info
    assert started.hparams["model.n_hidden"].number_value == 8
    assert started.hparams["train.histograms"].bool_value
    assert started.hparams["model.name"].string_value == "mlp"
    named = HParamsPluginData.FromString(live["_hparams_/experiment", 0]).experiment
    assert {info.name for info in named.hparam_infos} == set(started.hparams)
    assert HParamsPluginData.FromString(live["_hparams_/session_end_info", 0]).HasField("session_end_info")


def test_a_resumed_run_has_one_board_without_a_gap_or_a_fork(tmp_path):
    def watch(event):
        if isinstance(event, events.Step) and event.step == 20:
            signal.raise_signal(signal.SIGINT)

    out = tmp_path / "run"
    with pytest.raises(Interrupted):
        moreish.train(made_items(200), model="mlp", options=SMALL, out=out, watch=watch, log="tensorboard")
    assert ("loss/train", 30) not in read(out / "tensorboard")
    moreish.api.resume(out, log="tensorboard")
    steps = [step for tag, step in read(out / "tensorboard") if tag == "loss/train"]
    assert steps == [10, 20, 30, 40]


def test_a_log_that_there_is_not_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(ValueError, match='there is no log "wandb": tensorboard is one'):
        moreish.train(made_items(200), model="mlp", options=SMALL, out=tmp_path / "run", log="wandb")
    assert not (tmp_path / "run").exists()


def test_markup_in_items_is_shown_as_it_is():
    assert as_code("<script>\n# a") == "    <script>\n    # a"
