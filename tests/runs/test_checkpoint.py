"""The checkpoint: exact arrays and state, the best kept, one wrong byte refused by name, nothing hostile believed."""

import json
import math
import shutil
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import load as safetensors_load

from moreish.runs.checkpoint import DTYPES, dump_tensors, load_tensors
from moreish.runs.folder import Run, RunError, create, open_run
from tests.support.runs import STATE, assert_same, folder_of, moments, saved, weights

FIXTURES = Path(__file__).parent / "fixtures"

# What goes in comes out

arrays = hnp.arrays(
    st.sampled_from(sorted(DTYPES.values())), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
)
layouts = st.sampled_from(
    [lambda a: a, lambda a: a.T, lambda a: a[..., ::2] if a.ndim else a, lambda a: a[::-1] if a.ndim else a]
)


@given(st.dictionaries(st.text(max_size=5).filter(lambda name: name != "__metadata__"), st.tuples(arrays, layouts)))
@settings(max_examples=60, deadline=None)
def test_every_array_comes_back_bit_for_bit_however_it_lies_in_memory(tmp_path_factory, drawn):
    tensors = {name: layout(array) for name, (array, layout) in drawn.items()}
    path = tmp_path_factory.mktemp("t") / "model.safetensors"
    path.write_bytes(dump_tensors(tensors))
    assert_same(load_tensors(path), tensors)
    assert_same(load_tensors(path, {name: (t.shape, t.dtype) for name, t in tensors.items()}), tensors)
    assert_same(safetensors_load(path.read_bytes()), tensors)


def test_big_endian_arrays_keep_their_values(tmp_path):
    tensor = np.arange(5, dtype=">i4")
    (tmp_path / "m.safetensors").write_bytes(dump_tensors({"a": tensor}))
    assert np.array_equal(load_tensors(tmp_path / "m.safetensors")["a"], tensor)


@settings(deadline=None)
@given(st.permutations(["w", "b", "n", "a.b", "a"]))
def test_the_same_tensors_give_the_same_bytes_in_whatever_order(names):
    tensors = {name: np.full(len(name), 7, np.float32) for name in names}
    assert dump_tensors(tensors) == dump_tensors(dict(sorted(tensors.items())))


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
states = st.dictionaries(
    st.text(max_size=8),
    st.recursive(
        scalars, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(), v, max_size=3), max_leaves=8
    ),
    max_size=5,
)


@given(states)
@settings(max_examples=30, deadline=None)
def test_the_trainers_state_comes_back_exactly(tmp_path_factory, state):
    run = create(tmp_path_factory.mktemp("run"), {}, [])
    with run.writing() as writer:
        writer.save(3, weights(3), state=state)
    assert repr(run.checkpoint().state) == repr(state)  # repr tells 1 from 1.0 and 0.0 from -0.0


def test_a_checkpoint_holds_step_loss_model_optimizer_and_place_in_the_records(tmp_path):
    run = saved(tmp_path / "run", 1, 2)
    checkpoint = open_run(run.folder).checkpoint(2)
    assert (checkpoint.step, checkpoint.val_loss, checkpoint.state) == (2, 8.0, STATE)
    assert checkpoint.metrics.offset == run.metrics_offset()
    assert_same(checkpoint.model(), weights(2))
    assert_same(checkpoint.optim(), moments(2))


def test_the_optimizer_may_be_left_out(tmp_path):
    run = create(tmp_path / "run", {}, [])
    with run.writing() as writer:
        writer.save(0, weights(0))
    assert run.checkpoint().optim() is None


@pytest.mark.parametrize("state", [{"lr": math.inf}, {"betas": (0.9, 0.99)}, {"seen": {1: 2}}])
def test_a_state_that_json_cannot_give_back_is_our_mistake(tmp_path, state):
    run = create(tmp_path / "run", {}, [])
    with run.writing() as writer, pytest.raises((AssertionError, ValueError)):
        writer.save(1, weights(1), state=state)
    assert run.steps() == []


# Which one


def losses_of(run: Run) -> dict[int, float | None]:
    return {step: run.checkpoint(step).val_loss for step in run.steps()}


@given(
    st.lists(st.none() | st.sampled_from([1.0, 2.0, 3.0, math.nan, math.inf]), min_size=1, max_size=7),
    st.integers(1, 3),
)
@settings(max_examples=25, deadline=None)
def test_the_last_few_and_the_best_are_kept(tmp_path_factory, losses, keep):
    run = create(tmp_path_factory.mktemp("run"), {}, [])
    with run.writing(keep) as writer:
        for step, loss in enumerate(losses):
            writer.save(step, weights(step), val_loss=loss)
    measured = {step: loss for step, loss in enumerate(losses) if loss is not None and math.isfinite(loss)}
    last = len(losses) - 1
    best = min(measured, key=lambda step: (measured[step], step)) if measured else last
    assert run.checkpoint("best").step == best
    assert run.checkpoint("last").step == last
    assert run.steps() == sorted({best, *range(max(0, len(losses) - keep), len(losses))})


def test_a_step_that_is_not_kept_is_answered_with_those_that_are(tmp_path):
    run = saved(tmp_path / "run", 5, 7)
    with pytest.raises(RunError, match="no checkpoint of step 6; kept: 5, 7"):
        run.checkpoint(6)


def test_a_run_without_a_checkpoint_says_so(tmp_path):
    with pytest.raises(RunError, match="has no checkpoint yet"):
        create(tmp_path / "run", {}, []).checkpoint()


def test_a_step_that_is_saved_already_stays_as_it_is(tmp_path):
    run = saved(tmp_path / "run", 1)
    before = (folder_of(run, 1) / "manifest.json").read_bytes()
    with run.writing() as writer:
        writer.save(1, weights(99))
    assert (folder_of(run, 1) / "manifest.json").read_bytes() == before


def test_a_checkpoint_in_hand_outlives_its_directory(tmp_path):
    run = saved(tmp_path / "run", 1)
    checkpoint = run.checkpoint()
    shutil.rmtree(checkpoint.folder)
    assert_same(checkpoint.model(), weights(1))
    assert_same(checkpoint.optim(), moments(1))


def test_a_reader_never_stumbles_over_the_pruning_of_a_live_run(tmp_path):
    run = saved(tmp_path / "run", 1)
    done = threading.Event()

    def train() -> None:
        saved(tmp_path / "run", *range(2, 80), keep=1, run=run)
        done.set()

    trainer = threading.Thread(target=train)
    trainer.start()
    seen = set()
    try:
        while not done.is_set():
            checkpoint = run.checkpoint("last" if len(seen) % 2 else "best")
            assert_same(checkpoint.model(), weights(checkpoint.step))
            assert checkpoint.passed_over == ()
            assert len(run.summary()) == 6
            seen.add(checkpoint.step)
    finally:
        trainer.join()
    assert len(seen) > 1


# Names, shapes and dtypes before anything is allocated


@pytest.mark.parametrize(
    ("expected", "sentence"),
    [
        ({"w": ((3, 4), "float32")}, 'has a tensor "b", which the options in config.json do not imply'),
        ({"w": ((3, 4), "float32"), "b": ((4,), "float64"), "c": ((), "int64")}, 'has no tensor "c"'),
        (
            {"w": ((4, 3), "float32"), "b": ((4,), "float64")},
            r'"w" is float32 \[3, 4\], but .* imply float32 \[4, 3\]',
        ),
        ({"w": ((3, 4), "float32"), "b": ((4,), np.float32)}, r'"b" is float64 \[4\], but .* imply float32 \[4\]'),
    ],
)
def test_tensors_other_than_expected_are_named(tmp_path, expected, sentence):
    path = tmp_path / "model.safetensors"
    path.write_bytes(dump_tensors({"w": np.ones((3, 4), np.float32), "b": np.ones(4)}))
    with pytest.raises(RunError, match=rf"model\.safetensors.*{sentence}"):
        load_tensors(path, expected)


REFUSE = """
import pathlib, resource, sys
import numpy
from moreish.runs.checkpoint import load_tensors
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    load_tensors(pathlib.Path(sys.argv[1]), {"w": ((3, 4), "float32")})
except ValueError as error:
    print(error)
unit = 1 if sys.platform == "darwin" else 1024  # bytes on macOS, kibibytes elsewhere
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit)
"""


@pytest.mark.skipif(find_spec("resource") is None, reason="no process says here how much memory it took")
def test_a_wrong_shape_is_refused_before_anything_is_allocated(tmp_path):
    header = json.dumps({"w": {"dtype": "F32", "shape": [2**28], "data_offsets": [0, 2**30]}}).encode()
    with open(tmp_path / "model.safetensors", "wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + 2**30)  # one GiB that is nowhere
    result = subprocess.run(
        [sys.executable, "-c", REFUSE, str(tmp_path / "model.safetensors")],
        capture_output=True,
        text=True,
        check=True,
    )
    sentence, grown = result.stdout.splitlines()
    assert "imply float32 [3, 4]" in sentence
    assert int(grown) < 32 * 2**20


def test_a_type_that_numpy_does_not_have_is_refused(tmp_path):
    header = b'{"w":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}'
    (tmp_path / "m.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"\0\0")
    with pytest.raises(RunError, match='"w" is of type BF16'):
        load_tensors(tmp_path / "m.safetensors")


def test_load_tensors_never_reads_a_pickle(tmp_path):
    (tmp_path / "model.pt").write_bytes(b"\x80\x04.")
    with pytest.raises(RunError, match=r"model\.pt is a pickle"):
        load_tensors(tmp_path / "model.pt")


# Every released format


def test_format_1_still_loads(tmp_path):
    """The fixture was written by the first release of the format and is never written again."""
    run = open_run(FIXTURES / "run-format-1")
    assert run.config == {"model": {"kind": "mlp", "n_hidden": 2}, "lr": 0.1, "seed": 42}
    assert run.vocab == {"unit": "char", "symbols": ["a", "b", "ß"]}
    assert_same(run.corpus(), {"ids": np.array([0, 1, 3, 0], np.uint8), "offsets": np.array([0, 3])})
    assert list(run.records("step")) == [
        {"event": "step", "step": 1, "loss": 1.25},
        {"event": "step", "step": 2, "loss": None},
    ]
    assert run.finished
    checkpoint = run.checkpoint("best")
    assert (checkpoint.step, checkpoint.val_loss, checkpoint.state) == (
        1,
        1.5,
        {"lr": 0.1, "threads": 2, "step_seed": [42, 1]},
    )
    assert_same(checkpoint.model(), {"w": np.array([[0.5, -1.0], [2.0, 0.25]], np.float32), "n": np.array(3)})
    assert_same(checkpoint.optim(), {"w.exp_avg": np.array([[0.125]])})
    assert run.checkpoint("last").step == 2
    shutil.copytree(run.folder, tmp_path / "copy")
    copy = open_run(tmp_path / "copy")
    with copy.writing() as writer:
        writer.rewind(copy.checkpoint("last"))
        writer.save(3, weights(3))
    assert copy.checkpoint("last").step == 3
